"""Records posted over HTTPS: nothing is lost whatever the receiver and the way to it do."""

import json
import os
import socket
import subprocess
import time
import urllib.request

from system_case import BATCH_LIMIT_S, main, peers, PROGRAMS, SystemCase
from webhook_receiver import Answer, Authority, SECRET, WebhookReceiver

PAGE = "<!DOCTYPE html><html><body>Welcome! Please sign in to use this network.</body></html>"


class WebhookTest(SystemCase):
    """Records posted over HTTPS: nothing is lost whatever the receiver and the way to it do."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.make_folder("authority"))
        self.secret = self.write("secret", "whsec_" + SECRET + "\n")
        os.chmod(self.secret, 0o600)

    def start_receiver(self, **how):
        how.setdefault("certificate", self.authority.issue("server"))
        self.receiver = WebhookReceiver(self.make_folder("receiver"), **how)
        self.receiver.start()
        self.addCleanup(self.receiver.stop)

    def webhook(self, url=None, **more):
        return {"url": url or self.receiver.url(), "ca_file": self.authority.certificate,
                "secret_file": self.secret, "timeout_s": 5, **more}

    def start_all(self, *webhooks):
        """The building, a broker, and each webhook as a destination: hook, hook-2, ..."""
        def add(settings):
            for number, webhook in enumerate(webhooks, 1):
                settings["destinations"].append(
                    {"id": "hook" if number == 1 else f"hook-{number}", "from": "oldest",
                     "webhook": webhook})
        self.start_building(change=add)

    def wait_for_posts(self, count):
        goal = self.receiver.batch_count() + count
        peers.wait_until(lambda: self.receiver.batch_count() >= goal,
                         f"the receipt of {count} batches", BATCH_LIMIT_S,
                         [self.gateway.process.child])

    def wait_for_reason(self, text, name="hook"):
        try:
            peers.wait_until(lambda: text in self.destination(name)["last_error"],
                             f"the reason \"{text}\"", BATCH_LIMIT_S)
        except peers.PeerError as missing:
            self.fail(f"{missing}; it says: {self.destination(name)['last_error']}")

    def drained_verdict_is_clean(self):
        """Both far ends hold what the building served, and each id stands for one content."""
        self.verdict_is_clean()
        self.assertEqual(self.receiver.faults, [])
        for content in self.receiver.contents.values():
            self.assertEqual(len(content), 1)
        verified = subprocess.run(
            [PROGRAMS.simbuilding, "verify", "--ledger",
             os.path.join(self.folder, "ledger.ndjson"), "--received",
             self.receiver.received_path], check=False)
        self.assertEqual(verified.returncode, 0)

    def test_batches_are_posted_signed_and_compressed(self):
        self.start_receiver()
        token = self.write("token", "tok-4711\n")
        os.chmod(token, 0o600)
        self.start_all(self.webhook(bearer_file=token))
        self.wait_for_posts(12)
        path, headers = self.receiver.requests[-1]
        self.assertEqual(path, "/metering?site=7")
        self.assertEqual(headers["Authorization"], "Bearer tok-4711")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 60)
        with open(self.receiver.received_path, encoding="utf-8") as received:
            topics = {line.split(" ", 1)[0].split("/")[2] for line in received}
        self.assertEqual(topics & {"status", "point"}, set(), "a request is no place for these")
        self.assertIn("meta", topics)
        self.drained_verdict_is_clean()

    def test_a_person_can_prove_the_way_to_a_destination(self):
        self.start_receiver()
        self.start_all(self.webhook(), self.webhook(self.receiver.url() + "&precision=s",
                                                    format="influx"))
        self.receive_batches(4)
        self.assertEqual(self.gateway.command("test-destination", "hook-2").returncode, 0)
        types = {(path.endswith("precision=s"), headers["Content-Type"])
                 for path, headers in self.receiver.requests}
        self.assertEqual(types, {(False, "application/json"), (True, "text/plain; charset=utf-8")})
        answer = self.gateway.command("test-destination", "hook")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertRegex(answer.stdout, r"destination hook: the test message was taken after \d+ ms")
        self.assertEqual(self.gateway.command("test-destination", "broker").returncode, 0)
        self.receiver.answer_always = Answer(200, PAGE)
        answer = self.gateway.command("test-destination", "hook")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("destination hook: metergate/demo/test: status 200 with a web page",
                      answer.stderr)
        self.receiver.answer_always = None
        answer = self.gateway.command("test-destination", "nobody")
        self.assertEqual((answer.returncode, answer.stderr),
                         (1, "destination nobody: there is no destination \"nobody\"\n"))
        with open(self.receiver.received_path, encoding="utf-8") as received:
            tests = [line for line in received if line.startswith("metergate/demo/test {\"test\":true,")]
        self.assertGreater(len(tests), 0)
        self.wait_for_posts(4)
        self.verdict_is_clean()

    def test_a_receiver_that_fails_in_every_way_misses_nothing(self):
        self.start_receiver()
        self.receiver.answers = [
            Answer(500), Answer(cut="before"), Answer(cut="after"), Answer(503, PAGE),
            Answer(301, headers={"Location": "http://localhost/elsewhere"}), Answer(200, PAGE),
            Answer(403, "no"), Answer(429, headers={"Retry-After": "1"}),
            Answer(503, headers={"Retry-After": "1"})]
        self.start_all(self.webhook())
        self.wait_for_event("destination-lost")
        self.wait_for_event("destination-back", 4 * BATCH_LIMIT_S)
        self.wait_for_posts(8)
        self.assertEqual(self.receiver.answers, [])
        self.drained_verdict_is_clean()

    def test_a_portal_that_answers_for_the_receiver_takes_nothing(self):
        self.start_receiver()
        self.receiver.answer_always = Answer(200, PAGE, {"Content-Type": "text/html"})
        self.start_all(self.webhook())
        self.wait_for_reason("perhaps a portal that wants a sign-in")
        self.receiver.answer_always = Answer(302, "", {"Location": "http://portal.example/"})
        self.wait_for_reason("it redirects to http://portal.example/, and redirects are not")
        self.receiver.answer_always = None
        os.remove(self.receiver.received_path)  # the portal took what it was sent
        self.wait_for_posts(8)
        self.drained_verdict_is_clean()

    def test_an_answer_without_the_expected_text_takes_nothing(self):
        self.start_receiver()
        self.receiver.answer_always = Answer(200, '{"result": "queued"}')
        self.start_all(self.webhook(expect='"stored"'))
        self.wait_for_reason('status 200 without ""stored"" in the answer: {"result": "queued"}')
        os.remove(self.receiver.received_path)
        self.receiver.answer_always = Answer(200, '{"result": "stored"}')
        self.wait_for_posts(8)
        self.drained_verdict_is_clean()

    def test_a_wait_that_is_asked_for_is_kept_and_capped(self):
        self.start_receiver()
        self.receiver.answer_always = Answer(429, headers={"Retry-After": "86400"})
        self.start_all(self.webhook(retry_after_max_s=3))
        self.wait_for_reason("status 429: it asks to wait, 3 s")
        asked = len(self.receiver.requests)
        self.wait_for_batches_stored(8)
        self.assertLess(len(self.receiver.requests) - asked, 24, "it goes on asking")
        self.receiver.answer_always = None
        self.wait_for_posts(8)
        self.drained_verdict_is_clean()

    def test_bad_certificates_are_refused_with_their_reason(self):
        self.start_receiver(certificate=self.authority.issue("expired", days=-1))
        self.start_all(self.webhook())
        self.wait_for_reason("certificate has expired")
        for certificate, reason in (
                (self.authority.issue("other", host="elsewhere.example"), "no alternative certificate subject name matches"),
                (self.authority.self_signed("own"), "self-signed certificate"),
                (self.authority.issue("good"), "")):
            self.assertEqual(self.receiver.requests, [], "something was sent all the same")
            self.receiver.stop()
            self.receiver.certificate = certificate
            self.receiver.start()
            self.wait_for_reason(reason)
        self.wait_for_posts(8)
        self.drained_verdict_is_clean()

    def test_a_server_with_another_key_than_the_pinned_one_gets_nothing(self):
        self.start_receiver()
        self.start_all(self.webhook(pinned_key="sha256//" + "A" * 43 + "="))
        self.wait_for_reason("public key does not match pinned public key")
        self.receive_batches(8)
        self.assertEqual(self.receiver.requests, [])
        self.verdict_is_clean_but_for_hooks()

    def test_dead_ends_do_not_hold_up_the_others(self):
        self.start_receiver()
        with socket.create_server(("127.0.0.1", 0)) as hole:
            port = hole.getsockname()[1]
            self.start_all(self.webhook(), self.webhook(f"https://localhost:{port}/"),
                           self.webhook("https://no-such-host.invalid/"),
                           self.webhook(f"https://localhost:{peers.free_port()}/"))
            self.wait_for_posts(12)
            self.wait_for_reason("imed out", "hook-2")
            self.wait_for_reason("Could not resolve host", "hook-3")
            self.wait_for_reason("Couldn't connect to server", "hook-4")
            for name in ("hook-2", "hook-3", "hook-4"):
                self.assertGreater(self.destination(name)["backlog"], 0)
            self.verdict_is_clean_but_for_hooks()

    def verdict_is_clean_but_for_hooks(self):
        """The broker has everything, and the gateway still ends in time."""
        peers.wait_until(lambda: self.destination("broker")["backlog"] == 0, "the delivery",
                         BATCH_LIMIT_S)
        self.stop_gateway_cleanly()
        self.building.stop()
        self.subscriber.stop()
        self.assertEqual(self.building.verify(), 0, self.gateway.process.log())

    def test_a_batch_that_is_refused_pauses_the_destination_and_is_not_skipped(self):
        self.start_receiver()
        self.receiver.answer_always = Answer(422, "unknown meter")
        self.start_all(self.webhook())
        self.wait_for_event("destination-paused")
        self.assertEqual(self.destination("hook")["state"], "paused")
        self.assertIn("status 422: unknown meter", self.destination("hook")["last_error"])
        self.receiver.answer_always = None
        # A paused lane looks again every five minutes, or when it is made anew.
        self.stop_gateway_cleanly()
        began_s = time.time()
        self.gateway.start()
        self.building.note_fault("gateway-stop", began_s)
        self.wait_for_posts(8)
        self.drained_verdict_is_clean()

    def test_a_gateway_killed_in_between_posts_the_same_bytes_again(self):
        self.start_receiver()
        self.start_all(self.webhook(window=1))
        self.wait_for_posts(4)
        for _ in range(4):
            killed_s = time.time()
            self.gateway.kill()
            self.gateway.start()
            self.building.note_fault("gateway-kill", killed_s)
            self.wait_for_posts(4)
        self.drained_verdict_is_clean()

    def test_a_database_of_time_series_takes_lines_of_influx(self):
        database = VictoriaMetrics(self.make_folder("database"))
        self.start(database)

        def add(settings):
            settings["destinations"].append(
                {"id": "graphs", "from": "oldest", "webhook": {
                    "url": f"http://127.0.0.1:{database.port}/write?precision=s",
                    "format": "influx"}})
        self.start_building(change=add)
        self.receive_batches(8)
        database.stop()
        self.wait_for_event("destination-lost")
        database.start()
        self.receive_batches(8)
        peers.wait_until(lambda: self.destination("graphs")["backlog"] == 0, "the delivery",
                         BATCH_LIMIT_S)
        values = database.newest_values("value")
        registers = database.newest_values("register")
        compared = 0
        for key, record in self.subscriber.current_records().items():
            if record["value"] is not None and key in values:
                self.assertEqual(values[key], record["value"], key)
                self.assertEqual(registers[key], record["register"], key)
                compared += 1
            else:
                self.assertIsNone(record["value"], f"{key} is lost")
        self.assertGreater(compared, 100)
        self.verdict_is_clean()

    def test_nginx_in_front_is_stopped_and_started_and_misses_nothing(self):
        self.start_receiver(certificate=None)
        front = Nginx(self.make_folder("nginx"), self.authority.issue("front"), self.receiver.port)
        front.start()
        self.addCleanup(front.stop)
        self.start_all(self.webhook(f"https://localhost:{front.port}/in/"))
        self.wait_for_posts(8)
        self.assertEqual(self.receiver.requests[-1][0], "/in/")
        front.stop()
        self.wait_for_event("destination-lost")
        front.start()
        self.wait_for_posts(8)
        self.receiver.stop()
        self.wait_for_reason("status 502")
        self.receiver.start()
        self.wait_for_posts(8)
        self.drained_verdict_is_clean()


class VictoriaMetrics:
    """A database of its own for time series; takes InfluxDB's line protocol."""

    def __init__(self, folder):
        self.folder = folder
        self.port = peers.free_port()
        self.process = None

    def start(self):
        self.process = peers.Process(
            "victoria-metrics",
            ["/usr/bin/victoria-metrics", f"-httpListenAddr=127.0.0.1:{self.port}",
             f"-storageDataPath={self.folder}/data", "-retentionPeriod=100y"],
            self.folder, stdout=subprocess.DEVNULL)
        peers.wait_until(lambda: peers.port_answers(self.port), "the database's start",
                         processes=[self.process.child])

    def stop(self):
        self.process.stop()

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read().decode()

    def newest_values(self, field):
        """The last value that was written of each point, series and time, in thousandths."""
        self.ask("/internal/force_flush")
        values = {}
        for line in self.ask(f"/api/v1/export?match[]=interval_{field}").splitlines():
            told = json.loads(line)
            metric = told["metric"]
            for value, stamp_ms in zip(told["values"], told["timestamps"]):
                values[metric["point"], metric["series"], stamp_ms // 1000] = round(value * 1000)
        return values


class Nginx:
    """TLS in front of the receiver, on a port of its own."""

    def __init__(self, folder, certificate, behind):
        self.folder = folder
        self.port = peers.free_port()
        self.conf = os.path.join(folder, "nginx.conf")
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{self.port} ssl;
    ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_next_upstream off; }}
  }}
}}
""")
        self.process = None

    def start(self):
        self.process = peers.Process("nginx", ["/usr/sbin/nginx", "-p", self.folder, "-c",
                                               self.conf], self.folder, stdout=subprocess.DEVNULL)
        peers.wait_until(lambda: peers.port_answers(self.port), "nginx's start",
                         processes=[self.process.child])

    def stop(self):
        self.process.stop()


if __name__ == "__main__":
    main(WebhookTest)
