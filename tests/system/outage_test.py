"""Nothing is lost or doubled, whatever goes away."""

import time

from system_case import BATCH_LIMIT_S, main, peers, PROGRAMS, SystemCase


class OutageTest(SystemCase):
    """Nothing is lost or doubled, whatever goes away."""

    def test_broker_away_and_gateway_restarted_lose_and_double_nothing(self):
        self.start_building()
        self.receive_batches(8)
        self.subscriber.stop()
        self.broker.stop()
        self.wait_for_batches_stored(8)
        self.broker.start()
        self.subscriber.start()
        self.receive_batches(12)
        stopped_s = time.time()
        self.stop_gateway_cleanly()
        self.gateway.start()
        self.building.note_fault("gateway-stop", stopped_s)
        self.receive_batches(8)
        self.wait_for_event("destination-lost")
        self.wait_for_event("destination-back")
        self.verdict_is_clean()

    def test_killed_gateway_goes_on_where_it_was(self):
        self.start_building()
        self.receive_batches(8)
        killed_s = time.time()
        self.gateway.kill()
        self.gateway.start()
        self.building.note_fault("gateway-kill", killed_s)
        self.receive_batches(8)
        self.wait_for_event("gateway-power-failed")
        self.verdict_is_clean()

    def test_a_receiver_is_complete_although_the_broker_lost_what_it_acknowledged(self):
        self.start_building()
        self.subscriber.stop()
        gateway = self.gateway.status()["gateway"]
        receiver = peers.Receiver(PROGRAMS.metergate, self.folder, self.broker.port, gateway)
        self.start(receiver)
        self.wait_for_batches_received(receiver, 8)
        self.assertEqual(receiver.stop()[0], 0, receiver.process.log())
        self.wait_for_batches_stored(8)
        self.gateway.drain()
        self.broker.lose_everything()
        self.broker.start()
        receiver.start()
        self.wait_for_batches_received(receiver, 12)
        self.broker.lose_everything()
        self.wait_for_batches_stored(8)
        self.broker.start()
        self.wait_for_batches_received(receiver, 8)
        receiver.stop()
        self.gateway.drain()
        status, summary = receiver.run_until_complete(BATCH_LIMIT_S)
        self.assertEqual(status, 0, summary)
        self.assertIn("missing 0, purged 0, changed 0", summary)
        destination = self.gateway.status()["destinations"][0]
        self.assertGreater(destination["resent"], 0)
        self.assertEqual([entry["receiver"] for entry in destination["receivers"]], ["far-end"])
        self.stop_gateway_cleanly()
        self.building.stop()
        receiver.write_received(gateway)
        self.assertEqual(self.building.verify(), 0, self.gateway.process.log())

    def test_port_that_vanishes_and_returns_is_told_once_each(self):
        self.start_building(
            faults=[{"kind": "port-missing", "target": "riser-1", "at_s": 8, "for_s": 12}])
        self.wait_for_event("line-back")
        self.receive_batches(8)
        self.assertEqual(self.event_kinds().count("line-lost"), 1)
        self.verdict_is_clean()


if __name__ == "__main__":
    main(OutageTest)
