"""Meters that other people's programs play."""

import json
import os
import signal
import subprocess

from system_case import main, meter_settings, peers, SOURCE, SystemCase


class MeterTest(SystemCase):
    """Meters that other people's programs play."""

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

    def test_values_of_a_pymodbus_meter_in_rtu_frames_over_tcp_are_equal_to_the_last_digit(self):
        port = peers.free_port()
        self.start_meter("rtu_over_tcp", port)
        peers.wait_until(lambda: peers.port_answers(port), "the meter's start")
        self.write("settings.json", meter_settings(
            {"rtu_over_tcp": {"host": "127.0.0.1", "port": port, "baud": 9600}}))
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


if __name__ == "__main__":
    main(MeterTest)
