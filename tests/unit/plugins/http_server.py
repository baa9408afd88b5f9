# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A real HTTP server on this machine. A test defines its responses, byte by byte if necessary."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PAUSE = 0.1


class Handler(http.server.BaseHTTPRequestHandler):
    """Hands each request to the route that the test gave for its path."""

    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(Request(self.command, self.path, dict(self.headers), body))
        path = self.path.partition("?")[0]
        try:
            self.server.routes.get(path, not_found)(self)
        except OSError:  # the client has gone, which is what the bounded ones do
            self.close_connection = True

    do_HEAD = do_GET  # noqa: N815 - http.server looks for these names
    do_CONNECT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815
    do_PATCH = do_GET  # noqa: N815
    do_POST = do_GET  # noqa: N815
    do_PUT = do_GET  # noqa: N815

    def log_message(self, *_args: Any) -> None:
        """Keep quiet."""

    def pause(self) -> bool:
        """Wait a little, and say whether to go on."""
        return not self.server.stopping.wait(PAUSE)


Route = Callable[[Handler], None]


@dataclass
class Request:
    """What a server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class Server(http.server.ThreadingHTTPServer):
    """Listens on a free port."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, routes: Mapping[str, Route], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.routes = routes
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._tls = tls
        super().__init__((host, 0), Handler)
        netloc = f"[{host}]" if ":" in host else host
        self.port = self.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{netloc}:{self.port}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls:  # in the request's thread, so that one bad handshake does not hold up the others
            try:
                request = self._tls.wrap_socket(request, server_side=True)
            except OSError:
                return
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away."""


@contextmanager
def running(*args: Any, **kwargs: Any) -> Iterator[Server]:
    """A server that answers within the block."""
    server = Server(*args, **kwargs)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def reply(body: Any = "", status: int = 200, content_type: str = "text/plain", **headers: str) -> Route:
    """A route that answers with a text, or with a dict or list as JSON."""
    if not isinstance(body, (str, bytes)):
        body, content_type = json.dumps(body), "application/json"
    data = body.encode() if isinstance(body, str) else body

    def route(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    return route


def redirect(location: str, status: int = 302) -> Route:
    """A route that leads elsewhere."""
    return reply("", status, Location=location)


def raw(*pieces: bytes) -> Route:
    """A route that writes exactly these bytes and closes the connection."""

    def route(handler: Handler) -> None:
        handler.wfile.write(b"".join(pieces))
        handler.close_connection = True

    return route


def trickle(start: bytes, again: bytes) -> Route:
    """A route that writes a beginning, and then the same bytes every little while for as long as the test runs."""

    def route(handler: Handler) -> None:
        handler.wfile.write(start)
        while handler.pause():
            handler.wfile.write(again)

    return route


def flood(start: bytes, again: bytes) -> Route:
    """A route that writes a beginning, and then the same bytes as fast as they are taken."""

    def route(handler: Handler) -> None:
        handler.wfile.write(start)
        while not handler.server.stopping.is_set():
            handler.wfile.write(again)

    return route


@dataclass
class InTurn:
    """A route that answers with the first of its routes, then with the second, and with the last one ever after."""

    routes: list[Route] = field(default_factory=list)
    calls: int = 0

    def __call__(self, handler: Handler) -> None:
        self.calls += 1
        self.routes[min(self.calls, len(self.routes)) - 1](handler)


not_found = reply("no such page", 404)
ENDLESS_HEADERS = trickle(b"HTTP/1.1 200 OK\r\n", b"X-Again: 1\r\n")
SLOW_STATUS_LINE = trickle(b"H", b"T")
SLOW_BODY = trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x")
ENDLESS_BODY = trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")
SILENT = trickle(b"", b"")
