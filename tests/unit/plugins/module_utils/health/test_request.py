# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, StageTimeoutError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import (
    Answer,
    HttpRequest,
    Incoming,
    dial_direct,
    exchange,
    explain,
    next_hop,
    tls_context,
)
from certificates import Authority
from conftest import Serve
from http_server import ENDLESS_BODY, ENDLESS_HEADERS, PAUSE, SILENT, SLOW_BODY, SLOW_STATUS_LINE, Handler, flood, raw, redirect, reply

# Seconds that a busy machine may take longer. Without a deadline these requests would take 20 s or never end.
BUSY = 10

MIB = 1 << 20


def ask(url: str, seconds: float = 5, ca: Any = None, verify: bool = True, max_body: int = MIB, **request: Any) -> Answer:
    context = tls_context(verify, str(ca) if ca else None)
    return exchange(HttpRequest("GET", url, **request), context, dial_direct, Deadline(seconds), max_body)


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# --- what is sent, and what comes back


def test_a_response_has_status_headers_and_body(serve: Serve) -> None:
    server = serve({"/health/": reply("fine", 418, X_Shop="yes")})
    answer = ask(f"{server.url}/health/")
    assert (answer.status, answer.body, answer.headers["x-shop"], answer.location) == (418, b"fine", "yes", None)


def test_elapsed_is_the_time_of_all_hops(serve: Serve) -> None:
    def slow(handler: Handler) -> None:
        handler.pause()
        redirect("/b")(handler)

    server = serve({"/a": slow, "/b": reply("there")})
    start = time.monotonic()
    answer = ask(f"{server.url}/a", follow_redirects=True)
    assert PAUSE <= answer.elapsed <= time.monotonic() - start


def test_a_repeated_header_is_joined(serve: Serve) -> None:
    server = serve({"/": raw(b"HTTP/1.1 200 OK\r\nX-Shop: a\r\nX-Shop: b\r\nContent-Length: 0\r\n\r\n")})
    assert ask(f"{server.url}/").headers["x-shop"] == "a, b"


def test_host_and_forwarded_proto_are_sent_as_set(serve: Serve) -> None:
    server = serve({"/": reply()})
    ask(f"{server.url}/", headers={"Host": "shop.example.com", "X-Forwarded-Proto": "https"})
    assert server.requests[0].headers["Host"] == "shop.example.com"
    assert server.requests[0].headers["X-Forwarded-Proto"] == "https"


def test_the_query_is_sent(serve: Serve) -> None:
    server = serve({"/": reply()})
    ask(f"{server.url}/?deep=1&x=%20")
    assert server.requests[0].path == "/?deep=1&x=%20"


def test_ipv6(serve: Serve) -> None:
    server = serve({"/": reply("six")}, host="::1")
    assert ask(f"{server.url}/").body == b"six"


def test_the_next_address_is_tried_if_the_first_refuses(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve({"/": reply("here")})
    good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
    dead = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: [dead, good])
    assert ask(f"http://shop.test:{server.port}/").body == b"here"


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port with a full accept queue, so that packets to it are dropped."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _connection in range(2):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_first_address_that_drops_packets_leaves_time_for_the_next(serve: Serve, monkeypatch: pytest.MonkeyPatch, full_port: int) -> None:
    server = serve({"/": reply("here")})
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (full_port, server.port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: addresses)
    assert ask(f"http://shop.test:{server.port}/", seconds=3).body == b"here"


def test_addresses_that_all_drop_packets_end_with_the_deadline(monkeypatch: pytest.MonkeyPatch, full_port: int) -> None:
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", full_port))] * 2
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: addresses)
    with pytest.raises(StageTimeoutError, match=r"^connecting to shop\.test port 81$"):
        ask("http://shop.test:81/", seconds=2)


# --- limits


