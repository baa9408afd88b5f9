"""The objects that remove.yml shows before it removes them."""

from __future__ import annotations

from typing import Any

import pytest


def item(kind: str, name: str, **further: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **further}


FOUND = {
    "results": [
        {"resources": [item("Deployment", "django"), item("StatefulSet", "redis")]},
        {"resources": [item("PersistentVolumeClaim", "media-pvc")]},
    ]
}
OWN = {"results": [{"resources": [item("Service", "django-service")]}, {"resources": []}]}
RECORDED = [
    {"stage": "extra_objects", "action": "remove", "namespace": "", "kind": "ClusterRole", "name": "reader"},
    {"stage": "extra_objects", "action": "remove", "namespace": "", "kind": "ConfigMap", "name": "extra-objects"},
    {"stage": "extra_objects", "action": "none", "namespace": "", "kind": "ClusterRole", "name": "kept"},
    {"stage": "tiers", "action": "remove", "namespace": "", "kind": "Deployment", "name": "former"},
]
MONITORING = {"ServiceMonitor", "PrometheusRule"}


@pytest.mark.parametrize(
    ("forbidden", "title", "shown"),
    [
        (
            [],
            "Namespace shop of https://cluster with everything in it, including:",
            ["Deployment django", "StatefulSet redis", "PersistentVolumeClaim media-pvc", "ClusterRole reader"],
        ),
        (
            ["delete namespaces"],
            "Objects in namespace shop of https://cluster (the namespace and its claims stay, because this credential cannot delete them):",
            ["Deployment django", "StatefulSet redis", "Service django-service", "ClusterRole reader"],
        ),
    ],
)
def test_the_list_has_what_is_removed(resolve: Any, forbidden: list[str], title: str, shown: list[str]) -> None:
    plan = {"cluster": {"host": "https://cluster"}, "forbidden": forbidden}
    values = {"platform_namespace": "shop", "preflight_plan": plan, "remove_plan": {"objects": RECORDED}}
    first, *lines = resolve("__remove_list", remove_found=FOUND, remove_own=OWN, **values)
    assert first == title
    assert lines == shown


def test_objects_of_keda_are_looked_for_before_its_autoscalers_if_the_platform_uses_it(resolve: Any) -> None:
    kinds = [each["kind"] for each in resolve("__remove_kinds", celery_worker_keda_enabled=True)]
    assert kinds.index("ScaledObject") < kinds.index("HorizontalPodAutoscaler")
    assert "TriggerAuthentication" in kinds
    assert "ScaledObject" not in [each["kind"] for each in resolve("__remove_kinds")]


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ({}, set()),
        ({"monitoring_service_monitors": True}, {"ServiceMonitor"}),
        ({"monitoring_rules": True}, {"PrometheusRule"}),
        ({"monitoring_service_monitors": True, "monitoring_rules": True}, MONITORING),
    ],
)
def test_objects_of_the_prometheus_operator_are_looked_for_only_if_the_platform_creates_them(
    resolve: Any, settings: dict[str, bool], kinds: set[str]
) -> None:
    """The API server of a cluster without the operator does not serve these kinds."""
    found = [each["kind"] for each in resolve("__remove_kinds", **settings)]
    assert MONITORING & {*found} == kinds
    assert found[-1] == "NetworkPolicy"
