# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pure functions that shape the data of manifests.

Private to the collection: names and signatures may change without notice.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.hashes import generate_hash


def environment_strings(values: Mapping[str, Any]) -> dict[str, str]:
    """Turn what YAML made of environment values into the text that the application reads.

    Booleans become C(True) and C(False), which is what the application compares with.
    :raises ValueError: a value is null, a list or a mapping; the message names the key and never the value.
    """
    for problem in environment_problems(values):
        raise ValueError(problem)
    return {str(key): str(value) for key, value in values.items()}


def environment_entries(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Turn environment values into a container's C(env), where the kubelet would replace C($(NAME)) in a text.

    :raises ValueError: as C(environment_strings) does.
    """
    return [{"name": key, "value": text.replace("$", "$$")} for key, text in environment_strings(values).items()]


def environment_problems(values: Mapping[str, Any]) -> list[str]:
    """Say which entries no environment of a process can hold; names the keys and never a value."""
    problems = [(key, _unfit(value)) for key, value in values.items()]
    return [f"{key} is {problem}" for key, problem in problems if problem]


def _unfit(value: Any) -> str:
    if value is None:
        return "null; give it a value, or '' if it is meant to be empty"
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, (str, bytes)):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'}; an environment value is one text, number or boolean"
    return ""


def secret_data(values: Mapping[str, str]) -> dict[str, str]:
    """Encode texts for the C(data) of a Secret (base64 of UTF-8)."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def hash_named(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Append a hash of its content to the name of a ConfigMap or Secret, as kubernetes.core's C(append_hash) does."""
    name = f"{manifest['metadata']['name']}-{generate_hash(dict(manifest))}"
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def with_defaults(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Merge C(defaults) under C(value), mapping by mapping; anything else in C(value) wins as a whole."""
    merged: dict[str, Any] = {**defaults, **value}
    for key in defaults.keys() & value.keys():
        if isinstance(defaults[key], Mapping) and isinstance(value[key], Mapping):
            merged[key] = with_defaults(value[key], defaults[key])
    return merged


def object_identities(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Say which objects manifests are about: C(api_version), C(kind), C(namespace) (empty for none) and C(name) of each."""
    return [
        {
            "api_version": manifest["apiVersion"],
            "kind": manifest["kind"],
            "namespace": manifest["metadata"].get("namespace") or "",
            "name": manifest["metadata"]["name"],
        }
        for manifest in manifests
    ]


def removal_line(item: Mapping[str, Any]) -> str:
    """Name an object that is to be removed, and how much a claim holds.

    Args:
        item: an object as it is, or an entry of C(object_identities).
    """
    if "metadata" not in item:
        place = f"{item['namespace']}/" if item["namespace"] else ""
        return f"{item['kind']} {place}{item['name']}"
    size = (item.get("status") or {}).get("capacity", {}).get("storage") if item["kind"] == "PersistentVolumeClaim" else ""
    return f"{item['kind']} {item['metadata']['name']}{f' with {size}' if size else ''}"


def subject_alternative_name(host: str) -> str:
    """Write a host as a certificate has it: C(DNS:) and the name, or C(IP:) and the address in its shortest form.

    An IPv6 address may stand in brackets, as Django's ALLOWED_HOSTS has it.
    """
    try:
        return f"IP:{ipaddress.ip_address(host.strip('[]'))}"
    except ValueError:
        return f"DNS:{host.lower()}"


def rollout_target(workload: Mapping[str, Any]) -> dict[str, str]:
    """Say what M(jewelry_shop.platform.rollout) has to wait for, given a workload's description."""
    return {
        "kind": workload.get("kind", "Deployment"),
        "name": workload["name"],
        "image": workload["pod"]["containers"][0]["image"],
    }


def cpu_cores(quantity: str | int | float) -> float:
    """Read a Kubernetes CPU quantity (C(500m), C(2), C(1.5)) as a number of cores.

    :raises ValueError: the quantity is of another form.
    """
    text = str(quantity)
    try:
        return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
    except ValueError:
        raise ValueError(f"'{text}' is no CPU quantity; write cores or millicores, such as 2 or 500m") from None
