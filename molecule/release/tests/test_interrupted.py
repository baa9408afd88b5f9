"""Runs that are killed at any moment, and a cluster that fails in the middle: one more run repairs what is left."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

pytestmark = pytest.mark.usefixtures("inventory_after")

KINDS = (
    "services,serviceaccounts,persistentvolumeclaims,deployments.apps,statefulsets.apps,poddisruptionbudgets.policy,"
    "horizontalpodautoscalers.autoscaling,networkpolicies.networking.k8s.io"
)
# Makes the releases of this run new.
RUN = time.time_ns()
# Two platforms that differ in each stage.
OTHER: dict[str, Any] = {
    "platform_image_tag": "1.0.0-next",
    "platform_secrets": {"DRILL_SECRET": "second"},
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
    "Wait for the rollout: tiers",
    "Remove the objects of old releases",
    "Request every replica",
)
RANDOM = 9
# The lock of a killed run is taken over when it has expired.
LOCK = {"platform_lock_duration": 15, "platform_lock_wait": 120}


def release(number: int, kind_config: dict[str, Any]) -> dict[str, Any]:
    """The values of a release that was never deployed: the platform of the inventory and OTHER in turns."""
    own = {
        "nginx_client_max_body_size": f"{50 + number}m",
        "platform_config": {**kind_config, "DRILL": f"{number} of {RUN}"},
        # These tests take more than an hour, so an object of an earlier one could become old enough between a run and the check after it.
        "post_deploy_prune_age": 0,
    }
    return {**(OTHER if number % 2 else {}), **own}


def names_of(cluster: Any) -> set[str]:
    """Which workloads, Services, autoscalers, budgets and policies the platform has."""
    return {f"{each['kind']}/{each['metadata']['name']}" for each in cluster.get(KINDS, "--selector=app=jewelry-shop")}


@pytest.fixture
def problems_after(cluster: Any, playbook: Any) -> Callable[[dict[str, Any], set[str]], list[str]]:
    """Runs the playbook once more, and returns what is then different from an undisturbed deployment."""

    def repair(values: dict[str, Any], expected: set[str]) -> list[str]:
        run = playbook("site.yml", **values, **LOCK)
        if run.returncode != 0:
            return [run.output]
        checked = playbook("site.yml", "--check", **values)
        different = [] if (checked.returncode, checked.changed) == (0, 0) else [checked.output]
        return different + [f"{name} is missing or left" for name in names_of(cluster) ^ expected]

    return repair


class Undisturbed(NamedTuple):
    """What two undisturbed deployments, one of each platform, made of the cluster, and the seconds of the slower one."""

    names: list[set[str]]
    duration: float


@pytest.fixture(scope="module")
def undisturbed(cluster: Any, playbook: Any, kind_config: dict[str, Any]) -> Undisturbed:
    """Deploys both platforms once."""
    names, durations = [], []
    for number in (0, 1):
        started = time.monotonic()
        run = playbook("site.yml", **release(number, kind_config))
        assert run.returncode == 0, run.output
        durations.append(time.monotonic() - started)
        names.append(names_of(cluster))
    return Undisturbed(names, max(durations))


# Each fourth run is ended with Ctrl+C.
@pytest.mark.parametrize(
    ("number", "moment"),
    [pytest.param(number, moment, id=moment or "at random") for number, moment in enumerate((*STAGES, *[""] * RANDOM), start=2)],
)
def test_a_run_that_was_killed_is_repaired_by_the_next(
    running_playbook: Any,
    undisturbed: Undisturbed,
    problems_after: Callable[[dict[str, Any], set[str]], list[str]],
    kind_config: dict[str, Any],
    measured: Callable[[str], None],
    number: int,
    moment: str,
) -> None:
    values = release(number, kind_config)
    running = running_playbook("site.yml", **values, **LOCK)
    if moment:
        assert running.wait_for(moment), f"the stage is not in the output:\n{running.output}"
    else:
        seconds = random.SystemRandom().uniform(3, undisturbed.duration)
        time.sleep(seconds)
        measured(f"killed after {seconds:.0f} of {undisturbed.duration:.0f} s")
    running.signal(signal.SIGINT if number % 4 == 3 else signal.SIGKILL)
    running.end()
    assert problems_after(values, undisturbed.names[number % 2]) == []


def restart_api_server() -> None:
    """Kill the process of the API server. Its node starts it again."""
    command = ["docker", "exec", "jewelry-shop-test-control-plane", "pkill", "-KILL", "kube-apiserver"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("moment", "what"),
    [
        ("apply | Apply ConfigMaps", "API server"),
        ("Wait for the rollout: tiers", "API server"),
        ("Wait for the rollout: Job migrate", "postgresql"),
        ("Wait for the rollout: tiers", "redis"),
    ],
)
def test_a_failure_in_the_middle_of_a_run_is_repaired_by_the_next(
    cluster: Any,
    playbook: Any,
    running_playbook: Any,
    problems_after: Callable[[dict[str, Any], set[str]], list[str]],
    kind_config: dict[str, Any],
    measured: Callable[[str], None],
    moment: str,
    what: str,
) -> None:
    number = 100 + 2 * abs(hash((moment, what))) % 1000
    run = playbook("site.yml", **release(number, kind_config))
    assert run.returncode == 0, run.output
    expected = names_of(cluster)
    values = release(number + 2, kind_config)
    running = running_playbook("site.yml", **values, **LOCK)
    assert running.wait_for(moment), running.output
    if what == "API server":
        restart_api_server()
    else:
        cluster.kubectl("delete", "pod", f"--selector=app=jewelry-shop,component={what}", "--force", "--grace-period=0", "--wait=false")
    code = running.end()
    assert problems_after(values, expected) == []
    measured(f"{what}: the disturbed run ended with exit code {code}")
