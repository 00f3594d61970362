"""One master on one simulated line, from its start to its end, and what was seen of both."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "building"))
import peers  # noqa: E402
import wire_record  # noqa: E402
from line_masters import LINE  # noqa: E402

WARM_UP_S = 15  # Node-RED takes some seconds to start


def now_us():
    """The clock of the simulator's notes."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1e6)


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return {key: round(int(fields[name].split()[0]) / 1024, 2)
            for key, name in (("rss_anon_mb", "RssAnon"), ("rss_mb", "VmRSS"))}


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Session:
    """Use it as a context: everything is running inside, everything is ended behind it."""

    def __init__(self, master_class, job, tools, silent=(), silent_from_s=0):
        """Panels of the units `silent` stop answering `silent_from_s` after the simulator's start."""
        self.folder = tempfile.TemporaryDirectory()
        self.master = master_class(self.folder.name, tools)
        self.job = job
        self.pause = threading.Event()
        self.scenario = {
            "seed": 1, "lines": [{"id": LINE, "baud": wire_record.BAUD, "panels": len(job.units)}],
            "faults": [{"at_s": silent_from_s, "target": f"{LINE}-p{unit}", "kind": "silent",
                        "for_s": 86_400} for unit in silent]}
        self.broker = peers.Broker(self.folder.name)
        self.building = peers.Building(tools["simbuilding"], self.folder.name,
                                       os.path.join(self.folder.name, "scenario.json"), self.broker.port)
        self.building.command.append("--note-requests")
        self.began_us = 0

    def __enter__(self):
        with open(os.path.join(self.folder.name, "scenario.json"), "w", encoding="utf-8") as file:
            json.dump(self.scenario, file)
        try:
            self.broker.start()
            self.building.start(stdout=subprocess.DEVNULL)
            self.began_us = now_us()
            self.make_simulator_punctual()
            self.master.start(self.job, self.broker.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for ending in (self.master, self.building, self.broker):
            if ending.process is not None:
                ending.stop()
        self.folder.cleanup()

    def make_simulator_punctual(self):
        """A wire does not wait for a processor. Without the right to do this the pacing check tells."""
        try:
            os.sched_setscheduler(self.building.process.child.pid, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            print("bench: the simulator runs without real-time priority", file=sys.stderr)

    def wait_until(self, second):
        """Until so long after the simulator's start; fails if somebody ends before."""
        while (left := self.began_us / 1e6 + second - now_us() / 1e6) > 0:
            self.pause.wait(min(left, 1))
            for process in (self.master.process, self.building.process):
                if not process.alive():
                    raise peers.PeerError(f"{process.child.args[0]} ended:\n{process.log()[-2000:]}")

    def at_us(self, second):
        return self.began_us + int(second * 1e6)

    def usage_until(self, second):
        """Share of one core from now until then, and the memory used then."""
        pid = self.master.pid
        began, before = now_us(), cpu_s(pid)
        self.wait_until(second)
        share = (cpu_s(pid) - before) * 1e6 / (now_us() - began)
        return {"cpu_share": round(share, 4), **memory_mb(pid)}

    def end(self):
        """Ends master and simulator; returns all requests."""
        self.master.stop()
        self.building.stop()
        rows = wire_record.read(os.path.join(self.folder.name, LINE + ".requests.csv"))
        if len(rows) < 2:
            raise peers.PeerError(f"{self.master.name} asked nothing:\n{self.master.process.log()[-2000:]}")
        return rows
