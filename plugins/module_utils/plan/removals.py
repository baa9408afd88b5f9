# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of earlier settings that the current settings no longer define: pure functions (private to the collection).

Only objects that this collection's field manager applied are removed, and only with labels of this platform that the same field manager
applied. Two platforms in a cluster have the same field manager, and every user who may write a ConfigMap may write a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import object_identities
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest, subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import created_by, managers

OUR_LABELS = {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}
# Limit of recorded objects, because each of them is read. A ConfigMap could hold more.
_MOST_RECORDED = 2000
_IDENTITY = ("api_version", "kind", "namespace", "name")
# The API server sets this label when a Namespace is created.
_CREATED = ("f:metadata", "f:labels", "f:kubernetes.io/metadata.name")


@dataclass(frozen=True)
class Removal:
    """An object to remove.

    Args:
        stage: name of the stage that removes it.
        manifest: its kind and name.
        labels: labels that the object must have.
    """

    stage: str
    manifest: Manifest
    labels: Mapping[str, str]


def no_longer_wanted(ours: Iterable[Manifest], manifests: Iterable[Manifest], field_manager: str) -> Iterator[Manifest]:
    """Objects of the collection that the settings no longer define.

    Args:
        ours: live objects with OUR_LABELS.
        manifests: the manifests of all stages.
        field_manager: the field manager of the collection. A manual copy of an object has the labels too, but another field manager.
    """
    wanted = {_identity(manifest) for manifest in manifests}
    return (live for live in ours if applied_fields(live, field_manager) and _identity(live) not in wanted)


def _identity(manifest: Manifest) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace") or "", metadata["name"]


def record_problem(record: Manifest | None, field_manager: str) -> str:
    """Why a record is not used, without a full stop; empty if it is valid or does not exist.

    Args:
        record: the ConfigMap with the record.
        field_manager: the field manager that must have applied it.
    """
    if record is None:
        return ""
    if "f:objects" not in applied_fields(record, field_manager).get("f:data", {}):
        author = managers(record, "f:data", "f:objects")
        return f"its list was written by {author}, not by this collection, so the objects in the list are not removed"
    identities = _recorded(record)
    if identities is None:
        return "its list is invalid, so the objects in the list are not removed"
    if len(identities) > _MOST_RECORDED:
        return f"it lists more than {_MOST_RECORDED} objects, so they are not removed"
    return ""


def _recorded(record: Manifest) -> list[dict[str, str]] | None:
    try:
        identities = json.loads((record.get("data") or {}).get("objects", "[]"))
    except (TypeError, ValueError):
        return None
    fits = isinstance(identities, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(key), str) for key in _IDENTITY) for each in identities
    )
    return identities if fits else None


def no_longer_listed(record: Manifest | None, manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """Objects that an earlier run recorded and that are not among the manifests.

    Args:
        record: the ConfigMap with the record, in C(data.objects) as C(object_identities) returns it; None if it does not exist.
        manifests: the manifests of all stages.

    Returns:
        Manifests with only kind and name, in reverse order of apply, so that a custom resource is removed before its definition. The record
            is last, and only if no other object is left.
    """
    if record is None:
        return
    wanted, itself = object_identities(manifests), object_identities([record])
    identities = list(reversed(_recorded(record) or []))
    for identity in sorted(identities, key=lambda each: [each] == itself):
        if identity not in wanted:
            place = {"namespace": identity["namespace"]} if identity["namespace"] else {}
            yield {"apiVersion": identity["api_version"], "kind": identity["kind"], "metadata": {"name": identity["name"], **place}}


def never_removed(manifest: Manifest) -> str:
    """Why an object of this kind and name is never removed; empty if it may be removed.

    Args:
        manifest: its kind and name.
    """
    name = manifest["metadata"]["name"]
    if manifest["kind"] == "Namespace" and (name == "default" or name.startswith("kube-")):
        return "it is a namespace of the cluster itself"
    return "a Secret cannot be an additional object" if manifest["kind"] == "Secret" else ""


def why_it_stays(live: Manifest, labels: Mapping[str, str], field_manager: str, namespace: str = "") -> str:
    """Why a recorded object is not removed; empty if it belongs to this platform.

    Args:
        live: the live object.
        labels: labels that an object of this platform has, applied by the field manager.
        field_manager: the field manager that must have applied it.
        namespace: namespace of the platform. An object in it that the field manager applied belongs to the platform, because earlier
            versions added no labels.
    """
    creator = _creator(live, field_manager) if live["kind"] == "Namespace" else ""
    if creator:
        return f"it was created by the field manager {creator}, not by this collection"
    reason = not_of_this_platform(live, labels, field_manager)
    if not reason or not applied_fields(live, field_manager) or labels.keys() & (live["metadata"].get("labels") or {}).keys():
        return reason
    if namespace and live["metadata"].get("namespace") == namespace:
        return ""
    return f"{reason}. An earlier version may have applied it: list it for one more run, or delete it with kubectl"


def _creator(live: Manifest, field_manager: str) -> str:
    for entry in live["metadata"].get("managedFields") or ():
        fields: Any = entry.get("fieldsV1") or {}
        for key in _CREATED:
            fields = (fields or {}).get(key)
        if fields is not None and entry.get("manager") != field_manager:
            return str(entry.get("manager"))
    return ""


def not_of_this_platform(live: Manifest, labels: Mapping[str, str], field_manager: str) -> str:
    """The evidence that an object does not belong to this platform; empty if it does.

    Args:
        live: the live object.
        labels: labels that it must have, applied by the field manager.
        field_manager: the field manager that must have applied it.
    """
    applied = applied_fields(live, field_manager)
    if not applied:
        return created_by(live)
    has, ours = live["metadata"].get("labels") or {}, applied.get("f:metadata", {}).get("f:labels", {})
    for key, value in labels.items():
        if key not in has:
            return f"it does not carry the label {key}={value}, which this platform adds to what it applies"
        if has[key] != value:
            return f"its label {key} is {has[key]}, not {value}"
        if f"f:{key}" not in ours:
            return f"its label {key} was set by {managers(live, 'f:metadata', 'f:labels', f'f:{key}')}, not by this collection"
    return ""


def stays(manifest: Manifest, record: Manifest, reason: str) -> str:
    """A sentence about an object that is not removed, without a full stop.

    Args:
        manifest: its kind and name.
        record: the ConfigMap that lists it.
        reason: why it is not removed.
    """
    return f"{subject(manifest)} stays, although {subject(record)} lists it: {reason}"
