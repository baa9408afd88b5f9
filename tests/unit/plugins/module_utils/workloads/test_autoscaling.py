# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The autoscaler of a workload."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.autoscaling import autoscaling

BROKER: dict[str, Any] = {
    "host": "redis.example.com",
    "port": 6379,
    "namespace": "shop",
    "user": "",
    "tls": False,
    "authentication": True,
    "secret": "django-secrets-0",
    "ca_config_map": "",
    "ca_key": "redis.crt",
}
APPLICATION: dict[str, Any] = {"broker": BROKER, "references": {"env": []}}
WORKER = {"name": "worker", "queues": ["celery", "reports"]}
HPA: dict[str, Any] = {
    "hpa_enabled": True,
    "hpa_external": False,
    "hpa_min_replicas": "2",
    "hpa_max_replicas": "4",
    "hpa_cpu_percent": "70",
}
KEDA: dict[str, Any] = {
    "keda_enabled": True,
    "keda_min_replicas": "0",
    "keda_max_replicas": "3",
    "keda_tasks_per_replica": "5",
    "keda_polling_seconds": "15",
    "keda_cooldown_seconds": "600",
    "keda_triggers": [],
}
PODS = {"type": "Pods", "pods": {"metric": {"name": "requests"}}}


def with_keda(broker: dict[str, Any] | None = None, env: list[dict[str, Any]] | None = None, **settings: Any) -> dict[str, Any]:
    application = {"broker": {**BROKER, **(broker or {})}, "references": {"env": env or []}}
    return autoscaling(WORKER, {**KEDA, **settings}, application)


def utilization(resource: str, percent: int) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}}}


@pytest.mark.parametrize(
    ("settings", "metrics"),
    [
        ({}, [utilization("cpu", 70)]),
        ({"hpa_memory_percent": "80"}, [utilization("cpu", 70), utilization("memory", 80)]),
        ({"hpa_cpu_percent": "0", "hpa_memory_percent": 80, "hpa_metrics": [PODS]}, [utilization("memory", 80), PODS]),
    ],
)
def test_an_autoscaler_has_the_metrics_of_the_settings(settings: dict[str, Any], metrics: list[dict[str, Any]]) -> None:
    spec = autoscaling({"name": "web"}, {**HPA, **settings}, APPLICATION)["horizontal_pod_autoscaler"]
    assert spec == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 4,
        "metrics": metrics,
    }


def test_an_autoscaler_has_a_behavior_if_the_setting_has_one() -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 600}}
    assert autoscaling({"name": "web"}, {**HPA, "hpa_behavior": behavior}, APPLICATION)["horizontal_pod_autoscaler"]["behavior"] == behavior


@pytest.mark.parametrize("settings", [{"hpa_enabled": False}, {"hpa_external": True}])
def test_there_is_no_autoscaler_of_the_collection_if_none_is_wanted(settings: dict[str, Any]) -> None:
    assert "horizontal_pod_autoscaler" not in autoscaling({"name": "web"}, {**HPA, **settings}, APPLICATION)


def test_a_description_can_have_the_autoscaler_itself() -> None:
    given = {"enabled": True, "external": False, "min_replicas": 3, "max_replicas": 9, "cpu_percent": 70}
    found = autoscaling({"name": "web", "replicas": 2, "autoscaling": given}, HPA, APPLICATION)
    assert found["horizontal_pod_autoscaler"]["minReplicas"] == 3


def test_keda_gets_a_trigger_for_each_queue_and_those_of_the_settings() -> None:
    own = {"type": "cron", "metadata": {}}
    found = with_keda(keda_triggers=[own])
    assert (found["enabled"], found["external"], found["min_replicas"]) == (True, True, 0)
    first, second, third = found["scaled_object"].pop("triggers")
    assert first == {
        "type": "redis",
        "metadata": {
            "host": "redis.example.com",
            "port": "6379",
            "databaseIndex": "0",
            "enableTLS": "false",
            "listName": "celery",
            "listLength": "5",
        },
        "authenticationRef": {"name": "worker"},
    }
    assert (second["metadata"]["listName"], third) == ("reports", own)
    assert found["scaled_object"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "worker"},
        "pollingInterval": 15,
        "cooldownPeriod": 600,
        "minReplicaCount": 0,
        "maxReplicaCount": 3,
        "advanced": {"restoreToOriginalReplicaCount": False},
    }


def test_keda_uses_the_behavior_of_the_settings() -> None:
    behavior = {"scaleUp": {"stabilizationWindowSeconds": 30}}
    advanced = with_keda(hpa_behavior=behavior)["scaled_object"]["advanced"]
    assert advanced["horizontalPodAutoscalerConfig"] == {"behavior": behavior}


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        ("redis-service", "redis-service.shop.svc"),
        ("redis.data", "redis.data"),
        ("10.0.0.7", "10.0.0.7"),
        ("fd00::7", "fd00::7"),
        ("[fd00::7]", "fd00::7"),
    ],
)
def test_keda_reaches_redis_from_its_own_namespace(host: str, seen: str) -> None:
    assert with_keda({"host": host})["scaled_object"]["triggers"][0]["metadata"]["host"] == seen


PASSWORD = {"parameter": "password", "name": "django-secrets-0", "key": "REDIS_PASSWORD"}


@pytest.mark.parametrize(
    ("broker", "env", "spec"),
    [
        pytest.param({}, [], {"secretTargetRef": [PASSWORD]}, id="a password of the inventory"),
        pytest.param(
            {},
            [{"name": "A", "value": "1"}, {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "queues", "key": "secret"}}}],
            {"secretTargetRef": [{"parameter": "password", "name": "queues", "key": "secret"}]},
            id="a password of an existing Secret",
        ),
        pytest.param({"authentication": False}, [], None, id="no password"),
        pytest.param(
            {"authentication": False, "ca_config_map": "service-ca-0", "tls": True},
            [],
            {"configMapTargetRef": [{"parameter": "ca", "name": "service-ca-0", "key": "redis.crt"}]},
            id="a certificate authority",
        ),
    ],
)
def test_keda_logs_in_with_the_password_of_redis(broker: dict[str, Any], env: list[dict[str, Any]], spec: dict[str, Any] | None) -> None:
    found = with_keda(broker, env)
    assert found.get("trigger_authentication") == spec
    assert ("authenticationRef" in found["scaled_object"]["triggers"][0]) is (spec is not None)


def test_keda_connects_with_tls_and_a_user() -> None:
    metadata = with_keda({"tls": True, "user": "shop"})["scaled_object"]["triggers"][0]["metadata"]
    assert (metadata["enableTLS"], metadata["username"]) == ("true", "shop")


def test_keda_reads_no_queue_without_a_number_of_tasks() -> None:
    own = {"type": "cron", "metadata": {}}
    found = with_keda(keda_tasks_per_replica="0", keda_triggers=[own])
    assert found["scaled_object"]["triggers"] == [own]
    assert "trigger_authentication" not in found


@pytest.mark.parametrize(("settings", "missing"), [(HPA, "hpa_cpu_percent"), (KEDA, "keda_triggers")])
def test_a_missing_setting_is_named(settings: dict[str, Any], missing: str) -> None:
    incomplete = {key: value for key, value in settings.items() if key != missing}
    with pytest.raises(ValueError, match=f"the settings of the autoscaler lack {missing}"):
        autoscaling(WORKER, incomplete, APPLICATION)
