"""`metergate scan` on wires of the simulated building."""

import json
import os
import signal
import subprocess
import time

from system_case import main, peers, PROGRAMS, SystemCase

PANELS = [
    {"id": "east", "line": "riser-1", "address": 3, "kind": "metergate-panel-24", "serial": 4711},
    {"id": "west", "line": "riser-1", "address": 5, "kind": "metergate-panel-12", "serial": 4712},
    {"id": "roof", "line": "riser-1", "address": 8, "kind": "eastron-sdm630", "serial": 1234567},
    {"id": "solar", "line": "riser-1", "address": 9, "kind": "sunspec-meter", "serial": 77},
]
SCENARIO = {"seed": 3, "laboratory": True, "panels": PANELS, "faults": [],
            "lines": [{"id": "riser-1", "baud": 115200, "panels": 0}]}
FOUND = [(3, "4711"), (5, "4712"), (8, "1234567"), (9, "77")]
STOP_SOON_S = 2


class ScanTest(SystemCase):
    """`metergate scan` on wires of the simulated building."""

    def start_wire(self):
        scenario = self.write("scenario.json", SCENARIO)
        building = peers.Building(PROGRAMS.simbuilding, self.folder, scenario, peers.free_port())
        self.start(building)
        self.port = os.path.join(self.folder, "riser-1")

    def scan(self, *options):
        return self.gateway.command("scan", "--port", self.port, "--baud", "115200",
                                    "--parity", "even", "--addresses", "1-10", *options)

    def test_scan_finds_all_panels_with_their_serial_numbers(self):
        self.start_wire()
        answer = self.scan("--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        found = json.loads(answer.stdout)
        self.assertTrue(found["complete"])
        self.assertEqual([(one["address"], one["serial"]) for one in found["devices"]], FOUND)
        self.assertEqual(found["devices"][0]["profiles"], ["metergate-panel-24"])
        self.assertEqual({one["two_devices_suspected"] for one in found["devices"]}, {""})
        self.assertIn("115200 8E1: asking 10 addresses", answer.stderr)

    def test_scan_gives_a_fragment_that_check_accepts(self):
        self.start_wire()
        answer = self.scan("--fragment")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        line = json.loads(answer.stdout)
        self.write("settings.json", {"schema": 1, "gateway": {"id": "site"}, "lines": [line]})
        check = self.gateway.command("check")
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        read = self.gateway.command("read", "line-1", "panel-3")
        self.assertEqual(read.returncode, 0, read.stderr)

    def test_scan_tells_what_differs_from_the_list(self):
        self.start_wire()
        sheet = self.write("list.csv", "serial,suite,panel,address\n4711,101,east,3\n"
                           "4712,102,west,6\n1234567,103,roof,8\n99,104,cellar,\n")
        answer = self.scan("--expected", sheet)
        self.assertEqual(answer.returncode, 1, answer.stderr)
        self.assertIn("as expected: 2\n"
                      "missing: serial 99, panel cellar, suite 104\n"
                      "at another address: serial 4712, panel west, suite 102: "
                      "found at 5 instead of 6\n"
                      "unexpected: address 9, serial 77\n", answer.stdout)
        bad = self.write("bad.csv", "serial,suite,panel\n4711,101\n")
        answer = self.scan("--expected", bad)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("line 2: 2 cells instead of 3", answer.stderr)

    def test_scan_stops_at_once_and_shows_what_was_found(self):
        self.start_wire()
        command = [PROGRAMS.metergate, "--root", self.folder, "scan", "--port", self.port,
                   "--baud", "115200"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as child:
            for line in child.stderr:
                if line.startswith("found address 5"):
                    break
            began = time.monotonic()
            child.send_signal(signal.SIGINT)
            shown, said = child.communicate(timeout=30)
        self.assertLess(time.monotonic() - began, STOP_SOON_S)
        self.assertEqual(child.returncode, 1)
        self.assertIn("stopped before the end", said)
        self.assertIn("4711", shown)

    def test_a_line_of_the_running_gateway_is_not_scanned(self):
        self.start_building()
        for where in (["riser-1"], ["--port", os.path.join(self.folder, "riser-1")]):
            answer = self.gateway.command("scan", *where)
            self.assertEqual(answer.returncode, 1)
            self.assertIn("line riser-1 is being read by the running gateway", answer.stderr)
        self.stop_gateway_cleanly()

    def test_a_port_that_is_not_there_is_said_and_usage_has_its_own_status(self):
        answer = self.gateway.command("scan", "--port", "/dev/no-such-port")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("port /dev/no-such-port does not exist", answer.stderr)
        self.assertEqual(self.gateway.command("scan").returncode, 2)
        self.assertEqual(
            self.gateway.command("scan", "--port", "x", "--addresses", "0").returncode, 2)


if __name__ == "__main__":
    main(ScanTest)
