"""The programs around a simulated building, for the demo and the system tests.

Every server listens on loopback on a free port and is ended by its pid. Waiting is done on what the
others print, write or answer; nothing sleeps for a guessed time.
"""

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time

START_LIMIT_S = 60
STOP_LIMIT_S = 10


class PeerError(Exception):
    """Something did not start, answer or end in time; the text says what."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, what, limit_s=START_LIMIT_S, processes=()):
    """Looks again every 50 ms until `condition()` is true; fails if a process ended or time is up."""
    pause = threading.Event()
    deadline = time.monotonic() + limit_s
    while not condition():
        for process in processes:
            if process.poll() is not None:
                raise PeerError(f"{process.args[0]} ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise PeerError(f"{what} did not happen within {limit_s} s")
        pause.wait(0.05)


class Process:
    """A child process whose errors go to a file of the folder."""

    def __init__(self, name, command, folder, **how):
        self.log_path = os.path.join(folder, name + ".log")
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.child = subprocess.Popen(command, stderr=log, **how)

    def alive(self):
        return self.child.poll() is None

    def stop(self, how=signal.SIGTERM, limit_s=STOP_LIMIT_S):
        """Ends it; returns its exit status and how many seconds it took."""
        before = time.monotonic()
        if self.alive():
            self.child.send_signal(how)
        try:
            return self.child.wait(timeout=limit_s), time.monotonic() - before
        except subprocess.TimeoutExpired as late:
            self.child.kill()
            self.child.wait()
            raise PeerError(f"{self.child.args[0]} did not end within {limit_s} s") from late

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()


class Broker:
    """Mosquitto on a port of its own; can be stopped and started again on it."""

    def __init__(self, folder, settings="allow_anonymous true\n"):
        self.folder = folder
        self.port = free_port()
        self.conf = os.path.join(folder, "mosquitto.conf")
        with open(self.conf, "w", encoding="utf-8") as conf:
            # Sessions outlive a restart, so that a subscriber that returns late has missed nothing.
            conf.write(f"listener {self.port} 127.0.0.1\nuser root\npersistence true\n"
                       f"persistence_location {folder}/\nmax_queued_messages 0\n{settings}")
        self.process = None

    def start(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = Process("mosquitto", [program, "-c", self.conf], self.folder,
                               stdout=subprocess.DEVNULL)
        wait_until(lambda: port_answers(self.port), "the broker's start",
                   processes=[self.process.child])

    def stop(self):
        self.process.stop()

    def lose_everything(self):
        """Killed, and the disk with what it acknowledged and had not yet passed on is gone."""
        self.process.stop(signal.SIGKILL)
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.folder, "mosquitto.db"))


class Subscriber:
    """mosquitto_sub on everything; keeps the batch lines in received.txt as they come.

    It is given up and replaced when its broker goes; `lines` goes on over that.
    """

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self.lines = queue.Queue()
        self.received_path = os.path.join(folder, "received.txt")
        self.process = None
        self.reader = None

    def start(self):
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-v",
                   "-c", "-i", "receiver", "-t", "metergate/#"]
        self.process = Process("subscriber", command, self.folder, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._listen, args=(self.process.child.stdout,),
                                       daemon=True)
        self.reader.start()

    def _listen(self, stream):
        with open(self.received_path, "a", encoding="utf-8") as kept:
            for line in stream:
                if "/batch/" in line.split(" ", 1)[0]:
                    kept.write(line)
                    kept.flush()
                self.lines.put(line)

    def next_batch(self, limit_s):
        """The next batch as (panel, payload); fails after `limit_s`."""
        deadline = time.monotonic() + limit_s
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty as nothing:
                raise PeerError(f"no batch within {limit_s} s") from nothing
            topic, _, payload = line.rstrip("\n").partition(" ")
            parts = topic.split("/")
            if len(parts) == 4 and parts[2] == "batch":
                return parts[3], json.loads(payload)

    def current_records(self):
        """Of what came, the newest record by point, series and end."""
        current = {}
        with open(self.received_path, encoding="utf-8") as received:
            for line in received:
                batch = json.loads(line.split(" ", 1)[1])
                for record in batch["records"]:
                    key = (record["point"], record["series"], batch["end"])
                    if key not in current or current[key][0] <= batch["revision"]:
                        current[key] = (batch["revision"], record)
        return {key: record for key, (_, record) in current.items()}

    def stop(self):
        # What it received it has printed: mosquitto_sub flushes each line. It sometimes does not heed
        # a polite request while its connection is being closed.
        self.process.stop(signal.SIGKILL)
        self.reader.join(timeout=STOP_LIMIT_S)


class Receiver:
    """`metergate receive`, keeping what comes in received.sqlite."""

    def __init__(self, program, folder, port, gateway, name="far-end"):
        self.folder = folder
        self.file = os.path.join(folder, "received.sqlite")
        self.command = [program, "receive", "--broker", f"127.0.0.1:{port}", "--no-tls",
                        "--gateway", gateway, "--to", self.file, "--name", name]
        self.process = None

    def start(self):
        self.process = Process("receive", self.command, self.folder, stdout=subprocess.PIPE,
                               text=True)

    def stop(self):
        """Ends it politely; returns its exit status and its last line."""
        status, _ = self.process.stop()
        with self.process.child.stdout as printed:
            return status, printed.read().strip()

    def run_until_complete(self, limit_s):
        """A run of its own; returns its exit status and its last line."""
        done = subprocess.run([*self.command, "--until-complete", "--seconds", str(limit_s)],
                              stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout.strip()

    def query(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as file:
            return file.execute(sql).fetchall()

    def batch_count(self):
        try:
            return self.query("SELECT count(*) FROM batch")[0][0]
        except sqlite3.OperationalError:
            return 0  # the file is just being made

    def write_received(self, gateway):
        """What it kept, as lines of topic and payload for the verdict."""
        with open(os.path.join(self.folder, "received.txt"), "w", encoding="utf-8") as lines:
            for panel, payload in self.query("SELECT panel, payload FROM batch ORDER BY id"):
                lines.write(f"metergate/{gateway}/batch/{panel} {payload}\n")


class ControlClient:
    """One connection to the control socket: asks, waits for the answer."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(START_LIMIT_S)
        self.socket.connect(os.path.join(folder, "control.sock"))
        self.lines = self.socket.makefile("r", encoding="utf-8")

    def ask(self, method, **params):
        """The whole answer line as an object, with `result` or `error`."""
        request = {"v": 1, "id": 1, "method": method, "params": params}
        self.socket.sendall((json.dumps(request) + "\n").encode())
        return json.loads(self.lines.readline())

    def close(self):
        self.lines.close()
        self.socket.close()


