"""People look at what a panel itself is set to, and set it."""

import json

from system_case import SystemCase, main


class ParametersTest(SystemCase):
    def start_two_panels(self):
        self.start_building(
            lines=[{"id": "riser-1"}],
            panels=[{"id": "east", "line": "riser-1", "seal_open": True}, {"id": "west", "line": "riser-1"}])
        self.receive_batches(2)

    def shown(self, panel):
        answer = self.gateway.command("parameters", "riser-1", panel, "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return {(one["parameter"], one.get("point")): one["value"] for one in json.loads(answer.stdout)}

    def write_ct(self, panel, point, value, *who):
        return self.gateway.command("write", "riser-1", panel, "ct_primary", str(value), "--point", point, *who)

    def test_a_parameter_of_a_panel_is_set_and_told_and_the_metering_goes_on(self):
        self.start_two_panels()
        points = [one["id"] for one in self.settings()["lines"][0]["panels"][0]["points"]]
        before = self.shown("east")
        self.assertEqual(before[("interval_length", None)], 15)
        self.assertEqual(before[("ct_primary", points[2])], 200)

        written = self.write_ct("east", points[2], 400, "--who", "A. Baker", "--reason", "new CTs")
        self.assertEqual((written.returncode, written.stdout),
                         (0, f"ct_primary of {points[2]} is 400 A now; it was 200\n"), written.stderr)
        self.assertEqual(self.shown("east"), {**before, ("ct_primary", points[2]): 400})
        self.wait_for_event("programming")
        events = json.loads(self.gateway.command("events", "--json").stdout)
        told = next(event for event in events if event["kind"] == "programming")
        self.assertEqual((told["source"], told["old"], told["new"]), ("east", "200 A", "400 A"))
        self.assertIn("by A. Baker: new CTs", told["text"])
        self.receive_batches(4)
        self.verdict_is_clean()

    def test_what_a_panel_is_not_to_be_set_to_is_refused_in_words(self):
        self.start_two_panels()
        point = self.settings()["lines"][0]["panels"][1]["points"][0]["id"]
        who = ("--who", "A. Baker", "--reason", "new CTs")
        for given, words in (((point, 400, *who), "its seal may be closed"),
                             ((point, 0, *who), "ct_primary must be 1..65534 A"),
                             ((point, 400), "ct_primary is sealed: say who sets it"),
                             (("nobody", 400, *who), "panel west has no point \"nobody\"")):
            with self.subTest(words=words):
                answer = self.write_ct("west", *given)
                self.assertEqual(answer.returncode, 1, answer.stdout)
                self.assertIn(words, answer.stderr)
        self.assertEqual(self.shown("west")[("ct_primary", point)], 200)
        self.assertNotIn("programming", self.event_kinds())


if __name__ == "__main__":
    main(ParametersTest)
