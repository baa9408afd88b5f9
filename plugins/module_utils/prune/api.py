# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists and deletions (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, Listing, path_of, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ConflictError, NotFoundError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject


class PruneApi(Cluster):
    """Lists and deletes, one after another.

    Args:
        auth: the authentication options of kubernetes.core, by their names in a task.
    """

    def objects(self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False) -> Listing:
        """List a kind. Empty if the namespace does not exist.

        Args:
            kind: a key of PATHS.
            namespace: the namespace.
            selector: as in the API's labelSelector parameter; empty for all objects.
            metadata_only: whether to request only the metadata of the objects.

        Raises:
            ForbiddenError: the user may not list the objects.
            PlatformError: the objects cannot be listed for another reason.
        """
        return patiently(lambda: self.list_objects(kind, namespace, selector, metadata_only))

    def remove(self, item: Mapping[str, Any]) -> bool:
        """Delete an object if it is unchanged since it was read. Its dependents are deleted in the background.

        Args:
            item: kind and metadata of the object.

        Returns:
            Whether it was deleted; False if it was already deleted or has changed since it was read.

        Raises:
            RefusedError: the user may not delete it.
            PlatformError: the deletion fails for another reason.
        """
        # If the response to the first request was lost, the retry does not find the object.
        return patiently(lambda: self._remove(item))

    def _remove(self, item: Mapping[str, Any]) -> bool:
        metadata = item["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        }
        path = path_of(item["kind"], metadata["namespace"], metadata["name"])
        try:
            self._answer(subject(item), path, method="DELETE", hides_content=item["kind"] == "Secret", body=options)
        except (NotFoundError, ConflictError):
            return False
        return True
