"""What the heartbeat module of the Celery tiers answers to probes."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def heartbeat_module(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("PLATFORM_READY_PATH", "/ready/")
    monkeypatch.setenv("PLATFORM_LIVE_PATH", "/live/")
    return load("celery/files/platform_heartbeat.py")


@pytest.mark.parametrize(
    ("age", "expected", "ready", "live"),
    [
        (None, False, False, True),  # starting: not ready, and no reason for a restart
        (1, True, True, True),  # at work
        (40, True, False, True),  # slow: out of rotation, not restarted
        (100, True, False, False),  # hung: it should beat and does not
        (900, False, False, True),  # without its broker for a quarter of an hour: not restarted
    ],
)
def test_ready_and_live(heartbeat_module: Any, age: float | None, expected: bool, ready: bool, live: bool) -> None:
    heartbeat = heartbeat_module.Heartbeat()
    heartbeat.age = lambda: age
    heartbeat.expected = expected
    assert (heartbeat.ready(), heartbeat.live()) == (ready, live)


@pytest.mark.parametrize(("expected", "ready", "live"), [(True, True, True), (False, False, True)])
def test_a_busy_process_need_not_beat(heartbeat_module: Any, expected: bool, ready: bool, live: bool) -> None:
    heartbeat = heartbeat_module.Heartbeat()
    heartbeat.age = lambda: 900
    heartbeat.busy = lambda: True
    heartbeat.expected = expected
    assert (heartbeat.ready(), heartbeat.live()) == (ready, live)


def test_a_pause_ends_with_the_next_beat(heartbeat_module: Any) -> None:
    heartbeat = heartbeat_module.Heartbeat()
    heartbeat.beat()
    heartbeat.pause()
    assert (heartbeat.ready(), heartbeat.live()) == (False, True)
    heartbeat.beat()
    assert (heartbeat.ready(), heartbeat.live()) == (True, True)


def ask(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("kernel_has_both", "hosts"),
    [
        pytest.param(
            True, ["127.0.0.1", "[::1]"], marks=pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this kernel has no IPv6")
        ),
        (False, ["127.0.0.1"]),
    ],
)
def test_probes_are_answered_whatever_the_family_of_the_address(
    heartbeat_module: Any, monkeypatch: pytest.MonkeyPatch, kernel_has_both: bool, hosts: list[str]
) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: kernel_has_both)
    heartbeat_module.PORT = 0
    heartbeat = heartbeat_module.Heartbeat()
    heartbeat.beat()
    server = heartbeat.start()
    try:
        for host in hosts:
            assert ask(f"http://{host}:{server.server_address[1]}/ready/")[0] == 200
        assert server.socket.family == (socket.AF_INET6 if kernel_has_both else socket.AF_INET)
    finally:
        server.shutdown()
        server.server_close()


def test_a_client_that_says_nothing_is_left(heartbeat_module: Any) -> None:
    """Each would keep a thread for ever."""
    heartbeat_module.PORT, heartbeat_module.CLIENT_TIMEOUT = 0, 0.2
    server = heartbeat_module.Heartbeat().start()
    try:
        with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=30) as silent:
            assert silent.recv(1) == b""
    finally:
        server.shutdown()
        server.server_close()


def test_probes_are_answered_over_http(heartbeat_module: Any) -> None:
    heartbeat_module.PORT = 0
    heartbeat = heartbeat_module.Heartbeat()
    server = heartbeat.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        assert ask(f"{address}/ready/")[0] == 503
        heartbeat.beat()
        status, body = ask(f"{address}/ready/")
        assert status == 200
        assert json.loads(body)["status"] == "ok"
        assert ask(f"{address}/live/")[0] == 200
        assert ask(f"{address}/elsewhere")[0] == 404
    finally:
        server.shutdown()
        server.server_close()
