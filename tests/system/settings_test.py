"""Settings that change while it runs, and bad ones."""

import json
import os
import time

from system_case import main, meter_settings, peers, PROGRAMS, SystemCase


class SettingsTest(SystemCase):
    """Settings that change while it runs, and bad ones."""

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

    # ---- bad input ----------------------------------------------------------------------------------

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


if __name__ == "__main__":
    main(SettingsTest)
