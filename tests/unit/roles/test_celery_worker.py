"""What depends on the module beside the application, and is left out with the probe for images in which it cannot work."""

from __future__ import annotations

from typing import Any

import pytest

# Facts of other roles' tasks, and what the settings have to give.
FACTS: dict[str, Any] = {
    "celery_heartbeat_config_map": {"metadata": {"name": "celery-heartbeat-0"}},
    "platform_config_map_name": "django-config-0",
    "platform_secret_name": "django-secrets-0",
    "platform_wait_script": "",
    "platform_image": "shop",
    "platform_image_tag": "v1",
    "platform_config_values": {"USE_PGBOUNCER": "False"},
    "platform_secrets": {},
}


@pytest.mark.parametrize(("probe", "has_module"), [("heartbeat", True), ("inspect", False)])
def test_only_the_heartbeat_needs_the_module(resolve: Any, probe: str, has_module: bool) -> None:
    workload = resolve("celery_worker_workload", **FACTS, celery_worker_probe=probe)
    [container] = workload["pod"]["containers"]
    assert ("--include=platform_worker" in container["command"]) == has_module
    assert ("PYTHONPATH" in [each["name"] for each in container["env"]]) == has_module
    assert ("/opt/platform" in [each["mountPath"] for each in container["volumeMounts"]]) == has_module
    assert ("heartbeat" in [each["name"] for each in workload["pod"]["volumes"]]) == has_module
    assert workload["config_maps"] == ([FACTS["celery_heartbeat_config_map"]] if has_module else [])
    assert ("metrics" in workload) == has_module, "it is what serves them"
    assert ("httpGet" in container["readinessProbe"]) == has_module
    asked = [each["name"] for each in resolve("validate_endpoints", celery_worker_probe=probe)]
    assert asked == ["django", "nginx", "nginx-exporter", *(["celery-worker"] if has_module else []), "celery-beat"]


def test_arguments_and_mounts_of_the_application_stay(resolve: Any) -> None:
    [container] = resolve("celery_worker_workload", **FACTS, celery_worker_probe="inspect", celery_worker_env={"A": "b"})["pod"][
        "containers"
    ]
    assert container["command"][-1] == "--without-heartbeat"
    assert container["env"] == [{"name": "A", "value": "b"}]
    assert [each["mountPath"] for each in container["volumeMounts"]] == ["/app/media", "/backups", "/app/logs", "/tmp"]
