# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The form of a workload's description, as an argument specification (private to the collection).

A role describes its workload in C(<role>_workload). roles/workload/README.md explains each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest

Spec = dict[str, Any]
Description = Mapping[str, Any]

# A service that a workload connects to. The keys of `dependencies` in an application.
SERVICES = ("db", "redis", "django")


def _list(elements: str, **further: Any) -> Spec:
    return {"type": "list", "elements": elements, **further}


def _dict(**options: Spec) -> Spec:
    return {"type": "dict", "options": options}


TEXT: Spec = {"type": "str"}
REQUIRED_TEXT: Spec = {"type": "str", "required": True}
NUMBER: Spec = {"type": "int"}
REQUIRED_NUMBER: Spec = {"type": "int", "required": True}
SWITCH: Spec = {"type": "bool"}
NATIVE: Spec = {"type": "dict"}

# The setting <role>_volumes has no `config_map` and `files`.
VOLUME: dict[str, Spec] = {
    "name": REQUIRED_TEXT,
    "path": TEXT,
    "source": NATIVE,
    "sub_path": TEXT,
    "read_only": SWITCH,
    "config_map": TEXT,
    "files": NATIVE,
}
# Each is a setting of a role too: <role>_hpa_<key>.
AUTOSCALING: dict[str, Spec] = {
    "enabled": SWITCH,
    "external": SWITCH,
    "min_replicas": NUMBER,
    "max_replicas": NUMBER,
    "cpu_percent": NUMBER,
    "memory_percent": NUMBER,
    "metrics": _list("dict"),
    "behavior": NATIVE,
}
# Each is a setting of a role: <role>_keda_<key>.
KEDA = ("enabled", "min_replicas", "max_replicas", "tasks_per_replica", "polling_seconds", "cooldown_seconds", "triggers")
KEYS: dict[str, Spec] = {
    "name": REQUIRED_TEXT,
    "component": TEXT,
    "group_of": TEXT,
    "kind": {"type": "str", "choices": ["Deployment", "StatefulSet"]},
    "version": TEXT,
    "replicas": NUMBER,
    "replica_choices": _list("int"),
    "strategy": NATIVE,
    "container": NATIVE,
    "probes": _dict(common=NATIVE, startup=NATIVE, liveness=NATIVE, readiness=NATIVE),
    "env": NATIVE,
    "volumes": _list("dict", options=VOLUME),
    "waits_for": _list("str", choices=list(SERVICES)),
    "uses": _list("str", choices=list(SERVICES)),
    "pod": NATIVE,
    "queues": _list("str"),
    "config_maps": _list("dict"),
    "service": _dict(name=REQUIRED_TEXT, annotations=NATIVE, spec={**NATIVE, "required": True}),
    "disruption_budget": NATIVE,
    "autoscaling": _dict(**AUTOSCALING),
    "metrics": _dict(port_name=REQUIRED_TEXT, port=REQUIRED_NUMBER, path=REQUIRED_TEXT),
    "health": _list(
        "dict", options={"name": TEXT, "port": REQUIRED_NUMBER, "path": REQUIRED_TEXT, "headers": NATIVE, "body_contains": TEXT}
    ),
    "flows": _list(
        "dict",
        options={
            "from": _list("str"),
            "to": _list("str"),
            "ports": _list("int", required=True),
            "protocol": TEXT,
            "when": SWITCH,
            "reason": REQUIRED_TEXT,
        },
    ),
    "check_command": _list("str"),
    "volume_claim_templates": _list("dict"),
}


def variable_prefix(role: str) -> str:
    """The beginning of the names of a role's variables.

    Args:
        role: name of the role, with its collection if it is not one of this collection.
    """
    return role.rpartition(".")[2]


def unknown_keys(variable: str, keys: Mapping[str, Any]) -> list[str]:
    """Find keys that no description has.

    Args:
        variable: name of the variable with the description.
        keys: the description, whose values need not be resolved.

    Returns:
        A sentence for each unknown key, without a full stop.
    """
    return [f"{variable} has the key {key}, which no workload has{nearest(key, KEYS).rstrip('.')}" for key in keys if key not in KEYS]


def checked(variable: str, description: Any, keys: Iterable[str] = ()) -> dict[str, Any]:
    """Return a description with the types of its form, without the keys that it does not give.

    Args:
        variable: name of the variable with the description.
        description: the resolved description, or a part of it.
        keys: the keys of which the part consists; none for the whole description.

    Raises:
        ValueError: the description does not have the form; names the variable and the key.
    """
    if not isinstance(description, Mapping):
        raise ValueError(f"{variable} must be a mapping")
    form = {key: KEYS[key] for key in keys} or KEYS
    # A description sets a key to an empty mapping to leave it out under a condition.
    description = {key: value for key, value in description.items() if value is not None and value != {}}
    result = ArgumentSpecValidator(form).validate(description)
    problems = unknown_keys(variable, description) or [f"{variable}: {message}" for message in result.error_messages]
    problems = problems or ([] if keys else _inconsistent(variable, description))
    if problems:
        raise ValueError("; ".join(problems))
    given: dict[str, Any] = _given(result.validated_parameters)
    return given


def _inconsistent(variable: str, description: Description) -> list[str]:
    containers = (description.get("pod") or {}).get("containers")
    if bool(containers) == bool(description.get("container")):
        return [f"{variable} needs either container, for the application's image, or pod.containers, for other images"]
    if containers and (ignored := [key for key in ("env", "volumes", "waits_for") if description.get(key)]):
        return [f"{variable}: {', '.join(ignored)} needs container; a workload with other images has these fields in pod"]
    flows = description.get("flows") or ()
    return [
        f"{variable}: a flow has either from or to; the workload is its other side" for flow in flows if ("from" in flow) == ("to" in flow)
    ]


def _given(value: Any) -> Any:
    """Leave out what the validation adds for keys that are not given."""
    if isinstance(value, dict):
        return {key: _given(each) for key, each in value.items() if each is not None}
    return [_given(each) for each in value] if isinstance(value, list) else value
