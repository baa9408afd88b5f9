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
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def objects(self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False) -> Listing:
        """List a kind; nothing where there is no such namespace.

        Args:
            kind: a key of PATHS.
            namespace: where.
            selector: as in the API's labelSelector parameter; empty for all.
            metadata_only: whether only the metadata of the objects leaves the cluster.

        Raises:
            ForbiddenError: the API server does not let them be listed.
            PlatformError: they cannot be had for another reason.
        """
        return patiently(lambda: self.list_objects(kind, namespace, selector, metadata_only))

    def remove(self, item: Mapping[str, Any]) -> bool:
        """Delete an object as it was read, what it owns after it.

        Args:
            item: kind and metadata.

        Returns:
            Whether it was deleted; not if it was gone or had changed since it was read.

        Raises:
            RefusedError: the API server does not let it be deleted.
            PlatformError: it cannot be asked.
        """
        # Where the answer to the first request was lost, the object is gone for the second one.
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
