"""Of several beats only one ticks, with a real Redis as the broker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
from celery import Celery

from tests.unit.roles.redis_server import RedisServer

FILES = Path(__file__).parents[3] / "roles" / "celery" / "files"
REFUSED = ["+@all", "-eval", "-evalsha", "-script", "-set"]


@pytest.fixture
def lock(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FILES))
    return load("celery/files/platform_beat_lock.py")


@pytest.fixture
def beats(lock: Any) -> Iterator[Callable[..., Any]]:
    """Makes the lock of a beat."""
    made: list[Any] = []

    def make(url: str, seconds: float = 30, prefix: str = "") -> Any:
        app = Celery("shop", broker=url)
        app.conf.broker_transport_options = {"global_keyprefix": prefix} if prefix else {}
        made.append(lock.Lock(app, seconds))
        return made[-1]

    yield make
    for each in made:
        each.release()


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Levels and messages of the lock. Threads that other tests started write to the same log."""
    return [(each.levelname, each.getMessage()) for each in caplog.records if each.name == "platform_beat_lock"]


def test_a_second_beat_waits_until_the_first_has_ended(server: RedisServer, beats: Any, caplog: pytest.LogCaptureFixture) -> None:
    first, second = beats(server.url), beats(server.url)
    assert first.hold()
    assert [second.hold(), second.hold()] == [False, False]
    assert said(caplog) == [("WARNING", "Beat waits: another beat is still running, or was killed less than 30 s ago.")]
    second.release()
    assert not beats(server.url).hold()
    first.release()
    assert second.hold()


def test_beats_of_different_prefixes_do_not_wait_for_each_other(server: RedisServer, beats: Any) -> None:
    for prefix in ("", "staging:", "production:"):
        assert beats(server.url, prefix=prefix).hold()


def test_the_lock_of_a_killed_beat_expires_and_a_kept_one_does_not(server: RedisServer, beats: Any) -> None:
    kept, later = beats(server.url, seconds=0.6), beats(server.url)
    assert kept.hold()
    for _tick in range(5):
        time.sleep(0.2)
        assert kept.hold()
    assert not later.hold()
    time.sleep(0.7)
    assert later.hold()


def test_a_beat_whose_lock_another_has_ends(server: RedisServer, beats: Any) -> None:
    late = beats(server.url, seconds=0.1)
    assert late.hold()
    time.sleep(0.2)
    assert beats(server.url).hold()
    with pytest.raises(SystemExit):
        late.hold()


def test_a_lock_that_the_broker_lost_is_taken_again(server: RedisServer, beats: Any) -> None:
    first = beats(server.url)
    assert first.hold()
    redis.Redis.from_url(server.url).flushall()
    assert first.hold()
    assert not beats(server.url).hold()


def test_no_beat_sends_without_the_broker_and_the_one_that_had_the_lock_goes_on(
    server: RedisServer, beats: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    running, starting = beats(server.url), beats(server.url)
    assert running.hold()
    server.stop()
    assert [running.hold(), running.hold(), starting.hold()] == [False, False, False]
    server.start()
    assert running.hold()
    assert not starting.hold()
    problem = ("ERROR", "Beat sends no tasks: the broker is unavailable (ConnectionError).")
    assert said(caplog) == [
        problem,
        problem,
        ("INFO", "Beat has the lock and sends tasks."),
        ("WARNING", "Beat waits: another beat is still running, or was killed less than 30 s ago."),
    ]


def test_a_user_who_may_not_lock_gets_a_beat_without_a_lock(server: RedisServer, beats: Any, caplog: pytest.LogCaptureFixture) -> None:
    redis.Redis.from_url(server.url).acl_setuser("shop", enabled=True, passwords=["+shop"], keys=["*"], commands=REFUSED)
    limited = beats(server.url.replace("redis://:hunter2", "redis://shop:shop"))
    assert [limited.hold(), limited.hold()] == [True, True]
    limited.release()
    [(_level, message)] = said(caplog)
    assert message.startswith("Beat runs without a lock, because the broker refuses it: ")


def test_another_kind_of_broker_has_no_lock(beats: Any) -> None:
    for _beat in range(2):
        each = beats("memory://")
        assert [each.hold(), each.hold()] == [True, True]
