"""How much of an RS485 line the gateway and its peers use, healthy and with dead panels. See southbound.md.

usage: southbound.py BUILD PEERS [SECONDS]

SECONDS are measured with dead panels (120), after half as long to settle; healthy a quarter as long.
"""

import json
import os
import random
import sys
from dataclasses import replace

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "building"))
import peers  # noqa: E402
import wire_record  # noqa: E402
from line_masters import PEERS, Job, Metergate  # noqa: E402
from line_session import WARM_UP_S, Session  # noqa: E402

POINTS = 24
KWH = [(1000 + 4 * point, 4) for point in range(POINTS)]
KWH_RECEIVED = [(1100 + 4 * point, 4) for point in range(POINTS)]
KW = [(1200 + 2 * point, 2) for point in range(POINTS)]
ALL_BLOCKS = [(1000, 96), (1100, 96), (1200, 48)]  # between them there are no registers
FULL = Job(range(1, 9), KWH + KWH_RECEIVED + KW, reads=ALL_BLOCKS)
DEAD_UNIT = 8
SCATTER_SEED = 240
SCATTERED_UNITS = range(1, 17)  # so many that the shortest poll period is never what limits us
PERIOD_MANY_DEAD_MS = 2000
MANY_DEAD_SETTLE_S = 60  # until each of the 30 was waited for three times
MANY_DEAD = range(1, 31)
MANY_UNITS = range(1, 33)
PACING_ERROR_MAX = 0.005

# One probe: the timeout of the profiles, and what request and reply take of the block that tells who it is.
PROBE_MS = 500 + (8 + 17) * 11e3 / wire_record.BAUD

# Key -> (sign of the comparison, target).
TARGETS = {"wire_use": (">=", 0.97), "silence_violations": ("<=", 0), "useful_ratio_to_best_peer": (">=", 3),
           "kept_one_of_eight_dead": (">=", 0.97), "periods_missed_30_of_32_dead": ("<=", 0),
           "latest_start_ms": ("<=", round(PROBE_MS, 1)),
           "rss_anon_mb": ("<", 10), "rss_mb": ("<", 30), "cpu_share": ("<", 0.03)}


