"""Other masters talk to the panels of a building through the gateway, well and badly."""

import json
import os
import random
import select
import socket
import struct
import subprocess
import threading

from system_case import BATCH_LIMIT_S, main, peers, SOURCE, SystemCase

UNIT_OF_FIRST_PANEL = 101
OWN_UNIT = 255
IDENTITY = 0x4D47  # register 0 of a panel of the open map
READ_IDENTITY = struct.pack(">BHH", 3, 0, 1)
FLOOD_S = 20


def frame(transaction, unit, pdu):
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


class Client:
    """A connection that sends bytes and reads whole answers."""

    def __init__(self, port, own_address="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=peers.START_LIMIT_S,
                                               source_address=(own_address, 0))
        self.transaction = 0

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionResetError("closed by the gateway")
            data += more
        return data

    def answer(self):
        """The next answer as (transaction, unit, pdu)."""
        transaction, protocol, length, unit = struct.unpack(">HHHB", self.read(7))
        assert protocol == 0
        return transaction, unit, self.read(length - 1)

    def ask(self, unit, pdu):
        """Asks until the gateway has time for it."""
        while True:
            self.transaction += 1
            self.send(frame(self.transaction, unit, pdu))
            transaction, answered, reply = self.answer()
            assert (transaction, answered) == (self.transaction, unit)
            if reply != bytes([pdu[0] | 0x80, 6]):
                return reply

    def close(self):
        self.socket.close()


class Flood:
    """Clients that ask without end, do not listen, send nonsense, and come again."""

    def __init__(self, port, seed):
        self.port = port
        self.random = random.Random(seed)
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(how,), daemon=True)
                        for how in (self._ask_all, self._never_listen, self._nonsense)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(timeout=peers.STOP_LIMIT_S)

    def _run(self, how):
        while not self.stopped.is_set():
            try:
                client = Client(self.port)
                client.socket.settimeout(1)
                try:
                    how(client)
                finally:
                    client.close()
            except OSError:
                self.stopped.wait(0.02)

    def _ask_all(self, client):
        number = 0
        while not self.stopped.is_set():
            number = (number + 1) % 60000
            client.send(frame(number, UNIT_OF_FIRST_PANEL + number % 4,
                              struct.pack(">BHH", 3, 1000 + number % 90, 2)))
            if select.select([client.socket], [], [], 0.002)[0]:
                client.socket.recv(65536)

    def _never_listen(self, client):
        while not self.stopped.is_set():
            client.send(frame(1, OWN_UNIT, struct.pack(">BHH", 3, 1, 125)) * 50)

    def _nonsense(self, client):
        for _ in range(20):
            client.send(self.random.choice([
                self.random.randbytes(self.random.randrange(1, 400)),
                frame(1, UNIT_OF_FIRST_PANEL, self.random.randbytes(self.random.randrange(1, 200))),
                frame(2, 9, READ_IDENTITY), b"GET / HTTP/1.1\r\n\r\n"]))
            if self.stopped.wait(0.005):
                return


