# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the autoscalers and disruption budgets of the tiers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import entries
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import variable_prefix

# Type of a metric with the field that it has: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
_METRICS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_BEHAVIOR = ("scaleUp", "scaleDown")
_BUDGET = ("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy")
_BROKER = "CELERY_BROKER_URL"


class _Tier(NamedTuple):
    """A workload of a tier, or of a group of it, with its settings.

    Args:
        name: name of the workload.
        role: prefix of the variables of its role.
        values: the variables.
        own: settings of this group alone, without the prefix.
    """

    name: str
    role: str
    values: Values
    own: Mapping[str, Any]

    def get(self, key: str, default: Any) -> Any:
        """The value of a setting.

        Args:
            key: name of the setting, without the prefix.
            default: the value if there is no such setting.
        """
        value = self.own[key] if key in self.own else self.values.get(f"{self.role}_{key}")
        return default if value is None else value

    def number(self, key: str, default: int) -> int:
        """The value of a setting that is a number.

        Args:
            key: name of the setting, without the prefix.
            default: the value if there is no such setting.
        """
        return integer(self.get(key, default))

    def is_true(self, key: str) -> bool:
        """Whether a setting is true.

        Args:
            key: name of the setting, without the prefix.
        """
        return bool(boolean(self.get(key, False), strict=False))

    def setting(self, key: str) -> str:
        """Name of the variable of a setting, in messages.

        Args:
            key: name of the setting, without the prefix.
        """
        return f"{self.role}_groups[{self.name}].{key}" if key in self.own else f"{self.role}_{key}"

    @property
    def has_own_hpa(self) -> bool:
        """Whether the collection creates a HorizontalPodAutoscaler."""
        return self.is_true("hpa_enabled") and not self.is_true("hpa_external") and not self.is_true("keda_enabled")


def _tiers(v: Values) -> Iterator[_Tier]:
    # A description cannot be resolved before the names of all ConfigMaps are known.
    for role in map(variable_prefix, v["tiers_roles"]):
        groups = v.get(f"{role}_groups", [{}])
        # Rules report groups that are not valid.
        for group in groups if isinstance(groups, list) else ():
            if isinstance(group, Mapping):
                yield _Tier(str(group.get("name", role.replace("_", "-"))), role, v, group)


def _of_tiers(v: Values, find: Callable[[_Tier], str]) -> str:
    """What a function finds in each tier, each once."""
    return ", ".join(dict.fromkeys(found for tier in _tiers(v) if (found := find(tier))))


def _both(tier: _Tier) -> str:
    both = tier.is_true("hpa_enabled") and tier.is_true("keda_enabled")
    return tier.setting("hpa_enabled") if both else ""


def _without_metric(tier: _Tier) -> str:
    metrics = tier.number("hpa_cpu_percent", 0) or tier.number("hpa_memory_percent", 0) or tier.get("hpa_metrics", [])
    return tier.setting("hpa_cpu_percent") if tier.has_own_hpa and not metrics else ""


def _with_another_broker(v: Values) -> str:
    if _BROKER not in v["platform_secrets"]:
        return ""
    return _of_tiers(v, lambda tier: tier.setting("keda_tasks_per_replica") if _reads_queues(tier) else "")


def _reads_queues(tier: _Tier) -> bool:
    return tier.is_true("keda_enabled") and tier.number("keda_tasks_per_replica", 0) > 0


def _bounds(tier: _Tier) -> str:
    prefix = "keda" if tier.is_true("keda_enabled") else "hpa" if tier.has_own_hpa else ""
    if not prefix:
        return ""
    least, most = tier.number(f"{prefix}_min_replicas", 1), tier.number(f"{prefix}_max_replicas", 1)
    if least < (0 if prefix == "keda" else 1) or most < 1:
        name = tier.setting(f"{prefix}_min_replicas" if most >= 1 else f"{prefix}_max_replicas")
        return f"{name} is {least if most >= 1 else most}, which is too small"
    names = tier.setting(f"{prefix}_min_replicas"), tier.setting(f"{prefix}_max_replicas")
    return f"{names[0]} is {least}, which is more than {names[1]} ({most})" if least > most else ""


def _wrong_metrics(tier: _Tier) -> str:
    wrong = [
        f"{tier.setting('hpa_metrics')}[{number}]"
        for number, metric in enumerate(tier.get("hpa_metrics", []))
        if not isinstance(metric.get(_METRICS.get(str(metric.get("type")), "")), Mapping)
    ]
    return ", ".join(wrong)


def _unknown_fields(setting: str, known: tuple[str, ...]) -> Callable[[_Tier], str]:
    return lambda tier: ", ".join(f"{tier.setting(setting)}.{key}" for key in tier.get(setting, {}) or {} if key not in known)


def _wrong_triggers(tier: _Tier) -> str:
    return ", ".join(
        f"{tier.setting('keda_triggers')}[{number}]"
        for number, trigger in enumerate(tier.get("keda_triggers", []))
        if not (isinstance(trigger.get("type"), str) and _has_only_strings(trigger.get("metadata")))
    )


def _has_only_strings(metadata: Any) -> bool:
    return isinstance(metadata, Mapping) and all(isinstance(value, str) for value in metadata.values())


def _budget(tier: _Tier) -> Mapping[str, Any]:
    found = tier.get("disruption_budget", {})
    return found if isinstance(found, Mapping) else {}


def _two_limits(tier: _Tier) -> str:
    return tier.setting("disruption_budget") if {"minAvailable", "maxUnavailable"} <= _budget(tier).keys() else ""


