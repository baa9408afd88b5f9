# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as a run applied them: pure functions (private to the collection)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.layout import Manifest
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields


def applied_jobs(rendered: Iterable[Manifest], live: Iterable[Manifest], field_manager: str) -> list[Manifest]:
    """The Jobs, each as it was applied if it exists.

    The pod template of a Job is immutable, and a completed Job does not run again. Its arguments may depend on the moment of that run, such
    as the static files that were in use, and its settings may have changed since.

    Args:
        rendered: the Jobs of the inventory.
        live: the Jobs in the cluster.
        field_manager: the field manager of the collection. Jobs of others do not count.
    """
    existing = {job["metadata"]["name"]: job for job in live if "f:template" in applied_fields(job, field_manager).get("f:spec", {})}
    return [
        _applied(existing[each["metadata"]["name"]], field_manager) if each["metadata"]["name"] in existing else each for each in rendered
    ]


def _applied(job: Manifest, field_manager: str) -> Manifest:
    metadata = {key: job["metadata"][key] for key in ("name", "namespace")}
    found = _extracted(job, applied_fields(job, field_manager))
    return {"apiVersion": "batch/v1", "kind": "Job", **found, "metadata": {**found.get("metadata", {}), **metadata}}


def _extracted(value: Any, fields: Mapping[str, Any]) -> Any:
    """The part of a value that a set of managed fields names. A name without a set of its own has the whole value."""
    if not fields:
        return value
    if isinstance(value, Mapping):
        return {
            name[2:]: _extracted(value[name[2:]], inner) for name, inner in fields.items() if name.startswith("f:") and name[2:] in value
        }
    if isinstance(value, list):
        keys = [(json.loads(name[2:]), inner) for name, inner in fields.items() if name.startswith("k:")]
        values = [json.loads(name[2:]) for name in fields if name.startswith("v:")]
        named = [_extracted(item, inner) for item in value for key, inner in keys if _has(item, key)]
        return named or [item for item in value if item in values]
    return value


def _has(item: Any, key: Mapping[str, Any]) -> bool:
    return isinstance(item, Mapping) and all(item.get(name) == value for name, value in key.items())
