# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The write requests of an adoption (private to the collection)."""

from __future__ import annotations

from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import NotFoundError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi, deletion
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest


class TakeoverApi(PlanApi):
    """Writes one object at a time. Raises the same errors as PlanApi."""

    def apply(self, manifest: Manifest, field_manager: str) -> Manifest:
        """Apply an object server-side, and return the result.

        Args:
            manifest: the manifest to apply.
            field_manager: the field manager; conflicts are forced.
        """
        return self._call(manifest, "server_side_apply", body=manifest, field_manager=field_manager, force_conflicts=True)

    def set_managed_fields(self, live: Manifest, entries: list[dict[str, Any]]) -> None:
        """Replace the managed fields of an object, if it is unchanged since it was read.

        Args:
            live: the object as it was read.
            entries: its new metadata.managedFields.

        Raises:
            ConflictError: it was changed after it was read.
        """
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        self._call(live, "patch", body=patch, content_type="application/json-patch+json")

    def delete(self, live: Manifest, policy: str) -> None:
        """Start the deletion of an object. An object that no longer exists is not an error.

        Args:
            live: the object as it was read.
            policy: the propagationPolicy for its dependents.

        Raises:
            ConflictError: a new object with the same name exists.
        """
        try:
            self._call(live, "delete", body=deletion(live, policy))
        except NotFoundError:
            return
