"""What the southbound benchmark makes of the simulator's notes."""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wire_record  # noqa: E402


def request(heard_us, silence_us=400, count=2, unit=1, address=1000, **changes):
    """Answered in time: 8 characters, 5 ms, and what the registers take."""
    values = {"request_us": 764, "turnaround_us": 5000, "reply_us": round((5 + 2 * count) * 11e6 / 115_200),
              "reply_bytes": 5 + 2 * count, **changes}
    on_wire_us = values["request_us"] + values["turnaround_us"] + values["reply_us"]
    values.setdefault("ended_us", heard_us + on_wire_us)
    return wire_record.Request(heard_us=heard_us, silence_us=silence_us, unit=unit, function=3,
                               address=address, count=count, **values)


def unanswered(heard_us, **changes):
    return request(heard_us, turnaround_us=0, reply_us=0, reply_bytes=0, ended_us=heard_us, **changes)


class WireRecord(unittest.TestCase):
    def test_wire_use_is_what_requests_took_of_the_time_until_the_last_one(self):
        rows = [request(0), request(10_000), request(20_000)]
        self.assertAlmostEqual(wire_record.wire_use(rows), rows[0].on_wire_us / 10_000)
        silence = 3.5 * 11e6 / 115_200
        self.assertAlmostEqual(wire_record.wire_use_with_silence(rows), (rows[0].on_wire_us + silence) / 10_000)

    def test_waiting_for_a_dead_panel_is_no_use_of_the_wire(self):
        self.assertAlmostEqual(wire_record.wire_use([unanswered(0), request(500_000)]), 764 / 500_000)

    def test_a_silence_of_less_than_three_and_a_half_characters_is_a_violation(self):
        self.assertEqual(wire_record.violations([request(0, 333), request(10_000, 334), request(20_000, 0)]), 2)

    def test_frames_that_meet_bring_nothing_and_are_not_counted_twice(self):
        rows = wire_record.marked([request(0), request(3000), request(20_000)])
        self.assertEqual([row.spoilt for row in rows], [True, True, False])
        self.assertEqual([row.answered for row in rows], [False, False, True])
        self.assertLess(wire_record.wire_use(rows), 1)

    def test_only_wanted_registers_of_answered_requests_count(self):
        rows = [request(0, count=4), request(10_000, count=4, unit=2),
                request(20_000, count=4, reply_bytes=5), request(1_000_000)]
        self.assertAlmostEqual(wire_record.registers_per_s(rows, {1000, 1003, 1004}, [1]), 2)

    def test_a_reply_that_ends_late_shows_in_the_pacing(self):
        good = request(0)
        late = request(0, ended_us=good.ended_us + good.on_wire_us // 100)
        self.assertAlmostEqual(wire_record.pacing_error([good, unanswered(20_000)]), 0)
        self.assertAlmostEqual(wire_record.pacing_error([late]), 0.01, places=4)

    def test_a_poll_that_is_left_out_is_missed_and_a_late_one_is_late(self):
        second = 1_000_000
        self.assertEqual(wire_record.worst_start([0, second, 2 * second], second), (0, 0))
        self.assertEqual(wire_record.worst_start([0, 2 * second, 3 * second], second), (1, 0))
        self.assertEqual(wire_record.worst_start([1000, second + 300_000, 2 * second], second), (0, 300_000))

    def test_the_most_useful_plan_bridges_small_holes_and_no_hole_of_the_map(self):
        character_us = 11e6 / 115_200

        def rate(registers, *lengths):
            return registers * 1e6 / sum((13 + 2 * length + 3.5) * character_us + 5000 for length in lengths)

        self.assertAlmostEqual(wire_record.most_useful_per_s([(1000, 4), (1008, 4)]), rate(8, 12))
        self.assertAlmostEqual(wire_record.most_useful_per_s([(1000, 4), (1080, 4)]), rate(8, 4, 4))
        self.assertAlmostEqual(wire_record.most_useful_per_s([(1092, 4), (1100, 4)]), rate(8, 4, 4))

    def test_requests_come_back_in_the_order_in_which_they_were_heard(self):
        head = ("heard_us,silence_us,unit,function,address,count,request_us,turnaround_us,reply_us,"
                "ended_us,reply_bytes\n")
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(head + "500,9,2,3,0,6,764,0,0,500,0\n100,9,1,3,0,6,764,0,0,100,0\n")
            file.flush()
            self.assertEqual([row.unit for row in wire_record.read(file.name)], [1, 2])


if __name__ == "__main__":
    unittest.main()
