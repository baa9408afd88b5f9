# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the settings in the format of Kubernetes that change pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import naming_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, setting_names, workload_settings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.volumes import volume_settings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import CONTAINERS, LEVELS, entries, needed_levels

_ENFORCED = "pod-security.kubernetes.io/enforce"
# Lists of a fragment, whose entries are mappings with a name.
_LISTS = (*CONTAINERS, "volumes")
_MAPPINGS = ("affinity", "dnsConfig", "metadata", "nodeSelector", "securityContext")
_METADATA = ("labels", "annotations")
_GRACE_PERIOD = "termination_grace_period_seconds"
# Labels and annotations with this prefix are the collection's own.
_OWN_PREFIX = "jewelry-shop/"


def _fragments(v: Values) -> dict[str, Mapping[str, Any]]:
    """The fragments by the name of their setting. A tier of another collection may have no such setting."""
    return {name: v[name] for name in ("platform_pod", "job_pod") if name in v} | workload_settings(v, "pod")


def _account_settings(v: Values) -> dict[str, Any]:
    key = "service_account_annotations"
    return {name: v[name] for name in (f"platform_{key}", f"job_{key}") if name in v} | workload_settings(v, key)


def _wrong_forms(v: Values) -> str:
    return ", ".join(
        f"{name}.{key}"
        for name, fragment in _fragments(v).items()
        for key in _LISTS
        if key in fragment and [each for each in entries(fragment, key) if "name" in each] != fragment[key]
    )


def _no_mappings(v: Values) -> str:
    return ", ".join(
        f"{name}.{path}"
        for name, fragment in _fragments(v).items()
        for values, prefix, keys in ((fragment, "", _MAPPINGS), (_mapping(fragment, "metadata"), "metadata.", _METADATA))
        for path in [f"{prefix}{key}" for key in keys if key in values and not isinstance(values[key], Mapping)]
    )


def _nested(v: Values) -> str:
    wrong = ("apiVersion", "kind", "spec", "template")
    return ", ".join(
        f"{name}.{path}"
        for name, fragment in _fragments(v).items()
        for path in [
            *(key for key in wrong if key in fragment),
            *(f"metadata.{key}" for key in _mapping(fragment, "metadata") if key not in _METADATA),
        ]
    )


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _metadata(fragment: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _mapping(_mapping(fragment, "metadata"), key)


def _own_labels(v: Values) -> str:
    # The names of all labels have a rule that knows `app`.
    own = {"component", "app.kubernetes.io/component", "app.kubernetes.io/version", *v["__platform_labels"]} - {"app"}
    return ", ".join(
        f"{name}.metadata.{key}.{label}"
        for name, fragment in _fragments(v).items()
        for key in ("labels", "annotations")
        for label in _metadata(fragment, key)
        if label.startswith(_OWN_PREFIX) or (key == "labels" and label in own)
    )


def _names(v: Values) -> str:
    settings: list[dict[str, Any]] = [
        {"name": f"{name}.metadata.{key}", "rule": key, "value": _metadata(fragment, key)}
        for name, fragment in _fragments(v).items()
        for key in ("labels", "annotations")
    ]
    settings += [{"name": name, "rule": "annotations", "value": value} for name, value in _account_settings(v).items()]
    return "; ".join(naming_problems(settings))


def _grace_periods(v: Values) -> dict[str, str]:
    given = [name for name, fragment in _fragments(v).items() if "terminationGracePeriodSeconds" in fragment]
    settings = {"platform_pod": f"<tier>_{_GRACE_PERIOD}"}
    settings |= {name: name.removesuffix("pod") + _GRACE_PERIOD for name in given if _has_grace_period(v, name)}
    found = {f"{name}.terminationGracePeriodSeconds": settings[name] for name in given if name in settings}
    return {"fields": ", ".join(found), "settings": ", ".join(found.values())} if found else {}


def _has_grace_period(v: Values, name: str) -> bool:
    role = name.partition("_groups[")[0].removesuffix("_pod")
    return f"{role}_{_GRACE_PERIOD}" in v


def _endless(v: Values) -> str:
    return ", ".join(
        f"{name}.containers[{each.get('name', '')}]"
        for name in ("platform_pod", "job_pod")
        for each in entries(v[name], "containers")
        if "image" in each
    )


def _without_image(v: Values) -> str:
    described = zip(setting_names(v, "pod"), (*_workloads(v, "tiers"), *_workloads(v, "data_services")), strict=False)
    return ", ".join(
        f"{name}.{key}[{each['name']}]"
        for name, workload in described
        for key in CONTAINERS
        for each in workload["template"]["spec"].get(key) or ()
        if "image" not in each
    )


def _workloads(v: Values, stage: str) -> list[Any]:
    # Without valid settings nothing is rendered.
    found: list[Any] = v.get("manifests_workloads", {}).get(stage, [])
    return found


def _forbidden(v: Values) -> dict[str, str]:
    level = v["namespace_labels"].get(_ENFORCED, v["namespace_pod_security"])
    if level not in LEVELS:
        return {}
    levels = {f"{name}.{path}": needed for name, fragment in _fragments(v).items() for path, needed in needed_levels(fragment).items()}
    for name, listed in volume_settings(v).items():
        sources = [{"name": each["name"], **(each.get("source") or {})} for each in listed]
        levels |= {path.replace("volumes", name, 1): needed for path, needed in needed_levels({"volumes": sources}).items()}
    found = {path: needed for path, needed in levels.items() if LEVELS.index(needed) > LEVELS.index(level)}
    if not found:
        return {}
    setting = f"{_ENFORCED} in namespace_labels" if _ENFORCED in v["namespace_labels"] else "namespace_pod_security"
    return {"level": level, "fields": ", ".join(found), "needed": max(found.values(), key=LEVELS.index), "setting": setting}


RULES = (
    Rule(
        _wrong_forms,
        "{} must be a list of mappings, each with a name: write it as in the spec of a pod in {preflight_values_file}.",
    ),
    Rule(_no_mappings, "{} must be a mapping: write it as in the spec of a pod in {preflight_values_file}."),
    Rule(
        _nested,
        "{} is not a field of the spec of a pod: write the fields of the spec directly into the setting in {preflight_values_file}, and "
        "labels and annotations into its key metadata.",
    ),
    Rule(
        _own_labels,
        "{} is set by this collection, whose selectors use it: choose another name in {preflight_values_file}.",
    ),
    Rule(_names, "{} (set it in {preflight_values_file})."),
    Rule(
        _grace_periods,
        "{0[fields]} would override the grace period that fits the time to stop: set {0[settings]} in {preflight_values_file} instead.",
    ),
    Rule(
        _endless,
        "{} would run beside the container of a Job, which would then not end: in {preflight_values_file}, add the container to the pods "
        "of a tier (<tier>_pod), or to initContainers with restartPolicy Always, which needs Kubernetes 1.29.",
    ),
    Rule(
        _forbidden,
        "The Pod Security level {0[level]} of the namespace does not allow {0[fields]}: remove this from {preflight_values_file}, or set "
        "{0[setting]} there to {0[needed]}.",
    ),
)
# After the manifests are rendered.
PLANNED = (
    Rule(
        _without_image,
        "{} has no image, and the pods have no container of this name: add the image, or correct the name in {preflight_values_file}.",
    ),
)
