"""What simbuilding noted of the requests on one serial line, and what follows from it.

Times are microseconds of CLOCK_BOOTTIME. A character is 11 bits.
"""

import csv
from dataclasses import dataclass, replace

BAUD = 115_200
SILENCE_US = 3.5 * 11e6 / BAUD
OVERHEAD_BYTES = 5  # of a reply: unit, function, length, CRC


@dataclass(frozen=True)
class Request:
    heard_us: int
    silence_us: int
    unit: int
    function: int
    address: int
    count: int
    request_us: int
    turnaround_us: int
    reply_us: int
    ended_us: int
    reply_bytes: int
    spoilt: bool = False  # another request was sent before its reply had ended, or the other way round

    @property
    def answered(self):
        """With the registers asked for, not with an exception."""
        return self.reply_bytes == OVERHEAD_BYTES + 2 * self.count and not self.spoilt

    @property
    def on_wire_us(self):
        """What its characters, the panel's turnaround and the characters of the reply take."""
        return self.request_us + self.turnaround_us + self.reply_us

    def registers_of(self, wanted):
        """How many of a set of register addresses its reply brought."""
        if not self.answered:
            return 0
        return sum(1 for register in wanted if self.address <= register < self.address + self.count)


def read(path):
    """All requests, in the order in which they were heard."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [Request(**{key: int(value) for key, value in row.items()}) for row in csv.DictReader(file)]
    return marked(sorted(rows, key=lambda row: row.heard_us))


def marked(rows):
    """On a pair of wires frames that meet spoil each other; a pseudo-terminal would carry both."""
    until_us = 0
    for place, row in enumerate(rows):
        if row.heard_us < until_us:
            rows[place - 1:place + 1] = [replace(rows[place - 1], spoilt=True), replace(row, spoilt=True)]
        until_us = max(until_us, row.ended_us)
    return rows


def between(rows, from_us, until_us):
    return [row for row in rows if from_us <= row.heard_us < until_us]


def elapsed_us(rows):
    """From the first request to the last, which is therefore not counted in any rate."""
    return rows[-1].heard_us - rows[0].heard_us


def wire_use(rows):
    """Characters and turnarounds over the time they had. The silence that must be kept is idle time here."""
    used_us = sum(min(row.on_wire_us, later.heard_us - row.heard_us) for row, later in zip(rows, rows[1:]))
    return used_us / elapsed_us(rows)


def wire_use_with_silence(rows):
    """The same, with the silence that must precede each request counted as use."""
    return wire_use(rows) + SILENCE_US * (len(rows) - 1) / elapsed_us(rows)


def violations(rows):
    """Requests that began less than 3.5 characters after the last byte on the wire."""
    return sum(1 for row in rows if row.silence_us < int(SILENCE_US))


def registers_per_s(rows, wanted, units):
    """Registers of the set that came from these units, each time they came."""
    count = sum(row.registers_of(wanted) for row in rows[:-1] if row.unit in units)
    return count * 1e6 / elapsed_us(rows)


def most_useful_per_s(values, turnaround_us=5000, registers_max=125, holes=((1096, 1100), (1196, 1200))):
    """What the best set of requests could bring of values (address, registers), by trying all sets of runs.

    No request may cover one of the holes, from its first to before its second address: nothing is there.
    """
    character_us = 11e6 / BAUD
    values = sorted(values)
    least_us = [0.0]
    for last in range(len(values)):
        end = values[last][0] + values[last][1]
        ways = []
        for first in range(last + 1):
            begin = values[first][0]
            allowed = end - begin <= registers_max and not any(begin < hole_end and hole < end
                                                               for hole, hole_end in holes)
            if allowed:
                characters = 8 + OVERHEAD_BYTES + 2 * (end - begin) + 3.5
                ways.append(least_us[first] + characters * character_us + turnaround_us)
        least_us.append(min(ways))
    return sum(count for _, count in values) * 1e6 / least_us[-1]


def pacing_error(rows):
    """How much longer requests and replies really took than bytes x 11 / baud and the turnarounds."""
    answered = [row for row in rows if row.answered]
    nominal = sum(row.on_wire_us for row in answered)
    return sum(row.ended_us - row.heard_us for row in answered) / nominal - 1


def gaps_us(rows):
    """Silences before requests, in order of size."""
    return sorted(row.silence_us for row in rows)


def poll_starts_us(rows, unit, address):
    """When the reading of a panel began: the requests that bring its first register."""
    return [row.heard_us for row in rows
            if row.unit == unit and row.answered and row.registers_of({address})]


def worst_start(starts_us, period_us):
    """(periods missed, how much later than the earliest one any start was, in us), on a grid of the period."""
    numbers = [round((start - starts_us[0]) / period_us) for start in starts_us]
    phases = [start - starts_us[0] - number * period_us for number, start in zip(numbers, starts_us)]
    missed = sum(max(0, later - number - 1) for number, later in zip(numbers, numbers[1:]))
    return missed, max(phases) - min(phases)
