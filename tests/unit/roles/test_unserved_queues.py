"""Which queues without a worker beat reports, from a real Redis with tasks that Celery itself sends."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import prometheus_client
import pytest
from celery import Celery, Task
from celery.beat import Scheduler
from kombu import Exchange, Queue
from kombu.common import Broadcast
from redis import Redis

from tests.unit.roles.redis_server import RedisServer

FILES = Path(__file__).parents[3] / "roles" / "celery" / "files"
SERVED = ["celery", "backups"]


@pytest.fixture
def module(load: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FILES))
    return load("celery/files/platform_queues.py")


@pytest.fixture
def queues(module: Any, server: RedisServer) -> Iterator[Callable[..., Any]]:
    """Makes what beat looks with; its application has these settings."""
    made: list[Any] = []

    def make(**settings: Any) -> Any:
        app = Celery("shop", broker=server.url, set_as_current=False)
        app.conf.update(settings)
        made.append(module.Queues(app, SERVED))
        return made[-1]

    yield make
    for each in made:
        each.forget()
        each.app.close()


def look(queues: Any, schedule: dict[str, Any] | None = None) -> dict[str, tuple[int, str]]:
    """What validation reads after a look: length and entry of the schedule by queue."""
    queues.app.conf.beat_schedule = schedule or {}
    queues.unserved.read_schedule(queues.app, lambda: Scheduler(queues.app).schedule)
    assert queues.look()
    queues.unserved.look(queues.client, queues.channel)
    status, body = queues.unserved.answer()
    assert (status, body["problem"]) == (200, "")
    return {each["queue"]: (each["length"], each["entry"]) for each in body["unserved"]}


def metric(queues: Any) -> dict[str, float]:
    return {each.labels["queue"]: each.value for family in queues.unserved.collect() for each in family.samples}


def every(seconds: float, task: str, **options: Any) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": options}


def test_a_queue_that_holds_tasks_and_has_no_worker_is_reported(queues: Any) -> None:
    made = queues()
    for _ in range(3):
        made.app.send_task("shop.report", queue="reports")
    made.app.send_task("shop.report", queue="reports", priority=9)
    made.app.send_task("shop.back_up", queue="backups")
    assert look(made) == {"reports": (4, "")}
    assert metric(made) == {"reports": 4}


class Clean(Task):  # type: ignore[misc]
    """Names its queue itself, as applications of Celery 5 may."""

    name = "shop.clean"
    queue = "cleaning"


def test_a_queue_of_the_schedule_is_reported_before_it_holds_a_task(queues: Any) -> None:
    made = queues(task_routes={"shop.prices.*": {"queue": "pricing"}, "shop.back_up": "backups"})

    made.app.register_task(Clean())
    schedule = {
        "prices": every(60, "shop.prices.refresh"),
        "reports": every(60, "shop.report", queue="reports"),
        "back up": every(60, "shop.back_up"),
        "clean": every(60, "shop.clean"),
        "default": every(60, "shop.other"),
    }
    assert look(made, schedule) == {"pricing": (0, "prices"), "reports": (0, "reports"), "cleaning": (0, "clean")}
    assert metric(made) == {"pricing": 0, "reports": 0, "cleaning": 0}


def test_a_queue_goes_from_the_report_with_its_last_task(queues: Any, server: RedisServer) -> None:
    made = queues()
    made.app.send_task("shop.report", queue="reports")
    assert look(made) == {"reports": (1, "")}
    Redis.from_url(server.url).delete("reports")
    assert look(made) == {}
    assert metric(made) == {}


def test_a_queue_of_other_workers_is_not_reported(queues: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_QUEUES_OF_OTHER_WORKERS", "reports,mail")
    made = queues()
    made.app.send_task("shop.report", queue="reports")
    made.app.send_task("shop.report", queue="letters")
    assert look(made, {"mail": every(60, "shop.mail", queue="mail")}) == {"letters": (1, "")}


def test_queues_of_celery_itself_are_not_reported(queues: Any) -> None:
    made = queues(worker_direct=True)
    with made.app.connection_for_write() as connection:
        for exchange, queue in [
            ("celery.pidbox", "celery@worker.celery.pidbox"),
            ("reply.celery.pidbox", "0f1e.reply.celery.pidbox"),
            ("celeryev", "celeryev.0f1e"),
            ("C.dq2", "celery@worker.dq2"),
        ]:
            channel = connection.default_channel
            channel.exchange_declare(exchange=exchange, type="direct")
            channel.queue_declare(queue=queue)
            channel.queue_bind(queue=queue, exchange=exchange, routing_key=queue)
            channel._put(queue, {"body": "", "properties": {}})
    assert look(made) == {}


def test_a_topic_exchange_names_its_queues_and_a_broadcast_has_none(queues: Any) -> None:
    """Names as an application chooses them, which are not those of the exchange."""
    topics = Exchange("topics", type="topic")
    made = queues(
        task_queues=[Queue("celery"), Queue("orders", topics, routing_key="order.#"), Broadcast("all")],
        task_routes={"shop.order": {"queue": "orders"}, "shop.reload": {"queue": "all"}},
    )
    made.app.send_task("shop.order", routing_key="order.new")
    assert look(made, {"reload": every(60, "shop.reload")}) == {"orders": (1, "")}


def test_a_prefix_of_all_keys_is_kept_to(queues: Any, server: RedisServer) -> None:
    made = queues(broker_transport_options={"global_keyprefix": "shop[1]:"})
    made.app.send_task("shop.report", queue="reports")
    other = queues()
    other.app.send_task("other.mail", queue="mail")
    assert look(made) == {"reports": (1, "")}
    assert look(other) == {"mail": (1, "")}


def test_many_keys_take_several_looks_and_nothing_is_known_before_the_last(
    queues: Any, server: RedisServer, module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Redis.from_url(server.url)
    client.mset({f"celery-task-meta-{number}": "x" for number in range(5000)})
    made = queues()
    made.app.send_task("shop.report", queue="reports")
    unserved = made.unserved
    monkeypatch.setattr(sys.modules[type(unserved).__module__], "SCANS", 2)
    unserved.read_schedule(made.app, dict)
    made.look()
    unserved.look(made.client, made.channel)
    status, _body = unserved.answer()
    assert status == 503
    for _ in range(10):
        unserved.look(made.client, made.channel)
    assert metric(made) == {"reports": 1}


def test_a_user_that_may_not_list_keys_is_named_and_the_schedule_counts(
    queues: Any, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = queues()
    said: list[str] = []
    # Other tests configure logging, which disables loggers that exist.
    logger = sys.modules[type(made.unserved).__module__].logger
    monkeypatch.setattr(logger, "warning", lambda text, *values: said.append(text % values))
    made.app.send_task("shop.report", queue="reports")
    Redis.from_url(server.url).acl_setuser("default", enabled=True, commands=["-scan"])
    made.app.conf.beat_schedule = {}
    made.unserved.read_schedule(made.app, lambda: {"mail": Entry("shop.mail", {"queue": "mail"})})
    assert made.look(), "lengths and ages go on"
    for _ in range(2):
        made.unserved.look(made.client, made.channel)
    status, body = made.unserved.answer()
    assert (status, body["unserved"]) == (200, [{"queue": "mail", "length": 0, "entry": "mail"}])
    assert body["problem"].startswith("The queues of the broker cannot be listed: ")
    assert "scan" in body["problem"]
    assert len([each for each in said if "cannot be listed" in each]) == 1


class Entry:
    def __init__(self, task: str, options: dict[str, Any]) -> None:
        self.task = task
        self.options = options
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}


def test_a_schedule_that_cannot_be_read_is_named_and_beat_goes_on(queues: Any) -> None:
    def broken() -> Any:
        raise OSError("the password is hunter2")

    made = queues()
    made.app.send_task("shop.report", queue="reports")
    made.unserved.read_schedule(made.app, broken)
    made.look()
    made.unserved.look(made.client, made.channel)
    status, body = made.unserved.answer()
    assert (status, body["problem"]) == (200, "The schedule cannot be read: OSError")
    assert [each["queue"] for each in body["unserved"]] == ["reports"]


def test_a_key_of_another_type_with_the_name_of_a_queue_is_no_queue(queues: Any, server: RedisServer) -> None:
    Redis.from_url(server.url).set("mail", "a value of the application")
    made = queues()
    assert look(made, {"mail": every(60, "shop.mail", queue="mail")}) == {"mail": (0, "mail")}


def test_nothing_is_known_without_the_broker(queues: Any, server: RedisServer) -> None:
    made = queues()
    assert made.unserved.answer()[0] == 503, "before the first look"
    look(made)
    made.forget()
    assert made.unserved.answer()[0] == 503
    assert metric(made) == {}


def test_another_kind_of_broker_has_no_report_and_no_warning(module: Any) -> None:
    made = module.Queues(Celery("shop", broker="memory://", set_as_current=False), SERVED)
    made._watch()
    assert made.unserved.answer() == (200, {"unserved": [], "problem": ""})


def test_beat_answers_over_http(server: RedisServer, load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As validation asks it."""
    monkeypatch.syspath_prepend(str(FILES))
    monkeypatch.setenv("PLATFORM_BEAT_SCHEDULER", "celery.beat:Scheduler")
    monkeypatch.setenv("PLATFORM_READY_PATH", "/ready/")
    monkeypatch.setenv("PLATFORM_LIVE_PATH", "/live/")
    monkeypatch.setattr(prometheus_client, "REGISTRY", prometheus_client.CollectorRegistry())
    module: Any = load("celery/files/platform_beat.py")
    monkeypatch.setattr(module, "NAMES", SERVED)
    started: list[Any] = []
    heartbeat: Any = sys.modules[module.Heartbeat.__module__]
    monkeypatch.setattr(heartbeat, "PORT", 0)
    start = heartbeat.Heartbeat.start
    monkeypatch.setattr(heartbeat.Heartbeat, "start", lambda self: started.append(start(self)))

    def look_once(queues: Any) -> None:
        queues.look()
        queues.unserved.look(queues.client, queues.channel)
        queues.connection.release()

    monkeypatch.setattr(module.Queues, "_watch", look_once)
    app = Celery("shop", broker=server.url, set_as_current=False)
    app.conf.beat_schedule = {"mail": every(3600, "shop.mail", queue="mail")}
    app.send_task("shop.report", queue="reports")
    scheduler = module.Scheduler(app)
    scheduler.setup_schedule()
    scheduler.tick()
    [http] = started
    try:
        body = wait_for_answer(f"http://127.0.0.1:{http.server_address[1]}/queues")
    finally:
        http.shutdown()
        http.server_close()
        app.close()
    assert body == {
        "unserved": [{"queue": "mail", "length": 0, "entry": "mail"}, {"queue": "reports", "length": 1, "entry": ""}],
        "problem": "",
    }


def wait_for_answer(url: str) -> Any:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
