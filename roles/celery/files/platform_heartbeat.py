"""Heartbeat files for the probes, and /health/ and /metrics on port 8000, for Celery's worker and beat.

Two files, because they answer two questions: `ready` is touched while work flows, `alive` while the process is
neither stopped nor hung. Losing the broker makes a worker not ready; it must not get it restarted.
"""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

try:
    import prometheus_client
except ImportError:  # metrics are served only where the image has the client
    prometheus_client = None

DIRECTORY = os.environ.get("PLATFORM_HEARTBEAT_DIRECTORY", "/tmp")
INTERVAL = float(os.environ.get("PLATFORM_HEARTBEAT_INTERVAL", "5"))
HUNG_AFTER = float(os.environ.get("PLATFORM_HEARTBEAT_HUNG_AFTER", "60"))
PORT = 8000


def touch(name):
    with open(os.path.join(DIRECTORY, name), "w"):
        pass


class Heartbeat:
    """What the process knows of itself: when it last did its work, and whether it is expected to."""

    def __init__(self):
        self.last_beat = None
        self.expected = False

    def beat(self):
        self.last_beat = time.monotonic()
        self.expected = True
        touch("ready")

    def pause(self):
        """The process knows that it cannot work, such as a worker without a broker."""
        self.expected = False

    def age(self):
        return None if self.last_beat is None else time.monotonic() - self.last_beat

    def hung(self):
        age = self.age()
        return self.expected and age is not None and age > HUNG_AFTER

    def keep_alive(self):
        while True:
            if not self.hung():
                touch("alive")
            time.sleep(INTERVAL)

    def start(self):
        touch("alive")
        threading.Thread(target=self.keep_alive, name="heartbeat", daemon=True).start()
        server = ThreadingHTTPServer(("", PORT), _handler(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name="heartbeat-http", daemon=True).start()


def _handler(heartbeat):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/health/":
                age = heartbeat.age()
                beating = heartbeat.expected and age is not None and age < 2 * INTERVAL + 20
                body = {
                    "status": "ok" if beating else "silent",
                    "heartbeat_age_seconds": age if age is None else round(age, 1),
                    "version": os.environ.get("APP_VERSION", ""),
                }
                self._answer(200 if beating else 503, "application/json", json.dumps(body).encode())
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
