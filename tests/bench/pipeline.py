"""The real programs at full speed: `metergate run` reads a simulated building over Modbus TCP.

usage: pipeline.py BUILD SECONDS STORE_JSON

Panels are polled every 200 ms, the shortest period that settings allow: 3840 points a second are the most
there can be. A point counts as read when the building answered with its energy register. CPU time and
memory are the gateway's own, from /proc. The disk figures are those of store_bench, read from STORE_JSON.
"""

import json
import os
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "building"))
import peers  # noqa: E402

LINES = 4
PANELS = 32
WARM_UP_S = 10
TARGETS = {"rss_anon_mb": 10, "rss_mb": 30, "disk_kib_per_edge_768": 170, "disk_mb_per_day_15min": 50}


def scenario():
    return {"seed": 1, "poll_period_ms": 200,
            "lines": [{"id": f"floor-{n}", "kind": "tcp"} for n in range(LINES)],
            "panels": [{"id": f"panel-{n}", "line": f"floor-{n % LINES}", "turnaround_ms": 0}
                       for n in range(PANELS)]}


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return {key: int(fields[name].split()[0]) / 1024
            for key, name in (("rss_anon_mb", "RssAnon"), ("rss_mb", "VmRSS"))}


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")



def points_served(ledger_path):
    points = 0
    with open(ledger_path, encoding="utf-8") as ledger:
        for line in ledger:
            if '"served"' in line:
                points += len(json.loads(line)["registers_wh"])
    return points


def run(build, seconds, folder):
    with open(os.path.join(folder, "scenario.json"), "w", encoding="utf-8") as file:
        json.dump(scenario(), file)
    broker = peers.Broker(folder)
    building = peers.Building(f"{build}/tests/building/simbuilding", folder,
                              os.path.join(folder, "scenario.json"), broker.port)
    gateway = peers.Gateway(f"{build}/gateway/app/metergate", folder)
    pause = threading.Event()
    broker.start()
    try:
        building.start()
        gateway.start()
        pid = gateway.process.child.pid
        pause.wait(WARM_UP_S)
        cpu_before = cpu_s(pid)
        pause.wait(seconds)
        cpu = cpu_s(pid) - cpu_before
        memory = memory_mb(pid)
        gateway.process.stop()
        building.stop()
    finally:
        broker.stop()
    points = points_served(os.path.join(folder, "ledger.ndjson"))
    points_per_s = points / (seconds + WARM_UP_S)
    return {"points_per_s": round(points_per_s), "cpu_ms_per_1000_points":
            round(cpu * 1e6 / (points_per_s * seconds), 2), **memory}


def main():
    build, seconds, store_json = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(store_json, encoding="utf-8") as file:
        disk = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        figures = {**run(build, seconds, folder), **disk}
    for key, value in figures.items():
        target = f"(target under {TARGETS[key]})" if key in TARGETS else ""
        print(f"{key:<28}{value:>12.2f}  {target}")
    print(f"{'seconds of polling':<28}{seconds:>12}")
    print(json.dumps({key: round(value, 2) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