def _blocking(v: Values) -> str:
    accepted = v["preflight_accepted_blocking_budgets"]
    return _of_tiers(v, lambda tier: tier.setting("disruption_budget") if tier.name not in accepted and _blocks(tier) else "")


def _blocks(tier: _Tier) -> bool:
    budget = _budget(tier)
    prefix = "keda_min_" if tier.is_true("keda_enabled") else "hpa_min_" if tier.is_true("hpa_enabled") else ""
    replicas = tier.number(f"{prefix}replicas", 1)
    # A single replica has no budget.
    if replicas < 2:
        return False
    if "minAvailable" in budget:
        return _pods(budget["minAvailable"], replicas) >= replicas
    return "maxUnavailable" in budget and _pods(budget["maxUnavailable"], replicas) == 0


def _pods(number: Any, replicas: int) -> int:
    """The number of pods that a number or a percentage means. Kubernetes rounds up. A wrong number is for the API server."""
    text = str(number)
    try:
        return math.ceil(replicas * int(text[:-1]) / 100) if text.endswith("%") else int(text)
    except ValueError:
        return 1


def _rendered(v: Values) -> list[Any]:
    # Without valid settings nothing is rendered.
    found: list[Any] = v.get("manifests_workloads", {}).get("tiers", [])
    return found


def _without_trigger(v: Values) -> str:
    scaled = [(each, (each.get("autoscaling") or {}).get("scaled_object")) for each in _rendered(v)]
    return ", ".join(workload["name"] for workload, spec in scaled if spec and not spec["triggers"])


def _without_request(v: Values) -> str:
    """The containers without the request that a metric of the HorizontalPodAutoscaler refers to."""
    # The API server adds the defaults of a LimitRange to the pods.
    limits = [entry for limit_range in v["preflight_plan"].get("limit_ranges", ()) for entry in limit_range["limits"]]
    added = {resource for entry in limits for key in ("default", "defaultRequest") for resource in entry.get(key) or ()}
    found = [
        f"container {container['name']} of {workload['name']} has no {resource} request"
        for workload in _rendered(v)
        for resource, only in _resources((workload.get("autoscaling") or {}).get("horizontal_pod_autoscaler") or {})
        for container in _running(workload["template"]["spec"])
        if only in ("", container["name"]) and resource not in added and not _has_request(container, resource)
    ]
    return ", ".join(dict.fromkeys(found))


def _resources(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The resources whose use the metrics compare with the requests, and the container; empty for all containers."""
    for metric in spec.get("metrics") or ():
        source = metric.get(_METRICS.get(str(metric.get("type")), "")) or {}
        if metric.get("type") in ("Resource", "ContainerResource") and (source.get("target") or {}).get("type") == "Utilization":
            yield str(source.get("name")), str(source.get("container") or "")


def _running(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    sidecars = [each for each in entries(spec, "initContainers") if each.get("restartPolicy") == "Always"]
    return [*entries(spec, "containers"), *sidecars]


def _has_request(container: Mapping[str, Any], resource: str) -> bool:
    resources = container.get("resources") or {}
    # The API server copies a limit without a request.
    return any((resources.get(kind) or {}).get(resource) for kind in ("requests", "limits"))


RULES = (
    Rule(
        lambda v: _of_tiers(v, _both),
        "{} is true, but KEDA is enabled too and creates the HorizontalPodAutoscaler itself: set one of them to false in "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: _of_tiers(v, _without_metric),
        "The HorizontalPodAutoscaler has no metric, because {} is 0: set it, or <tier>_hpa_memory_percent or <tier>_hpa_metrics, in "
        "{preflight_values_file}.",
    ),
    Rule(
        _with_another_broker,
        "KEDA reads the queues from REDIS_HOST, but platform_secrets.CELERY_BROKER_URL can name another broker: remove the URL, or set {} "
        "to 0 and <tier>_keda_triggers to triggers of your own, in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _of_tiers(v, _bounds),
        "{}: correct it in {preflight_values_file}. Only the minimum of KEDA can be 0.",
    ),
    Rule(
        lambda v: _of_tiers(v, _wrong_metrics),
        "{} needs a type (" + ", ".join(_METRICS) + ") and the field of this type: write it as in the spec of a HorizontalPodAutoscaler "
        "(autoscaling/v2) in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _of_tiers(v, _unknown_fields("hpa_behavior", _BEHAVIOR)),
        "{} is not a field of the behavior of a HorizontalPodAutoscaler: use " + " or ".join(_BEHAVIOR) + " in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _of_tiers(v, _wrong_triggers),
        "{} needs a type, and metadata whose values are all strings: quote the numbers in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _of_tiers(v, _unknown_fields("disruption_budget", _BUDGET)),
        "{} is not a field of a PodDisruptionBudget that you can set: use " + ", ".join(_BUDGET) + " in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _of_tiers(v, _two_limits),
        "{} has minAvailable and maxUnavailable, but a PodDisruptionBudget can have only one of them: remove one in "
        "{preflight_values_file}.",
    ),
    Rule(
        _blocking,
        "{} allows no eviction with the minimum number of replicas, so a node could not be drained: correct it in {preflight_values_file}, "
        "or add the tier to preflight_accepted_blocking_budgets there.",
    ),
)
# After the manifests are rendered.
PLANNED = (
    Rule(
        _without_trigger,
        "KEDA has no trigger for {}: set <tier>_keda_tasks_per_replica for a tier with queues, or <tier>_keda_triggers, in "
        "{preflight_values_file}.",
    ),
    Rule(
        _without_request,
        "The HorizontalPodAutoscaler could not compute the use in percent, because {}: set it in {preflight_values_file} "
        "(<tier>_resources, or the resources of the container in <tier>_pod).",
    ),
)
