# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP exchange with a deadline, over a socket that the caller's dialer opens (private to the collection).

This uses the TLS contexts of Ansible (make_context), but not open_url and Request. Both install their opener globally, so threads would
use the TLS settings and proxies of other threads, and both read ~/.netrc. Here each exchange has its own OpenerDirector with only the
two handlers that it needs. Redirects are followed here, because urllib first reads the whole body of a redirect, regardless of its
length.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from ansible.module_utils.urls import make_context

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, StageTimeoutError, bounded_call
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError

MAX_REDIRECTS = 5
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_CHUNK = 65536

Dial = Callable[[str, int, Deadline], socket.socket]


@dataclass(frozen=True)
class HttpRequest:
    """A request.

    Attributes:
        method: GET or HEAD.
        url: the URL, without user and password.
        headers: the request headers, including secret ones.
        server_name: name for SNI and for the verification of the certificate, if not the URL's host.
        use_proxy: whether to use the environment's proxies.
        follow_redirects: whether to follow a redirect to the same host.
        pinned: whether the dialer reaches only one port, so that a redirect to another scheme or port cannot be followed.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    server_name: str | None = None
    use_proxy: bool = False
    follow_redirects: bool = False
    pinned: bool = False

    @property
    def host_header(self) -> str | None:
        """The value of an overridden Host header."""
        return next((value for name, value in self.headers.items() if name.lower() == "host"), None)


@dataclass(frozen=True)
class Answer:
    """A response: headers have lower-case names, elapsed is in seconds, location is the target of a redirect."""

    status: int
    headers: dict[str, str]
    body: bytes
    elapsed: float
    location: str | None = None


@functools.cache  # loading the host's authorities takes 0.05 s; threads can share a context
def tls_context(validate_certs: bool, ca_path: str | None) -> ssl.SSLContext:
    """A TLS context, created by Ansible's function.

    Raises:
        OSError: the file is missing or contains no certificate.
    """
    context: ssl.SSLContext = make_context(cafile=ca_path, validate_certs=validate_certs)
    return context


def dial_direct(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of a host that accepts the connection.

    Raises:
        StageTimeoutError: the deadline passed.
        OSError: the error of the last address.
    """
    try:
        infos = bounded_call(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), deadline)
    except TimeoutError:
        raise StageTimeoutError(f"resolving the name {host}") from None
    failure: OSError = OSError(f"{host} has no address")
    for position, (family, kind, protocol, _name, address) in enumerate(infos):
        sock = socket.socket(family, kind, protocol)
        try:
            # Divide the time among the addresses, because one that drops packets must not use up the time of the others.
            sock.settimeout(deadline.require() / (len(infos) - position))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except TimeoutError:
            failure = StageTimeoutError(f"connecting to {host} port {port}")
        except OSError as error:
            failure = error
        sock.close()
    raise failure


class Incoming(io.RawIOBase):
    """Reads from a socket until a deadline.

    A socket timeout restarts with every received byte, so a slow server could block its client indefinitely.

    Args:
        sock: the socket.
        deadline: when reading ends.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The file from which http.client reads a response."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Always true for this file."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Receive data as a socket's file does, until the deadline."""
        self._sock.settimeout(self._deadline.require())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Allow the socket to be closed."""
        self._raw.close()
        super().close()


class _Connection(http.client.HTTPConnection):
    """HTTP over the dialer's socket, with TLS if there is a context."""

    def __init__(
        self, host: str, timeout: Any, *, dial: Dial, deadline: Deadline, context: ssl.SSLContext | None, name: str | None
    ) -> None:
        self.default_port = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        super().__init__(host, timeout=timeout)
        self._dial, self._deadline, self._context, self._name = dial, deadline, context, name
        self.response_class = lambda sock, **options: http.client.HTTPResponse(Incoming(sock, deadline), **options)  # type: ignore[assignment,arg-type]

    def connect(self) -> None:
        self.sock = self._dial(self.host, self.port, self._deadline)
        tunnel = getattr(self, "_tunnel_host", None)
        if tunnel:
            self._arm()
            self._tunnel()  # type: ignore[attr-defined]  # http.client's own, which a proxy's CONNECT goes through
        if self._context:
            try:
                self._arm()
                self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name or tunnel or self.host)
            except TimeoutError:
                raise StageTimeoutError("in the TLS handshake") from None
        self._arm()

    def _arm(self) -> None:
        # Sending a request and a TLS handshake use the socket's timeout as the limit for all their steps.
        self.sock.settimeout(self._deadline.require())


