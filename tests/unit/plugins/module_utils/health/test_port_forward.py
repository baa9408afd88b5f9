# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, StageTimeoutError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.port_forward import PodDialer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import HttpRequest, exchange, tls_context
from certificates import Authority
from cluster_objects import StandInCluster
from conftest import Serve
from http_server import ENDLESS_BODY, flood, redirect, reply


def cluster(port: int) -> StandInCluster:
    return StandInCluster({}, list, {"django-1": port})


def test_http_through_a_stream(serve: Serve) -> None:
    stand_in = cluster(serve({"/": reply("from the pod")}).port)
    with PodDialer(stand_in, "shop", "django-1", 8000) as dialer:
        answer = exchange(HttpRequest("GET", "http://localhost/"), None, dialer, Deadline(5), 1000)
    assert answer.body == b"from the pod"
    assert stand_in.forwarded == [("shop/django-1", 8000)]
    assert stand_in.streams[0].closed.wait(5)
    assert not stand_in.streams[0].aborted
    assert 0 < dialer.seconds < 5


def test_https_through_a_stream(serve: Serve, authority: Authority) -> None:
    server = serve({"/": reply("safe")}, tls=authority.server_context("shop.test"))
    request = HttpRequest("GET", "https://localhost/", server_name="shop.test")
    with PodDialer(cluster(server.port), "shop", "django-1", 8443) as dialer:
        answer = exchange(request, tls_context(True, str(authority.path)), dialer, Deadline(5), 1000)
    assert answer.body == b"safe"


def test_a_redirect_opens_another_stream_and_both_are_closed(serve: Serve) -> None:
    stand_in = cluster(serve({"/": redirect("/b"), "/b": reply("b")}).port)
    with PodDialer(stand_in, "shop", "django-1", 8000) as dialer:
        answer = exchange(HttpRequest("GET", "http://localhost/", follow_redirects=True, pinned=True), None, dialer, Deadline(5), 1000)
    assert answer.body == b"b"
    assert [stream.closed.wait(5) for stream in stand_in.streams] == [True, True]


def test_the_deadline_applies_to_a_stream(serve: Serve) -> None:
    stand_in = cluster(serve({"/": ENDLESS_BODY}).port)
    with PodDialer(stand_in, "shop", "django-1", 8000) as dialer, pytest.raises(StageTimeoutError, match=r"^reading the body$"):
        exchange(HttpRequest("GET", "http://localhost/"), None, dialer, Deadline(0.3), 1000)
    assert stand_in.streams[0].closed.wait(5)


def test_a_stream_with_too_much_data_is_closed(serve: Serve) -> None:
    stand_in = cluster(serve({"/": flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)}).port)
    with PodDialer(stand_in, "shop", "django-1", 8000) as dialer, pytest.raises(PlatformError, match="max_body"):
        exchange(HttpRequest("GET", "http://localhost/"), None, dialer, Deadline(5), 1000)
    assert stand_in.streams[0].aborted
    assert stand_in.streams[0].closed.wait(5)


def test_the_error_of_the_kubelet_is_kept() -> None:
    stand_in = cluster(0)
    stand_in.said["django-1"] = "error forwarding port 8000:\n no route"
    with PodDialer(stand_in, "shop", "django-1", 8000) as dialer:
        with pytest.raises(PlatformError):
            exchange(HttpRequest("GET", "http://localhost/"), None, dialer, Deadline(5), 1000)
        assert dialer.error == "error forwarding port 8000: no route"


def test_a_refused_connection_in_the_pod_is_reported_briefly() -> None:
    stand_in = cluster(0)
    stand_in.said["django-1"] = 'failed to connect to localhost:8000 inside namespace "0123456789abcdef", IPv4: connection refused'
    with PodDialer(stand_in, "shop", "django-1", 8000) as dialer:
        dialer("", 0, Deadline(5)).close()
        assert dialer.error == "connection to port 8000 in the pod refused"


def test_a_stream_that_opens_too_late_is_closed() -> None:
    hang, closed = threading.Event(), threading.Event()

    class Late:
        def abort(self) -> None:
            closed.set()

    class HangingCluster:
        def port_forward(self, *_args: Any) -> Any:
            hang.wait(10)
            return Late()

    with (
        PodDialer(HangingCluster(), "shop", "django-1", 8000) as dialer,
        pytest.raises(StageTimeoutError, match=r"^opening the port-forward stream$"),
    ):
        dialer("", 0, Deadline(0.05))
    hang.set()
    assert closed.wait(5)
