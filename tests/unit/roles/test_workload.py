"""What the template of all workloads makes of a description."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.roles.conftest import WORKLOAD_VALUES

WORKLOAD: dict[str, Any] = {
    "name": "web",
    "version": "1",
    "replicas": 2,
    "strategy": {"type": "RollingUpdate"},
    "pod": {"containers": [{"name": "web", "image": "web:1"}]},
    "metrics": {"port_name": "http", "port": 80, "path": "/metrics"},
}
# Names that another task computes.
NAMES = {"platform_config_map_name": "c", "platform_secret_name": "s"}
AUTOSCALED = {**WORKLOAD, "autoscaling": {"enabled": True, "external": False, "min_replicas": 3, "max_replicas": 9, "cpu_percent": 70}}


def render(resolve: Any, workload: dict[str, Any], created: bool = False) -> dict[str, Any]:
    """Objects by kind, of a workload that is there already, or is to be created."""
    complete = resolve("tiers_workloads", tiers_roles=["web"], web_workload=workload, **NAMES)
    objects = resolve(
        "__tiers_first_manifests" if created else "tiers_manifests",
        manifests_workloads={"tiers": complete},
        preflight_plan={"handovers": [{"name": "web", "replicas": None}] if created else []},
    )
    return {each["kind"]: each for each in yaml.safe_load_all(objects) if each}


def with_resources(kind: str, resources: dict[str, Any]) -> dict[str, Any]:
    return {
        **WORKLOAD,
        "kind": kind,
        "service": {"name": "web", "spec": {}},
        "pod": {"containers": [{"name": "web", "resources": resources}]},
    }


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_the_same_quantity_in_another_spelling_changes_nothing(resolve: Any, kind: str) -> None:
    one = with_resources(kind, {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2000m", "memory": "2Gi"}})
    other = with_resources(kind, {"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": 2, "memory": 2147483648}})
    assert render(resolve, one) == render(resolve, other)


def test_another_quantity_is_another_template(resolve: Any) -> None:
    one, other = (with_resources("Deployment", {"requests": {"cpu": cpu}}) for cpu in ("500m", "600m"))
    labels = [render(resolve, each)["Deployment"]["spec"]["template"]["metadata"]["labels"] for each in (one, other)]
    assert labels[0]["jewelry-shop/pod-template"] != labels[1]["jewelry-shop/pod-template"]


def test_the_same_size_of_a_claim_in_another_spelling_changes_nothing(resolve: Any) -> None:
    stateful = {**WORKLOAD, "kind": "StatefulSet", "service": {"name": "web", "spec": {}}}
    one, other = (
        {**stateful, "volume_claim_templates": [{"spec": {"resources": {"requests": {"storage": size}}}}]} for size in ("10Gi", "10240Mi")
    )
    assert render(resolve, one) == render(resolve, other)
    claims = [resolve("storage_manifests", storage_media_size=size) for size in ("50Gi", "51200Mi")]
    assert claims[0] == claims[1]


@pytest.mark.parametrize("tag", ["a" * 128, "_1.0-", "V1_rc.1", "1.0"])
def test_any_tag_makes_legal_labels(resolve: Any, tag: str) -> None:
    for manifest in render(resolve, {**WORKLOAD, "version": tag}).values():
        version = manifest["metadata"]["labels"]["app.kubernetes.io/version"]
        assert 0 < len(version) <= 63
        assert version.strip("-_.") == version


def test_a_version_that_no_label_can_hold_is_left_out(resolve: Any) -> None:
    deployment = render(resolve, {**WORKLOAD, "version": "___"})["Deployment"]
    assert "app.kubernetes.io/version" not in deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == {"app": "jewelry-shop", "component": "web"}


@pytest.mark.parametrize(
    ("values", "version"),
    [
        ({"platform_image_tag": "v1"}, "v1"),
        ({"platform_image_tag": "v1", "platform_image_digest": f"sha256:{'a' * 64}"}, "v1"),
        ({"platform_image_tag": "", "platform_image_digest": f"sha256:{'a' * 64}"}, "a" * 12),
    ],
)
def test_the_version_of_the_application_is_its_tag_or_the_begin_of_its_digest(resolve: Any, values: dict[str, str], version: str) -> None:
    assert resolve("platform_app_version", platform_image="shop", **values) == version


@pytest.mark.parametrize("name", ["nginx", "postgresql", "redis"])
def test_the_version_of_the_other_images_is_theirs(workload: Any, name: str) -> None:
    image = f"registry:5000/other/image@sha256:{'a' * 64}"
    assert workload(name, **{f"{name}_image": image})["version"] == "a" * 12


@pytest.mark.parametrize(("extensions", "given"), [([], ""), (["postgis", "bloom"], "postgis,bloom")])
def test_the_database_is_prepared_with_the_extensions_of_the_settings(workload: Any, extensions: list[str], given: str) -> None:
    [prepare] = workload("postgresql", postgresql_extensions=extensions)["pod"]["initContainers"]
    assert {"name": "POSTGRESQL_EXTENSIONS", "value": given} in prepare["env"]
    assert prepare["resources"]["limits"]


def test_no_container_takes_the_superuser_from_a_user_that_is_to_stay_one(workload: Any) -> None:
    assert workload("postgresql", postgresql_user_is_superuser=True)["pod"]["initContainers"] == []


def test_a_tier_is_created_with_the_minimum_of_its_autoscaler(resolve: Any) -> None:
    assert render(resolve, AUTOSCALED, created=True)["Deployment"]["spec"]["replicas"] == 3
    assert "replicas" not in render(resolve, AUTOSCALED)["Deployment"]["spec"]


def test_a_pod_has_no_token_and_no_variables_of_services(resolve: Any) -> None:
    objects = render(resolve, WORKLOAD)
    spec = objects["Deployment"]["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"] == "web"
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False


def test_prometheus_names_the_job_of_a_metric_by_the_component(resolve: Any) -> None:
    objects = yaml.safe_load_all(
        resolve(
            "monitoring_manifests",
            manifests_workloads={
                "tiers": resolve("tiers_workloads", tiers_roles=["web"], web_workload=WORKLOAD, **NAMES),
                "data_services": [],
            },
            monitoring_service_monitors=True,
        )
    )
    [monitor] = [each for each in objects if each]
    assert monitor["spec"]["jobLabel"] == "component"
    assert monitor["metadata"]["labels"]["component"] == "web"


def test_the_variables_of_a_role_of_another_collection_begin_with_its_last_name(resolve: Any) -> None:
    description = {key: value for key, value in WORKLOAD.items() if key != "replicas"}
    [found] = resolve("tiers_workloads", tiers_roles=["acme.shop.web"], web_workload=description, web_replicas=7, **NAMES)
    assert found["replicas"] == 7


def test_a_rotation_replaces_exactly_the_pods_that_use_the_value(resolve: Any) -> None:
    given = {
        "platform_secrets": {"POSTGRES_PASSWORD": {"secret": "database", "key": "password"}},
        "platform_env_from": [{"config_map": "flags"}],
        "celery_worker_env": {"TOKEN": {"secret": "payment", "key": "token"}},
    }
    first = {"Secret/database": {"password": "1", "user": "1"}, "Secret/payment": {"token": "1"}, "ConfigMap/flags": {"A": "1"}}

    def templates(**changed: dict[str, str]) -> dict[str, Any]:
        revisions = {**first, **{name.replace("_", "/"): keys for name, keys in changed.items()}}
        found = resolve("tiers_workloads", **{**WORKLOAD_VALUES, **given}, preflight_existing={"revisions": revisions})
        return {workload["name"]: workload["template"] for workload in found}

    before = templates()

    def replaced(**changed: dict[str, str]) -> list[str]:
        return [name for name, template in templates(**changed).items() if template != before[name]]

    assert replaced(Secret_payment={"token": "2"}) == ["celery-worker"]
    assert replaced(Secret_database={"password": "2", "user": "1"}) == ["django", "celery-worker", "celery-beat"]
    assert replaced(Secret_database={"password": "1", "user": "2"}) == []
    assert replaced(ConfigMap_flags={"A": "1", "B": "1"}) == ["django", "celery-worker", "celery-beat"]


REDIS_IN_CLUSTER = {"platform_redis_provider": "in_cluster", "celery_worker_keda_enabled": True, "celery_worker_queues": ["celery"]}


def test_keda_reaches_redis_in_the_cluster_with_its_own_secret(workload: Any) -> None:
    found = workload("celery_worker", **REDIS_IN_CLUSTER)["autoscaling"]
    [trigger] = found["scaled_object"]["triggers"]
    assert (trigger["metadata"]["host"], trigger["metadata"]["port"]) == ("redis-service.jewelry-shop.svc", "6379")
    assert found["trigger_authentication"] == {
        "secretTargetRef": [{"parameter": "password", "name": "redis-secrets-0", "key": "REDIS_PASSWORD"}]
    }


def test_keda_needs_no_password_of_a_redis_without_one(workload: Any) -> None:
    found = workload("celery_worker", platform_redis_authentication=False, **REDIS_IN_CLUSTER)["autoscaling"]
    assert "trigger_authentication" not in found


def test_keda_gets_the_password_of_an_existing_secret(workload: Any) -> None:
    password = {"REDIS_PASSWORD": {"secret": "queues", "key": "word"}}
    found = workload("celery_worker", **{**REDIS_IN_CLUSTER, "platform_redis_provider": "external"}, platform_secrets=password)
    assert found["autoscaling"]["trigger_authentication"] == {
        "secretTargetRef": [{"parameter": "password", "name": "queues", "key": "word"}]
    }


def test_a_tier_of_keda_is_created_with_the_minimum(resolve: Any) -> None:
    triggers = [{"type": "cron", "metadata": {}}]
    numbers = {"min_replicas": 0, "max_replicas": 3, "tasks_per_replica": 0, "polling_seconds": 30, "cooldown_seconds": 300}
    settings = {f"web_keda_{key}": value for key, value in {"enabled": True, "triggers": triggers, **numbers}.items()}
    description = {key: value for key, value in WORKLOAD.items() if key != "replicas"}
    complete = resolve("tiers_workloads", tiers_roles=["web"], web_workload=description, **settings, **NAMES)
    plan = {"manifests_workloads": {"tiers": complete}, "preflight_plan": {"handovers": [{"name": "web", "replicas": None}]}}
    objects = {each["kind"]: each for each in yaml.safe_load_all(resolve("__tiers_first_manifests", **plan)) if each}
    assert objects["Deployment"]["spec"]["replicas"] == 0
    assert objects["ScaledObject"]["spec"]["triggers"] == triggers
    assert "PodDisruptionBudget" not in objects
    assert resolve("__tiers_first_replicas", **plan) == {"web": 0}


@pytest.mark.parametrize(
    ("settings", "uses"),
    [
        ({}, False),
        ({"celery_worker_keda_enabled": True}, True),
        ({"flower_keda_enabled": True}, True),
        ({"celery_worker_groups": [{"name": "a"}, {"name": "b", "keda_enabled": True}]}, True),
        ({"celery_worker_groups": [{"name": "a"}]}, False),
        ({"celery_worker_keda_enabled": True, "celery_worker_groups": [{"name": "a", "keda_enabled": False}]}, False),
    ],
)
def test_any_workload_can_use_keda(resolve: Any, settings: dict[str, Any], uses: bool) -> None:
    assert resolve("platform_uses_keda", **settings) is uses


@pytest.mark.parametrize(
    ("settings", "peers"),
    [
        (REDIS_IN_CLUSTER, ["keda"]),
        ({**REDIS_IN_CLUSTER, "platform_keda_namespace": "autoscaling"}, ["autoscaling"]),
        ({**REDIS_IN_CLUSTER, "celery_worker_keda_enabled": False}, []),
        ({**REDIS_IN_CLUSTER, "platform_redis_provider": "external"}, []),
    ],
)
def test_keda_reaches_redis_in_the_cluster_only_if_a_tier_uses_it(resolve: Any, settings: dict[str, Any], peers: list[str]) -> None:
    values = {"platform_image": "shop", "platform_image_tag": "1", "platform_redis_host": "redis.example.com"}
    policies = resolve("network_policies_manifests", **values, **settings)
    sources = [
        source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for policy in policies
        if policy["metadata"]["name"].startswith("redis-")
        for rule in policy["spec"].get("ingress", [])
        for source in rule.get("from", [])
        if "namespaceSelector" in source
    ]
    assert sources == peers
