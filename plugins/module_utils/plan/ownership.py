# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which clients wrote the fields of an object: pure functions over metadata.managedFields (private to the collection).

The API server stores the names of fields in the format FieldsV1:
https://kubernetes.io/docs/reference/kubernetes-api/definitions/fields-v1-v1-meta/
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields

Path = tuple[str, ...]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_TEMPLATE: Path = ("f:spec", "f:template")
# `kubectl rollout restart`, playbooks/restart.yml, k9s and others set it. It replaces the pods without other changes to them.
_RESTARTED: Path = (*_TEMPLATE, "f:metadata", "f:annotations", "f:kubectl.kubernetes.io/restartedAt")
_CONTENT = ("f:data", "f:binaryData")
# These fields determine which data a claim has. They are immutable after the claim is bound.
_CLAIM_SOURCES = ("f:volumeName", "f:selector", "f:dataSource", "f:dataSourceRef")
# A base name and the suffix of append_hash: ten hexadecimal digits, with 0, 1, 3, a and e replaced by g, h, k, m and t.
_HASH_NAMED = re.compile(r".-[2456789bcdfghkmt]{10}$")
_MOST_PATHS = 5


def is_named_by_content(item: Mapping[str, Any]) -> bool:
    """Whether the name of a ConfigMap or Secret ends with a hash of its content."""
    return item["kind"] in ("ConfigMap", "Secret") and bool(_HASH_NAMED.search(item["metadata"]["name"]))


