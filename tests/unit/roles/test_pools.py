# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The heartbeat of a worker while it runs a task, by the pool of the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery import Celery, signals
from celery.contrib.testing.worker import start_worker

FILES = Path(__file__).parents[3] / "roles" / "celery" / "files"


@pytest.fixture
def heartbeat(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The heartbeat of the workers that this process starts, without its server and metrics."""
    monkeypatch.syspath_prepend(str(FILES))
    monkeypatch.setenv("PLATFORM_READY_PATH", "/ready/")
    monkeypatch.setenv("PLATFORM_LIVE_PATH", "/live/")
    module: Any = load("celery/files/platform_worker.py")
    monkeypatch.setattr(module, "prometheus_client", None)
    monkeypatch.setattr(module.heartbeat, "start", lambda: None)
    yield module.heartbeat
    signals.worker_init.disconnect(module.add_heartbeat)


@pytest.fixture
def unchanged_logging() -> Iterator[None]:
    """Keeps a worker from replacing the handlers of the root logger, which other tests read."""

    def keep(**_: Any) -> None:
        """Celery configures logging only if nobody has connected to this signal."""

    signals.setup_logging.connect(keep)
    yield
    signals.setup_logging.disconnect(keep)


@pytest.mark.usefixtures("unchanged_logging")
@pytest.mark.parametrize(("pool", "busy"), [("solo", True), ("threads", False)])
def test_a_task_keeps_only_the_pool_solo_from_beating(heartbeat: Any, pool: str, busy: bool) -> None:
    app = Celery("shop", broker="memory://", backend="cache+memory://")
    started, may_end = threading.Event(), threading.Event()

    @app.task(name=f"shop.wait_{pool}")  # type: ignore[untyped-decorator]
    def wait() -> None:
        started.set()
        assert may_end.wait(60)

    with start_worker(app, pool=pool, concurrency=1, perform_ping_check=False):
        result = wait.delay()
        try:
            assert started.wait(60)
            heartbeat.age = lambda: 900.0
            assert heartbeat.busy() is busy
            assert (heartbeat.ready(), heartbeat.live()) == (busy, busy)
        finally:
            may_end.set()
        result.get(timeout=60)
    assert not heartbeat.busy()