@pytest.mark.parametrize(
    ("route", "stage"),
    [
        pytest.param(SILENT, "waiting for the headers", id="no answer"),
        pytest.param(SLOW_STATUS_LINE, "waiting for the headers", id="slow status line"),
        pytest.param(ENDLESS_HEADERS, "waiting for the headers", id="slow headers"),
        pytest.param(SLOW_BODY, "reading the body", id="slow body"),
        pytest.param(ENDLESS_BODY, "reading the body", id="endless body"),
    ],
)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_the_deadline_applies_to_the_response(serve: Serve, authority: Authority, route: Any, stage: str, secure: bool) -> None:
    server = serve({"/": route}, tls=authority.server_context("127.0.0.1") if secure else None)
    start = time.monotonic()
    with pytest.raises(StageTimeoutError, match=f"^{stage}$"):
        ask(f"{server.url}/", seconds=0.8, ca=authority.path)
    assert time.monotonic() - start < 0.8 + BUSY


def test_the_deadline_applies_to_the_tls_handshake(mute_port: int) -> None:
    start = time.monotonic()
    with pytest.raises(StageTimeoutError, match=r"^in the TLS handshake$"):
        ask(f"https://127.0.0.1:{mute_port}/", seconds=0.5)
    assert time.monotonic() - start < 0.5 + BUSY


def test_the_deadline_applies_to_name_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: never.wait(20))
    start = time.monotonic()
    with pytest.raises(StageTimeoutError, match=r"^resolving the name shop\.test$"):
        ask("http://shop.test/", seconds=0.5)
    never.set()
    assert time.monotonic() - start < 0.5 + BUSY


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_socket_receives_until_its_deadline_and_no_longer(pair: tuple[socket.socket, socket.socket]) -> None:
    sock, other = pair
    other.sendall(b"abc")
    buffer = bytearray(2)
    with Incoming(sock, Deadline(30)) as incoming:
        assert (incoming.readinto(memoryview(buffer)[:1]), bytes(buffer)) == (1, b"a\0")
        assert 0 < (sock.gettimeout() or 0) <= 30
    with Incoming(sock, Deadline(-1)) as incoming, pytest.raises(TimeoutError, match=r"^the deadline has passed$"):
        incoming.readinto(buffer)


def test_the_deadline_applies_to_sending(pair: tuple[socket.socket, socket.socket]) -> None:
    sock, other = pair
    timeouts: list[float] = []

    class Recording(socket.socket):
        def sendall(self, data: Any, flags: int = 0) -> None:
            timeouts.append(self.gettimeout() or 0)
            super().sendall(data, flags)

    def dial(_host: str, _port: int, _deadline: Deadline) -> socket.socket:
        dialed = Recording(fileno=sock.detach())
        dialed.settimeout(7000)
        return dialed

    other.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert exchange(HttpRequest("GET", "http://shop.test/"), None, dial, Deadline(30), MIB).status == 204
    assert other.recv(100).startswith(b"GET / HTTP/1.1\r\n")
    assert [0 < seconds <= 30 for seconds in timeouts] == [True]


def test_nothing_is_sent_after_the_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    sock, other = pair

    def dial_late(_host: str, _port: int, deadline: Deadline) -> socket.socket:
        time.sleep(deadline.seconds)
        return sock

    with pytest.raises(StageTimeoutError, match=r"^waiting for the headers$"):
        exchange(HttpRequest("GET", "http://shop.test/"), None, dial_late, Deadline(0.05), MIB)
    sock.close()
    assert other.recv(100) == b""


@pytest.mark.parametrize(
    "route",
    [
        pytest.param(reply("x" * (MIB + 1)), id="huge"),
        pytest.param(flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), id="endless"),
        pytest.param(flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nxxxx\r\n"), id="endless chunks"),
    ],
)
def test_no_more_than_max_body_is_read(serve: Serve, route: Any) -> None:
    server = serve({"/": route})
    with pytest.raises(PlatformError, match=r"larger than 1048576 bytes \(max_body\)"):
        ask(f"{server.url}/", seconds=30)


