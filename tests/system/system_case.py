"""What the system tests share: the real programs together, each test with a folder of its own."""

import argparse
import json
import os
import signal
import sys
import tempfile
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, SOURCE)
from tests.building import peers  # noqa: E402  (the path has to be set first)

PROGRAMS = argparse.Namespace()
BATCH_LIMIT_S = 60
STOP_LIMIT_S = 5

LABORATORY = {
    "seed": 11, "laboratory": True, "series": ["kwh-5s"], "poll_period_ms": 1000,
    "close_wait_s": 5, "commit_wait_s": 1,
    "lines": [{"id": "riser-1", "panels": 2}, {"id": "riser-2", "panels": 2}],
    "faults": [],
}


def meter_settings(line, profile="eastron-sdm630", unit=7):
    return {"schema": 1, "gateway": {"id": "bench"},
            "lines": [{"id": "line-1", **line,
                       "panels": [{"id": "meter", "address": unit, "profile": profile,
                                   "points": [{"id": "suite-1", "slot": 1}]}]}]}


class SystemCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.gateway = peers.Gateway(PROGRAMS.metergate, self.folder)
        self.running = []
        self.addCleanup(self.stop_all)

    def stop_all(self):
        for peer in reversed(self.running):
            if peer.process is not None and peer.process.alive():
                peer.process.stop(signal.SIGKILL)

    def start(self, peer):
        self.running.append(peer)
        peer.start()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text if isinstance(text, str) else json.dumps(text))
        return path

    def make_folder(self, name):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        return path

    def start_building(self, faults=(), broker_settings="allow_anonymous true\n", change=None,
                       lines=None, panels=()):
        """All programs. `change` may edit the settings before the gateway starts."""
        scenario = self.write("scenario.json", {**LABORATORY, "faults": list(faults),
                                                "lines": lines or LABORATORY["lines"],
                                                "panels": list(panels)})
        self.broker = peers.Broker(self.folder, broker_settings)
        self.building = peers.Building(PROGRAMS.simbuilding, self.folder, scenario,
                                       self.broker.port)
        self.subscriber = peers.Subscriber(self.folder, self.broker.port)
        for peer in (self.broker, self.building, self.subscriber):
            self.start(peer)
        if change is not None:
            settings = self.settings()
            change(settings)
            self.write("settings.json", settings)
        self.start(self.gateway)

    def settings(self):
        with open(os.path.join(self.folder, "settings.json"), encoding="utf-8") as file:
            return json.load(file)

    def destination(self, name):
        return next(one for one in self.gateway.status()["destinations"]
                    if one["destination"] == name)

    def receive_batches(self, count):
        return [self.subscriber.next_batch(BATCH_LIMIT_S) for _ in range(count)]

    def wait_for_batches_stored(self, count):
        """Until the gateway has stored so many more batches than now."""
        goal = self.gateway.status()["recorder"]["newest_batch"] + count
        peers.wait_until(
            lambda: self.gateway.status()["recorder"]["newest_batch"] >= goal,
            f"the storing of {count} batches", BATCH_LIMIT_S, [self.gateway.process.child])

    def wait_for_batches_received(self, receiver, count):
        """Until the receiver keeps so many more batches than now."""
        goal = receiver.batch_count() + count
        peers.wait_until(lambda: receiver.batch_count() >= goal, f"the receipt of {count} batches",
                         BATCH_LIMIT_S, [receiver.process.child])

    def stop_gateway_cleanly(self):
        status, took_s = self.gateway.stop()
        self.assertEqual(status, 0, self.gateway.process.log())
        self.assertLess(took_s, STOP_LIMIT_S)

    def verdict_is_clean(self):
        self.gateway.drain()
        self.stop_gateway_cleanly()
        self.building.stop()
        self.subscriber.stop()
        self.assertEqual(self.building.verify(), 0, self.gateway.process.log())

    def event_kinds(self):
        answer = self.gateway.command("events", "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return [event["kind"] for event in json.loads(answer.stdout)]

    def wait_for_event(self, kind, limit_s=BATCH_LIMIT_S):
        peers.wait_until(lambda: kind in self.event_kinds(), f"the event {kind}", limit_s,
                         [self.gateway.process.child])


def main(case):
    """Runs the tests of one class: those named on the command line, or all."""
    parser = argparse.ArgumentParser(description=case.__doc__)
    parser.add_argument("--metergate", required=True)
    parser.add_argument("--simbuilding", required=True)
    parser.add_argument("names", nargs="*", metavar="test_name")
    options = parser.parse_args(namespace=PROGRAMS)
    unittest.main(module=sys.modules[case.__module__],
                  argv=[sys.argv[0], *(f"{case.__name__}.{name}" for name in options.names)])
