# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applies manifests and adopts existing objects of another installation (private to the collection)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ConflictError, PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest, subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.scaling import leaves_replicas_out, with_replicas_of
from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.rules import (
    deletion_policy,
    foreign,
    handed_over,
    is_handed_over,
    obstacle,
    sources_of,
)

_POLL = 0.5
_ATTEMPTS = 5


class Api(Protocol):
    """The functions of the cluster that an adoption uses."""

    def read(self, manifest: Manifest) -> Manifest | None:
        """The live object."""

    def apply(self, manifest: Manifest, field_manager: str) -> object:
        """Apply an object."""

    def set_managed_fields(self, live: Manifest, entries: list[dict[str, Any]]) -> None:
        """Replace the managed fields of an object."""

    def delete(self, live: Manifest, policy: str) -> None:
        """Start the deletion of an object."""


def take_over(api: Api, manifests: Iterable[Manifest], field_manager: str, timeout: float) -> None:
    """Apply manifests in order, and adopt existing objects of another installation.

    If a run ends between two steps, the pods continue to serve, and the next run continues from there.

    Args:
        api: the cluster.
        manifests: the manifests to apply.
        field_manager: the field manager.
        timeout: seconds to wait for the deletion of each workload.

    Raises:
        PlatformError: the cluster rejects something, or a workload is not deleted in time.
    """
    for manifest in manifests:
        live = api.read(manifest)
        if live and foreign(live, manifest, field_manager):
            _make_anew(api, live, manifest, field_manager, timeout)
            continue
        if live and is_handed_over(live, field_manager):
            _hand_over(api, live, manifest, field_manager)
        api.apply(manifest, field_manager)


def _hand_over(api: Api, live: Manifest | None, manifest: Manifest, field_manager: str) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        if live is None or not is_handed_over(live, field_manager):
            return
        try:
            entries = handed_over(live["metadata"]["managedFields"], field_manager, sources_of(live, field_manager))
            api.set_managed_fields(live, entries)
        except ConflictError:
            # A controller changed the object in between.
            if attempt == _ATTEMPTS:
                raise
            live = api.read(manifest)
        else:
            return


def _make_anew(api: Api, live: Manifest, manifest: Manifest, field_manager: str, timeout: float) -> None:
    reason = obstacle(live, manifest)
    if reason:
        raise PlatformError(f"{subject(manifest)}: {reason}", certain=True)
    api.delete(live, deletion_policy(live, manifest))
    deadline = Deadline(timeout)
    while (found := api.read(manifest)) and found["metadata"]["uid"] == live["metadata"]["uid"]:
        if not deadline.remaining():
            raise PlatformError(
                f"{subject(manifest)} was not deleted within {timeout:g} s. It waits for {_waits_for(found)}. Run again when it is deleted"
            )
        time.sleep(_POLL)
    if not leaves_replicas_out(manifest):
        api.apply(manifest, field_manager)
        return
    # Created without replicas it would start with one. A field manager must own the replicas before this installation omits them.
    complete = with_replicas_of(live, manifest)
    api.apply(complete, field_manager)
    holder = {key: manifest[key] for key in ("apiVersion", "kind")}
    name = {key: value for key, value in manifest["metadata"].items() if key in ("name", "namespace")}
    api.apply({**holder, "metadata": name, "spec": {"replicas": complete["spec"]["replicas"]}}, f"{field_manager}.replicas")
    api.apply(manifest, field_manager)


def _waits_for(live: Manifest) -> str:
    finalizers = live["metadata"].get("finalizers") or []
    return "its pods to end" if "foregroundDeletion" in finalizers else ", ".join(finalizers) or "the API server"
