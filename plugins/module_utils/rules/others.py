# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for what the platform shares with others: autoscalers and budgets of its pods, its namespace and the ports of its Services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lists import first_names
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import NAME, named_groups
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import ENFORCED, LEVELS

_MOST_NAMES = 5


def _autoscalers(v: Values) -> str:
    return " ".join(_about_autoscaler(v, each) for each in v["preflight_plan"].get("other_autoscalers", ()))


def _about_autoscaler(v: Values, other: Mapping[str, Any]) -> str:
    subject, target = _subject("HorizontalPodAutoscaler", other), other["target"]
    enabled, external = (_setting(v, target, key) for key in ("hpa_enabled", "hpa_external"))
    is_external = bool(enabled.value and external.value)
    effect = (
        f"{other['own']} scales it too, and Kubernetes stops both."
        if other["own"]
        else "Another autoscaler scales it too, and Kubernetes stops both."
        if is_external
        else "This run would set another number of replicas."
    )
    keep = f", or set {enabled.name} and {external.name} to true in {v['preflight_values_file']} to keep it"
    cure = _removal(v, "horizontalpodautoscaler", other) + ("" if is_external or target.startswith("StatefulSet") else keep)
    return f"{subject} is not managed by this collection, but scales {target}. {effect} {cure}."


class _Setting(NamedTuple):
    """A setting of a workload.

    Args:
        name: name for messages.
        value: the value; None if there is no such setting.
    """

    name: str
    value: Any


def _setting(v: Values, target: str, key: str) -> _Setting:
    """The setting of the tier or of the group of workers that a workload belongs to."""
    name = target.split()[-1]
    workloads = [workload for stage in v.get("manifests_workloads", {}).values() for workload in stage if workload["name"] == name]
    whole = next((workload["group_of"] for workload in workloads if workload.get("group_of")), name).replace("-", "_")
    group = next((group for group in named_groups(v.get(f"{whole}_groups")) if group[NAME] == name), {})
    of_role = f"{whole}_{key}"
    value = group.get(key, v.get(of_role))
    if whole.replace("_", "-") != name or key in group:
        return _Setting(f"{whole}_groups[{name}].{key}", value)
    return _Setting(of_role if of_role in v else f"<tier>_{key}", value)


def _budgets(v: Values) -> str:
    return " ".join(_about_budget(v, each) for each in v["preflight_plan"].get("other_budgets", ()))


def _about_budget(v: Values, other: Mapping[str, Any]) -> str:
    subject, targets = _subject("PodDisruptionBudget", other), " and ".join(other["targets"])
    effect = f"{' and '.join(other['own'])} selects them too. Kubernetes evicts no pod that has two budgets, so a node cannot be drained."
    cure = _removal(v, "poddisruptionbudget", other)
    return f"{subject} is not managed by this collection, but selects the pods of {targets}. {effect} {cure}."


def _subject(kind: str, other: Mapping[str, Any]) -> str:
    return f"{kind} {other['namespace']}/{other['name']}"


def _removal(v: Values, kind: str, other: Mapping[str, Any]) -> str:
    if other["stage"]:
        return f"Remove it from {other['stage']}_manifests in {v['preflight_values_file']}"
    owner_kind, _space, owner = other["owner"].partition(" ")
    # The controller of the owner would create it again.
    named = f"{owner_kind.lower()} {owner}" if owner else f"{kind} {other['name']}"
    return f"Delete it with kubectl delete {named} -n {other['namespace']}"


def _cut_off(v: Values) -> dict[str, str]:
    pods = v["preflight_plan"].get("cut_off_pods", ())
    if not pods:
        return {}
    names = [each["name"] for each in pods]
    needed = max((each["needed"] for each in pods), key=LEVELS.index)
    setting = f"{ENFORCED} in namespace_labels" if ENFORCED in v["namespace_labels"] else "namespace_pod_security"
    return {"level": pods[0]["enforced"], "pods": first_names(names, _MOST_NAMES), "needed": needed, "setting": setting}


def _lost_ports(v: Values) -> str:
    return " ".join(_about_service(v, each) for each in v["preflight_plan"].get("lost_ports", ()))


def _about_service(v: Values, service: Mapping[str, Any]) -> str:
    name, setting = service["name"], f"{service['name'].removesuffix('-service').replace('-', '_')}_service_ports"
    ports = f"port{'s' if len(service['ports']) > 1 else ''} {', '.join(map(str, service['ports']))}"
    keep = f"Add what clients use to {setting} in {v['preflight_values_file']}. " if setting in v else ""
    remove = f"kubectl edit service {name} -n {service['namespace']}"
    return f"Service {service['namespace']}/{name} would lose {ports}. {keep}Remove a port that no client uses first: {remove}."


RULES = (
    Rule(_autoscalers, "{}"),
    Rule(_budgets, "{}"),
    Rule(
        _cut_off,
        "Namespace {platform_namespace} would enforce the Pod Security level {0[level]}, which does not allow these pods that are not "
        "managed by this collection: {0[pods]}. The API server would reject the pods that replace them. Move them to another namespace, "
        "or set {0[setting]} in {preflight_values_file} to {0[needed]}.",
    ),
    Rule(_lost_ports, "{}"),
)