class Bench:
    def __init__(self, tools, seconds):
        self.tools = tools
        self.seconds = seconds
        self.settle_s = max(10, seconds // 2)
        self.healthy_s = max(10, seconds // 4)
        self.pacing = []

    def note_pacing(self, rows):
        self.pacing.append(wire_record.pacing_error(rows))

    def full(self, master_class):
        """All of 8 panels as fast as the wire allows; then one of them dies."""
        dies_s = WARM_UP_S + self.healthy_s + 2
        with Session(master_class, FULL, self.tools, [DEAD_UNIT], dies_s) as session:
            session.wait_until(WARM_UP_S)
            usage = session.usage_until(WARM_UP_S + self.healthy_s)
            session.wait_until(dies_s + self.settle_s + self.seconds + 1)
            rows = session.end()
            healthy = wire_record.between(rows, session.at_us(WARM_UP_S),
                                          session.at_us(WARM_UP_S + self.healthy_s))
        self.note_pacing(rows)
        rate = wire_record.registers_per_s(healthy, FULL.wanted, FULL.units)
        gaps = wire_record.gaps_us(healthy)
        return {"wire_use": round(wire_record.wire_use(healthy), 4),
                "wire_use_with_silence": round(wire_record.wire_use_with_silence(healthy), 4),
                "silence_violations": wire_record.violations(healthy),
                "requests_per_s": round((len(healthy) - 1) * 1e6 / wire_record.elapsed_us(healthy), 2),
                "registers_per_s": round(rate),
                "gap_ms_p50_p99": [round(gaps[len(gaps) * part // 100] / 1000, 2) for part in (50, 99)],
                **self.with_one_dead(rows, healthy[-1].heard_us, rate), **usage}

    def with_one_dead(self, rows, from_us, healthy_rate):
        died_us = next(row.heard_us for row in rows
                       if row.heard_us > from_us and row.unit == DEAD_UNIT and not row.reply_bytes)
        live = [unit for unit in FULL.units if unit != DEAD_UNIT]

        def kept(after_s, seconds):
            begin = died_us + after_s * 1_000_000
            part = wire_record.between(rows, begin, begin + seconds * 1_000_000)
            brought = sum(row.registers_of(FULL.wanted) for row in part if row.unit in live)
            return brought / (seconds * healthy_rate)

        return {"kept_one_of_eight_dead": round(kept(self.settle_s, self.seconds), 4),
                "start_cost_s": round(self.settle_s * (1 - kept(0, self.settle_s)), 2)}

    def useful(self, master_class, job):
        """Registers a second of those that are wanted."""
        with Session(master_class, job, self.tools) as session:
            session.wait_until(WARM_UP_S + self.healthy_s)
            rows = session.end()
            part = wire_record.between(rows, session.at_us(WARM_UP_S),
                                       session.at_us(WARM_UP_S + self.healthy_s))
        self.note_pacing(rows)
        return wire_record.registers_per_s(part, job.wanted, job.units)

    def useful_of_peer(self, master_class):
        """The better of its two ways: value by value, or all 240 registers."""
        values = values_of(scatters()["drawn"])
        job = Job(SCATTERED_UNITS, values, reads=values)
        ways = {"one by one": round(self.useful(master_class, job))}
        if master_class.reads_by == "blocks":
            ways["all"] = round(self.useful(master_class, replace(job, reads=ALL_BLOCKS)))
        return {"useful_registers_per_s": ways}

    def many_dead(self):
        """30 of 32 die at once; how the polls of the other two start."""
        job = replace(FULL, units=MANY_UNITS, period_ms=PERIOD_MANY_DEAD_MS)
        dies_s = WARM_UP_S + self.healthy_s
        settled_s = dies_s + MANY_DEAD_SETTLE_S
        until_s = settled_s + self.seconds
        with Session(Metergate, job, self.tools, MANY_DEAD, dies_s) as session:
            session.wait_until(until_s)
            rows = session.end()
            first = wire_record.between(rows, session.at_us(dies_s), session.at_us(settled_s))
            later = wire_record.between(rows, session.at_us(settled_s), session.at_us(until_s))
        self.note_pacing(rows)
        live = [unit for unit in MANY_UNITS if unit not in MANY_DEAD]

        def worst(part):
            found = [wire_record.worst_start(wire_record.poll_starts_us(part, unit, KWH[0][0]),
                                             PERIOD_MANY_DEAD_MS * 1000) for unit in live]
            return max(missed for missed, _ in found), max(late for _, late in found)

        missed, late_us = worst(later)
        return {"periods_missed_30_of_32_dead": missed, "latest_start_ms": round(late_us / 1000, 1),
                "probes": sum(1 for row in later if not row.reply_bytes),
                "periods_missed_while_they_die": worst(first)[0]}


def scatters():
    """Which 8 of the 24 points are wanted: 48 of the 240 registers."""
    return {"drawn": sorted(random.Random(SCATTER_SEED).sample(range(POINTS), 8)),
            "even": list(range(0, POINTS, 3)), "near": [0, 1, 3, 4, 6, 7, 9, 10]}


def values_of(points):
    return [KWH[point] for point in points] + [KW[point] for point in points]


def measured_peer(bench, master_class):
    absent = master_class(".", bench.tools).absent()
    if absent:
        return {"absent": absent}
    print(f"bench: {master_class.name}", file=sys.stderr)
    try:
        return {"reads": master_class.reads_by, **bench.full(master_class), **bench.useful_of_peer(master_class)}
    except peers.PeerError as error:
        return {"absent": str(error)}


def add_ratios(ours, peer_figures):
    best = {name: max(figures["useful_registers_per_s"].values())
            for name, figures in peer_figures.items() if "absent" not in figures}
    if not best:
        return
    for name, rate in best.items():
        peer_figures[name]["useful_ratio_to_best_peer"] = round(rate / max(best.values()), 2)
    one_by_one = max(figures["useful_registers_per_s"]["one by one"]
                     for figures in peer_figures.values() if "absent" not in figures)
    for name, points in scatters().items():
        rate = ours["useful_registers_per_s"][name]
        suffix = "" if name == "drawn" else "_" + name
        ours["useful_ratio_to_best_peer" + suffix] = round(rate / max(best.values()), 2)
        ours["useful_ratio_to_one_by_one" + suffix] = round(rate / one_by_one, 2)
        limit = wire_record.most_useful_per_s(values_of(points))
        ours["useful_ratio_limit" + suffix] = round(limit / max(best.values()), 2)


def verdict(key, value):
    if key not in TARGETS:
        return ""
    sign, target = TARGETS[key]
    met = {">=": value >= target, "<=": value <= target, "<": value < target}[sign]
    return f"{'met' if met else 'MISSED'} ({sign} {target})"


def print_table(ours, peer_figures):
    print(f"{'':<32}{'metergate':>16}" + "".join(f"{name:>16}" for name in peer_figures))
    for key, value in ours.items():
        if not isinstance(value, dict):
            cells = [figures.get(key, "absent" if "absent" in figures else "") for figures in peer_figures.values()]
            row = "".join(f"{str(cell):>16}" for cell in (value, *cells))
            print(f"{key:<32}{row}  {verdict(key, value)}".rstrip())
    print(f"metergate: useful registers/s {ours['useful_registers_per_s']}")
    for name, figures in peer_figures.items():
        print(f"{name}: " + (figures.get("absent") or f"reads {figures['reads']}, useful registers/s "
                                                      f"{figures['useful_registers_per_s']}"))


def outrank_the_machine():
    """All that is compared, alike: what else runs here is no part of a gateway."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except PermissionError:
        print("bench: everything runs with the usual priority", file=sys.stderr)


def main():
    outrank_the_machine()
    build, peers_folder = sys.argv[1], sys.argv[2]
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 120
    bench = Bench({"metergate": f"{build}/tests/bench/metergate_bench",
                   "simbuilding": f"{build}/tests/building/simbuilding",
                   "peers": peers_folder, "source": os.path.dirname(os.path.abspath(__file__))}, seconds)
    print("bench: metergate", file=sys.stderr)
    ours = bench.full(Metergate)
    ours["useful_registers_per_s"] = {
        name: round(bench.useful(Metergate, Job(SCATTERED_UNITS, values_of(points), "bench-points",
                                                [point + 1 for point in points])))
        for name, points in scatters().items()}
    ours.update(bench.many_dead())
    peer_figures = {master.name: measured_peer(bench, master) for master in PEERS}
    add_ratios(ours, peer_figures)
    ours["pacing_error"] = round(max(bench.pacing, key=abs), 5)
    ours["seconds"] = seconds
    ours["load_average"] = os.getloadavg()[0]
    print_table(ours, peer_figures)
    print(json.dumps({**ours, "peers": peer_figures}))
    if abs(ours["pacing_error"]) > PACING_ERROR_MAX:
        sys.exit("bench: the simulated line was not paced at its baud rate: nothing above counts")


if __name__ == "__main__":
    main()
