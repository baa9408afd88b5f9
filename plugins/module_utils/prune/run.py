# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removes objects that no release needs any more (private to the collection)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Listing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ForbiddenError, RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import (
    Manifest,
    Rules,
    disposable,
    mentioned,
    old_jobs,
    releases_of,
    staying,
    too_many_revisions,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import (
    SELECTOR,
    Record,
    kept_records,
    kept_releases,
    number_of,
    records_in,
    references_of,
)

# Kinds that refer to ConfigMaps and Secrets, besides Deployments, ReplicaSets and Ingresses.
_REFERRERS = ("StatefulSet", "ControllerRevision", "DaemonSet", "CronJob", "Job", "Pod", "ServiceAccount")
# The Deployment controller removes surplus ReplicaSets shortly after a rollout. Seconds.
_SETTLE_SECONDS = 10.0
_SETTLE_POLL = 0.5


class Api(Protocol):
    """The functions of the cluster that pruning uses."""

    def objects(self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False) -> Listing:
        """List a kind."""

    def remove(self, item: Mapping[str, Any]) -> bool:
        """Delete an object if it is unchanged since it was read."""


@dataclass
class Outcome:
    """The removed objects, or in check mode the objects to remove, and a sentence for each rejection by the API server."""

    removed: list[Manifest] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def prune(api: Api, rules: Rules, check_mode: bool) -> Outcome:
    """Remove the records and Jobs of old releases, then unreferenced ConfigMaps and Secrets. A rejection does not end the pruning.

    The candidates are read before the objects that may refer to them, so that a new reference in between is found.

    Args:
        api: the cluster.
        rules: which objects may be removed.
        check_mode: whether to remove nothing.

    Raises:
        PlatformError: the cluster cannot be read.
    """
    outcome = Outcome()
    records = _records(api, rules, check_mode, outcome)
    # Without the records the ConfigMaps and Secrets that a rollback needs are not known.
    kinds = () if records is None else ("ConfigMap", "Secret")
    candidates = [item for kind in kinds for item in _candidates(api, kind, rules, outcome)]
    try:
        listing = api.objects("Job", rules.namespace, rules.selector)
    except ForbiddenError as error:
        outcome.refusals.append(f"Jobs stay: {error}")
    else:
        others = releases_of(listing.items, rules.release_label)
        kept = kept_releases([record["release"] for record in records or ()], rules.release, rules.history, others)
        _remove(api, old_jobs(listing.items, rules, kept, listing.server_time), check_mode, outcome)
    if not candidates:
        return outcome
    gone = {item["metadata"]["uid"] for item in outcome.removed}
    try:
        names = mentioned(staying(_referrers(api, rules, check_mode), gone))
    except ForbiddenError as error:
        outcome.refusals.append(f"ConfigMaps and Secrets stay, because the references to them cannot be read: {error}")
    else:
        names |= {name for record in records or () for name in references_of(record)}
        _remove(api, [item for item in candidates if item["metadata"]["name"] not in names], check_mode, outcome)
    return outcome


def _records(api: Api, rules: Rules, check_mode: bool, outcome: Outcome) -> list[Record] | None:
    """Remove the oldest records, and return the others, newest first; None if they cannot be read."""
    try:
        items = api.objects("ConfigMap", rules.namespace, SELECTOR).items
    except ForbiddenError as error:
        outcome.refusals.append(f"ConfigMaps and Secrets stay, because the records of releases cannot be read: {error}")
        return None
    records, ignored = records_in(items, rules.field_manager)
    outcome.refusals += ignored
    kept = kept_records(records, rules.history)
    old = {record["number"] for record in records} - {record["number"] for record in kept}
    _remove(api, [item for item in items if number_of(item["metadata"]["name"]) in old], check_mode, outcome)
    return kept


def _candidates(api: Api, kind: str, rules: Rules, outcome: Outcome) -> list[Manifest]:
    try:
        listing = api.objects(kind, rules.namespace, rules.selector, metadata_only=True)
    except ForbiddenError as error:
        outcome.refusals.append(f"{kind}s stay: {error}")
        return []
    return disposable(listing.items, rules, listing.server_time)


def _referrers(api: Api, rules: Rules, check_mode: bool) -> list[Manifest]:
    found: list[Manifest] = _deployments_and_replica_sets(api, rules, 0 if check_mode else _SETTLE_SECONDS)
    for kind in _REFERRERS:
        found += api.objects(kind, rules.namespace).items
    # Ingresses refer to certificates, which this collection does not create. Without permission to read them the rest can be removed.
    with contextlib.suppress(ForbiddenError):
        found += api.objects("Ingress", rules.namespace).items
    return found


def _deployments_and_replica_sets(api: Api, rules: Rules, patience: float) -> list[Manifest]:
    deadline = Deadline(patience)
    while True:
        deployments = api.objects("Deployment", rules.namespace).items
        replica_sets = api.objects("ReplicaSet", rules.namespace).items
        if not too_many_revisions(deployments, replica_sets, rules.field_manager) or not deadline.remaining():
            return [*deployments, *replica_sets]
        time.sleep(_SETTLE_POLL)


def _remove(api: Api, items: Iterable[Manifest], check_mode: bool, outcome: Outcome) -> None:
    for item in items:
        try:
            if check_mode or api.remove(item):
                outcome.removed.append(item)
        except RefusedError as error:
            outcome.refusals.append(str(error))
