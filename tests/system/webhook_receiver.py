"""A receiver of webhooks for the system tests: HTTPS on loopback, told how to behave."""

import base64
import gzip
import hashlib
import hmac
import http.server
import os
import socket
import ssl
import subprocess
import threading

SECRET = base64.b64encode(b"a secret of 24 bytes....").decode()


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Authority:
    """A certificate authority of its own, and servers' certificates by it."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate = os.path.join(folder, "ca.pem")
        self.key = os.path.join(folder, "ca.key")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                "/CN=test authority", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, host="localhost", days=30):
        """Returns the paths of certificate and key; with days < 0 it is out of date."""
        path = os.path.join(self.folder, name)
        extension = path + ".ext"
        with open(extension, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}",
                "-keyout", path + ".key", "-out", path + ".csr")
        openssl("x509", "-req", "-in", path + ".csr", "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", str(days), "-extfile", extension,
                "-out", path + ".pem")
        return path + ".pem", path + ".key"

    def self_signed(self, name):
        path = os.path.join(self.folder, name)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                "-keyout", path + ".key", "-out", path + ".pem")
        return path + ".pem", path + ".key"


class Answer:
    """What is answered; `cut` ends the connection instead, before or after the body was read."""

    def __init__(self, status=200, body="", headers=None, cut=None):
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.cut = cut


class WebhookReceiver:
    """Keeps what it took in received.txt of its folder, one line of topic and content each.

    `answers` are given first, one a request, whatever is asked; then everything is taken. What is
    answered with another status than 2xx or cut is not kept, unless `keeps_refused`.
    """

    def __init__(self, folder, certificate=None):
        self.folder = folder
        self.received_path = os.path.join(folder, "received.txt")
        self.certificate = certificate
        self.answers = []
        self.answer_always = None
        self.keeps_refused = False
        self.contents = {}  # id of a message -> set of what came under it
        self.requests = []  # path, headers
        self.faults = []
        self.lock = threading.Lock()
        self.port = None
        self.server = None
        self.thread = None
        self.process = None  # what a system test ends by pid has one; this is a thread

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass  # a client that leaves is none of our errors

        self.server = Server(("127.0.0.1", self.port or 0), Handler)
        self.port = self.server.server_address[1]
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=10)

    def url(self, host="localhost"):
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}/metering?site=7"

    def take(self, request):
        with self.lock:
            answer = self.answers.pop(0) if self.answers else (self.answer_always or Answer())
            self.requests.append((request.path, dict(request.headers)))
        if answer.cut == "before":
            return self.cut(request)
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if answer.cut is None and (200 <= answer.status < 300 or self.keeps_refused):
            self.keep(request.headers, body)
        if answer.cut == "after":
            return self.cut(request)
        content = answer.body.encode()
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
        return None

    @staticmethod
    def cut(request):
        request.close_connection = True
        request.connection.shutdown(socket.SHUT_RDWR)

    def keep(self, headers, body):
        signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(),
                            body])
        proper = base64.b64encode(hmac.new(base64.b64decode(SECRET), signed,
                                           hashlib.sha256).digest()).decode()
        content = gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
        with self.lock:
            if headers.get("webhook-signature") != "v1," + proper:
                self.faults.append(f"signature {headers.get('webhook-signature')}")
            if headers["Idempotency-Key"] != headers["webhook-id"]:
                self.faults.append("the idempotency key is not the id")
            self.contents.setdefault(headers["webhook-id"], set()).add(content)
            with open(self.received_path, "a", encoding="utf-8") as kept:
                kept.write(f"{headers['metergate-topic']} {content.decode()}\n")

    def batch_count(self):
        try:
            with open(self.received_path, encoding="utf-8") as kept:
                return sum("/batch/" in line.split(" ", 1)[0] for line in kept)
        except FileNotFoundError:
            return 0
