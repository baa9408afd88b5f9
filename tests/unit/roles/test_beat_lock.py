"""Of several beats only one ticks, with a real Redis as the broker."""

from __future__ import annotations

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


class WaitError(Exception):
    """What ends a wait that would not end by itself."""


@pytest.fixture
def lock(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FILES))
    return load("celery/files/platform_beat_lock.py")


@pytest.fixture
def beats(lock: Any) -> Iterator[Callable[..., Any]]:
    """Makes the lock of a beat, which gives up after some attempts."""
    made: list[Any] = []

    def make(url: str, seconds: float = 30, attempts: int = 2, prefix: str = "") -> Any:
        left = [attempts]

        def sleep(_seconds: float) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise WaitError
            time.sleep(0.05)

        app = Celery("shop", broker=url)
        app.conf.broker_transport_options = {"global_keyprefix": prefix} if prefix else {}
        made.append(lock.Lock(app, seconds, sleep))
        return made[-1]

    yield make
    for each in made:
        each.release()


def test_a_second_beat_waits_until_the_first_has_ended(server: RedisServer, beats: Any, caplog: pytest.LogCaptureFixture) -> None:
    first, second = beats(server.url), beats(server.url)
    first.acquire()
    with pytest.raises(WaitError):
        second.acquire()
    assert caplog.messages == ["Beat waits: another beat is still running, or was killed less than 30 s ago."]
    second.release()
    with pytest.raises(WaitError):
        beats(server.url).acquire()
    first.release()
    beats(server.url).acquire()


def test_beats_of_different_prefixes_do_not_wait_for_each_other(server: RedisServer, beats: Any) -> None:
    for prefix in ("", "staging:", "production:"):
        beats(server.url, prefix=prefix).acquire()


def test_the_lock_of_a_killed_beat_expires_and_a_kept_one_does_not(server: RedisServer, beats: Any) -> None:
    kept = beats(server.url, seconds=0.6)
    kept.acquire()
    for _tick in range(5):
        time.sleep(0.2)
        kept.keep()
    with pytest.raises(WaitError):
        beats(server.url, attempts=0).acquire()
    beats(server.url, attempts=100).acquire()


def test_a_beat_whose_lock_another_has_ends(server: RedisServer, beats: Any) -> None:
    late = beats(server.url, seconds=0.1)
    late.acquire()
    time.sleep(0.2)
    beats(server.url).acquire()
    with pytest.raises(SystemExit):
        late.keep()


def test_a_lock_that_the_broker_lost_is_taken_again(server: RedisServer, beats: Any) -> None:
    first = beats(server.url)
    first.acquire()
    redis.Redis.from_url(server.url).flushall()
    first.keep()
    with pytest.raises(WaitError):
        beats(server.url).acquire()


def test_a_beat_waits_for_a_broker_that_is_away_and_keeps_ticking_without_it(
    server: RedisServer, beats: Any, caplog: pytest.LogCaptureFixture
) -> None:
    running = beats(server.url)
    running.acquire()
    server.stop()
    running.keep()
    with pytest.raises(WaitError):
        beats(server.url).acquire()
    assert caplog.messages == [
        "The lock of beat cannot be renewed: ConnectionError",
        "Beat waits: the broker does not answer (ConnectionError).",
    ]
    server.start()
    running.keep()


def test_a_user_who_may_not_lock_gets_a_beat_without_a_lock(server: RedisServer, beats: Any, caplog: pytest.LogCaptureFixture) -> None:
    redis.Redis.from_url(server.url).acl_setuser("shop", enabled=True, passwords=["+shop"], keys=["*"], commands=REFUSED)
    limited = beats(server.url.replace("redis://:hunter2", "redis://shop:shop"))
    limited.acquire()
    limited.keep()
    limited.release()
    [message] = caplog.messages
    assert message.startswith("Beat runs without a lock, because the broker refuses it: ")


def test_another_kind_of_broker_has_no_lock(beats: Any) -> None:
    for _beat in range(2):
        each = beats("memory://")
        each.acquire()
        each.keep()
