"""Beat stays ready with Celery's own schedulers, which sleep for as long as nothing is due, and only one of several beats sends tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery import Celery

from tests.unit.roles.redis_server import RedisServer

FILES = Path(__file__).parents[3] / "roles" / "celery" / "files"
SCHEDULERS = ["celery.beat:Scheduler", "celery.beat:PersistentScheduler"]


@pytest.fixture
def beat(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Makes beat's scheduler, without its server and metrics."""
    monkeypatch.syspath_prepend(str(FILES))

    def make(scheduler: str, broker: str = "memory://", **seconds: float) -> Any:
        monkeypatch.setenv("PLATFORM_BEAT_SCHEDULER", scheduler)
        module: Any = load("celery/files/platform_beat.py")
        monkeypatch.setattr(module, "prometheus_client", None)
        monkeypatch.setattr(module.Heartbeat, "start", lambda self: None)
        app = Celery("shop", broker=broker)
        app.conf.beat_schedule = {name: {"task": "shop.drill", "schedule": each} for name, each in seconds.items()}
        options = {"schedule_filename": str(tmp_path / "schedule")} if "Persistent" in scheduler else {}
        made = module.Scheduler(app, **options)
        made.setup_schedule()
        return made

    return make


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("seconds", [{}, {"hourly": 3600.0}], ids=["nothing is ever due", "nothing is due for an hour"])
def test_it_beats_while_nothing_is_due(beat: Any, scheduler: str, seconds: dict[str, float]) -> None:
    made = beat(scheduler, **seconds)
    assert made.max_interval > 30, "the control: so long it would sleep"
    assert 0 < made.tick() <= 5
    assert made.heartbeat.ready()


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_it_sleeps_no_longer_than_until_a_task_is_due(beat: Any, scheduler: str) -> None:
    assert 0 < beat(scheduler, often=2.0).tick() <= 2


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[str]]:
    """The names of the entries that a beat sends."""

    def of(made: Any) -> list[str]:
        names: list[str] = []
        monkeypatch.setattr(made, "apply_async", lambda entry, **_options: names.append(entry.name))
        return names

    return of


def test_a_second_beat_sends_nothing_until_the_first_is_closed(server: RedisServer, beat: Any, sent: Any) -> None:
    """An evicted pod still ends while the new one starts."""
    first, second = (beat("celery.beat:Scheduler", broker=server.url, often=0.0) for _pod in range(2))
    by_first, by_second = sent(first), sent(second)
    first.tick()
    assert 0 < second.tick() <= 1
    first.tick()
    assert (by_first, by_second) == (["often", "often"], [])
    first.close()
    second.tick()
    assert by_second == ["often"]
    with pytest.raises(SystemExit):
        first.tick()
    second.close()


def test_a_beat_without_its_broker_is_alive_and_not_ready_and_sends_what_is_due_afterwards(
    server: RedisServer, beat: Any, sent: Any
) -> None:
    """A restart does not bring the broker back. The pod would start again with longer and longer pauses."""
    running, starting = (beat("celery.beat:Scheduler", broker=server.url, often=0.0) for _pod in range(2))
    by_running, by_starting = sent(running), sent(starting)
    running.tick()
    server.stop()
    for each in (running, starting):
        assert 0 < each.tick() <= 1
        assert each.heartbeat is not None, "the probes are answered while it waits"
        each.heartbeat.age = lambda: 900
        assert (each.heartbeat.ready(), each.heartbeat.live()) == (False, True)
        del each.heartbeat.age
    assert (by_running, by_starting) == (["often"], [])
    server.start()
    running.tick()
    assert running.heartbeat.ready()
    assert by_running == ["often", "often"]
    running.close()
    starting.tick()
    assert starting.heartbeat.ready()
    assert by_starting == ["often"]
    starting.close()