def test_a_body_of_exactly_max_body_is_accepted(serve: Serve) -> None:
    server = serve({"/": reply("x" * 1000)})
    assert len(ask(f"{server.url}/", max_body=1000).body) == 1000


def test_the_body_of_a_redirect_is_limited(serve: Serve) -> None:
    server = serve({"/": flood(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b"x" * 65536)})
    with pytest.raises(PlatformError, match="max_body"):
        ask(f"{server.url}/", seconds=30, follow_redirects=True)


# --- redirects


def test_a_redirect_is_returned_with_its_target(serve: Serve) -> None:
    server = serve({"/": redirect("/login")})
    answer = ask(f"{server.url}/")
    assert (answer.status, answer.location) == (302, f"{server.url}/login")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_status_of_a_redirect_is_followed(serve: Serve, status: int) -> None:
    server = serve({"/a": redirect("/b", status), "/b": reply("there")})
    assert ask(f"{server.url}/a").location == f"{server.url}/b"
    assert ask(f"{server.url}/a", follow_redirects=True).body == b"there"


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305])
def test_another_status_with_a_location_is_not_a_redirect(serve: Serve, status: int) -> None:
    server = serve({"/a": redirect("/b", status), "/b": reply("there")})
    answer = ask(f"{server.url}/a", follow_redirects=True)
    assert (answer.status, answer.location) == (status, None)


def test_a_redirect_on_the_same_host_is_followed_if_asked(serve: Serve) -> None:
    server = serve({"/a": redirect("/b"), "/b": redirect("c?x=1", 308), "/c": reply("there")})
    assert ask(f"{server.url}/a", follow_redirects=True).body == b"there"


def test_a_redirect_to_another_host_is_never_followed(serve: Serve) -> None:
    other = serve({"/": reply("elsewhere")}, host="127.0.0.2")
    server = serve({"/": redirect(f"{other.url}/")})
    answer = ask(f"{server.url}/", follow_redirects=True)
    assert (answer.status, answer.location) == (302, f"{other.url}/")
    assert other.requests == []


def test_a_redirect_from_https_to_http_is_never_followed(serve: Serve, authority: Authority) -> None:
    plain = serve({"/": reply("in the open")})
    server = serve({"/": redirect(f"{plain.url}/")}, tls=authority.server_context("127.0.0.1"))
    answer = ask(f"{server.url}/", ca=authority.path, follow_redirects=True)
    assert (answer.status, answer.location) == (302, f"{plain.url}/")
    assert plain.requests == []


def test_a_redirect_to_https_on_the_same_host_is_followed(serve: Serve, authority: Authority) -> None:
    secure = serve({"/": reply("safe")}, tls=authority.server_context("127.0.0.1"))
    server = serve({"/": redirect(f"{secure.url}/", 301)})
    assert ask(f"{server.url}/", ca=authority.path, follow_redirects=True).body == b"safe"


def test_a_redirect_to_the_overridden_host_stays_at_the_address(serve: Serve) -> None:
    server = serve({"/a": redirect("http://shop.example.com/b"), "/b": reply("same shop")})
    answer = ask(f"{server.url}/a", follow_redirects=True, headers={"Host": "shop.example.com"})
    assert answer.body == b"same shop"
    assert server.requests[1].headers["Host"] == "shop.example.com"


