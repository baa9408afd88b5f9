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
# An annotation may be long, and a registry's words are.
_LONGEST = 1000


class UnblockApi(PruneApi):
    """Lists, deletes and stops, one after another.

    Args:
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def stop(self, job: Mapping[str, Any], because: str, field_manager: str) -> bool:
        """Let a Job fail at once: its pods end, and the Job stays with the reason in an annotation.

        Args:
            job: as it was read.
            because: why.
            field_manager: in whose name.

        Returns:
            Whether it was stopped; not if it was gone or replaced by another Job of that name.

        Raises:
            PlatformError: the API server rejects it or cannot be asked.
        """
        return patiently(lambda: self._stop(job, because, field_manager))

    def _stop(self, job: Mapping[str, Any], because: str, field_manager: str) -> bool:
        metadata = job["metadata"]
        # One second is the shortest deadline that counts in any version: a Job that is younger is stopped when it is one second old.
        patch = {
            "metadata": {"uid": metadata["uid"], "annotations": {STOPPED_ANNOTATION: because[:_LONGEST]}},
            "spec": {"activeDeadlineSeconds": 1},
        }
        path, query = path_of("Job", metadata["namespace"], metadata["name"]), {"fieldManager": field_manager}
        try:
            self._answer(subject(job), path, query, "PATCH", body=patch, content_type=_MERGE_PATCH)
        except (NotFoundError, ConflictError):  # gone, or another Job of that name
            return False
        return True
