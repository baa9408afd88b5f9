"""Probes of the Celery tiers: a busy worker keeps running, a hanging worker is replaced, and an outage of the broker restarts no pod."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

# Longer than liveness takes to give up a worker without a heartbeat.
BUSY_SECONDS = 170
REPLACED_WITHIN = 180
OUTAGE_SECONDS = 600
CONSUMED_WITHIN = 60
START_SECONDS = 200


def instances(cluster: Any, component: str = "celery-worker") -> dict[str, str]:
    """The running instance of each pod's main container."""
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0].get("containerID", "") for pod in cluster.pods(component)}


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"{what} took longer than {seconds} s"
        time.sleep(1)
    return time.monotonic() - started


def in_django(cluster: Any, program: str) -> str:
    pod = cluster.pods("django")[0]["metadata"]["name"]
    setup = "import django; django.setup(); "
    said: str = cluster.kubectl("exec", pod, "--container=django", "--", "python", "-c", setup + program).stdout.strip()
    return said


@pytest.mark.drill
def test_all_processes_busy_restart_nothing_and_a_stopped_worker_is_replaced(cluster: Any, measured: Any) -> None:
    """Both cases run at the same time, because the probe has to distinguish them."""
    before = instances(cluster)
    stopped = cluster.pods("celery-worker")[0]
    name, node = stopped["metadata"]["name"], stopped["spec"]["nodeName"]
    tasks = 2 * 4 * len(before)
    in_django(cluster, f"from shop.tasks import busy; [busy.delay({BUSY_SECONDS}) for _ in range({tasks})]")
    identity = before[name].removeprefix("containerd://")
    process = "{{.info.pid}}"
    subprocess.run(
        ["docker", "exec", node, "sh", "-c", f"kill -STOP $(crictl inspect --output=go-template --template='{process}' {identity})"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    seconds = wait_for(lambda: instances(cluster).get(name, "") not in ("", before[name]), REPLACED_WITHIN, "replacing the stopped worker")
    measured(f"replaced {seconds:.0f} s after it was stopped")
    time.sleep(max(0, BUSY_SECONDS - seconds))
    after = instances(cluster)
    assert {pod: after[pod] for pod in after if pod != name} == {pod: before[pod] for pod in before if pod != name}


@pytest.mark.drill
def test_ten_minutes_without_the_broker_restart_no_pod_and_tasks_continue_within_a_minute(cluster: Any, measured: Any) -> None:
    before = {tier: instances(cluster, tier) for tier in ("celery-worker", "celery-beat")}
    runs = "from shop.models import TaskRun; print(TaskRun.objects.filter(name='shop.tasks.refresh_gold_price').count())"
    cluster.kubectl("scale", "statefulset", "redis", "--replicas=0")
    try:
        time.sleep(OUTAGE_SECONDS)
        assert {tier: instances(cluster, tier) for tier in before} == before
    finally:
        cluster.kubectl("scale", "statefulset", "redis", "--replicas=1")
    cluster.kubectl("rollout", "status", "statefulset/redis", "--timeout=120s")
    counted = int(in_django(cluster, runs))
    in_django(cluster, "from shop.tasks import refresh_gold_price; refresh_gold_price.delay()")
    seconds = wait_for(lambda: int(in_django(cluster, runs)) > counted, CONSUMED_WITHIN, "consuming a task again")
    measured(f"consumed {seconds:.0f} s after the broker was back")
    assert {tier: instances(cluster, tier) for tier in before} == before


def restarts(cluster: Any, component: str) -> dict[str, int]:
    """The restarts of each pod's main container."""
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in cluster.pods(component)}


@pytest.mark.drill
def test_containers_that_start_without_the_broker_wait_for_it_and_are_not_restarted(cluster: Any, measured: Any) -> None:
    tiers = ("celery-worker", "celery-beat")
    before = {tier: restarts(cluster, tier) for tier in tiers}
    cluster.kubectl("scale", "statefulset", "redis", "--replicas=0")
    try:
        cluster.kubectl("wait", "pod", "--selector=component=redis", "--for=delete", "--timeout=120s")
        for tier in tiers:
            for pod in before[tier]:
                # The containers end, and start again in the same pods. Init containers do not run again.
                cluster.kubectl("exec", pod, f"--container={tier}", "--", "sh", "-c", "kill 1")
        after = {tier: {pod: number + 1 for pod, number in before[tier].items()} for tier in tiers}
        wait_for(lambda: {tier: restarts(cluster, tier) for tier in tiers} == after, 120, "the restart of the containers")
        # Longer than the startup probe lasts.
        time.sleep(START_SECONDS)
        assert {tier: restarts(cluster, tier) for tier in tiers} == after
        [beat] = cluster.pods("celery-beat")
        assert not beat["status"]["containerStatuses"][0]["ready"]
        log = cluster.kubectl("logs", beat["metadata"]["name"], "--container=celery-beat").stdout
        assert "Beat sends no tasks: the broker is unavailable" in log
    finally:
        cluster.kubectl("scale", "statefulset", "redis", "--replicas=1")
    cluster.kubectl("rollout", "status", "statefulset/redis", "--timeout=120s")
    started = time.monotonic()
    for tier in tiers:
        cluster.kubectl("rollout", "status", f"deployment/{tier}", "--timeout=120s")
    measured(f"ready {time.monotonic() - started:.0f} s after the broker was back")
    assert {tier: restarts(cluster, tier) for tier in tiers} == after


@pytest.mark.drill
def test_the_inspect_probe_works_for_images_without_the_heartbeat_module(cluster: Any, playbook: Any) -> None:
    run = playbook("site.yml", celery_worker_probe="inspect")
    assert run.returncode == 0, run.output
    [worker] = cluster.get("deployments", "--selector=component=celery-worker")
    assert worker["status"]["readyReplicas"] == 2
    back = playbook("site.yml")
    assert back.returncode == 0, back.output