class Building:
    """simbuilding in real time; writes settings.json and ledger.ndjson into its folder."""

    def __init__(self, program, folder, scenario, broker_port):
        self.program = program
        self.folder = folder
        self.command = [program, "run", "--scenario", scenario, "--dir", folder,
                        "--mqtt-host", "127.0.0.1", "--mqtt-port", str(broker_port)]
        self.process = None
        self.faults = []

    def start(self, **how):
        self.process = Process("simbuilding", self.command, self.folder, **how)
        wait_until(lambda: os.path.exists(os.path.join(self.folder, "ready")),
                   "the building's start", processes=[self.process.child])

    def note_fault(self, kind, began_s, target="gateway"):
        """What a test did to the gateway, from then until now; goes into the ledger at the end."""
        self.faults.append({"kind": "fault", "fault": kind, "target": target,
                            "from_ms": int(began_s * 1000), "until_ms": int(time.time() * 1000)})

    def stop(self):
        ended = self.process.stop()
        with open(os.path.join(self.folder, "ledger.ndjson"), "a", encoding="utf-8") as ledger:
            ledger.writelines(json.dumps(fault) + "\n" for fault in self.faults)
        return ended

    def verify(self):
        """Prints the verdict; returns simbuilding's exit status."""
        return subprocess.run([self.program, "verify",
                               "--ledger", os.path.join(self.folder, "ledger.ndjson"),
                               "--received", os.path.join(self.folder, "received.txt")],
                              check=False).returncode


class Gateway:
    """`metergate` with all its files in one folder."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.process = None

    def command(self, *arguments):
        return subprocess.run([self.program, "--root", self.folder, *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)

    def start(self):
        self.process = Process("metergate", [self.program, "--root", self.folder, "run"],
                               self.folder)
        wait_until(lambda: self.command("status").returncode == 0, "the gateway's start",
                   processes=[self.process.child])

    def status(self):
        answer = self.command("status", "--json")
        if answer.returncode != 0:
            raise PeerError("metergate status: " + answer.stderr.strip())
        return json.loads(answer.stdout)

    def backlog(self):
        return sum(destination["backlog"] for destination in self.status()["destinations"])

    def drain(self, limit_s=60):
        wait_until(lambda: self.backlog() == 0, "the delivery of all batches", limit_s,
                   [self.process.child])

    def stop(self):
        return self.process.stop()

    def kill(self):
        self.process.stop(signal.SIGKILL)
