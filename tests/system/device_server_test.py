"""Panels behind a serial device server: RTU frames over TCP."""

import json

from system_case import main, peers, PROGRAMS, SystemCase

SERVER = {"id": "riser-1", "kind": "rtu_over_tcp", "baud": 38400}


class DeviceServerTest(SystemCase):
    """Panels behind a serial device server: RTU frames over TCP."""

    def line(self):
        return next(one for one in self.gateway.status()["lines"] if one["line"] == "riser-1")

    def endpoint(self):
        server = self.settings()["lines"][0]["rtu_over_tcp"]
        return f"{server['host']}:{server['port']}"

    def start_wire(self, panels):
        scenario = self.write("scenario.json", {"laboratory": True, "panels": panels, "faults": [],
                                                "lines": [{**SERVER, "panels": 0}]})
        self.start(peers.Building(PROGRAMS.simbuilding, self.folder, scenario, peers.free_port()))

    def test_panels_behind_a_device_server_are_recorded_to_the_last_watt_hour(self):
        faults = [{"kind": "silent", "target": "riser-1-p2", "at_s": 8, "for_s": 8},
                  {"kind": "late", "target": "riser-1-p1", "at_s": 18, "for_s": 4, "args": {"ms": 900}},
                  {"kind": "port-missing", "target": "riser-1", "at_s": 26, "for_s": 4}]
        self.start_building(faults, lines=[{**SERVER, "panels": 2}, {"id": "riser-2", "panels": 1}])
        check = self.gateway.command("check")
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.wait_for_event("line-back")
        self.receive_batches(24)
        line = self.line()
        self.assertEqual(line["reopened"], 1, "a silent panel costs no connection")
        self.assertGreater(line["timeouts"], 0)
        self.verdict_is_clean()

    def test_scan_finds_panels_behind_a_device_server_and_proposes_the_line(self):
        self.start_wire([{"id": "east", "line": "riser-1", "address": 3, "serial": 4711},
                         {"id": "roof", "line": "riser-1", "address": 8, "kind": "eastron-sdm630",
                          "serial": 1234567}])
        answer = self.gateway.command("scan", "--host", self.endpoint(), "--rtu-over-tcp", "--baud",
                                      "38400", "--addresses", "1-9", "--fragment")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        line = json.loads(answer.stdout)
        self.assertEqual(line["rtu_over_tcp"]["baud"], 38400)
        self.assertEqual([panel["serial"] for panel in line["panels"]], ["4711", "1234567"])
        self.write("settings.json", {"schema": 1, "gateway": {"id": "site"}, "lines": [line]})
        read = self.gateway.command("read", "line-1", "panel-8")
        self.assertEqual(read.returncode, 0, read.stderr)


if __name__ == "__main__":
    main(DeviceServerTest)
