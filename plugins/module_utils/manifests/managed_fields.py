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
