# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs from the manifests, and which client changed it: pure functions (private to the collection).

The entries of metadata.managedFields name the owner of each field that exists. A removed field has no owner.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import (
    CREATE,
    NONE,
    REFUSED,
    REMOVE,
    Planned,
    without_bookkeeping,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.differences import (
    Difference,
    Path,
    as_text,
    field_differences,
    keyed,
)

MISSING, UNEXPECTED, DIFFERENT, REJECTED = "missing", "unexpected", "different", "rejected"
_BY_ACTION = {CREATE: MISSING, REMOVE: UNEXPECTED, REFUSED: REJECTED}

Owner = tuple[str, str]
_NOBODY: Owner = ("", "")


def drift(entries: Iterable[Planned]) -> list[dict[str, str]]:
    """The differences between the cluster and the manifests of a plan.

    A field that no manifest sets is no difference, because the dry run keeps it.

    Args:
        entries: the entries of a plan.

    Returns:
        For each difference C(stage), C(object), C(drift), C(path), C(expected), C(found), C(manager), C(time) and C(reason).
    """
    return [line for entry in entries if entry.action != NONE for line in _lines(entry)]


def _lines(entry: Planned) -> Iterator[dict[str, str]]:
    line = {"stage": entry.stage, "object": entry.subject, "path": "", "expected": "", "found": "", "manager": "", "time": "", "reason": ""}
    if entry.action in _BY_ACTION:
        yield {**line, "drift": _BY_ACTION[entry.action], "reason": entry.refusal or entry.untrusted or entry.foreign}
        return
    if not entry.live:
        yield {**line, "drift": DIFFERENT}
        return
    for each in field_differences(without_bookkeeping(entry.live), without_bookkeeping(entry.applied)):
        manager, time = owner(entry.live, each)
        found, expected = as_text(each.before), as_text(each.after)
        yield {**line, "drift": DIFFERENT, "path": each.shown, "expected": expected, "found": found, "manager": manager, "time": time}


def owner(live: Mapping[str, Any], difference: Difference) -> Owner:
    """The field manager that last wrote a field, and when; empty if no field manager owns it.

    Args:
        live: the live object.
        difference: the field, with its live value first.
    """
    owners = [
        (entry.get("time") or "", entry.get("manager") or "")
        for entry in live["metadata"].get("managedFields") or ()
        if any(_covers(path, difference.path) for path in _owned(entry.get("fieldsV1") or {}, live, ()))
    ]
    time, manager = max(owners, default=_NOBODY)
    return manager, time


def _covers(owned: Path, path: Path) -> bool:
    """Whether an owned field is the field, is below it, or contains it as a whole."""
    shorter = min(len(owned), len(path))
    return owned[:shorter] == path[:shorter]


def _owned(fields: Mapping[str, Any], value: Any, path: Path) -> Iterator[Path]:
    """Yield the fields of a set in FieldsV1 that have a value, in the notation of field_differences.

    A set within another one only leads to the fields below it. Only a field without fields below it is owned as a whole.
    """
    for key, below in fields.items():
        kind, _colon, name = key.partition(":")
        if key == ".":
            continue
        found = _child(kind, name, value)
        if found is None:
            continue
        part, child = found
        deeper = {each: rest for each, rest in below.items() if each != "."}
        if deeper:
            yield from _owned(deeper, child, (*path, part))
        else:
            yield (*path, part)


def _child(kind: str, name: str, value: Any) -> tuple[str, Any] | None:
    """The key of a field in the notation of field_differences, and its value; None if the object does not have it."""
    if kind == "f" and isinstance(value, Mapping):
        return (name, value[name]) if name in value else None
    if not isinstance(value, list) or kind not in ("k", "v"):
        return None
    try:
        wanted = json.loads(name)
    except ValueError:
        return None
    for part, item in keyed(value).items():
        matches = item == wanted or (kind == "k" and isinstance(item, Mapping) and wanted.items() <= item.items())
        if matches:
            return part, item
    return None
