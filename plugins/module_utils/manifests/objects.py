# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pure functions that shape the data of manifests.

Private to the collection: names and signatures may change without notice.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.hashes import generate_hash


def hash_named(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Append a hash of the content to the name of a ConfigMap or Secret.

    Creates the same name as P(kubernetes.core.k8s_config_resource_name#filter). The hash includes C(data), but not C(stringData) or
    C(binaryData). Put the content into C(data).

    Args:
        manifest: Manifest of a ConfigMap or Secret.

    Returns:
        The manifest with the new name.

    Example:
        {{ config_map | jewelry_shop.platform.hash_named }}
    """
    name = f"{manifest['metadata']['name']}-{generate_hash(dict(manifest))}"
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def with_defaults(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Add defaults to a mapping.

    Merges nested mappings recursively. All other values of the input replace the default. The input takes precedence, in contrast to
    P(ansible.builtin.combine#filter). Use it with C(map) for a list of containers.

    Args:
        value: Mapping whose values take precedence.
        defaults: Values for the keys that the input does not have.

    Returns:
        Merged mapping.

    Example:
        {{ [{'name': 'web'}] | map('jewelry_shop.platform.with_defaults', {'imagePullPolicy': 'Always'}) }}
    """
    merged: dict[str, Any] = {**defaults, **value}
    for key in defaults.keys() & value.keys():
        if isinstance(defaults[key], Mapping) and isinstance(value[key], Mapping):
            merged[key] = with_defaults(value[key], defaults[key])
    return merged


def without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the empty entries of a mapping.

    Removes each entry whose value is an empty string, list or mapping, V(0), V(false) or null. An API server reports empty labels or
    annotations as a change as soon as a controller adds to them.

    Args:
        value: Mapping, for example the metadata of a manifest.

    Returns:
        The other entries.

    Example:
        {{ {'name': 'web', 'annotations': {}} | jewelry_shop.platform.without_empty }}
    """
    return {key: each for key, each in value.items() if each}


def object_identities(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """List the identities of manifests.

    Args:
        manifests: Manifests.

    Returns:
        An entry for each manifest, with C(api_version), C(kind), C(namespace) (empty if the manifest has none) and C(name).

    Example:
        {{ extra_objects_manifests | jewelry_shop.platform.object_identities }}
    """
    return [
        {
            "api_version": manifest["apiVersion"],
            "kind": manifest["kind"],
            "namespace": manifest["metadata"].get("namespace") or "",
            "name": manifest["metadata"]["name"],
        }
        for manifest in manifests
    ]


def subject_alternative_name(host: str) -> str:
    """Format a host as a subject alternative name.

    Adds the prefix C(DNS:) to a host name, and C(IP:) to an IP address. Writes an IP address in its shortest form.

    Args:
        host: Host name or IP address. An IPv6 address may be in brackets.

    Returns:
        Entry for the subject alternative names of a certificate.

    Example:
        {{ '[fd00:0::1]' | jewelry_shop.platform.subject_alternative_name }}
    """
    try:
        return f"IP:{ipaddress.ip_address(host.strip('[]'))}"
    except ValueError:
        return f"DNS:{host.lower()}"


def rollout_target(workload: Mapping[str, Any]) -> dict[str, str]:
    """Describe a workload for the module rollout.

    Args:
        workload: Description of a workload, as the role P(jewelry_shop.platform.workload#role) accepts it.

    Returns:
        An entry for the option O(jewelry_shop.platform.rollout#module:resources), with the image to wait for.

    Example:
        {{ workload_descriptions | map('jewelry_shop.platform.rollout_target') }}
    """
    return {
        "kind": workload.get("kind", "Deployment"),
        "name": workload["name"],
        "image": workload["pod"]["containers"][0]["image"],
    }
