"""KEDA scales a group of workers by the length of its queue, from zero and back. A deploy does not change the number of replicas."""

from __future__ import annotations

import json
import pathlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PAUSE = "autoscaling.keda.sh/paused-replicas"
GROUP, QUEUE, MOST = "reports", "reports", 3
# Shorter than keda_cooldown_seconds, and together longer than a deploy.
TASK_SECONDS, TASKS = 20, 400
# A limit for a slow machine, which the whole suite keeps busy.
SCALED_WITHIN = 300


def replicas(cluster: Any) -> int:
    return int(cluster.kubectl("get", "deployment", GROUP, "--output=jsonpath={.spec.replicas}").stdout)


def wait_for(condition: Callable[[], bool], cluster: Any) -> float:
    """Wait, and return the seconds. The failure shows what KEDA says."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < SCALED_WITHIN, cluster.kubectl("describe", "scaledobject,hpa,deployment").stdout
        time.sleep(1)
    return time.monotonic() - started


def in_django(cluster: Any, *command: str) -> str:
    pod = cluster.pods("django")[0]["metadata"]["name"]
    printed: str = cluster.kubectl("exec", pod, "--container=django", "--", "python", *command).stdout.strip()
    return printed


def purge(cluster: Any) -> None:
    program = (
        "import django; django.setup(); from celery import current_app as app\n"
        f"with app.connection_for_write() as c: c.default_channel.queue_purge({QUEUE!r})"
    )
    in_django(cluster, "-c", program)


def checks(run: Any, folder: pathlib.Path) -> list[dict[str, Any]]:
    assert run.returncode == 0, run.output
    found: list[dict[str, Any]] = json.loads(next(folder.glob("kind_*.json")).read_text())["checks"]
    return found


@pytest.fixture
def idle(cluster: Any) -> None:
    """No task waits, and KEDA has removed the last replica."""
    purge(cluster)
    wait_for(lambda: replicas(cluster) == 0 and cluster.pods(GROUP) == [], cluster)


@pytest.fixture
def busy(cluster: Any, idle: None) -> Iterator[None]:
    """More slow tasks than the replicas can run during the test."""
    in_django(cluster, "manage.py", "queue_busy", str(TASK_SECONDS), f"--count={TASKS}", f"--queue={QUEUE}")
    yield
    purge(cluster)


@pytest.mark.usefixtures("idle")
def test_a_group_without_tasks_has_no_replica_and_no_warning(cluster: Any, playbook: Any, tmp_path: pathlib.Path) -> None:
    found = checks(playbook("playbooks/validate.yml", platform_report_dir=str(tmp_path)), tmp_path)
    assert [check for check in found if check["severity"] != "ok"] == []
    assert any(GROUP in check["subject"] and "0 replicas" in check["message"] for check in found), found
    assert replicas(cluster) == 0


@pytest.mark.usefixtures("idle")
def test_a_deploy_leaves_the_group_without_replicas(cluster: Any, watch_replicas: Any, playbook: Any, tmp_path: pathlib.Path) -> None:
    with watch_replicas(GROUP) as watch:
        run = playbook("site.yml", celery_worker_env={"DRILL": "idle"}, platform_report_dir=str(tmp_path))
    assert [check for check in checks(run, tmp_path) if check["severity"] != "ok"] == []
    assert watch.seen == {0}


@pytest.mark.usefixtures("busy")
def test_tasks_start_replicas_a_deploy_keeps_them_and_afterwards_they_end(
    cluster: Any, watch_replicas: Any, playbook: Any, measured: Any
) -> None:
    first = wait_for(lambda: replicas(cluster) > 0, cluster)
    most = first + wait_for(lambda: replicas(cluster) == MOST, cluster)
    ready = most + wait_for(lambda: ready_replicas(cluster) == MOST, cluster)
    before = {pod["metadata"]["uid"] for pod in cluster.pods(GROUP)}

    with watch_replicas(GROUP) as watch:
        run = playbook("site.yml", celery_worker_env={"DRILL": "busy"})
    assert run.returncode == 0, run.output
    assert watch.seen == {MOST}
    assert not before & {pod["metadata"]["uid"] for pod in cluster.pods(GROUP)}

    purge(cluster)
    none = wait_for(lambda: replicas(cluster) == 0, cluster)
    measured(f"first replica after {first:.0f} s, {MOST} after {most:.0f} s, ready after {ready:.0f} s, none {none:.0f} s after a purge")


def ready_replicas(cluster: Any) -> int:
    return int(cluster.kubectl("get", "deployment", GROUP, "--output=jsonpath={.status.readyReplicas}").stdout or 0)


@pytest.mark.usefixtures("idle")
def test_scale_rejects_the_group(cluster: Any, playbook: Any) -> None:
    run = playbook("playbooks/scale.yml", scale_replicas={GROUP: 2})
    assert run.returncode != 0
    assert GROUP in run.output
    assert replicas(cluster) == 0


def test_site_yml_ends_the_pause_of_a_restore_that_was_killed(cluster: Any, playbook: Any, running_playbook: Any) -> None:
    made = playbook("playbooks/backup.yml")
    assert made.returncode == 0, made.output
    lock = {"platform_lock_duration": 15, "platform_lock_wait": 120}
    running = running_playbook("playbooks/restore.yml", restore_backup="latest", restore_confirmed=True, **lock)
    assert running.wait_for("stop | Wait for the end of the pods"), running.output
    running.signal(signal.SIGKILL)
    running.end()
    assert PAUSE in annotations_of_group(cluster)
    repaired = playbook("site.yml", **lock)
    assert repaired.returncode == 0, repaired.output
    assert PAUSE not in annotations_of_group(cluster)
    again = playbook("site.yml")
    assert (again.returncode, again.changed) == (0, 0), again.output


def test_a_restore_pauses_the_group_and_resumes_it(cluster: Any, playbook: Any) -> None:
    run = playbook("playbooks/restore.yml", restore_backup="latest", restore_confirmed=True)
    assert run.returncode == 0, run.output
    assert PAUSE not in annotations_of_group(cluster)
    again = playbook("site.yml")
    assert (again.returncode, again.changed) == (0, 0), again.output


def annotations_of_group(cluster: Any) -> dict[str, str]:
    found = cluster.kubectl("get", "scaledobject", GROUP, "--output=json").stdout
    return dict(json.loads(found)["metadata"].get("annotations") or {})
