"""The task that validation sends through each queue, against a real Redis, with a real worker if one is needed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.queues import round_trip_checks
from tests.unit.roles.redis_server import RedisServer

FILE = Path(__file__).parents[3] / "roles" / "validate" / "files" / "round_trip.py"
# An application that prints while its settings load, without an end of the line, and that replaces its standard output.
APPLICATION = """
import io, os, sys
print("Loading settings")
sys.stdout.write("platform-round-trip: not this\\nno end of the line")
sys.stderr.write("a warning\\n" * 20)
sys.stdout.flush()
sys.stdout = io.StringIO()
from celery import Celery
app = Celery("shop", broker=os.environ["BROKER"], backend=os.environ.get("BACKEND"))
app.conf.update(eval(os.environ.get("SETTINGS", "{}")))
"""


@pytest.fixture(scope="module")
def script(load: Callable[[str], ModuleType]) -> ModuleType:
    return load("validate/files/round_trip.py")


@pytest.fixture
def client(server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def run(tmp_path: Path, server: RedisServer) -> Callable[..., dict[str, Any]]:
    """Runs the script as in a pod; returns a result as of kubernetes.core.k8s_exec."""
    (tmp_path / "shop.py").write_text(APPLICATION)

    def run_script(*queues: str, seconds: float = 1, **environment: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", FILE.read_text(), "shop", str(seconds), *queues],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "BROKER": server.url, "BACKEND": server.url, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return {"rc": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    return run_script


@pytest.fixture
def worker(tmp_path: Path, server: RedisServer, run: Any) -> Iterator[None]:
    """Serves two queues, in a process of its own: it takes over the logging of the process that it runs in."""
    arguments = ["--app=shop", "worker", "--pool=solo", "--queues=celery,reports", "--without-gossip", "--without-mingle"]
    with subprocess.Popen(
        [sys.executable, "-m", "celery", *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "BROKER": server.url, "BACKEND": server.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        yield
        process.kill()


@pytest.fixture
def application(server: RedisServer) -> Iterator[Celery]:
    app = Celery("shop", broker=server.url, backend=server.url, set_as_current=False)
    yield app
    app.close()


def test_a_queue_without_a_worker_is_reported_and_left_empty(run: Any, client: Redis) -> None:
    result = run("celery", "reports")
    problem = "the result of the test task did not return within 1 s; no worker took it, and it was removed from the queue"
    assert round_trip_checks(result, ["celery", "reports"]) == [
        {"name": "queue", "subject": queue, "severity": "error", "message": problem} for queue in ("celery", "reports")
    ]
    assert client.keys("*") == [], "neither tasks nor results nor queues are left"


def test_only_the_task_of_the_round_trip_is_removed(run: Any, client: Redis, application: Celery) -> None:
    for priority in (0, 9):
        for _ in range(3):
            application.send_task("shop.report", queue="reports", priority=priority)
    before = {key: client.lrange(key, 0, -1) for key in ("reports", "reports\x06\x169")}
    assert [len(messages) for messages in before.values()] == [3, 3]
    run("reports", SETTINGS="{'task_default_priority': 9}")
    assert {key: client.lrange(key, 0, -1) for key in before} == before


def test_the_test_task_is_found_behind_many_newer_tasks(script: Any, client: Redis, application: Celery) -> None:
    sent = application.send_task("celery.accumulate", queue="reports")
    messages: list[Any] = client.lrange("reports", 0, -1)
    client.lpush("reports", *[f"younger {number}" for number in range(2500)])
    assert script.take_out(application, "reports", sent.id) is True
    assert client.llen("reports") == 2500
    assert client.lpos("reports", messages[0]) is None
    assert script.take_out(application, "reports", sent.id) is False


def test_a_prefix_of_all_keys_is_kept_to(run: Any, client: Redis) -> None:
    options = "{'broker_transport_options': {'global_keyprefix': 'shop:'}}"
    assert "removed from the queue" in json.dumps(run("reports", SETTINGS=options)["stdout"])
    assert client.keys("*") == []


def test_a_completed_test_task_leaves_no_result(run: Any, client: Redis, worker: None) -> None:
    result = run("celery", "reports", seconds=60)
    assert round_trip_checks(result, ["celery", "reports"]) == [
        {"name": "queue", "subject": queue, "severity": "ok", "message": "the test task returned its result"}
        for queue in ("celery", "reports")
    ]
    keys: list[Any] = client.keys("*")
    assert [key for key in keys if not key.startswith(b"_kombu")] == [], "bindings and their like are of the worker"


def test_a_task_that_a_worker_took_is_reported_differently(script: Any, application: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    send = application.send_task

    def send_and_take(*arguments: Any, **options: Any) -> Any:
        sent = send(*arguments, **options)
        with application.connection_for_read() as connection, connection.SimpleQueue("reports") as queue:
            queue.get(timeout=5).ack()
        return sent

    monkeypatch.setattr(application, "send_task", send_and_take)
    problems = script.round_trip(application, 0.5, ["reports"])
    assert problems == {"reports": "the result of the test task did not return within 0.5 s; it is no longer in the queue"}


def test_a_task_that_cannot_be_removed_expires(script: Any) -> None:
    """With a broker that is not Redis."""
    app = Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
    assert script.round_trip(app, 0.5, ["reports"]) == {"reports": "the result of the test task did not return within 0.5 s"}
    with app.connection_for_read() as connection, connection.SimpleQueue("reports") as queue:
        assert queue.get(timeout=5).headers["expires"] is not None


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"BACKEND": ""}, "the result of the test task did not return: NotImplementedError: "),
        ({"BROKER": "redis://127.0.0.1:1/0", "BACKEND": "cache+memory://"}, "the test task cannot be sent: OperationalError: "),
    ],
    ids=["no result backend", "no broker"],
)
def test_what_is_missing_is_named(run: Any, client: Redis, environment: dict[str, str], problem: str) -> None:
    [check] = round_trip_checks(run("reports", **environment), ["reports"])
    assert check["severity"] == "error"
    assert check["message"].startswith(problem), check
    assert client.llen("reports") == 0


def test_an_application_that_cannot_be_loaded_is_reported_with_the_cause(run: Any, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(f"{APPLICATION}\nraise ValueError('the setting REGION\\nis not set')")
    [check] = round_trip_checks(run("celery", "reports"), ["celery", "reports"])
    assert check == {
        "name": "queue",
        "subject": "celery, reports",
        "severity": "error",
        "message": "no task could be sent from a Django pod: ValueError: Couldn't import 'shop': the setting REGION is not set",
    }


def test_the_command_survives_quoting(resolve: Any) -> None:
    """kubernetes.core.k8s_exec splits it as a shell does."""
    command = resolve("__validate_round_trip_command", validate_round_trip_queues=["celery", "it's"])
    assert shlex.split(command) == ["python", "-c", FILE.read_text().strip(), "config", "20", "celery", "it's"]
