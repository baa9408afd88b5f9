"""What beat says of the queues, of a real Redis with messages that kombu itself sends and takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import prometheus_client
import pytest
from celery import Celery

from tests.unit.roles.redis_server import RedisServer

FILES = Path(__file__).parents[3] / "roles" / "celery" / "files"
QUEUES = ["celery", "backups", "reports"]


@pytest.fixture
def module(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FILES))
    return load("celery/files/platform_queues.py")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(module: Any, clock: Clock) -> Iterator[Callable[..., Any]]:
    """Makes what beat looks with."""
    made: list[Any] = []

    def make(broker: str, **settings: Any) -> Any:
        app = Celery("shop", broker=broker)
        app.conf.update(settings)
        made.append(module.Queues(app, QUEUES, clock))
        return made[-1]

    yield make
    for queues in made:
        queues.forget()


def send(queues: Any, queue: str, body: str = "x", **options: Any) -> None:
    with queues.app.connection_for_write() as connection, connection.SimpleQueue(queue) as simple:
        simple.put(body, **options)


def take(queues: Any, queue: str) -> Any:
    with queues.app.connection_for_read() as connection, connection.SimpleQueue(queue) as simple:
        message = simple.get(timeout=5)
        message.ack()
        return message.payload


def told(queues: Any) -> dict[str, dict[str, float]]:
    """By name of the metric, the value of each queue."""
    return {family.name: {each.labels["queue"]: each.value for each in family.samples} for family in queues.collect()}


def test_every_queue_is_told_of_also_an_empty_one(server: RedisServer, watch: Any) -> None:
    queues = watch(server.url)
    assert told(queues) == {}, "nothing is known before the first look"
    send(queues, "backups")
    send(queues, "backups")
    assert queues.look()
    assert told(queues) == {
        "celery_queue_length": {"celery": 0, "backups": 2, "reports": 0},
        "celery_queue_oldest_task_seconds": {"celery": 0, "backups": 0, "reports": 0},
    }


def test_the_age_is_that_of_the_next_task_and_begins_anew_when_it_is_taken(server: RedisServer, watch: Any, clock: Clock) -> None:
    queues = watch(server.url)
    send(queues, "celery", "first")
    queues.look()
    clock.now += 60
    send(queues, "celery", "second")
    queues.look()
    clock.now += 30
    queues.look()
    assert told(queues)["celery_queue_oldest_task_seconds"]["celery"] == 90, "a younger task behind it changes nothing"
    assert take(queues, "celery") == "first"
    queues.look()
    assert told(queues)["celery_queue_oldest_task_seconds"]["celery"] == 0
    clock.now += 7
    queues.look()
    assert told(queues)["celery_queue_oldest_task_seconds"]["celery"] == 7
    assert take(queues, "celery") == "second"
    clock.now += 7
    queues.look()
    assert told(queues)["celery_queue_oldest_task_seconds"]["celery"] == 0, "an empty queue has no age"


def test_a_task_of_another_priority_counts_and_ages_too(server: RedisServer, watch: Any, clock: Clock) -> None:
    queues = watch(server.url)
    send(queues, "reports", "late", priority=9)
    queues.look()
    clock.now += 500
    send(queues, "reports", "soon", priority=0)
    queues.look()
    assert told(queues) == {
        "celery_queue_length": {"celery": 0, "backups": 0, "reports": 2},
        "celery_queue_oldest_task_seconds": {"celery": 0, "backups": 0, "reports": 500},
    }


def test_a_prefix_of_all_keys_is_kept_to(server: RedisServer, watch: Any, clock: Clock) -> None:
    queues = watch(server.url, broker_transport_options={"global_keyprefix": "shop:"})
    send(queues, "celery")
    queues.look()
    clock.now += 5
    queues.look()
    assert told(queues)["celery_queue_length"]["celery"] == 1
    assert told(queues)["celery_queue_oldest_task_seconds"]["celery"] == 5


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_without_its_broker_nothing_is_told_and_the_age_goes_on_when_it_is_back(
    server: RedisServer, watch: Any, module: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = prometheus_client.CollectorRegistry()
    monkeypatch.setattr(prometheus_client, "REGISTRY", registry)
    monkeypatch.setattr(module, "INTERVAL", 0.1)
    queues = watch(server.url)
    send(queues, "celery")
    before = threading.active_count()
    queues.start()
    assert threading.active_count() == before + 1
    wait_for(lambda: registry.get_sample_value("celery_queue_length", {"queue": "celery"}) == 1, "nothing is exported")
    server.stop()
    wait_for(lambda: told(queues) == {}, "what was seen before is still told")
    assert told(queues) == {}
    clock.now += 100
    server.start()
    wait_for(lambda: told(queues) != {}, "it is not read again")
    assert told(queues)["celery_queue_oldest_task_seconds"]["celery"] == 100
    warnings = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert len(warnings) == 1, "one line for one outage"
    assert "hunter2" not in warnings[0]


def test_old_figures_are_not_told_when_the_look_hangs(server: RedisServer, watch: Any, clock: Clock) -> None:
    queues = watch(server.url)
    queues.look()
    clock.now += 59
    assert told(queues) != {}
    clock.now += 2
    assert told(queues) == {}


def test_another_kind_of_broker_is_left_alone(watch: Any) -> None:
    queues = watch("memory://")
    assert queues.look() is False
    assert told(queues) == {}


def test_the_connection_is_bounded(server: RedisServer, watch: Any) -> None:
    queues = watch(server.url, broker_transport_options={"socket_timeout": None, "visibility_timeout": 7})
    queues.look()
    options = queues.channel.pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (5, 5)
    assert queues.connection.transport_options["visibility_timeout"] == 7
