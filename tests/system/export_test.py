"""What was recorded, written into files that others read: the same as was published."""

import csv
import datetime
import json
import os

from system_case import BATCH_LIMIT_S, main, peers, SystemCase


class ExportTest(SystemCase):
    """What was recorded, written into files that others read: the same as was published."""

    def export(self, *arguments):
        answer = self.gateway.command("export", "--from", "2020-01-01", *arguments)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def start_and_record(self):
        self.start_building([{"at_s": 7, "kind": "silent", "target": "riser-1", "for_s": 11}])
        # Both lines work again, and slots were missed.
        self.receive_batches(28)
        peers.wait_until(lambda: self.destination("broker")["backlog"] == 0, "the delivery",
                         BATCH_LIMIT_S)

    def test_files_hold_what_was_published(self):
        self.start_and_record()
        before = self.subscriber.current_records()
        path = os.path.join(self.folder, "all.csv")
        self.assertEqual(self.export("--format", "csv", "--output", path), "")
        self.assertEqual(self.parts(), [])
        with open(path, newline="", encoding="utf-8") as file:
            rows = {(row["point"], row["series"], row["end"]): row for row in csv.DictReader(file)}
        lines = [json.loads(line) for line in self.export("--format", "ndjson").splitlines()]
        by_key = {(line["point"], line["series"], line["end"]): line for line in lines}
        compared = missing = 0
        for (point, series, end_s), record in before.items():
            key = (point, series, utc_text(end_s))
            self.assertIn(key, rows)
            for row in (rows[key], by_key[key]):
                self.assertEqual(milli(row["value"]), record["value"], key)
                self.assertEqual(milli(row["register"]), record["register"], key)
                self.assertEqual(row["start"], utc_text(record["start"]))
                self.assertEqual(set((row["quality"] or "").split("|")) - {""},
                                 set(record.get("flags", [])), key)
            compared += 1
            missing += record["value"] is None
        self.assertGreater(compared, 200)
        self.assertGreater(missing, 0, "the outage left nothing missing")
        self.assertEqual(self.export("--format", "cmep"), "", "a laboratory bills nobody")

    def test_bad_questions_are_answered_with_their_reason(self):
        def add_series(settings):
            settings["recording"]["series"].append("kwh-10s")
        self.start_building(change=add_series)
        self.receive_batches(4)
        for arguments, status, reason in (
                (["--format", "cmep"], 1, "CMEP cannot tell kwh-5s and kwh-10s of "),
                (["--format", "xls"], 2, "xls"),
                (["--format", "csv", "--points", "nobody"], 1, "there is no point \"nobody\""),
                (["--format", "csv", "--series", "kwh-1h"], 1, "no point has the series"),
                (["--format", "csv", "--from", "yesterday"], 1, "yesterday"),
                (["--format", "csv", "--output", "/nowhere/x.csv"], 1, "/nowhere/x.csv: No such")):
            answer = self.gateway.command("export", *arguments)
            self.assertEqual(answer.returncode, status, answer.stderr)
            self.assertIn(reason, answer.stderr)
        self.stop_gateway_cleanly()
        path = os.path.join(self.folder, "x.csv")
        answer = self.gateway.command("export", "--format", "csv", "--output", path)
        self.assertEqual(answer.returncode, 4, answer.stderr)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(self.parts(), [])

    def parts(self):
        return [name for name in os.listdir(self.folder) if name.endswith(".part")]


def milli(text):
    """Thousandths of a plain decimal with three places; None of nothing."""
    return None if text in (None, "") else int(text.replace(".", ""))


def utc_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    main(ExportTest)
