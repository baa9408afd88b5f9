"""Health and metrics of a Celery process on port 8000, for its probes, for validation and for Prometheus.

Two paths, given by the environment: "ready" is 200 while work flows, "live" while the process does not hang.
Losing the broker makes a worker not ready; it must not get it restarted.
"""

import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

try:
    import prometheus_client
except ImportError:  # metrics are served only where the image has the client
    prometheus_client = None

INTERVAL = float(os.environ.get("PLATFORM_HEARTBEAT_INTERVAL", "5"))
READY_AGE = float(os.environ.get("PLATFORM_HEARTBEAT_READY_AGE", "30"))
HUNG_AGE = float(os.environ.get("PLATFORM_HEARTBEAT_HUNG_AGE", "60"))
PORT = 8000
# Seconds that a client may be silent: each connection has a thread of its own.
CLIENT_TIMEOUT = 10


class Heartbeat:
    """What the process knows of itself: when it last did its work, and whether it is expected to."""

    def __init__(self):
        self.last_beat = None
        self.expected = False
        # Whether the process does work during which it cannot beat.
        self.busy = lambda: False
        # Further answers in JSON, by path: functions that return status and body.
        self.pages = {}

    def beat(self):
        self.last_beat = time.monotonic()
        self.expected = True

    def pause(self):
        """The process knows that it cannot work, such as a worker without a broker."""
        self.expected = False

    def age(self):
        return None if self.last_beat is None else time.monotonic() - self.last_beat

    def younger_than(self, seconds):
        age = self.age()
        return age is not None and age < seconds

    def ready(self):
        return self.expected and (self.younger_than(READY_AGE) or self.busy())

    def live(self):
        return not self.expected or self.younger_than(HUNG_AGE) or self.busy()

    def start(self):
        server = _Server(("", PORT), _handler(self))
        threading.Thread(target=server.serve_forever, name="heartbeat", daemon=True).start()
        return server


class _Server(ThreadingHTTPServer):
    """Listens on IPv6 and IPv4 where the kernel has both, else on IPv4."""

    daemon_threads = True

    def __init__(self, *arguments):
        self.address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        super().__init__(*arguments)

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _handler(heartbeat):
    verdicts = {os.environ["PLATFORM_READY_PATH"]: heartbeat.ready, os.environ["PLATFORM_LIVE_PATH"]: heartbeat.live}

    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_TIMEOUT

        def do_GET(self):
            if self.path in verdicts:
                good = verdicts[self.path]()
                body = {
                    "status": "ok" if good else "silent",
                    "heartbeat_age_seconds": heartbeat.age(),
                    "version": os.environ.get("APP_VERSION", ""),
                }
                self._answer(200 if good else 503, "application/json", json.dumps(body).encode())
            elif self.path in heartbeat.pages:
                status, body = heartbeat.pages[self.path]()
                self._answer(status, "application/json", json.dumps(body).encode())
            elif self.path == "/metrics" and prometheus_client is not None:
                self._answer(200, prometheus_client.CONTENT_TYPE_LATEST, prometheus_client.generate_latest())
            else:
                self._answer(404, "text/plain", b"not found\n")

        def _answer(self, status, content_type, body):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Probes and scrapes are no news."""

    return Handler
