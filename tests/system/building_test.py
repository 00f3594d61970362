"""The simulated building itself, seen from the master's end of a line."""

import csv
import os
import select
import threading

from system_case import PROGRAMS, SystemCase, main, peers

# Unit 1, holding registers 0 to 5: who the panel is. Its CRC by hand from the Modbus serial line guide.
REQUEST = bytes.fromhex("01 03 00 00 00 06 C5 C8")
REPLY_BYTES = 17
CHARACTER_US = 11e6 / 9600


def ask(line, frame):
    """Sends a request on an open line; returns what came back until nothing more did for a second."""
    os.write(line, frame)
    reply = b""
    while len(reply) < REPLY_BYTES and select.select([line], [], [], 1)[0]:
        reply += os.read(line, REPLY_BYTES)
    return reply


class BuildingTest(SystemCase):
    def test_the_building_notes_each_request_and_the_silence_before_it(self):
        scenario = self.write("scenario.json", {"lines": [{"id": "riser", "baud": 9600, "panels": 1}]})
        building = peers.Building(PROGRAMS.simbuilding, self.folder, scenario, 1)
        building.command.append("--note-requests")
        self.start(building)
        pause = threading.Event()
        line = os.open(os.path.join(self.folder, "riser"), os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, line)
        for _ in range(2):
            self.assertEqual(len(ask(line, REQUEST)), REPLY_BYTES)
            pause.wait(0.3)
        self.assertEqual(ask(line, b"\x02" + REQUEST[1:]), b"", "its CRC is wrong now")
        building.stop()
        with open(os.path.join(self.folder, "riser.requests.csv"), encoding="utf-8", newline="") as file:
            rows = [{key: int(value) for key, value in row.items()} for row in csv.DictReader(file)]
        self.assertEqual([(row["unit"], row["function"], row["address"], row["count"]) for row in rows],
                         [(1, 3, 0, 6), (1, 3, 0, 6), (2, 3, 0, 6)])
        self.assertEqual([row["reply_bytes"] for row in rows], [REPLY_BYTES, REPLY_BYTES, 0])
        for row in rows[:2]:
            self.assertAlmostEqual(row["request_us"], len(REQUEST) * CHARACTER_US, delta=1)
            self.assertAlmostEqual(row["reply_us"], REPLY_BYTES * CHARACTER_US, delta=1)
            nominal_us = row["request_us"] + row["turnaround_us"] + row["reply_us"]
            self.assertGreaterEqual(row["ended_us"] - row["heard_us"], nominal_us)
        for before, after in zip(rows, rows[1:2]):
            self.assertEqual(after["silence_us"], after["heard_us"] - before["ended_us"])
            self.assertGreaterEqual(after["silence_us"], 300_000)


if __name__ == "__main__":
    main(BuildingTest)
