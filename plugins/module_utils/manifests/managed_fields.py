# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which fields of an object a field manager has applied (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def applied_fields(item: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
    """The fields of an object that a field manager has applied server-side, according to metadata.managedFields.

    For a Secret these are names of fields, without their values.
    """
    entries = item["metadata"].get("managedFields") or ()
    return {
        name: fields
        for entry in entries
        if entry.get("manager") == field_manager and entry.get("operation") == "Apply"
        for name, fields in (entry.get("fieldsV1") or {}).items()
    }


def applied_content(item: Mapping[str, Any], field_manager: str) -> dict[str, Any]:
    """The content of an object that a field manager has applied server-side. Applied again, it changes nothing.

    A list is complete, also if only some of its entries were applied.

    Args:
        item: the object, as the API server returns it.
        field_manager: name of the field manager.
    """
    identity = {"apiVersion": item["apiVersion"], "kind": item["kind"]}
    metadata = {key: item["metadata"][key] for key in ("name", "namespace") if key in item["metadata"]}
    fields = applied_fields(item, field_manager)
    content = _part(item, fields) if fields else {}
    return {**content, **identity, "metadata": {**content.get("metadata", {}), **metadata}}


def _part(value: Any, fields: Mapping[str, Any]) -> Any:
    # The entries of a list begin with k: or v:.
    names = [name[2:] for name in fields if name.startswith("f:")]
    return {name: _part(value[name], fields[f"f:{name}"]) for name in names if name in value} if names else value
