"""Runs that are killed at any moment, and a cluster that fails in the middle: one more run repairs what is left."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

KINDS = (
    "configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments.apps,statefulsets.apps,jobs.batch,"
    "poddisruptionbudgets.policy,horizontalpodautoscalers.autoscaling,networkpolicies.networking.k8s.io"
)
# Records of releases and the lock of a run are different after each run.
HISTORY = ("release-", "jewelry-shop-lock")
# Set by controllers, and by the API server for each object.
ASSIGNED = {"deployment.kubernetes.io/revision", "pv.kubernetes.io/bind-completed"}
# Two releases that differ in each stage.
OTHER: dict[str, Any] = {
    "platform_image_tag": "1.0.0-next",
    "platform_secrets": {"DRILL": "second"},
    "nginx_client_max_body_size": "41m",
    "nginx_replicas": 3,
    "django_hpa_enabled": True,
    "celery_worker_groups": [{"name": "celery-worker"}, {"name": "reports", "queues": ["reports"], "replicas": 1}],
    "celery_worker_queues": ["celery", "backups", "pricing", "reports", "notifications"],
    "extra_objects_manifests": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "drill", "namespace": "jewelry-shop"}, "data": {"a": "b"}}
    ],
}
# What the output shows when a stage begins.
STAGES = (
    "Validate the settings of",
    "Compare the manifests of each stage",
    "apply | Apply ConfigMaps",
    "Wait for the rollout: Job check-nginx",
    "Run the commands that come before the tiers",
    "Wait for the rollout: Job migrate",
    "Wait for the rollout: Job collectstatic",
    "Apply the tiers together",
    "Wait for the rollout of the tiers",
    "Remove the objects of old releases",
    "Request every replica",
)
RANDOM = 9
# The lock of a killed run is taken over when it has expired.
LOCK = {"platform_lock_seconds": 15, "platform_lock_wait": 120}


def content(thing: dict[str, Any]) -> Any:
    """What a deploy decides of an object: not what controllers and the API server add."""
    metadata = thing["metadata"]
    if thing["kind"] == "Job":
        return {"labels": metadata["labels"]}
    kept = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    if thing["kind"] == "Deployment" and autoscaled(thing):
        kept["spec"] = {key: value for key, value in kept["spec"].items() if key != "replicas"}
    annotations = {key: value for key, value in metadata.get("annotations", {}).items() if key not in ASSIGNED}
    return {**kept, "labels": metadata.get("labels", {}), "annotations": annotations}


def autoscaled(deployment: dict[str, Any]) -> bool:
    return bool(deployment["metadata"]["name"] == "django")


@pytest.fixture(scope="module")
def deployed(cluster: Any) -> Callable[[], dict[str, Any]]:
    """Reads what the platform has in its namespace, by kind and name."""

    def look() -> dict[str, Any]:
        found = cluster.get(KINDS, "--selector=app=jewelry-shop")
        names = [each["metadata"]["name"] for each in found]
        assert names
        return {
            f"{each['kind']}/{each['metadata']['name']}": content(each)
            for each in found
            if not each["metadata"]["name"].startswith(HISTORY)
        }

    return look


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The objects that are missing or differ. A run keeps objects of earlier releases, so there may be more of these."""
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [
        f"{name}: {json.dumps(found[name])} instead of {json.dumps(expected[name])}"
        for name in expected
        if found.get(name, expected[name]) != expected[name]
    ]
    kept = ("ConfigMap/", "Secret/", "Job/")
    return problems + [f"{name} is left" for name in found if name not in expected and not name.startswith(kept)]


def test_a_run_that_was_killed_is_repaired_by_the_next(
    playbook: Any, running_playbook: Any, deployed: Callable[[], dict[str, Any]], measured: Callable[[str], None]
) -> None:
    releases: list[dict[str, Any]] = [{}, OTHER]
    expected = []
    for values in releases:
        started = time.monotonic()
        run = playbook("site.yml", **values)
        assert run.returncode == 0, run.output
        duration = time.monotonic() - started
        expected.append(deployed())
    moments: list[str | float] = [*STAGES, *(random.SystemRandom().uniform(3, duration) for _ in range(RANDOM))]
    repaired = 0
    problems = []
    for number, moment in enumerate(moments):
        values = releases[number % 2]
        kill = signal.SIGINT if number % 4 == 3 else signal.SIGKILL
        running = running_playbook("site.yml", **values, **LOCK)
        if isinstance(moment, str):
            assert running.wait_for(moment), f"{moment} is not in the output:\n{running.output}"
        else:
            time.sleep(moment)
        running.signal(kill)
        running.end()
        run = playbook("site.yml", **values, **LOCK)
        left = differences(expected[number % 2], deployed()) if run.returncode == 0 else [run.output]
        problems += [f"{kill.name} at {moment} of {duration:.0f} s: {each}" for each in left]
        repaired += not left
    measured(f"{repaired} of {len(moments)} killed runs were repaired by one more run")
    assert problems == []
    assert repaired == len(moments) == 20


def restart_api_server() -> None:
    """Kill the process of the API server. Its node starts it again."""
    command = ["docker", "exec", "jewelry-shop-test-control-plane", "pkill", "-KILL", "kube-apiserver"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("moment", "what"),
    [
        ("apply | Apply ConfigMaps", "API server"),
        ("Wait for the rollout of the tiers", "API server"),
        ("Wait for the rollout: Job migrate", "postgresql"),
        ("Wait for the rollout of the tiers", "redis"),
    ],
)
def test_a_failure_in_the_middle_of_a_run_is_repaired_by_the_next(
    cluster: Any,
    playbook: Any,
    running_playbook: Any,
    deployed: Callable[[], dict[str, Any]],
    measured: Callable[[str], None],
    moment: str,
    what: str,
) -> None:
    run = playbook("site.yml")
    assert run.returncode == 0, run.output
    before = playbook("site.yml", **OTHER)
    assert before.returncode == 0, before.output
    expected = deployed()
    back = playbook("site.yml")
    assert back.returncode == 0, back.output
    running = running_playbook("site.yml", **OTHER, **LOCK)
    assert running.wait_for(moment), running.output
    if what == "API server":
        restart_api_server()
    else:
        cluster.kubectl("delete", "pod", f"--selector=app=jewelry-shop,component={what}", "--force", "--grace-period=0", "--wait=false")
    code = running.end()
    run = playbook("site.yml", **OTHER, **LOCK)
    assert run.returncode == 0, run.output
    assert differences(expected, deployed()) == []
    measured(f"{what}: the disturbed run ended with exit code {code}")
