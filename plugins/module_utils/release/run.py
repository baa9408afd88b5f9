# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a namespace and runs all checks of a release (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, Listing, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.checks import (
    WARNING,
    Check,
    check_events,
    check_fields,
    check_images,
    check_log,
    check_memory,
    check_namespace,
    check_no_metrics,
    check_pods,
    check_scaled_objects,
    check_services,
    check_workloads,
    deployed_at,
    logs_to_search,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.events import JUDGED_KINDS, Moment
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, Snapshot, Target

_ALWAYS_READ = ("Pod", "Event", "PersistentVolumeClaim", "ReplicaSet", "Service", "EndpointSlice")
# Without these kinds some outdated warnings are not recognized, which is not a reason to fail.
_READ_IF_ALLOWED = ("HorizontalPodAutoscaler", "Job", "ScaledObject")
_NOT_THERE = (403, 404)
_READERS = 8


@dataclass(frozen=True)
class Release:
    """The expected release.

    Args:
        namespace: namespace of the release.
        targets: workloads and claims of the release.
        services: names of the Services.
        log_lines: number of last log lines per container to search; 0 for none.
        customer_facing: names of the workloads that are required to serve customers.
        name: the release, as in the label of its Jobs; empty if unknown.
        field_manager: the field manager of its objects; empty to skip the check of field managers.
        allowed_field_managers: further field managers that may own fields of pod templates.
    """

    namespace: str
    targets: Sequence[Target]
    services: Sequence[str]
    log_lines: int = 0
    customer_facing: Collection[str] = ()
    name: str = ""
    field_manager: str = ""
    allowed_field_managers: Collection[str] = ()


def check_release(api: Cluster, release: Release, mask: Callable[[str], str]) -> tuple[list[Check], datetime | None]:
    """Run all checks.

    Args:
        api: the cluster.
        release: the expected release.
        mask: hides secrets.

    Returns:
        The checks, and the time of the release; None if the namespace does not exist.

    Raises:
        PlatformError: the cluster cannot be read; contains the error message of the cluster.
    """
    namespace, targets = release.namespace, release.targets
    found = patiently(lambda: api.namespace(namespace))
    checks: list[Check | None] = [check_namespace(namespace, found)]
    if found is None:
        return [check for check in checks if check], None
    with ThreadPoolExecutor(_READERS) as readers:
        kinds = dict.fromkeys([*_ALWAYS_READ, *_READ_IF_ALLOWED, *(target.kind for target in targets)])
        listings = dict(readers.map(lambda kind: (kind, _listing(api, kind, namespace)), kinds))
        read = {kind: listing for kind, listing in listings.items() if listing}
        snapshot = Snapshot(item for listing in read.values() for item in listing.items)
        now = max(listing.server_time for listing in read.values())
        workloads = [target for target in targets if target.kind != "PersistentVolumeClaim"]
        since = deployed_at(workloads, snapshot)
        checks += check_workloads(targets, snapshot, now, release.customer_facing)
        if release.field_manager:
            checks += check_fields(targets, snapshot, release.field_manager, release.allowed_field_managers)
        checks += check_images(workloads, snapshot)
        checks += check_pods(snapshot, since)
        checks += check_services(release.services, snapshot)
        checks += check_scaled_objects(snapshot, now)
        checks += _check_memory(api, found, snapshot, now)
        checks += check_events(read["Event"].items, since, Moment(snapshot, now, JUDGED_KINDS - read.keys(), release.name))
        if release.log_lines:
            logs = logs_to_search(snapshot)
            checks += readers.map(lambda source: _check_log(api, namespace, source, since, release.log_lines, mask), logs)
    return [check for check in checks if check], since


def _listing(api: Cluster, kind: str, namespace: str) -> Listing | None:
    try:
        return patiently(lambda: api.list_objects(kind, namespace))
    except PlatformError as error:
        if kind in _READ_IF_ALLOWED and error.status in _NOT_THERE:
            return None
        raise


def _check_memory(api: Cluster, namespace: Manifest, snapshot: Snapshot, now: datetime) -> list[Check]:
    try:
        metrics = api.list_objects("PodMetrics", namespace["metadata"]["name"]).items
    except PlatformError as error:
        return [check_no_metrics(error.status, str(error), namespace, now)]
    return list(check_memory(snapshot.all("Pod"), metrics))


def _check_log(
    api: Cluster, namespace: str, source: tuple[str, Manifest], since: datetime, lines: int, mask: Callable[[str], str]
) -> Check | None:
    pod, container = source
    try:
        return check_log(pod, container, api.log(namespace, pod, container["name"], False, lines, since), mask)
    except PlatformError as error:
        if error.status == 404:
            # The pod was deleted after it was listed.
            return None
        return Check("log", f"Pod/{pod}", WARNING, f"the log of container {container['name']} was not read: {error}")
