# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applies manifests and takes over what another install made (private to the collection)."""

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
    """What a take-over asks of a cluster."""

    def read(self, manifest: Manifest) -> Manifest | None:
        """The object as it is."""

    def apply(self, manifest: Manifest, field_manager: str) -> object:
        """Apply an object."""

    def set_managed_fields(self, live: Manifest, entries: list[dict[str, Any]]) -> None:
        """Say to whom its fields belong."""

    def delete(self, live: Manifest, policy: str) -> None:
        """Begin to delete an object."""


def take_over(api: Api, manifests: Iterable[Manifest], field_manager: str, timeout: float) -> None:
    """Apply manifests in their order; what another install made becomes this one's on the way.

    A run that ends between two steps leaves pods that serve, and the next one goes on where it ended.

    Args:
        api: the cluster.
        manifests: what is applied.
        field_manager: in whose name.
        timeout: seconds to wait for each workload that is deleted.

    Raises:
        PlatformError: the cluster refuses something, or a workload does not go.
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
            # A controller wrote it in between.
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
                f"{subject(manifest)} is not gone after {timeout:g} s, since it waits for {_waits_for(found)}; run again when it is"
            )
        time.sleep(_POLL)
    if not leaves_replicas_out(manifest):
        api.apply(manifest, field_manager)
        return
    # Made without replicas it would begin with one; somebody has to hold them when this install leaves them out.
    complete = with_replicas_of(live, manifest)
    api.apply(complete, field_manager)
    holder = {key: manifest[key] for key in ("apiVersion", "kind")}
    name = {key: value for key, value in manifest["metadata"].items() if key in ("name", "namespace")}
    api.apply({**holder, "metadata": name, "spec": {"replicas": complete["spec"]["replicas"]}}, f"{field_manager}.replicas")
    api.apply(manifest, field_manager)


def _waits_for(live: Manifest) -> str:
    finalizers = live["metadata"].get("finalizers") or []
    return "its pods to end" if "foregroundDeletion" in finalizers else ", ".join(finalizers) or "the API server"
