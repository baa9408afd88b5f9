"""Twenty thousand requests, and a hundred tasks, over rollouts of all kinds and over drains of the worker nodes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

REQUESTS = 20_000
# Requests of each kind per second: 48 in all.
PACE = 12.0
NODES = ("jewelry-shop-test-worker", "jewelry-shop-test-worker2")
TASKS = 100
TASK_SECONDS = 20
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
ELSEWHERE = {
    "nodeSelector": {CONTROL_PLANE: ""},
    "tolerations": [{"key": CONTROL_PLANE, "operator": "Exists", "effect": "NoSchedule"}],
}
# The times of production, and the data services on a node that is not drained, because they have one replica.
SETTINGS = {"django_drain_seconds": 15, "nginx_drain_seconds": 15, "postgresql_pod": ELSEWHERE, "redis_pod": ELSEWHERE}


@pytest.fixture(scope="module")
def pods_of_production(playbook: Any) -> Iterator[None]:
    run = playbook("site.yml", **SETTINGS)
    assert run.returncode == 0, run.output
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


def drain(cluster: Any, node: str) -> None:
    """Move the pods of a node, as an administrator does before its maintenance, and wait until all tiers are complete."""
    try:
        cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=500s", timeout=520)
        cluster.kubectl("wait", "deployments", "--all", "--for=condition=Available", "--timeout=300s", timeout=320)
        for deployment in cluster.get("deployments"):
            cluster.kubectl("rollout", "status", f"deployment/{deployment['metadata']['name']}", "--timeout=300s", timeout=320)
    finally:
        cluster.kubectl("uncordon", node)


def test_no_request_is_lost_over_rollouts_and_drains(
    pods_of_production: None,
    cluster: Any,
    playbook: Any,
    customers: Any,
    watch_beats: Any,
    kind_config: dict[str, Any],
    measured: Callable[[str], None],
) -> None:
    """Never do two beats send tasks meanwhile."""
    changes: dict[str, dict[str, Any]] = {
        "Django": {"platform_image_tag": "1.0.0-next"},
        "nginx": {"platform_image_tag": "1.0.0-next", "nginx_client_max_body_size": "40m"},
        "configuration": {"platform_config": {**kind_config, "DRILL": "2"}},
    }
    with watch_beats() as beats:
        for change, values in changes.items():
            run = playbook("site.yml", **SETTINGS, **values)
            assert run.returncode == 0, run.output
            measured(f"{change}: {customers.count}")
        for node in NODES:
            drain(cluster, node)
            measured(f"drain of {node}: {customers.count}")
        deadline = time.monotonic() + 600
        while customers.count.total < REQUESTS and time.monotonic() < deadline:
            time.sleep(1)
    measured(f"all: {customers.count}; {beats.different} beats, at most {beats.most} at a time, in {len(beats.samples)} samples")
    assert customers.count.failures == []
    assert customers.count.total >= REQUESTS
    assert beats.most == 1
    # The configuration and one of the drains replaced it at least.
    assert beats.different >= 3


@pytest.fixture
def second_beat(cluster: Any) -> Iterator[str]:
    """A pod with the template of Celery beat and without an owner. Without pod-template-hash the ReplicaSet does not adopt it."""
    [beat] = [each for each in cluster.get("deployments") if each["metadata"]["name"] == "celery-beat"]
    template = beat["spec"]["template"]
    name = "second-beat"
    metadata = {"name": name, "labels": template["metadata"]["labels"]}
    cluster.kubectl(
        "apply", "--filename=-", input=json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    )
    yield name
    cluster.kubectl("delete", "pod", name, "--ignore-not-found")


def test_a_second_beat_waits_until_the_first_has_ended(
    cluster: Any, watch_beats: Any, second_beat: str, measured: Callable[[str], None]
) -> None:
    [first] = [pod["metadata"]["name"] for pod in cluster.pods("celery-beat") if pod["metadata"]["name"] != second_beat]
    with watch_beats() as beats:
        deadline = time.monotonic() + 180
        while "another beat is still running" not in cluster.kubectl("logs", second_beat, check=False).stdout:
            assert time.monotonic() < deadline, "the second beat does not wait"
            time.sleep(1)
        # Longer than the time after which a lock that is not renewed expires.
        time.sleep(90)
        cluster.kubectl("delete", "pod", first)
        deadline = time.monotonic() + 180
        while beats.different < 2 and time.monotonic() < deadline:
            time.sleep(1)
    measured(f"{beats.different} beats, at most {beats.most} at a time, in {len(beats.samples)} samples")
    assert beats.different >= 2
    assert beats.most == 1


def test_no_task_is_lost_or_done_twice_over_a_rollout_of_the_workers(
    pods_of_production: None, playbook: Any, in_django: Callable[[str], str], measured: Callable[[str], None]
) -> None:
    start = f"from shop.tasks import rest; [rest.delay({TASK_SECONDS}) for _task in range({TASKS})]"
    ended = (
        "from shop.models import TaskRun; runs = TaskRun.objects.filter(name='shop.tasks.rest');"
        " print(runs.count(), runs.exclude(finished_at=None).count(), runs.filter(attempts__gt=1).count())"
    )
    forget = "from shop.models import TaskRun; TaskRun.objects.filter(name='shop.tasks.rest').delete()"
    in_django(forget)
    in_django(start)
    # Some are done, some are being done, and most wait.
    deadline = time.monotonic() + 120
    while int(in_django(ended).split()[1]) == 0:
        assert time.monotonic() < deadline, "no task has ended"
        time.sleep(2)
    before = in_django(ended)
    run = playbook("site.yml", **SETTINGS, celery_worker_env={"DRILL": "1"})
    assert run.returncode == 0, run.output
    during = in_django(ended)
    deadline = time.monotonic() + 600
    while int(in_django(ended).split()[1]) < TASKS and time.monotonic() < deadline:
        time.sleep(5)
    measured(f"begun, ended, begun again: {before} before the rollout, {during} after it, {in_django(ended)} at the end")
    assert int(before.split()[1]) < int(during.split()[1]) < TASKS, "the control: the rollout is in the middle of the tasks"
    assert in_django(ended) == f"{TASKS} {TASKS} 0"
