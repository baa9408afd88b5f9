# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who wrote the fields of an object: pure functions over metadata.managedFields (private to the collection).

The API server keeps the names of fields in the format FieldsV1:
https://kubernetes.io/docs/reference/kubernetes-api/definitions/fields-v1-v1-meta/
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import applied_fields

Path = tuple[str, ...]

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_TEMPLATE: Path = ("f:spec", "f:template")
# `kubectl rollout restart`, playbooks/restart.yml, k9s and others write it. It replaces the pods and changes nothing in them.
_RESTARTED: Path = (*_TEMPLATE, "f:metadata", "f:annotations", "f:kubectl.kubernetes.io/restartedAt")
_CONTENT = ("f:data", "f:binaryData")
# They decide which data a claim has, and nobody can change them once it is bound.
_CLAIM_SOURCES = ("f:volumeName", "f:selector", "f:dataSource", "f:dataSourceRef")
# A base name and what append_hash adds: ten hexadecimal digits, of which it writes 0, 1, 3, a and e as g, h, k, m and t.
_HASH_NAMED = re.compile(r".-[2456789bcdfghkmt]{10}$")
_MOST_PATHS = 5


def is_named_by_content(item: Mapping[str, Any]) -> bool:
    """Whether the name of a ConfigMap or Secret ends with a hash of its content."""
    return item["kind"] in ("ConfigMap", "Secret") and bool(_HASH_NAMED.search(item["metadata"]["name"]))


def _entries(item: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Manager, operation and fields of each entry."""
    for entry in item["metadata"].get("managedFields") or ():
        yield entry.get("manager") or "", entry.get("operation") or "", entry.get("fieldsV1") or {}


def managers(item: Mapping[str, Any], *path: str) -> str:
    """The field managers that wrote an object, for people.

    Args:
        item: the object.
        path: a field, in the words of FieldsV1; none for any field but those of subresources, such as its status.
    """
    if path:
        names = {name for name, _operation, fields in _entries(item) if _at(fields, path) is not None}
    else:
        names = {entry.get("manager") or "" for entry in item["metadata"].get("managedFields") or () if not entry.get("subresource")}
    known = sorted(filter(None, names))
    return f"the field manager{'s' if len(known) > 1 else ''} {_listed(known)}" if known else "an unknown field manager"


def created_by(item: Mapping[str, Any]) -> str:
    """That an object has no field of this collection, for people.

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
    """The fields of a set.

    A mapping that belongs to a manager together with some of its keys is left out: its keys say what the manager wrote.
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
    """Fields that only others own and that a server-side apply therefore leaves as they are.

    Of a workload these are fields of the pod template, of a ConfigMap or Secret its keys.

    Args:
        item: the object, as it is or as a dry run gives it.
        field_manager: in whose name the collection applies.
        allowed: field managers that may own fields of pod templates.

    Returns:
        By manager, the paths of its fields; of a container, a volume or another item of a list that somebody added only the item.
    """
    if item["kind"] in WORKLOADS:
        guarded: tuple[Path, ...] = (_TEMPLATE,)
    elif item["kind"] in ("ConfigMap", "Secret"):
        guarded, allowed = tuple((key,) for key in _CONTENT), ()
    else:
        return {}
    # A field of ours implies the mappings and the items that it is in.
    ours = {path[:end] for path in _members(applied_fields(item, field_manager)) for end in range(1, len(path) + 1)}
    found: dict[str, set[Path]] = {}
    for manager, operation, fields in _entries(item):
        # What others update in our name is no part of what we apply.
        if manager in allowed or (manager, operation) == (field_manager, "Apply"):
            continue
        for path in _members(fields):
            if any(path[: len(root)] == root for root in guarded) and path not in ours and path != _RESTARTED:
                found.setdefault(manager, set()).add(path)
    return {manager: [shown_path(path) for path in sorted(_topmost(paths))] for manager, paths in sorted(found.items())}


def _topmost(paths: Collection[Path]) -> Iterator[Path]:
    return (path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))


def shown_path(path: Path) -> str:
    """A field as people write it, such as C(spec.template.spec.containers[name=django])."""
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
    """Which fields of an object others set, for people, without a full stop; empty if there are none.

    Args:
        item: the object, as it is or as a dry run gives it.
        field_manager: in whose name the collection applies.
        allowed: field managers that may own fields of pod templates.
    """
    return "; ".join(_set_by(manager, paths) for manager, paths in foreign_fields(item, field_manager, allowed).items())


def _set_by(manager: str, paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_PATHS
    shown = _listed([*paths[:_MOST_PATHS], f"{more} more"] if more > 0 else paths)
    return f"{shown} {'is' if len(paths) == 1 else 'are'} set by the field manager {manager or 'without a name'}"


def is_content_applied(item: Mapping[str, Any], field_manager: str) -> bool:
    """Whether a manager has applied the content of a ConfigMap or Secret."""
    return any(key in applied_fields(item, field_manager) for key in _CONTENT)


def volume_manager(field_manager: str) -> str:
    """The field manager that holds what decides about the data of an adopted claim, since a claim keeps it."""
    return f"{field_manager}.volume"


def claim_sources(claim: Mapping[str, Any], field_manager: str) -> Mapping[str, Mapping[str, Any]]:
    """By field manager, what others stated of a claim that decides which data it has.

    A volume that the cluster chose is no statement of others: its controller writes C(spec.volumeName) and the phase of the claim.

    Args:
        claim: the PersistentVolumeClaim as it is.
        field_manager: in whose name the collection applies.
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
    """How one sees that others decided about the data of a claim; empty if they did not.

    Args:
        claim: the PersistentVolumeClaim as it is.
        field_manager: in whose name the collection applies.
    """
    if not applied_fields(claim, field_manager):
        return created_by(claim)
    sources = claim_sources(claim, field_manager)
    return "; ".join(_set_by(manager, [shown_path(("f:spec", name)) for name in sources[manager]]) for manager in sorted(sources))