def test_a_redirect_loop_ends(serve: Serve) -> None:
    server = serve({"/a": redirect("/b"), "/b": redirect("/a")})
    with pytest.raises(PlatformError, match="more than 5 redirects"):
        ask(f"{server.url}/a", follow_redirects=True)
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("url", "location", "pinned", "target"),
    [
        ("http://a/x", "http://a/y", False, "http://a/y"),
        ("http://a/x", "http://a:80/y#part", False, "http://a:80/y"),
        ("http://a/x", "https://a/y", False, "https://a/y"),
        ("http://a/x", "https://a/y", True, None),
        ("https://a/x", "http://a/y", False, None),
        ("http://a/x", "http://a:8080/y", False, None),
        ("http://a/x", "http://b/y", False, None),
        ("http://a/x", "http://a.b/y", False, None),
        ("http://a/x", "http://user@a/y", False, None),
        ("http://a/x", "ftp://a/y", False, None),
        ("http://a/x", "file:///etc/passwd", False, None),
        ("http://a/x", "http://a:port/y", False, None),
        ("http://a/x", "http://[a/y", False, None),
    ],
)
def test_allowed_redirect_targets(url: str, location: str, pinned: bool, target: str | None) -> None:
    assert next_hop(HttpRequest("GET", url, pinned=pinned), location) == target


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("http://10.0.0.1:8080/a", "http://shop/b", "http://10.0.0.1:8080/b"),
        ("http://10.0.0.1:8080/a", "http://SHOP/b", "http://10.0.0.1:8080/b"),
        ("https://10.0.0.1:8443/a", "https://shop/b", "https://10.0.0.1:8443/b"),
        # Another scheme is another port, which the address does not say.
        ("http://10.0.0.1:8080/a", "https://shop/b", None),
        ("https://10.0.0.1:8443/a", "http://shop/b", None),
        ("http://10.0.0.1:8080/a", "http://shop:8080/b", None),
        ("http://10.0.0.1:8080/a", "http://10.0.0.1:8080/b", "http://10.0.0.1:8080/b"),
    ],
)
@pytest.mark.parametrize("name", ["Host", "host"])
def test_the_target_of_a_redirect_to_the_overridden_host(url: str, location: str, target: str | None, name: str) -> None:
    assert next_hop(HttpRequest("GET", url, headers={"X-Other": "x", name: "shop"}), location) == target


# --- TLS


def test_an_unknown_certificate_authority_is_rejected(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply()}, tls=authority.server_context("127.0.0.1"))
    with pytest.raises(PlatformError, match=r"the TLS certificate of 127\.0\.0\.1 is not accepted: unable to get local issuer"):
        ask(f"{server.url}/")
    assert server.requests == []


def test_a_custom_certificate_authority_is_accepted(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply("safe")}, tls=authority.server_context("127.0.0.1"))
    assert ask(f"{server.url}/", ca=authority.path).body == b"safe"


def test_a_custom_certificate_authority_is_accepted_over_ipv6(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply("safe")}, tls=authority.server_context("::1"), host="::1")
    assert ask(f"{server.url}/", ca=authority.path).body == b"safe"


def test_a_custom_certificate_authority_replaces_the_system_authorities(
    serve: Serve, authority: Authority, other_authority: Authority
) -> None:
    server = serve({"/": reply()}, tls=authority.server_context("127.0.0.1"))
    with pytest.raises(PlatformError, match="not accepted"):
        ask(f"{server.url}/", ca=other_authority.path)


def test_a_certificate_for_another_name_is_rejected(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply()}, tls=authority.server_context("shop.example.com"))
    with pytest.raises(PlatformError, match="not accepted: IP address mismatch"):
        ask(f"{server.url}/", ca=authority.path)


def test_the_name_in_the_certificate_can_be_set(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply("safe")}, tls=authority.server_context("shop.example.com"))
    assert ask(f"{server.url}/", ca=authority.path, server_name="shop.example.com").body == b"safe"


def test_verification_can_be_disabled(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply("unsafe")}, tls=authority.server_context("shop.example.com"))
    assert ask(f"{server.url}/", verify=False).body == b"unsafe"


def test_a_plain_http_server_on_an_https_url_is_reported(serve: Serve) -> None:
    server = serve({"/": reply()})
    with pytest.raises(PlatformError, match=r"the TLS handshake with 127\.0\.0\.1 failed: wrong version number"):
        ask(f"https://127.0.0.1:{server.port}/")


# --- proxies


def test_proxies_of_the_environment_are_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = serve({"/": reply("proxy")}), serve({"/": reply("direct")})
    monkeypatch.setenv("http_proxy", proxy.url)
    assert ask(f"{server.url}/").body == b"direct"
    assert proxy.requests == []