def _entries(item: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Field manager, operation and fields of each entry."""
    for entry in item["metadata"].get("managedFields") or ():
        yield entry.get("manager") or "", entry.get("operation") or "", entry.get("fieldsV1") or {}


def managers(item: Mapping[str, Any], *path: str) -> str:
    """The field managers that wrote an object, for messages.

    Args:
        item: the object.
        path: a field in the notation of FieldsV1; none for all fields except those of subresources such as the status.
    """
    if path:
        names = writers(item, *path)
    else:
        names = {entry.get("manager") or "" for entry in item["metadata"].get("managedFields") or () if not entry.get("subresource")}
    known = sorted(filter(None, names))
    return f"the field manager{'s' if len(known) > 1 else ''} {_listed(known)}" if known else "an unknown field manager"


def writers(item: Mapping[str, Any], *path: str) -> set[str]:
    """The field managers that wrote a field.

    Args:
        item: the object.
        path: the field in the notation of FieldsV1.
    """
    return {name for name, _operation, fields in _entries(item) if _at(fields, path) is not None}


def created_by(item: Mapping[str, Any]) -> str:
    """A sentence that no field of an object belongs to this collection, for messages.

    Args:
        item: the object.
    """
    return f"it was created by {managers(item)}, not by this collection"


def _at(fields: Mapping[str, Any], path: Iterable[str]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = fields
    for key in path:
        found = (found or {}).get(key)
    return found


def _listed(names: Sequence[str]) -> str:
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _members(fields: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """Yield the fields of a set.

    A mapping is omitted if its manager also owns some of its keys, because the keys show what the manager wrote.
    """
    for key, below in fields.items():
        if key == ".":
            if len(fields) == 1 or not path[-1].startswith("f:"):
                yield path
        elif below:
            yield from _members(below, (*path, key))
        else:
            yield (*path, key)


def foreign_fields(item: Mapping[str, Any], field_manager: str, allowed: Collection[str] = ()) -> dict[str, list[str]]:
    """Fields that only other field managers own and that a server-side apply therefore keeps.

    For a workload these are fields of the pod template, for a ConfigMap or Secret its keys.

    Args:
        item: the live object or the result of a dry run.
        field_manager: the field manager of the collection.
        allowed: field managers that may own fields of pod templates.

    Returns:
        Paths of fields by field manager. For a list item that another client added, such as a container or volume, only the item.
    """
    if item["kind"] in WORKLOADS:
        guarded: tuple[Path, ...] = (_TEMPLATE,)
    elif item["kind"] in ("ConfigMap", "Secret"):
        guarded, allowed = tuple((key,) for key in _CONTENT), ()
    else:
        return {}
    # A field of the collection implies the mappings and list items that contain it.
    ours = {path[:end] for path in _members(applied_fields(item, field_manager)) for end in range(1, len(path) + 1)}
    found: dict[str, set[Path]] = {}
    for manager, operation, fields in _entries(item):
        # Fields that another client updates under our name are not among the applied fields.
        if manager in allowed or (manager, operation) == (field_manager, "Apply"):
            continue
        for path in _members(fields):
            if any(path[: len(root)] == root for root in guarded) and path not in ours and path != _RESTARTED:
                found.setdefault(manager, set()).add(path)
    return {manager: [shown_path(path) for path in sorted(_topmost(paths))] for manager, paths in sorted(found.items())}


def _topmost(paths: Collection[Path]) -> Iterator[Path]:
    return (path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))


def shown_path(path: Path) -> str:
    """A field in readable form, such as C(spec.template.spec.containers[name=django])."""
    return "".join(_shown_key(key) for key in path).removeprefix(".")


def _shown_key(key: str) -> str:
    kind, _separator, name = key.partition(":")
    if kind == "f" and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        return f".{name}"
    if kind == "k":
        try:
            return f"[{','.join(f'{field}={value}' for field, value in json.loads(name).items())}]"
        except (ValueError, AttributeError):
            return f"[{name}]"
    return f"[{name}]"


def foreign_fields_sentence(item: Mapping[str, Any], field_manager: str, allowed: Collection[str] = ()) -> str:
    """A sentence about the fields of other field managers, without a full stop; empty if there are none.

    Args:
        item: the live object or the result of a dry run.
        field_manager: the field manager of the collection.
        allowed: field managers that may own fields of pod templates.
    """
    return "; ".join(_set_by(manager, paths) for manager, paths in foreign_fields(item, field_manager, allowed).items())


def _set_by(manager: str, paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_PATHS
    shown = _listed([*paths[:_MOST_PATHS], f"{more} more"] if more > 0 else paths)
    return f"{shown} {'is' if len(paths) == 1 else 'are'} set by the field manager {manager or 'without a name'}"


def is_content_applied(item: Mapping[str, Any], field_manager: str) -> bool:
    """Whether a field manager has applied the content of a ConfigMap or Secret."""
    return any(key in applied_fields(item, field_manager) for key in _CONTENT)


def volume_manager(field_manager: str) -> str:
    """The field manager that owns the immutable data source fields of an adopted claim."""
    return f"{field_manager}.volume"


def claim_sources(claim: Mapping[str, Any], field_manager: str) -> Mapping[str, Mapping[str, Any]]:
    """The data source fields of a claim that other field managers set, by field manager.

    A volume that the cluster chose does not count: its controller writes C(spec.volumeName) and the phase of the claim.

    Args:
        claim: the live PersistentVolumeClaim.
        field_manager: the field manager of the collection.
    """
    binders = {manager for manager, _operation, fields in _entries(claim) if _at(fields, ("f:status", "f:phase")) is not None}
    found: dict[str, dict[str, Any]] = {}
    for manager, _operation, fields in _entries(claim):
        for name, below in (fields.get("f:spec") or {}).items():
            chosen = name == "f:volumeName" and manager in binders
            if name in _CLAIM_SOURCES and not chosen and manager not in (field_manager, volume_manager(field_manager)):
                found.setdefault(manager, {})[name] = below
    return found


def sign_of_others(claim: Mapping[str, Any], field_manager: str) -> str:
    """The evidence that another client determined the data of a claim; empty if there is none.

    Args:
        claim: the live PersistentVolumeClaim.
        field_manager: the field manager of the collection.
    """
    if not applied_fields(claim, field_manager):
        return created_by(claim)
    sources = claim_sources(claim, field_manager)
    return "; ".join(_set_by(manager, [shown_path(("f:spec", name)) for name in sources[manager]]) for manager in sorted(sources))
