"""Brokers and networks that misbehave: nothing is lost or doubled, and what works goes on."""

import copy
import random
import signal
import socket
import subprocess
import threading
import time

from system_case import BATCH_LIMIT_S, main, peers, PROGRAMS, SystemCase

KILLS = 20


def impatient(settings):
    settings["destinations"][0]["mqtt"]["ack_timeout_s"] = 5


class BrokerTest(SystemCase):
    """Brokers and networks that misbehave: nothing is lost or doubled, and what works goes on."""

    def test_a_gateway_killed_at_twenty_random_moments_loses_and_doubles_nothing(self):
        seed = random.randrange(2 ** 32)
        print(f"seed {seed}")
        moments = random.Random(seed)
        pause = threading.Event()
        self.start_building()
        self.receive_batches(4)
        for _ in range(KILLS):
            pause.wait(moments.uniform(0.0, 2.0))
            killed_s = time.time()
            self.gateway.kill()
            self.gateway.start()
            self.building.note_fault("gateway-kill", killed_s)
        self.receive_batches(8)
        self.verdict_is_clean()

    def test_a_broker_that_stands_still_is_left_and_found_again(self):
        self.start_building(change=impatient)
        self.receive_batches(8)
        broker = self.broker.process.child
        broker.send_signal(signal.SIGSTOP)
        self.wait_for_event("destination-lost")
        self.wait_for_batches_stored(8)
        broker.send_signal(signal.SIGCONT)
        self.wait_for_event("destination-back")
        self.receive_batches(12)
        self.verdict_is_clean()

    def test_a_destination_that_swallows_everything_does_not_hold_up_the_other(self):
        with socket.create_server(("127.0.0.1", 0)) as hole:
            def add_hole(settings):
                second = copy.deepcopy(settings["destinations"][0])
                second["id"] = "hole"
                second["mqtt"]["port"] = hole.getsockname()[1]
                settings["destinations"].append(second)
            self.start_building(change=add_hole)
            self.receive_batches(12)
            self.assertNotEqual(self.destination("hole")["state"], "connected")
            self.assertGreater(self.destination("hole")["backlog"], 0)
            # Its backlog is never drained: the other's is.
            first = self.settings()["destinations"][0]["id"]
            peers.wait_until(lambda: self.destination(first)["backlog"] == 0, "the delivery",
                             BATCH_LIMIT_S)
            self.stop_gateway_cleanly()
        self.building.stop()
        self.subscriber.stop()
        self.assertEqual(self.building.verify(), 0, self.gateway.process.log())

    def test_a_client_that_takes_the_gateways_name_costs_nothing(self):
        self.start_building()
        self.receive_batches(4)
        settings = self.settings()
        name = f"metergate-{settings['gateway']['id']}-{settings['destinations'][0]['id']}"
        for _ in range(3):
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port),
                            "-i", name, "-t", "elsewhere", "-m", "x"], check=True)
            self.receive_batches(8)
        self.wait_for_event("destination-lost")
        self.verdict_is_clean()

    def test_a_broker_that_refuses_some_topics_pauses_only_its_destination(self):
        acl = self.write("acl", "".join(f"topic readwrite metergate/+/{leaf}\n" for leaf in (
            "status", "meta", "event", "request", "receipt", "point/#")))
        refusing = peers.Broker(self.make_folder("refusing"),
                                f"allow_anonymous true\nacl_file {acl}\n")
        self.start(refusing)

        def add_refusing(settings):
            second = copy.deepcopy(settings["destinations"][0])
            second["id"] = "refusing"
            second["mqtt"]["port"] = refusing.port
            settings["destinations"].append(second)
        self.start_building(change=add_refusing)
        # Three refusals are needed, each a connection of its own; one whose end overtakes its
        # answer counts for nothing but a longer pause before the next.
        self.wait_for_event("destination-paused", 3 * BATCH_LIMIT_S)
        self.receive_batches(12)
        # Mosquitto ends the connection after a refusal, again and again: that is told once.
        self.assertEqual(self.event_kinds().count("destination-paused"), 1)
        self.assertLessEqual(self.event_kinds().count("destination-lost"), 1)
        refusing.stop()
        self.write("acl", "topic readwrite #\n")
        refusing.start()
        peers.wait_until(lambda: self.destination("refusing")["backlog"] == 0, "its delivery",
                         BATCH_LIMIT_S)
        self.verdict_is_clean()

    def test_two_receivers_are_both_complete_and_both_known(self):
        self.start_building()
        gateway = self.gateway.status()["gateway"]
        receivers = [peers.Receiver(PROGRAMS.metergate, self.make_folder(name), self.broker.port,
                                    gateway, name) for name in ("billing", "archive")]
        for receiver in receivers:
            self.start(receiver)
        for receiver in receivers:
            self.wait_for_batches_received(receiver, 12)
        self.gateway.drain()
        for receiver in receivers:
            receiver.stop()
            status, summary = receiver.run_until_complete(BATCH_LIMIT_S)
            self.assertEqual(status, 0, summary)
            self.assertIn("missing 0, purged 0, changed 0", summary)
        known = self.gateway.status()["destinations"][0]["receivers"]
        self.assertEqual(sorted({entry["receiver"] for entry in known}), ["archive", "billing"])
        self.verdict_is_clean()


if __name__ == "__main__":
    main(BrokerTest)
