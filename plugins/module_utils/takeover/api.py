# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of a take-over (private to the collection)."""

from __future__ import annotations

from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import NotFoundError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi, deletion
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest


class TakeoverApi(PlanApi):
    """Writes one object at a time; what keeps one from being written is raised as PlanApi does."""

    def apply(self, manifest: Manifest, field_manager: str) -> Manifest:
        """Apply an object server-side, and return it as it is then.

        Args:
            manifest: what is applied.
            field_manager: in whose name; conflicts with others are won.
        """
        return self._call(manifest, "server_side_apply", body=manifest, field_manager=field_manager, force_conflicts=True)

    def set_managed_fields(self, live: Manifest, entries: list[dict[str, Any]]) -> None:
        """Say anew to whom the fields of an object belong, if it is still as it was read.

        Args:
            live: the object as it was read.
            entries: its metadata.managedFields from now on.

        Raises:
            ConflictError: it has been changed since.
        """
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        self._call(live, "patch", body=patch, content_type="application/json-patch+json")

    def delete(self, live: Manifest, policy: str) -> None:
        """Begin to delete an object; one that is gone already is fine.

        Args:
            live: the object as it was read.
            policy: what happens to what belongs to it, as in propagationPolicy.

        Raises:
            ConflictError: there is another one of its name by now.
        """
        try:
            self._call(live, "delete", body=deletion(live, policy))
        except NotFoundError:
            return
