"""The real programs together: metergate, simbuilding, mosquitto, pymodbus.

usage: system_test.py --metergate FILE --simbuilding FILE [unittest arguments]
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
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


class SystemTest(unittest.TestCase):
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

    def start_building(self, faults=()):
        scenario = self.write("scenario.json", {**LABORATORY, "faults": list(faults)})
        self.broker = peers.Broker(self.folder)
        self.building = peers.Building(PROGRAMS.simbuilding, self.folder, scenario,
                                       self.broker.port)
        self.subscriber = peers.Subscriber(self.folder, self.broker.port)
        for peer in (self.broker, self.building, self.subscriber, self.gateway):
            self.start(peer)

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

    def wait_for_event(self, kind):
        peers.wait_until(lambda: kind in self.event_kinds(), f"the event {kind}", BATCH_LIMIT_S,
                         [self.gateway.process.child])

    # ---- nothing lost, whatever goes away ---------------------------------------------------------

    def test_broker_away_and_gateway_restarted_lose_and_double_nothing(self):
        self.start_building()
        self.receive_batches(8)
        self.subscriber.stop()
        self.broker.stop()
        self.wait_for_batches_stored(8)
        self.broker.start()
        self.subscriber.start()
        self.receive_batches(12)
        stopped_s = time.time()
        self.stop_gateway_cleanly()
        self.gateway.start()
        self.building.note_fault("gateway-stop", stopped_s)
        self.receive_batches(8)
        self.wait_for_event("destination-lost")
        self.wait_for_event("destination-back")
        self.verdict_is_clean()

    def test_killed_gateway_goes_on_where_it_was(self):
        self.start_building()
        self.receive_batches(8)
        killed_s = time.time()
        self.gateway.kill()
        self.gateway.start()
        self.building.note_fault("gateway-kill", killed_s)
        self.receive_batches(8)
        self.wait_for_event("gateway-power-failed")
        self.verdict_is_clean()

    def test_a_receiver_is_complete_although_the_broker_lost_what_it_acknowledged(self):
        self.start_building()
        self.subscriber.stop()
        gateway = self.gateway.status()["gateway"]
        receiver = peers.Receiver(PROGRAMS.metergate, self.folder, self.broker.port, gateway)
        self.start(receiver)
        self.wait_for_batches_received(receiver, 8)
        self.assertEqual(receiver.stop()[0], 0, receiver.process.log())
        self.wait_for_batches_stored(8)
        self.gateway.drain()
        self.broker.lose_everything()
        self.broker.start()
        receiver.start()
        self.wait_for_batches_received(receiver, 12)
        self.broker.lose_everything()
        self.wait_for_batches_stored(8)
        self.broker.start()
        self.wait_for_batches_received(receiver, 8)
        receiver.stop()
        self.gateway.drain()
        status, summary = receiver.run_until_complete(BATCH_LIMIT_S)
        self.assertEqual(status, 0, summary)
        self.assertIn("missing 0, purged 0, changed 0", summary)
        destination = self.gateway.status()["destinations"][0]
        self.assertGreater(destination["resent"], 0)
        self.assertEqual([entry["receiver"] for entry in destination["receivers"]], ["far-end"])
        self.stop_gateway_cleanly()
        self.building.stop()
        receiver.write_received(gateway)
        self.assertEqual(self.building.verify(), 0, self.gateway.process.log())

    def test_port_that_vanishes_and_returns_is_told_once_each(self):
        self.start_building(
            faults=[{"kind": "port-missing", "target": "riser-1", "at_s": 8, "for_s": 12}])
        self.wait_for_event("line-back")
        self.receive_batches(8)
        self.assertEqual(self.event_kinds().count("line-lost"), 1)
        self.verdict_is_clean()

    # ---- history ------------------------------------------------------------------------------------

    def history(self, point, *options):
        answer = self.gateway.command("history", point, "--from", "2020-01-01", *options)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def test_history_shows_what_was_published(self):
        self.start_building()
        published = {}
        for panel, batch in self.receive_batches(16):
            for record in batch["records"]:
                slots = published.setdefault(record["point"], {})
                slots[batch["end"]] = (record["value"], record.get("register"), batch["revision"])
        point, slots = sorted(published.items())[0]
        shown = json.loads(self.history(point, "--json"))
        found = {}
        for slot in shown:
            end = int(datetime.datetime.fromisoformat(slot["end"]).timestamp())
            milli = [None if slot[name] is None else round(float(slot[name]) * 1000)
                     for name in ("value", "register")]
            self.assertNotIn(end, found)
            found[end] = (*milli, slot["revision"])
        for end, values in slots.items():
            self.assertEqual(found[end], values)
        csv = self.history(point, "--csv").splitlines()
        self.assertEqual(csv[0], "start,end,value,unit,register,flags,revision,origin,uncertainty")
        self.assertGreaterEqual(len(csv), 1 + len(shown))
        self.assertIn(f"{point}, kwh-5s, times of ", self.history(point).splitlines()[0])
        self.verdict_is_clean()

    def test_bad_questions_for_history_are_answered_in_plain_words(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        for options, status, words in (
                (["attic"], 1, 'there is no point "attic"'),
                (["suite-1", "--series", "bananas"], 1, "params.series"),
                (["suite-1", "--from", "yesterday"], 1, '"yesterday" is no time'),
                (["suite-1", "--from", "2026-02-02", "--to", "2026-02-01"], 1, "lies after"),
                (["suite-1", "--csv", "--json"], 2, "excludes"),
                ([], 2, "POINT is required")):
            answer = self.gateway.command("history", *options)
            self.assertEqual(answer.returncode, status, answer.stderr)
            self.assertIn(words, answer.stderr)
        self.stop_gateway_cleanly()
        self.assertEqual(self.gateway.command("history", "suite-1").returncode, 4)

    def polls(self):
        panels = [panel for line in self.gateway.status()["lines"] for panel in line["panels"]]
        return [sum(panel[name] for panel in panels) for name in ("skipped_polls", "timeouts")]

    def test_twenty_clients_that_ask_for_everything_do_not_disturb_the_metering(self):
        self.start_building()
        self.receive_batches(8)
        points = [point["point"] for point in self.gateway.status()["points"]]
        skipped_before, timeouts_before = self.polls()
        began_s = time.monotonic()
        enough = threading.Event()
        answers, refusals = [], []

        def ask_for_everything(number):
            client = peers.ControlClient(self.folder)
            turn = number
            while not enough.is_set():
                turn += 1
                answer = client.ask("history", point=points[turn % len(points)],
                                    **{"from": "2000-01-01"}, limit=5000)
                if "result" in answer:
                    answers.append(number)
                else:
                    refusals.append(answer["error"])
            client.close()

        clients = [threading.Thread(target=ask_for_everything, args=(number,))
                   for number in range(20)]
        for client in clients:
            client.start()
        try:
            self.receive_batches(16)
            skipped, timeouts = self.polls()
            polls_due = 4 * (time.monotonic() - began_s)  # four panels, each every second
        finally:
            enough.set()
            for client in clients:
                client.join()
        print(f"{len(answers)} histories answered while 16 batches came, "
              f"{skipped - skipped_before} of {polls_due:.0f} polls skipped")
        self.assertEqual(refusals, [])
        self.assertEqual(set(answers), set(range(20)))
        self.assertEqual(timeouts, timeouts_before)
        # The clients are busy programs on the same few processors: a poll in twenty may be late for
        # its turn. What was metered may not show it: see the verdict.
        self.assertLessEqual(skipped - skipped_before, polls_due / 20)
        self.verdict_is_clean()

    # ---- settings that change while it runs ---------------------------------------------------------

    def settings(self):
        with open(os.path.join(self.folder, "settings.json"), encoding="utf-8") as file:
            return json.load(file)

    def apply(self, settings, *options):
        return self.gateway.command("apply", self.write("new.json", settings), *options)

    def test_apply_removes_a_panel_and_adds_a_destination_and_loses_nothing(self):
        self.start_building()
        self.receive_batches(8)
        before = self.settings()
        wanted = self.settings()
        gone = wanted["lines"][1]["panels"].pop()
        second = json.loads(json.dumps(wanted["destinations"][0]))
        second.update({"id": "second", "from": "oldest"})
        wanted["destinations"].append(second)
        shown = self.apply(wanted, "--dry-run")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(f"panels[{gone['id']}]: removed", shown.stdout)
        self.assertEqual(self.settings(), before)
        applied_s = time.time()
        answer = self.apply(wanted)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("1 lines run on untouched", answer.stdout)
        self.assertIn("1 destinations run on untouched", answer.stdout)
        self.assertIn("settings-0001.json", answer.stdout)
        self.building.note_fault("removed", applied_s, gone["id"])
        self.receive_batches(12)
        for kind in ("programming", "settings-applied"):
            self.wait_for_event(kind)
        self.assertNotIn("destination-lost", self.event_kinds())
        status = self.gateway.status()
        self.assertEqual([one["destination"] for one in status["destinations"]],
                         ["broker", "second"])
        self.gateway.drain()
        added = self.gateway.status()["destinations"][1]
        self.assertGreaterEqual(added["cursor"], 8)
        self.assertEqual(added["acknowledged"], added["cursor"], "from the oldest batch on")
        self.verdict_is_clean()

    def test_apply_of_bad_settings_names_path_and_line_and_changes_nothing(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        for text, told in (("{ broken", "line 1"),
                           (json.dumps(meter_settings({"rs485": {"port": "/dev/x"}}, "none"),
                                       indent=1), "lines[0].panels[0].profile"),
                           ("", "empty")):
            answer = self.apply(text)
            self.assertEqual(answer.returncode, 3, text)
            self.assertIn(told, answer.stderr)
        self.assertEqual(self.gateway.command("apply", "/not/there.json").returncode, 3)
        other = meter_settings({"rs485": {"port": "/dev/not-there"}})
        other["gateway"]["id"] = "another"
        answer = self.apply(other)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("gateway.id cannot change while the gateway runs", answer.stderr)
        self.assertEqual(self.settings()["gateway"]["id"], "bench")
        self.stop_gateway_cleanly()

    def test_apply_of_a_line_whose_port_is_missing_says_so_and_goes_on(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        answer = self.apply(meter_settings({"rs485": {"port": "/dev/nor-there"}}))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("line line-1 is DOWN", answer.stdout)
        self.assertIn("/dev/nor-there", answer.stdout)
        self.stop_gateway_cleanly()

    def test_apply_without_a_daemon_saves_for_the_next_start(self):
        self.write("settings.json", "// by hand\n" + json.dumps(
            meter_settings({"rs485": {"port": "/dev/not-there"}})))
        self.start(self.gateway)
        self.stop_gateway_cleanly()
        answer = self.apply(meter_settings({"rs485": {"port": "/dev/nor-there"}}))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("no gateway is running", answer.stdout)
        self.assertIn('"/dev/not-there" -> "/dev/nor-there"', answer.stdout)
        self.assertEqual(self.settings()["lines"][0]["rs485"]["port"], "/dev/nor-there")
        with open(os.path.join(self.folder, "data/history/settings-0001.json"),
                  encoding="utf-8") as kept:
            self.assertIn("// by hand", kept.read())
        self.gateway.start()
        self.wait_for_event("programming")
        self.stop_gateway_cleanly()

    # ---- other people's programs --------------------------------------------------------------------

    def start_meter(self, kind, where, meter="sdm630"):
        # Debian's packages belong to Debian's interpreter.
        process = peers.Process("pymodbus", ["/usr/bin/python3",
                                             os.path.join(SOURCE, "tests/system/pymodbus_meter.py"),
                                             meter, kind, str(where)], self.folder,
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stop, signal.SIGKILL)
        self.assertEqual(process.child.stdout.readline(), "ready\n", process.log())
        return process

    def values_of_meter(self):
        answer = self.gateway.command("read", "line-1", "meter", "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        points = json.loads(answer.stdout)
        self.assertEqual([point["point"] for point in points], ["suite-1"])
        return points[0]["values"]

    def check_meter_values(self):
        values = self.values_of_meter()
        expected = {"kwh": "12345.670", "kwh-received": "8.250", "kw": "2.744", "hz": "59.980",
                    "v1": "120.250", "v2": "119.500", "v3": "121.750",
                    "a1": "12.500", "a2": "7.250", "a3": "3.125"}
        for name, value in expected.items():
            self.assertEqual(values[name], value, name)

    def test_values_of_a_pymodbus_meter_over_tcp_are_equal_to_the_last_digit(self):
        port = peers.free_port()
        self.start_meter("tcp", port)
        peers.wait_until(lambda: peers.port_answers(port), "the meter's start")
        self.write("settings.json",
                   meter_settings({"modbus_tcp": {"host": "127.0.0.1", "port": port}}))
        self.check_meter_values()

    def test_a_pymodbus_sunspec_meter_is_found_and_equal_to_the_last_digit(self):
        port = peers.free_port()
        self.start_meter("tcp", port, "sunspec")
        peers.wait_until(lambda: peers.port_answers(port), "the meter's start")
        self.write("settings.json",
                   meter_settings({"modbus_tcp": {"host": "127.0.0.1", "port": port}},
                                  profile="sunspec-meter"))
        values = self.values_of_meter()
        expected = {"kwh": "12345.670", "kwh-received": "8.250", "kw": "2.744", "hz": "59.980",
                    "pf": "0.949", "v1": "120.250", "v2": "119.500", "v3": "121.750",
                    "a1": "12.500", "a2": "7.250", "a3": "3.130", "kva": None, "kvar": None,
                    "kvarh-q1": None, "kvarh-q2": None, "kvarh-q3": None, "kvarh-q4": None}
        self.assertEqual(values, expected)
        answer = self.gateway.command("read", "line-1", "meter")
        self.assertEqual(answer.stdout.splitlines()[0],
                         "Example EM-3, SunSpec model 203 at register 50075, base 50000")

    def test_values_of_a_pymodbus_meter_over_a_serial_port_are_equal_to_the_last_digit(self):
        ours, theirs = os.path.join(self.folder, "ours"), os.path.join(self.folder, "theirs")
        cable = peers.Process("socat", ["socat", f"pty,raw,echo=0,link={ours}",
                                        f"pty,raw,echo=0,link={theirs}"], self.folder)
        self.addCleanup(cable.stop, signal.SIGKILL)
        peers.wait_until(lambda: os.path.exists(ours) and os.path.exists(theirs), "the cable")
        self.start_meter("rtu", theirs)
        self.write("settings.json", meter_settings(
            {"rs485": {"port": ours, "baud": 9600, "parity": "none"}}))
        self.check_meter_values()

    # ---- bad input ------------------------------------------------------------------------------------

    def run_and_end(self):
        self.gateway.process = peers.Process(
            "metergate", [PROGRAMS.metergate, "--root", self.folder, "run"], self.folder)
        return self.gateway.process.child.wait(timeout=peers.START_LIMIT_S)

    def test_bad_settings_are_all_named_and_exit_with_3(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/x", "bauds": 9600}},
                                                   unit=248))
        answer = self.gateway.command("check")
        self.assertEqual(answer.returncode, 3)
        self.assertIn("lines[0].panels[0].address: 248 is outside 1..247", answer.stderr)
        self.assertIn('did you mean "baud"?', answer.stderr)
        self.assertEqual(self.run_and_end(), 3)

    def test_a_missing_port_is_named_and_the_gateway_runs(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        peers.wait_until(lambda: self.gateway.status()["lines"][0]["fault"] is not None,
                         "the report of the missing port")
        self.assertIn("/dev/not-there", self.gateway.status()["lines"][0]["fault"])
        self.stop_gateway_cleanly()

    def test_zero_filled_settings_start_the_last_good_ones_and_say_so(self):
        path = self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        self.stop_gateway_cleanly()
        with open(path, "wb") as file:
            file.write(b"\0" * 500)
        self.gateway.start()
        self.wait_for_event("settings-damaged")
        self.stop_gateway_cleanly()

    def test_a_damaged_store_is_kept_aside_and_a_new_one_begun(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        self.stop_gateway_cleanly()
        self.write(os.path.join("data", "store.sqlite"), "no database at all" * 1000)
        self.gateway.start()
        self.wait_for_event("store-replaced")
        aside = [name for name in os.listdir(os.path.join(self.folder, "data"))
                 if name.startswith("store.sqlite.damaged")]
        self.assertTrue(aside)
        self.stop_gateway_cleanly()

    def test_an_unreachable_broker_is_told_in_plain_words(self):
        settings = meter_settings({"rs485": {"port": "/dev/not-there"}})
        settings["destinations"] = [{"id": "office", "mqtt": {
            "host": "127.0.0.1", "port": peers.free_port(), "tls": {"enabled": False}}}]
        self.write("settings.json", settings)
        self.start(self.gateway)
        peers.wait_until(lambda: self.gateway.status()["destinations"][0]["last_error"] != "",
                         "the report of the unreachable broker")
        self.wait_for_event("destination-lost")
        self.stop_gateway_cleanly()

    def test_a_second_gateway_on_the_same_folder_exits_and_names_the_first(self):
        self.write("settings.json", meter_settings({"rs485": {"port": "/dev/not-there"}}))
        self.start(self.gateway)
        second = self.gateway.command("run")
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"process {self.gateway.process.child.pid}", second.stderr)
        self.stop_gateway_cleanly()

    def test_without_a_daemon_status_exits_with_4(self):
        answer = self.gateway.command("status")
        self.assertEqual(answer.returncode, 4)
        self.assertIn("no gateway is running", answer.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metergate", required=True)
    parser.add_argument("--simbuilding", required=True)
    _, rest = parser.parse_known_args(namespace=PROGRAMS)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
