# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan shares with others: autoscalers and budgets of its pods, pods in its namespace, ports of its Services.

Pure functions (private to the collection), except find_others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import (
    CHANGE,
    REMOVE,
    TAKE_OVER,
    Manifest,
    Planned,
    subject,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import OUR_LABELS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.scaling import SCALED, leaves_replicas_out
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import ENFORCED, LEVELS, pod_level

AUTOSCALER, BUDGET = "HorizontalPodAutoscaler", "PodDisruptionBudget"
# KEDA creates an autoscaler for each of these.
_KEDA = "ScaledObject"


class Api(Protocol):
    """The function of the cluster that finds them."""

    def listed(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        """The objects of a kind in a namespace."""


def find_others(api: Api, entries: Sequence[Planned]) -> dict[str, list[dict[str, Any]]]:
    """Find what others have on the pods, in the namespaces and behind the Services of a plan.

    Args:
        api: the cluster.
        entries: the entries of a plan.

    Returns:
        C(other_autoscalers), C(other_budgets), C(cut_off_pods) and C(lost_ports).

    Raises:
        PlatformError: the objects cannot be listed.
    """
    namespaces = list(dict.fromkeys(_place(entry.manifest)[1] for entry in _workloads(entries)))
    autoscalers, budgets = (
        [item for namespace in namespaces for item in api.listed(api_version, kind, namespace)]
        for api_version, kind in (("autoscaling/v2", AUTOSCALER), ("policy/v1", BUDGET))
    )
    pods = [pod for namespace in enforced_levels(entries) for pod in api.listed("v1", "Pod", namespace)]
    return {
        "other_autoscalers": other_autoscalers(entries, autoscalers),
        "other_budgets": other_budgets(entries, budgets),
        "cut_off_pods": cut_off_pods(entries, pods),
        "lost_ports": lost_ports(entries),
    }


def other_autoscalers(entries: Sequence[Planned], live: Iterable[Manifest]) -> list[dict[str, Any]]:
    """Autoscalers that scale a planned workload and do not come from the stage of the workload.

    A workload whose replicas are left to another tool has one autoscaler of another source.

    Args:
        entries: the entries of a plan.
        live: the live autoscalers.

    Returns:
        For each autoscaler C(name), C(namespace), C(target), C(owner), the object that created it, C(own), the autoscaler of the
        collection, and C(stage), if it is among the manifests of another stage.
    """
    found = []
    for entry in _workloads(entries):
        own = [each for each in _of_stage(entries, (AUTOSCALER, _KEDA), entry.stage) if _scales(each.manifest, entry.manifest)]
        others = [other for other in _others(entries, live, AUTOSCALER, entry.stage) if _scales(other["manifest"], entry.manifest)]
        if len(others) == 1 and not own and leaves_replicas_out(entry.manifest):
            continue
        target = f"{entry.manifest['kind']} {entry.manifest['metadata']['name']}"
        found += [{**_shown(other), "target": target, "own": subject(own[0].manifest) if own else ""} for other in others]
    return found


def other_budgets(entries: Sequence[Planned], live: Iterable[Manifest]) -> list[dict[str, Any]]:
    """Budgets that select pods for which the collection has a budget too. Kubernetes evicts no pod that two budgets select.

    Args:
        entries: the entries of a plan.
        live: the live budgets.

    Returns:
        For each budget C(name), C(namespace), C(targets), C(owner), C(own), the budgets of the collection for the same pods, and
        C(stage), if it is among the manifests of another stage.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for stage in dict.fromkeys(entry.stage for entry in _workloads(entries)):
        workloads = [entry.manifest for entry in _workloads(entries) if entry.stage == stage]
        for other in _others(entries, live, BUDGET, stage):
            selected = [workload for workload in workloads if _selects(other["manifest"], workload)]
            own = [
                each.manifest
                for each in _of_stage(entries, (BUDGET,), stage)
                if any(_selects(each.manifest, workload) for workload in selected)
            ]
            if own:
                entry = found.setdefault((other["namespace"], other["name"]), {**_shown(other), "targets": [], "own": []})
                entry["targets"] += [f"{each['kind']} {each['metadata']['name']}" for each in selected]
                entry["own"] += [subject(each) for each in own]
    return list(found.values())


def enforced_levels(entries: Iterable[Planned]) -> dict[str, str]:
    """The Pod Security levels that existing namespaces would newly enforce, by name of the namespace.

    Args:
        entries: the entries of a plan.
    """
    changed = [entry for entry in entries if entry.manifest["kind"] == "Namespace" and entry.action == CHANGE]
    levels = {entry.manifest["metadata"]["name"]: _labels(entry.after).get(ENFORCED, "") for entry in changed}
    return {name: level for name, level in levels.items() if level in LEVELS}


def cut_off_pods(entries: Sequence[Planned], live: Iterable[Manifest]) -> list[dict[str, str]]:
    """Pods that do not belong to the platform and that a newly enforced Pod Security level would not allow.

    Running pods stay, but the API server rejects the pods that replace them.

    Args:
        entries: the entries of a plan.
        live: the live pods of the namespaces.

    Returns:
        C(name), C(namespace), and the levels C(enforced) and C(needed) of each pod.
    """
    enforced = enforced_levels(entries)
    # Adopted pods of an earlier installation are replaced.
    selectors = [entry.manifest["spec"].get("selector") for entry in _workloads(entries)]
    found = []
    for pod in live:
        metadata, labels = pod["metadata"], _labels(pod)
        has_ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        level, needed = enforced.get(metadata["namespace"], ""), pod_level(pod["spec"])
        is_ours = labels.items() >= OUR_LABELS.items() or any(selects(selector, labels) for selector in selectors)
        if level and not has_ended and not is_ours and LEVELS.index(needed) > LEVELS.index(level):
            found.append({"name": metadata["name"], "namespace": metadata["namespace"], "enforced": level, "needed": needed})
    return found


def lost_ports(entries: Iterable[Planned]) -> list[dict[str, Any]]:
    """Ports that a Service of an existing installation would lose when it is adopted.

    Args:
        entries: the entries of a plan.

    Returns:
        C(name), C(namespace) and C(ports) of each Service.
    """
    adopted = [entry for entry in entries if entry.manifest["kind"] == "Service" and entry.action == TAKE_OVER]
    found = []
    for entry in adopted:
        before, after = (_ports(side) for side in (entry.before, entry.after))
        if lost := [port for port in before if port not in after]:
            metadata = entry.manifest["metadata"]
            found.append({"name": metadata["name"], "namespace": metadata.get("namespace", ""), "ports": lost})
    return found


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    labels: Mapping[str, str] = (item.get("metadata") or {}).get("labels") or {}
    return labels


def _ports(item: Mapping[str, Any]) -> list[int]:
    return [port["port"] for port in (item.get("spec") or {}).get("ports") or ()]


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects an object. An empty selector selects each object, and none selects nothing.

    Args:
        selector: the LabelSelector.
        labels: the labels of the object.
    """
    if selector is None:
        return False
    named = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return named and all(_meets(expression, labels) for expression in selector.get("matchExpressions") or ())


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(expression["operator"], False)


def _place(manifest: Mapping[str, Any]) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def _workloads(entries: Iterable[Planned]) -> list[Planned]:
    return [entry for entry in entries if entry.action != REMOVE and entry.manifest["kind"] in SCALED]


def _of_stage(entries: Iterable[Planned], kinds: Collection[str], stage: str) -> list[Planned]:
    return [each for each in entries if each.stage == stage and each.manifest["kind"] in kinds and each.action != REMOVE]


def _others(entries: Iterable[Planned], live: Iterable[Manifest], kind: str, stage: str) -> list[dict[str, Any]]:
    """Objects of a kind that are among the manifests of other stages, or that no stage applies or removes."""
    entries = list(entries)
    planned = {_place(entry.manifest) for entry in entries}
    found = [(entry.manifest, entry.stage) for entry in entries if entry.stage != stage and entry.action != REMOVE]
    found = [(manifest, source) for manifest, source in found if manifest["kind"] == kind]
    found += [(item, "") for item in live if _place(item) not in planned and _owner(item) not in planned]
    return [
        {
            "manifest": manifest,
            "name": manifest["metadata"]["name"],
            "namespace": manifest["metadata"].get("namespace", ""),
            "owner": " ".join(part for index, part in enumerate(_owner(manifest)) if index != 1),
            "stage": source,
        }
        for manifest, source in found
    ]


def _shown(other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in other.items() if key != "manifest"}


def _owner(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The place of the object that controls another, such as the ScaledObject of an autoscaler; empty if there is none."""
    metadata = item["metadata"]
    owners = [each for each in metadata.get("ownerReferences") or () if each.get("controller")]
    return (owners[0]["kind"], metadata.get("namespace", ""), owners[0]["name"]) if owners else ()


def _scales(autoscaler: Mapping[str, Any], workload: Mapping[str, Any]) -> bool:
    target = autoscaler["spec"].get("scaleTargetRef") or {}
    # The kind of a ScaledObject's target is Deployment if it is not given.
    scaled = (target.get("kind", "Deployment"), autoscaler["metadata"].get("namespace", ""), target.get("name"))
    return scaled == _place(workload)


def _selects(budget: Mapping[str, Any], workload: Mapping[str, Any]) -> bool:
    labels = (workload["spec"]["template"].get("metadata") or {}).get("labels") or {}
    same_namespace = budget["metadata"].get("namespace", "") == workload["metadata"].get("namespace", "")
    return same_namespace and selects(budget["spec"].get("selector"), labels)
