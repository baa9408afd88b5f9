"""Single objects that cannot become ready: the message of rollout, and the time until it appears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# Much longer than a verdict takes, so that a wait for the timeout is visible.
TIMEOUT = 120

Rollout = Callable[..., dict[str, Any]]


@pytest.fixture
def rollout(task: Any) -> Rollout:
    """Runs the module as a task and returns its result."""
    return lambda *resources: task("rollout", namespace="jewelry-shop", resources=list(resources), timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("manifest", "kind", "reason", "container", "words"),
    [
        ("missing_key.yaml", "Deployment", "MissingConfiguration", "drill", "couldn't find key NO_SUCH_KEY in Secret jewelry-shop/drill"),
        ("missing_config_map.yaml", "Deployment", "MissingConfiguration", "drill", 'configmap "no-such-config" not found'),
        (
            "no_such_class.yaml",
            "PersistentVolumeClaim",
            "ClaimNotProvisioned",
            None,
            'storageclass.storage.k8s.io "no-such-class" not found',
        ),
    ],
)
def test_a_missing_object_is_reported_with_the_object_that_needs_it(
    applied: Any, rollout: Rollout, manifest: str, kind: str, reason: str, container: str | None, words: str
) -> None:
    """The message names the missing object and the reason."""
    applied(manifest)
    result = rollout({"kind": kind, "name": "drill"})
    [entry] = result["resources"]
    assert (entry["verdict"], entry["reason"], entry["container"]) == ("failed", reason, container), entry
    assert words in entry["message"], entry
    assert entry["message"].startswith(f"{kind} jewelry-shop/drill failed")
    assert entry["seconds"] < TIMEOUT / 4


@pytest.mark.parametrize(
    ("limit", "reason", "words"),
    [
        ("quota.yaml", "QuotaExceeded", "exceeded quota: drill"),
        ("limit_range.yaml", "LimitRangeViolated", "minimum memory usage per Container is 200Mi"),
    ],
)
def test_rejected_pods_are_reported_with_the_message_of_the_cluster(
    limited: Any, applied: Any, rollout: Rollout, limit: str, reason: str, words: str
) -> None:
    """No pod exists, so the message comes from the controller."""
    limited(limit)
    applied("plain.yaml")
    [entry] = rollout({"kind": "Deployment", "name": "drill"})["resources"]
    assert (entry["verdict"], entry["reason"], entry["pod"]) == ("failed", reason, None), entry
    assert words in entry["message"], entry
    assert entry["seconds"] < TIMEOUT / 4


@pytest.mark.drill
@pytest.mark.parametrize(
    ("manifest", "reason", "words"),
    [
        ("job_of_two_containers.yaml", "JobFailed", "ended with exit code 3, while container helper still runs"),
        ("job_with_sidecar.yaml", "SidecarRunsOn", "but the injected container istio-proxy still runs"),
    ],
)
def test_a_failed_job_with_a_running_sidecar_is_reported_within_seconds(
    applied: Any, rollout: Rollout, manifest: str, reason: str, words: str
) -> None:
    """The Job itself never ends."""
    applied(manifest)
    [entry] = rollout({"kind": "Job", "name": "drill"})["resources"]
    assert (entry["verdict"], entry["reason"], entry["container"], entry["exit_code"]) == ("failed", reason, "main", 3), entry
    assert words in entry["message"], entry
    assert entry["log"] == ["no such column"]
    assert entry["seconds"] < TIMEOUT / 4


@pytest.mark.drill
def test_a_paused_deployment_is_reported_with_the_command_to_resume_it(applied: Any, rollout: Rollout) -> None:
    applied("paused.yaml")
    [entry] = rollout({"kind": "Deployment", "name": "drill"})["resources"]
    assert (entry["verdict"], entry["reason"]) == ("failed", "Paused"), entry
    assert "kubectl rollout resume deployment/drill --namespace jewelry-shop" in entry["message"]
    assert entry["seconds"] < TIMEOUT / 4


def test_a_claim_that_waits_for_its_first_pod_does_not_block_the_run(applied: Any, rollout: Rollout) -> None:
    """The claim has volumeBindingMode WaitForFirstConsumer and does not delay the run."""
    applied("first_consumer.yaml")
    [entry] = rollout({"kind": "PersistentVolumeClaim", "name": "drill"})["resources"]
    assert entry["verdict"] == "waiting_for_consumer", entry


@pytest.mark.drill
def test_a_load_balancer_without_an_address_is_a_warning(playbook: Any, cluster: Any) -> None:
    """kind has no load balancer. The run does not wait for an address."""
    run = playbook("site.yml", nginx_service_type="LoadBalancer")
    try:
        assert run.returncode == 0, run.output
        assert "Warning:   the load balancer has no address yet" in run.output
    finally:
        back = playbook("site.yml")
    assert back.returncode == 0, back.output


def test_waiting_for_all_tiers_takes_as_long_as_the_slowest(applied: Any, rollout: Rollout, measured: Any) -> None:
    """Four workloads at once: two need time, and two are ready."""
    applied("slow.yaml")
    names = ("drill-slow", "drill-slower", "nginx", "django")
    result = rollout(*({"kind": "Deployment", "name": name} for name in names))
    seconds = {entry["name"]: entry["seconds"] for entry in result["resources"]}
    measured(f"waited {result['seconds']} s in all, for each: {seconds}")
    assert max(seconds["nginx"], seconds["django"]) < seconds["drill-slow"] < seconds["drill-slower"]
    assert result["seconds"] - seconds["drill-slower"] <= 1