def test_proxies_of_the_environment_are_used_if_asked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve({"http://shop.test/": reply("proxy")})
    monkeypatch.setenv("http_proxy", proxy.url)
    assert ask("http://shop.test/", use_proxy=True).body == b"proxy"


def test_a_proxy_that_rejects_a_tunnel_is_reported(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve({"shop.test:443": reply("no", 403)})
    monkeypatch.setenv("https_proxy", proxy.url)
    with pytest.raises(PlatformError, match="Tunnel connection failed: 403"):
        ask("https://shop.test/", use_proxy=True)


# --- all other invalid responses


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        pytest.param(raw(), "closed without an answer", id="closed"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9\r\n"), "not HTTP, it begins with 'SSH-2.0", id="not HTTP"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "before the whole body", id="truncated"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "before the whole body", id="truncated chunk"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"), "before the whole body", id="bad chunk"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n"), "not valid HTTP: got more than 65536", id="long header"),
        pytest.param(flood(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), "not valid HTTP: got more than 100 headers", id="many headers"),
    ],
)
def test_an_invalid_response_is_reported(serve: Serve, route: Any, reason: str) -> None:
    server = serve({"/": route})
    with pytest.raises(PlatformError, match=reason):
        ask(f"{server.url}/")


def test_a_refused_connection_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PlatformError, match=rf"127\.0\.0\.1 port {port}: connection refused"):
        ask(f"http://127.0.0.1:{port}/")


def test_an_unknown_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_kwargs: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PlatformError, match=r"the name shop\.test cannot be resolved: Name or service not known"):
        ask("http://shop.test/")


def test_an_invalid_host_name_is_reported() -> None:
    with pytest.raises(PlatformError, match=r"port 80: .*label"):
        ask(f"http://{'a' * 64}.test/")


def ssl_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "bad record")
    error.reason = reason  # type: ignore[assignment]  # None where OpenSSL has no name for it
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ssl_error("WRONG_VERSION_NUMBER"), "the TLS handshake with shop.test failed: wrong version number"),
        (ssl_error(None), "the TLS handshake with shop.test failed: bad record"),
        (socket.gaierror(socket.EAI_AGAIN, "Try again"), "the name 10.0.0.1 cannot be resolved: Try again"),
        (http.client.RemoteDisconnected("Remote end closed"), "the connection was closed without an answer"),
        (http.client.IncompleteRead(b"ab", 3), "the connection was closed before the whole body had come"),
        (http.client.BadStatusLine("SSH-2.0" + "x" * 100), f"the answer is not HTTP, it begins with {'SSH-2.0' + 'x' * 100!r}"),
        (http.client.LineTooLong("header line"), "the answer is not valid HTTP: got more than 65536 bytes when reading header line"),
        (OSError(113, "No Route to Host"), "10.0.0.1 port 8443: no route to host"),
        (OSError("Tunnel connection failed"), "10.0.0.1 port 8443: Tunnel connection failed"),
    ],
)
def test_each_error_has_a_message(error: Exception, words: str) -> None:
    assert explain(error, HttpRequest("GET", "https://10.0.0.1:8443/health/", server_name="shop.test")) == words


@pytest.mark.parametrize(
    ("url", "words"), [("http://a/", "a port 80: no"), ("https://a/", "a port 443: no"), ("http://a:81/", "a port 81: no")]
)
def test_an_error_contains_the_port_of_the_url(url: str, words: str) -> None:
    assert explain(OSError(1, "No"), HttpRequest("GET", url)) == words


def test_the_error_for_a_rejected_certificate_contains_the_host() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "certificate has expired."
    request = HttpRequest("GET", "https://10.0.0.1/", server_name="shop.test")
    assert explain(error, request) == "the TLS certificate of shop.test is not accepted: certificate has expired"
    assert explain(error, replace(request, server_name=None)) == "the TLS certificate of 10.0.0.1 is not accepted: certificate has expired"