class ModbusGatewayTest(SystemCase):
    """Other masters talk to the panels of a building through the gateway, well and badly."""

    def open_to_clients(self, settings):
        panels = [panel["id"] for line in settings["lines"] for panel in line["panels"]]
        settings["modbus_gateway"] = {
            "enabled": True, "port": self.port, "clients": ["127.0.0.0/8"],
            "units": [{"unit": UNIT_OF_FIRST_PANEL + place, "panel": panel}
                      for place, panel in enumerate(panels)]}

    def start_with_clients(self):
        self.port = peers.free_port()
        self.start_building(change=self.open_to_clients)
        peers.wait_until(lambda: peers.port_answers(self.port), "the gateway's Modbus port")
        self.receive_batches(4)

    def client(self, own_address="127.0.0.1"):
        client = Client(self.port, own_address)
        self.addCleanup(client.close)
        return client

    def modbus_status(self):
        return self.gateway.status()["modbus_gateway"]

    def wait_for_problem(self, text):
        """The status is at most a second old."""
        peers.wait_until(lambda: text in self.modbus_status()["last_problem"], f'"{text}"')

    def test_clients_that_flood_and_send_nonsense_leave_the_metering_untouched(self):
        self.start_with_clients()
        seed = random.randrange(2 ** 32)
        print(f"seed {seed}")
        flood = Flood(self.port, seed)
        flood.start()
        self.addCleanup(flood.stop)
        honest = self.client("127.0.0.2")
        answered = 0
        for _ in range(FLOOD_S // 5):
            self.receive_batches(4)
            self.assertEqual(honest.ask(UNIT_OF_FIRST_PANEL + answered % 4, READ_IDENTITY),
                             struct.pack(">BBH", 3, 2, IDENTITY))
            answered += 1
        status = self.modbus_status()
        flood.stop()
        self.assertGreater(status["requests"], 500)
        self.assertGreater(status["refused"], 100)
        self.assertGreater(status["nonsense"], 10)
        self.assertGreater(status["answered"], answered)
        for line in self.gateway.status()["lines"]:
            for panel in line["panels"]:
                self.assertEqual(panel["state"], "ok", panel)
        self.receive_batches(4)
        kinds = self.event_kinds()
        for kind in ("panel-lost", "line-lost", "server-lost", "panel-written"):
            self.assertNotIn(kind, kinds)
        self.verdict_is_clean()

    def test_a_client_reads_a_panel_and_how_old_its_values_are(self):
        self.start_with_clients()
        client = self.client()
        unit = UNIT_OF_FIRST_PANEL
        self.assertEqual(client.ask(unit, READ_IDENTITY), struct.pack(">BBH", 3, 2, IDENTITY))
        age_ms = struct.unpack(">H", client.ask(OWN_UNIT, struct.pack(">BHH", 4, unit, 1))[2:])[0]
        self.assertLess(age_ms, 60000)
        self.assertEqual(client.ask(unit, struct.pack(">BHH", 3, 60000, 1)), b"\x83\x02",
                         "the panel's own refusal")
        self.assertEqual(client.ask(unit, struct.pack(">BHH", 6, 0, 1)), b"\x86\x01")
        self.assertEqual(client.ask(unit, b"\x63\x01"), b"\xe3\x01")
        self.assertEqual(client.ask(9, READ_IDENTITY), b"\x83\x0a")
        client.send(b"".join(frame(number, unit, READ_IDENTITY) for number in range(1000, 1008)))
        answers = [client.answer() for _ in range(8)]
        self.assertEqual(sorted(answer[0] for answer in answers), list(range(1000, 1008)))
        heading = f"modbus gateway 127.0.0.1 port {self.port}: 1 clients"
        peers.wait_until(lambda: heading in self.gateway.command("status").stdout, heading)
        client.send(b"GET / HTTP/1.1\r\n")
        self.assertEqual(client.socket.recv(1), b"", "it is disconnected")
        self.wait_for_problem("does not speak Modbus TCP")
        self.verdict_is_clean()

    def test_pymodbus_reads_panels_through_the_gateway(self):
        self.start_with_clients()
        # Debian's packages belong to Debian's interpreter.
        done = subprocess.run(
            ["/usr/bin/python3", os.path.join(SOURCE, "tests/system/pymodbus_client.py"),
             str(self.port), *(str(UNIT_OF_FIRST_PANEL + place) for place in range(4)), "9"],
            stdout=subprocess.PIPE, text=True, check=True, timeout=BATCH_LIMIT_S)
        self.assertEqual(json.loads(done.stdout), [IDENTITY] * 4 + ["exception 10"])
        self.verdict_is_clean()

    def test_apply_starts_changes_and_stops_it_and_leaves_lines_alone(self):
        self.start_building()
        self.receive_batches(4)
        self.port = peers.free_port()
        off = self.settings()
        on = self.settings()
        self.open_to_clients(on)
        answer = self.gateway.command("apply", self.write("new.json", on))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("2 lines run on untouched", answer.stdout)
        self.assertIn("modbus gateway: added", answer.stdout)
        peers.wait_until(lambda: peers.port_answers(self.port), "the gateway's Modbus port")
        self.assertEqual(self.client().ask(UNIT_OF_FIRST_PANEL, READ_IDENTITY),
                         struct.pack(">BBH", 3, 2, IDENTITY))
        on["modbus_gateway"]["clients"] = ["10.0.0.0/8"]
        answer = self.gateway.command("apply", self.write("new.json", on))
        self.assertIn("modbus gateway: made anew", answer.stdout)
        stranger = self.client()
        self.assertEqual(stranger.socket.recv(1), b"", "it is not on the list")
        self.wait_for_problem("127.0.0.1 is not in modbus_gateway.clients")
        answer = self.gateway.command("apply", self.write("new.json", off))
        self.assertIn("modbus gateway: removed", answer.stdout)
        self.assertFalse(peers.port_answers(self.port))
        self.assertIsNone(self.modbus_status())
        self.receive_batches(4)
        self.verdict_is_clean()

    def test_a_port_in_use_is_told_in_clear_words_and_taken_when_it_is_free(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            self.port = other.getsockname()[1]
            self.start_building(change=self.open_to_clients)
            self.wait_for_event("server-lost")
            peers.wait_until(lambda: self.modbus_status()["fault"] is not None, "the fault's status")
            self.assertIn("another program listens there", self.modbus_status()["fault"])
            self.assertIn("DOWN: cannot listen on 127.0.0.1", self.gateway.command("status").stdout)
            self.receive_batches(4)
        self.wait_for_event("server-back")
        self.assertEqual(self.client().ask(UNIT_OF_FIRST_PANEL, READ_IDENTITY),
                         struct.pack(">BBH", 3, 2, IDENTITY))
        self.verdict_is_clean()


if __name__ == "__main__":
    main(ModbusGatewayTest)
