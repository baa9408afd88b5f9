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


def test_a_second_beat_sends_nothing_until_the_first_is_closed(server: RedisServer, beat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evicted pod still ends while the new one starts."""

    class WaitError(Exception):
        pass

    def waits(_seconds: float) -> None:
        raise WaitError

    first, second = (beat("celery.beat:Scheduler", broker=server.url, often=0.0) for _pod in range(2))
    for each in (first, second):
        monkeypatch.setattr(each, "apply_async", lambda *_arguments, **_options: None)
    first.tick()
    lock = first.lock
    monkeypatch.setattr(type(lock), "acquire", lambda self: None if self._try() else waits(0))
    with pytest.raises(WaitError):
        second.tick()
    first.tick()
    first.close()
    second.lock = None
    second.tick()
    with pytest.raises(SystemExit):
        first.tick()
    second.close()
