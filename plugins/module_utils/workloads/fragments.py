# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings in the format of Kubernetes that change a pod: pure functions (private to the collection).

A fragment is the value of a setting such as C(platform_pod): fields of the spec of a pod, and C(metadata) with labels and annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror.rewrite import mirrored_pods

Fragment = Mapping[str, Any]
Pod = dict[str, Any]

# Lists whose entries are merged, by the field that identifies an entry.
_MERGED = {"containers": "name", "initContainers": "name"}
# Lists in which an entry replaces the one with the same value of this field. A merged volume would have two sources.
_REPLACED = {"volumes": "name", "env": "name", "volumeMounts": "mountPath"}


def adapted_pod(pod: Mapping[str, Any], settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> Pod:
    """Apply the settings that change a pod, and replace the registries of its images.

    Mappings are merged. Entries of C(containers) and C(initContainers) are merged with the entry of the same name. Entries of C(volumes),
    C(env) and C(volumeMounts) replace the entry with the same name or C(mountPath). Further entries are appended, but init containers that
    keep running (C(restartPolicy) C(Always)) come first, because the others may need them. All other lists and values replace those of the
    pod.

    Args:
        pod: Spec of a pod.
        settings: C(read_only_root_filesystem) and C(pod), a fragment that takes precedence over the one of all pods.
        defaults: The variable C(platform_pod_defaults), whose C(fragment) is that of all pods. Its C(image_mirror) replaces the registries
            of all images, also of those in a fragment.

    Returns:
        The spec.

    Example:
        {{ {'containers': []} | jewelry_shop.platform.adapted_pod({'pod': job_pod}, platform_pod_defaults) }}
    """
    adapted = dict(pod)
    if not settings.get("read_only_root_filesystem", True):
        writable = {"securityContext": {"readOnlyRootFilesystem": False}}
        adapted |= {key: [merged(writable, each) for each in adapted[key]] for key in ("initContainers", "containers") if adapted.get(key)}
    for fragment in (_for_existing_containers(defaults.get("fragment") or {}, adapted), settings.get("pod") or {}):
        adapted = merged(adapted, {key: value for key, value in fragment.items() if key != "metadata"})
    mirrored: Pod = mirrored_pods(adapted, defaults.get("image_mirror") or "")
    return mirrored


def fragment_metadata(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Read the labels and annotations that settings add to a pod.

    Args:
        settings: As for P(jewelry_shop.platform.adapted_pod#filter).
        defaults: The variable C(platform_pod_defaults), whose C(fragment) is that of all pods.

    Returns:
        C(labels) and C(annotations). Either may be empty.

    Example:
        {{ {'pod': job_pod} | jewelry_shop.platform.fragment_metadata(platform_pod_defaults) }}
    """
    fragments = [defaults.get("fragment") or {}, settings.get("pod") or {}]
    layers = [fragment.get("metadata") or {} for fragment in fragments]
    return {key: {name: value for layer in layers for name, value in (layer.get(key) or {}).items()} for key in ("labels", "annotations")}


def _for_existing_containers(fragment: Fragment, pod: Mapping[str, Any]) -> Fragment:
    """Leave out the entries without an image whose container the pod does not have: they change containers of other pods."""
    kept = {
        key: [each for each in fragment[key] if "image" in each or each["name"] in _names(pod.get(key))]
        for key in _MERGED
        if fragment.get(key)
    }
    return {**fragment, **kept}


def _names(containers: Iterable[Mapping[str, Any]] | None) -> set[str]:
    return {each["name"] for each in containers or ()}


def merged(value: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a layer over a value, by the rules of C(adapted_pod)."""
    result = {**value, **layer}
    for key in value.keys() & layer.keys():
        old, new = value[key], layer[key]
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            result[key] = merged(old, new)
        elif key in _MERGED or key in _REPLACED:
            result[key] = _merged_entries(key, old or (), new or ())
    return result


def _merged_entries(key: str, old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    identity = _MERGED.get(key) or _REPLACED[key]
    entries = {each[identity]: each for each in old}
    # An init container that keeps running, such as the proxy of a database, starts before the init containers that wait for the database.
    first = {each[identity]: each for each in new if each[identity] not in entries and each.get("restartPolicy") == "Always"}
    for each in new:
        name = each[identity]
        entries[name] = merged(entries[name], each) if key in _MERGED and name in entries else each
    return [*first.values(), *(each for name, each in entries.items() if name not in first)]
