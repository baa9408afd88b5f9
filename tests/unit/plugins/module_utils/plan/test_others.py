# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Autoscalers and budgets of other sources beside those of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import CHANGE, NONE, REMOVE, TAKE_OVER, Planned
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.others import (
    cut_off_pods,
    find_others,
    lost_ports,
    other_autoscalers,
    other_budgets,
    selects,
)

Manifest = dict[str, Any]


def workload(name: str = "django", replicas: int | None = 2, kind: str = "Deployment") -> Manifest:
    labels = {"app": "jewelry-shop", "component": name}
    number = {} if replicas is None else {"replicas": replicas}
    spec = {**number, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {}}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def autoscaler(name: str = "django-hpa", target: str = "django", kind: str = "Deployment", owner: str = "") -> Manifest:
    owners = [{"kind": "ScaledObject", "name": owner, "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "shop", **({"ownerReferences": owners} if owners else {})}
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": target}
    return {"kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": {"scaleTargetRef": reference, "maxReplicas": 5}}


def scaled_object(name: str = "django") -> Manifest:
    return {"kind": "ScaledObject", "metadata": {"name": name, "namespace": "shop"}, "spec": {"scaleTargetRef": {"name": "django"}}}


def budget(name: str = "django-pdb", selector: Manifest | None = None, **spec: Any) -> Manifest:
    selector = {"matchLabels": {"component": "django"}} if selector is None else selector
    spec = {"selector": selector, **(spec or {"maxUnavailable": 1})}
    return {"kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def planned(*manifests: Manifest, stage: str = "tiers", action: str = NONE) -> list[Planned]:
    return [Planned(stage, manifest, action) for manifest in manifests]


OWN = "HorizontalPodAutoscaler shop/django"


@pytest.mark.parametrize(
    ("entries", "live", "expected"),
    [
        pytest.param(planned(workload()), [autoscaler()], [("django-hpa", "Deployment django", "", "", "")], id="fixed replicas"),
        pytest.param(
            planned(workload(replicas=None), autoscaler("django")),
            [autoscaler("django"), autoscaler()],
            [("django-hpa", "Deployment django", OWN, "", "")],
            id="beside the own one",
        ),
        pytest.param(planned(workload(replicas=None)), [autoscaler()], [], id="the external autoscaler"),
        pytest.param(
            planned(workload(replicas=None)),
            [autoscaler("one"), autoscaler("two")],
            [("one", "Deployment django", "", "", ""), ("two", "Deployment django", "", "", "")],
            id="two external autoscalers",
        ),
        pytest.param(
            [*planned(workload()), *planned(autoscaler("django"), action=REMOVE)], [autoscaler("django")], [], id="removed by the run"
        ),
        pytest.param(
            planned(workload(replicas=None), scaled_object()), [autoscaler("keda-hpa-django", owner="django")], [], id="KEDA's own"
        ),
        pytest.param(
            [*planned(workload()), *planned(scaled_object(), action=REMOVE)],
            [autoscaler("keda-hpa-django", owner="django")],
            [],
            id="KEDA's own, removed by the run",
        ),
        pytest.param(
            planned(workload()),
            [autoscaler("keda-hpa-x", owner="x")],
            [("keda-hpa-x", "Deployment django", "", "ScaledObject x", "")],
            id="of another ScaledObject",
        ),
        pytest.param(
            [*planned(workload(replicas=None), scaled_object()), *planned(autoscaler(), stage="extra_objects")],
            [autoscaler("keda-hpa-django", owner="django"), autoscaler()],
            [("django-hpa", "Deployment django", "ScaledObject shop/django", "", "extra_objects")],
            id="among the additional objects",
        ),
        pytest.param(
            [*planned(workload(replicas=None)), *planned(autoscaler(), stage="extra_objects")],
            [autoscaler()],
            [],
            id="the external autoscaler is an additional object",
        ),
        pytest.param(planned(workload()), [autoscaler(target="other"), autoscaler(kind="StatefulSet")], [], id="another target"),
    ],
)
def test_autoscalers_of_other_sources(entries: list[Planned], live: list[Manifest], expected: list[tuple[str, ...]]) -> None:
    found = other_autoscalers(entries, live)
    assert [tuple(each[key] for key in ("name", "target", "own", "owner", "stage")) for each in found] == expected


ALL = {"matchLabels": {"app": "jewelry-shop"}}
MINE = "PodDisruptionBudget shop/django"


@pytest.mark.parametrize(
    ("entries", "live", "expected"),
    [
        pytest.param(
            planned(workload(), budget("django")),
            [budget("django"), budget()],
            [("django-pdb", ["Deployment django"], [MINE])],
            id="two budgets",
        ),
        pytest.param(
            [*planned(workload("redis", 1, "StatefulSet"), stage="data_services"), *planned(workload(), budget("django"))],
            [budget(selector=ALL, maxUnavailable=0)],
            [("django-pdb", ["Deployment django"], [MINE])],
            id="of all pods",
        ),
        pytest.param(planned(workload(replicas=1)), [budget(maxUnavailable=0)], [], id="the only budget"),
        pytest.param(planned(workload(), budget("django")), [budget(selector={"matchLabels": {"component": "x"}})], [], id="other pods"),
        pytest.param(
            [*planned(workload()), *planned(budget("django"), action=REMOVE)],
            [budget("django", minAvailable=2)],
            [],
            id="removed by the run",
        ),
        pytest.param(
            [*planned(workload(), budget("django")), *planned(budget(), stage="extra_objects")],
            [],
            [("django-pdb", ["Deployment django"], [MINE])],
            id="among the additional objects",
        ),
    ],
)
def test_budgets_of_other_sources(entries: list[Planned], live: list[Manifest], expected: list[tuple[Any, ...]]) -> None:
    found = other_budgets(entries, live)
    assert [tuple(each[key] for key in ("name", "targets", "own")) for each in found] == expected


@pytest.mark.parametrize(
    ("selector", "is_selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "a"}}, True),
        ({"matchLabels": {"app": "a", "managed-by": "kustomize"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["b", "a"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_a_selector_selects_labels(selector: Manifest | None, is_selected: bool) -> None:
    assert selects(selector, {"app": "a"}) is is_selected


ENFORCE = "pod-security.kubernetes.io/enforce"


def namespace(level: str = "restricted", action: str = CHANGE) -> Planned:
    after = {"metadata": {"labels": {ENFORCE: level}}} if level else {"metadata": {"labels": {"team": "a"}}}
    return Planned("namespace", {"kind": "Namespace", "metadata": {"name": "shop"}}, action, {}, after)


def pod(name: str = "legacy-0", phase: str = "Running", labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    return {
        "metadata": {"name": name, "namespace": "shop", "labels": labels or {}},
        "spec": {"containers": [{"name": "main"}], **spec},
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("entries", "live", "expected"),
    [
        pytest.param([namespace()], pod(), [("legacy-0", "restricted", "baseline")], id="not restricted"),
        pytest.param([namespace("baseline")], pod(), [], id="baseline"),
        pytest.param([namespace("baseline")], pod(hostNetwork=True), [("legacy-0", "baseline", "privileged")], id="privileged"),
        pytest.param([namespace(action=NONE)], pod(), [], id="already enforced"),
        pytest.param([namespace("")], pod(), [], id="another label"),
        pytest.param([namespace()], pod(phase="Succeeded"), [], id="has ended"),
        pytest.param(
            [namespace()], pod(labels={"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}), [], id="of the platform"
        ),
        pytest.param(
            [namespace(), *planned(workload())],
            pod(labels={"app": "jewelry-shop", "component": "django", "managed-by": "kustomize"}),
            [],
            id="of an installation that is adopted",
        ),
    ],
)
def test_pods_that_a_new_level_cuts_off(entries: list[Planned], live: Manifest, expected: list[tuple[str, str, str]]) -> None:
    assert [(each["name"], each["enforced"], each["needed"]) for each in cut_off_pods(entries, [live])] == expected


def service(action: str, before: list[int], after: list[int]) -> Planned:
    manifest = {"kind": "Service", "metadata": {"name": "django-service", "namespace": "shop"}}
    return Planned("tiers", manifest, action, with_ports(before), with_ports(after))


def with_ports(ports: list[int]) -> Manifest:
    return {"spec": {"ports": [{"port": port} for port in ports]}} if ports else {}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (service(TAKE_OVER, [80, 8000], [8000]), [[80]]),
        (service(TAKE_OVER, [80], [8000, 80]), []),
        (service(TAKE_OVER, [], []), []),
        # The collection had applied the port.
        (service(CHANGE, [80, 443], [80]), []),
    ],
)
def test_an_adopted_service_loses_ports(entry: Planned, expected: list[list[int]]) -> None:
    assert [each["ports"] for each in lost_ports([entry])] == expected


def test_each_namespace_with_workloads_is_read() -> None:
    class Cluster:
        asked: list[tuple[str, str, str]] = []  # noqa: RUF012

        def listed(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
            self.asked.append((api_version, kind, namespace))
            return {"HorizontalPodAutoscaler": [autoscaler()], "Pod": [pod()]}.get(kind, [budget(maxUnavailable=0)])

    entries = [*planned(workload(), workload("nginx"), budget("django")), namespace(), service(TAKE_OVER, [80], [8000])]
    found = find_others(Cluster(), entries)
    autoscalers, budgets = ("autoscaling/v2", "HorizontalPodAutoscaler", "shop"), ("policy/v1", "PodDisruptionBudget", "shop")
    assert Cluster.asked == [autoscalers, budgets, ("v1", "Pod", "shop")]
    assert {key: [each["name"] for each in listed] for key, listed in found.items()} == {
        "other_autoscalers": ["django-hpa"],
        "other_budgets": ["django-pdb"],
        "cut_off_pods": ["legacy-0"],
        "lost_ports": ["django-service"],
    }
    Cluster.asked.clear()
    find_others(Cluster(), planned(workload()))
    assert Cluster.asked == [autoscalers, budgets]