class _Handler(urllib.request.AbstractHTTPHandler):
    """Opens http and https URLs."""

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, request: HttpRequest, context: ssl.SSLContext | None, dial: Dial, deadline: Deadline) -> None:
        super().__init__()
        self._context = context
        self._connection = functools.partial(_Connection, dial=dial, deadline=deadline, name=request.server_name)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(functools.partial(self._connection, context=None), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        if self._context is None:
            raise ValueError("there are no TLS settings")
        return self.do_open(functools.partial(self._connection, context=self._context), req)


def _read_body(response: http.client.HTTPResponse, max_body: int) -> bytes:
    body = bytearray()
    try:
        while chunk := response.read1(min(_CHUNK, max_body + 1 - len(body))):
            body += chunk
            if len(body) > max_body:
                raise PlatformError(f"the body is larger than {max_body} bytes (max_body)")
    except TimeoutError:
        raise StageTimeoutError("reading the body") from None
    if response.length:
        raise PlatformError("the connection was closed before the whole body had come")
    return bytes(body)


def _send(request: HttpRequest, context: ssl.SSLContext | None, dial: Dial, deadline: Deadline, max_body: int) -> Answer:
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.ProxyHandler(None if request.use_proxy else {}))
    opener.add_handler(_Handler(request, context, dial, deadline))
    message = urllib.request.Request(request.url, headers=request.headers, method=request.method)  # noqa: S310 - http and https only
    start = time.monotonic()
    with opener.open(message, timeout=deadline.require()) as response:
        body = _read_body(response, max_body)
        headers = {name.lower(): ", ".join(response.headers.get_all(name, [])) for name in response.headers}
        location = response.headers.get("Location") if response.status in REDIRECT_STATUSES else None
        return Answer(response.status, headers, body, time.monotonic() - start, location and urljoin(request.url, location))


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def next_hop(request: HttpRequest, location: str) -> str | None:
    """The URL of a redirect that may be followed, or None.

    A redirect to another host, from https to http, or to another port (except for the change to https) is not followed. The host of an
    overridden Host header is the same server, and is reached at the same address as before.
    """
    try:
        current, target = urlsplit(request.url), urlsplit(location)
        if target.netloc.lower() == (request.host_header or "").lower() and target.scheme == current.scheme:
            target = target._replace(netloc=current.netloc)
        same_place = (target.scheme, target.hostname, _port(target)) == (current.scheme, current.hostname, _port(current))
        upgrade = (current.scheme, target.scheme) == ("http", "https") and target.hostname == current.hostname
    except ValueError:  # a port that is not a number, an unclosed bracket
        return None
    if "@" in target.netloc or not (same_place or (upgrade and not request.pinned)):
        return None
    return target._replace(fragment="").geturl()


def exchange(request: HttpRequest, context: ssl.SSLContext | None, dial: Dial, deadline: Deadline, max_body: int) -> Answer:
    """Send the request, follow permitted redirects, and read the response.

    Args:
        request: the request.
        context: TLS settings; None if the request can only use plain http.
        dial: opens the socket.
        deadline: the deadline for the whole exchange.
        max_body: maximum number of bytes of the body to read.

    Raises:
        StageTimeoutError: the deadline passed.
        PlatformError: there is no response for another reason; contains the reason in words.
    """
    elapsed = 0.0
    try:
        for _hop in range(MAX_REDIRECTS + 1):
            answer = _send(request, context, dial, deadline, max_body)
            elapsed += answer.elapsed
            target = next_hop(request, answer.location) if request.follow_redirects and answer.location else None
            if target is None:
                return replace(answer, elapsed=elapsed)
            request = replace(request, url=target)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: for example an invalid IDNA name
        cause = error.reason if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError) else error
        if isinstance(cause, TimeoutError):
            raise StageTimeoutError(str(cause) if isinstance(cause, StageTimeoutError) else "waiting for the headers") from error
        raise PlatformError(explain(cause, request)) from error
    raise PlatformError(f"more than {MAX_REDIRECTS} redirects, the last one to {request.url}")


def explain(error: Exception, request: HttpRequest) -> str:
    """Explain in words why an exchange had no response.

    Args:
        error: the error of http.client, ssl or socket.
        request: the request.
    """
    parts = urlsplit(request.url)
    host = request.server_name or parts.hostname
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the TLS certificate of {host} is not accepted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        words = (error.reason or str(error)).replace("_", " ").lower()
        return f"the TLS handshake with {host} failed: {words}"
    if isinstance(error, socket.gaierror):
        return f"the name {parts.hostname} cannot be resolved: {error.strerror}"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was closed before the whole body had come"
    if isinstance(error, http.client.BadStatusLine):
        return f"the answer is not HTTP, it begins with {error.args[0]!r}"
    if isinstance(error, http.client.HTTPException):
        return f"the answer is not valid HTTP: {error or type(error).__name__}"
    if isinstance(error, OSError) and error.strerror:
        return f"{parts.hostname} port {_port(parts)}: {error.strerror.lower()}"
    return f"{parts.hostname} port {_port(parts)}: {error}"
