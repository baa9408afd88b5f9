# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops Jobs (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import path_of, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ConflictError, NotFoundError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.ends import STOPPED_ANNOTATION
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.api import PruneApi

_MERGE_PATCH = "application/merge-patch+json"
# Limit for the annotation, because the messages of registries can be long.
_LONGEST = 1000


class UnblockApi(PruneApi):
    """Lists, deletes and stops objects, one after another.

    Args:
        auth: the authentication options of kubernetes.core, by their names in a task.
    """

    def stop(self, job: Mapping[str, Any], because: str, field_manager: str) -> bool:
        """Make a Job fail at once: its pods end, and the Job stays with the reason in an annotation.

        Args:
            job: the Job as it was read.
            because: the reason.
            field_manager: the field manager of the change.

        Returns:
            Whether it was stopped; False if it was deleted or replaced by another Job of the same name.

        Raises:
            PlatformError: the API server rejects the change or is unavailable.
        """
        return patiently(lambda: self._stop(job, because, field_manager))

    def _stop(self, job: Mapping[str, Any], because: str, field_manager: str) -> bool:
        metadata = job["metadata"]
        # One second is the shortest deadline that works in all versions. A younger Job is stopped when it is one second old.
        patch = {
            "metadata": {"uid": metadata["uid"], "annotations": {STOPPED_ANNOTATION: because[:_LONGEST]}},
            "spec": {"activeDeadlineSeconds": 1},
        }
        path, query = path_of("Job", metadata["namespace"], metadata["name"]), {"fieldManager": field_manager}
        try:
            self._answer(subject(job), path, query, "PATCH", body=patch, content_type=_MERGE_PATCH)
        except (NotFoundError, ConflictError):  # deleted, or another Job of the same name
            return False
        return True
