"""What depends on the module beside the application, and is left out with the probe for images in which it cannot work."""

from __future__ import annotations

from typing import Any

import pytest

ROLLED_OUT = {"data_services": [], "tiers": [{"name": each} for each in ("django", "celery-worker", "celery-beat", "nginx")]}


@pytest.mark.parametrize(("probe", "has_module"), [("heartbeat", True), ("inspect", False)])
def test_only_the_heartbeat_needs_the_module(resolve: Any, workload: Any, probe: str, has_module: bool) -> None:
    worker = workload("celery_worker", celery_worker_probe=probe)
    [container] = worker["pod"]["containers"]
    assert ("--include=platform_worker" in container["command"]) == has_module
    assert ("PYTHONPATH" in [each["name"] for each in container["env"]]) == has_module
    assert ("/opt/platform" in [each["mountPath"] for each in container["volumeMounts"]]) == has_module
    assert ("heartbeat" in [each["name"] for each in worker["pod"]["volumes"]]) == has_module
    made = [each["metadata"]["name"].rpartition("-")[0] for each in worker["config_maps"]]
    assert made == (["celery-heartbeat"] if has_module else [])
    assert ("metrics" in worker) == has_module, "it is what serves them"
    assert ("httpGet" in container["readinessProbe"]) == has_module
    endpoints = resolve("validate_endpoints", celery_worker_probe=probe, manifests_rollouts=ROLLED_OUT)
    asked = [each["name"] for each in endpoints]
    assert asked == ["django", *(["celery-worker"] if has_module else []), "celery-beat", "nginx", "nginx-exporter"]


def limit(probe: dict[str, Any]) -> int:
    """Seconds of failures after which the kubelet ends the container."""
    return int(probe["periodSeconds"] * probe["failureThreshold"])


def test_a_container_that_starts_without_the_broker_is_not_ended(workload: Any) -> None:
    for role in ("celery_worker", "celery_beat"):
        [container] = workload(role)["pod"]["containers"]
        assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"] == "/health/live/"
    # The probe without the module needs the broker for its answer.
    [container] = workload("celery_worker", celery_worker_probe="inspect")["pod"]["containers"]
    assert min(limit(container[probe]) for probe in ("startupProbe", "livenessProbe")) > 600


def test_arguments_and_mounts_of_the_application_stay(workload: Any) -> None:
    [container] = workload("celery_worker", celery_worker_probe="inspect", celery_worker_env={"A": "b"})["pod"]["containers"]
    assert container["command"][-1] == "--without-heartbeat"
    assert container["env"] == [{"name": "A", "value": "b"}]
    assert [each["mountPath"] for each in container["volumeMounts"]] == ["/app/media", "/backups", "/app/logs", "/tmp"]
