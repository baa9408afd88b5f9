"""A real nginx with the configuration of the role, a server in Django's place behind it, and DNS that knows the address of that server."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from tools import debian_programs

NAME = "django-service.jewelry-shop.svc.cluster.example"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def patiently(happened: Any, what: str) -> Any:
    """Wait for what takes a moment, and return it."""
    deadline = time.monotonic() + 30
    while True:
        found = happened()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


class Dns:
    """Answers with these addresses; with none it says nothing at all."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(512)
                if not self.addresses:
                    continue
                end = query.index(b"\0", 12) + 5
                [kind] = struct.unpack("!H", query[end - 4 : end - 2])
                asked = b".".join(query[13 : end - 5].split(b"\0")).lower()
                wanted = NAME.split(".")
                known = all(part.encode() in asked for part in wanted)
                answers = [socket.inet_aton(each) for each in self.addresses] if known and kind == 1 else []
                header = query[:2] + struct.pack("!5H", 0x8180 if known else 0x8183, 1, len(answers), 0, 0)
                records = b"".join(b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 5, 4) + each for each in answers)
                self.socket.sendto(header + query[12:end] + records, client)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked, as JSON; C(/headers/N) with N bytes of headers beside that.

    Never answers below C(/silent/). Opens a WebSocket where a client asks for one, and sends back one line.
    """

    protocol_version = "HTTP/1.1"
    # Path and headers of each request.
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        self.asked.append((self.path, dict(self.headers.items())))
        if self.path.startswith("/silent/"):
            self.rfile.read(1)
            self.close_connection = True
            return
        if self.headers.get("Upgrade") == "websocket" and self.headers.get("Connection") == "upgrade":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.readline())
            self.close_connection = True
            return
        said = json.dumps(
            {
                "method": self.command,
                "path": self.path,
                "headers": self.headers.items(),
                "body": body,
                "server": self.connection.getsockname()[0],
            }
        ).encode()
        self.send_response(200)
        if self.path.startswith("/headers/"):
            for number in range(int(self.path.split("/")[2]) // 1000):
                self.send_header(f"X-Large-{number}", "x" * 985)
        if self.path == "/own-headers/":
            self.send_header("X-Frame-Options", "DENY")
        if self.path.endswith("?personal"):
            self.send_header("Set-Cookie", "sessionid=1")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of connections that nginx closes."""

    daemon_threads = True

    def handle_error(self, *arguments: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def django(address: str, port: int) -> Iterator[None]:
    """A server on an address of the loopback network."""
    server = Server((address, port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Answer:
    """A response, with every header as it came."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def seen(self) -> dict[str, Any]:
        """What the server in Django's place was asked."""
        found: dict[str, Any] = json.loads(self.body)
        return {**found, "headers": {name.lower(): value for name, value in found["headers"]}}


class Nginx:
    """Files of the ConfigMap below a folder, with its paths and ports in place of a pod's."""

    def __init__(self, folder: Path, files: dict[str, str], dns: Dns, django_port: int) -> None:
        self.folder = folder
        self.port = free_port()
        replaced = {
            "/etc/resolv.conf": f"{folder}/resolv.conf",
            "/etc/nginx/mime.types": "/dev/null",
            "/etc/nginx": f"{folder}/etc",
            "/app/": f"{folder}/app/",
            "/var/": f"{folder}/var/",
            "/tmp/django": f"{folder}/django",
            "resolver$servers": f"resolver$servers:{dns.port}",
            "$domain:8000": f"$domain:{django_port}",
            "127.0.0.1:8081": f"127.0.0.1:{free_port()}",
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "listen [::]:8080;": "",
            "worker_processes auto": "worker_processes 1",
        }
        for path in ("etc/conf.d", "etc/snippets", "app/staticfiles", "app/media", "var/cache/nginx", "var/run"):
            (folder / path).mkdir(parents=True)
        for name, text in files.items():
            own = text
            for old, new in replaced.items():
                own = own.replace(old, new)
            place = "conf.d/" if name == "default.conf" else "snippets/" if name.endswith(".conf") and name != "nginx.conf" else ""
            (folder / "etc" / f"{place}{name}").write_text(own)
        self.resolv_conf("nameserver 127.0.0.1\nsearch jewelry-shop.svc.cluster.example svc.cluster.example\noptions ndots:5\n")

    def resolv_conf(self, text: str) -> None:
        (self.folder / "resolv.conf").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return ["sh", str(self.folder / "etc" / "start.sh"), *arguments]

    def program(self, *arguments: str) -> list[str]:
        user = ["user root;"] if os.geteuid() == 0 else []
        options = ["-c", str(self.folder / "etc" / "nginx.conf"), "-e", "/dev/stderr", "-g", " ".join(["daemon off;", *user])]
        return [str(debian_programs.program("nginx")), *options, *arguments]

    def test(self) -> subprocess.CompletedProcess[str]:
        """As the Job check-nginx does."""
        return subprocess.run(
            self.command(*self.program("-t")), env=debian_programs.environment("nginx"), capture_output=True, text=True, timeout=30
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[Nginx]:
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(self.command(*self.program()), env=debian_programs.environment("nginx"), stdout=log, stderr=log)
        try:
            patiently(lambda: process.poll() is not None or self._listens(), "nginx listens")
            assert process.poll() is None, self.log
            yield self
        finally:
            # The signal reaches nginx itself: no shell is left in between.
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def ask(self, path: str, method: str = "GET", body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers={"Host": "shop.example.com", **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def connect(self, path: str, headers: dict[str, str]) -> socket.socket:
        """Send a request and leave its connection open."""
        lines = [f"GET {path} HTTP/1.1", "Host: shop.example.com", *(f"{name}: {value}" for name, value in headers.items())]
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        return connection

    def knows_the_address(self) -> bool:
        return self.ask("/nginx_started").status == 200


MakeNginx = Callable[..., Nginx]
