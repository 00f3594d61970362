"""What deploy/demo shows: starts building, broker, subscriber and gateway; prints; stops; judges."""

import argparse
import json
import os
import queue
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tests.building import peers  # noqa: E402  (the path has to be set first)

SCENARIO = os.path.join("tests", "building", "scenarios", "demo.json")
REPAINT_S = 2
ROWS = 12


class Picture:
    """The newest live values and intervals, as the subscriber got them."""

    def __init__(self):
        self.live = {}
        self.intervals = {}
        self.batches = 0
        self.records = 0

    def note(self, line):
        topic, _, payload = line.rstrip("\n").partition(" ")
        parts = topic.split("/")
        if len(parts) == 4 and parts[2] == "batch":
            batch = json.loads(payload)
            self.batches += 1
            self.records += len(batch["records"])
            for record in batch["records"]:
                self.intervals[record["point"]] = (batch["end"], record)
        elif len(parts) == 5 and parts[2] == "point":
            self.live.setdefault(parts[3], {})[parts[4]] = payload

    def interval_text(self, point):
        if point not in self.intervals:
            return "-"
        end, record = self.intervals[point]
        value = "MISSING" if record["value"] is None else f"{record['value']} Wh"
        return time.strftime("%H:%M:%SZ ", time.gmtime(end)) + value

    def paint(self):
        print(f"\n{'point':<16}{'register kWh':>14}{'kW':>9}{'A1':>9}{'V1':>9}"
              f"   newest 10 s interval")
        for point in sorted(self.live)[:ROWS]:
            values = self.live[point]
            cells = [values.get(name, "-") for name in ("kwh", "kw", "a1", "v1")]
            print(f"{point:<16}{cells[0]:>14}{cells[1]:>9}{cells[2]:>9}{cells[3]:>9}"
                  f"   {self.interval_text(point)}")
        print(f"{len(self.live)} points live; {self.batches} batches with {self.records} intervals "
              "received", flush=True)


def show(subscriber, gateway, seconds):
    picture = Picture()
    started = time.monotonic()
    repaint = started + REPAINT_S
    while seconds == 0 or time.monotonic() < started + seconds:
        try:
            picture.note(subscriber.lines.get(timeout=0.2))
        except queue.Empty:
            pass
        if not gateway.process.alive():
            raise peers.PeerError("the gateway ended:\n" + gateway.process.log())
        if time.monotonic() >= repaint and picture.live:
            repaint = time.monotonic() + REPAINT_S
            picture.paint()


def run(options):
    folder = os.path.abspath(options.folder)
    broker = peers.Broker(folder)
    building = peers.Building(options.simbuilding, folder, SCENARIO, broker.port)
    subscriber = peers.Subscriber(folder, broker.port)
    gateway = peers.Gateway(options.metergate, folder)
    started = []
    try:
        for peer in (broker, building, subscriber, gateway):
            peer.start()
            started.append(peer)
        try:
            show(subscriber, gateway, options.seconds)
        except KeyboardInterrupt:
            print("\nstopping")
        gateway.drain()
        status, took_s = gateway.stop()
        print(f"\nthe gateway stopped in {took_s:.1f} s with status {status}")
        building.stop()
        subscriber.stop()
        return building.verify() or status
    except peers.PeerError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        for peer in reversed(started):
            if peer.process.alive():
                peer.process.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metergate", required=True)
    parser.add_argument("--simbuilding", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seconds", type=int, default=0)
    sys.exit(run(parser.parse_args()))


if __name__ == "__main__":
    main()
