"""What panels remember comes back, with the real programs and the real time of day."""

import json
import time

from system_case import SystemCase, main, peers

RECOVERY_LIMIT_S = 300


class MemoryTest(SystemCase):
    def records(self, point, series):
        answer = self.gateway.command("history", point, "--series", series, "--from", "2020-01-01", "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return json.loads(answer.stdout)

    def is_recovered(self, point, series):
        """Whether something came back from the panel's log and nothing is missing any more."""
        flags = [record.get("flags", []) for record in self.records(point, series)]
        return any("RECOVERED" in one for one in flags) and not any("MISSING" in one for one in flags)

    def test_what_was_missed_comes_back_over_a_kill_of_the_gateway(self):
        self.start_building(
            lines=[{"id": "riser-1"}],
            panels=[{"id": "east", "line": "riser-1", "kind": "metergate-panel-12", "log_minutes": 1,
                     "series": ["kwh-1min", "kwh-1min-log"]}],
            faults=[{"kind": "silent", "target": "east", "at_s": 80, "for_s": 80}])
        point = self.settings()["lines"][0]["panels"][0]["points"][3]["id"]
        self.wait_for_event("panel-lost", RECOVERY_LIMIT_S)
        killed_s = time.time()
        self.gateway.kill()
        self.gateway.start()
        self.building.note_fault("gateway-kill", killed_s)
        self.wait_for_event("gateway-power-failed")
        self.wait_for_event("panel-back", RECOVERY_LIMIT_S)
        for series in ("kwh-1min", "kwh-1min-log"):
            peers.wait_until(lambda name=series: self.is_recovered(point, name), f"the recovery of {series}",
                             RECOVERY_LIMIT_S, [self.gateway.process.child])
        logged = [record for record in self.records(point, "kwh-1min-log") if record["value"] is not None]
        self.assertEqual({record["origin"] for record in logged}, {"panel_log"})
        self.verdict_is_clean()


if __name__ == "__main__":
    main(MemoryTest)
