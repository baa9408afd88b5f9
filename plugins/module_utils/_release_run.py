# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a namespace and makes all checks of a release (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils._client import patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils._errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils._release_checks import (
    WARNING,
    Check,
    check_events,
    check_images,
    check_log,
    check_memory,
    check_namespace,
    check_pods,
    check_services,
    check_workloads,
    deployed_at,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils._rollout_api import ClusterApi
from ansible_collections.jewelry_shop.platform.plugins.module_utils._rollout_types import Manifest, Snapshot, Target

_ALWAYS_READ = ("Pod", "Event", "PersistentVolumeClaim", "ReplicaSet", "Service", "EndpointSlice")
_READERS = 8


def check_release(
    api: ClusterApi, namespace: str, targets: Sequence[Target], services: Sequence[str], log_lines: int
) -> tuple[list[Check], datetime | None]:
    """Make all checks.

    Args:
        api: the cluster.
        namespace: where the release is.
        targets: its workloads and claims.
        services: names of its Services.
        log_lines: how many lines of each container's log are looked at; 0 for none.

    Returns:
        The checks, and since when the release is there; None where there is no namespace.

    Raises:
        PlatformError: the cluster cannot be read; says why in its words.
    """
    found = patiently(lambda: api.namespace(namespace))
    checks = [check_namespace(namespace, found)]
    if found is None:
        return checks, None
    with ThreadPoolExecutor(_READERS) as readers:
        kinds = dict.fromkeys([*_ALWAYS_READ, *(target.kind for target in targets)])
        listings = list(readers.map(lambda kind: patiently(lambda: api.list_objects(kind, namespace)), kinds))
        snapshot = Snapshot(item for listing in listings for item in listing.items)
        events = listings[list(kinds).index("Event")].items
        workloads = [target for target in targets if target.kind != "PersistentVolumeClaim"]
        since = deployed_at(workloads, snapshot)
        checks += check_workloads(targets, snapshot, max(listing.server_time for listing in listings))
        checks += check_images(workloads, snapshot)
        checks += check_pods(snapshot, since)
        checks += check_services(services, snapshot)
        checks += check_memory(snapshot.all("Pod"), _metrics(api, namespace))
        checks += check_events(events, since)
        if log_lines:
            checks += readers.map(lambda source: _check_log(api, namespace, source, since, log_lines), _logs(snapshot.all("Pod")))
    return [check for check in checks if check], since


def _metrics(api: ClusterApi, namespace: str) -> list[Manifest] | None:
    try:
        return list(api.list_objects("PodMetrics", namespace).items)
    except PlatformError:
        # Whoever has no metrics-server has a warning, not a fault.
        return None


def _logs(pods: Iterable[Manifest]) -> Iterator[tuple[str, str]]:
    for pod in pods:
        if (pod.get("status") or {}).get("phase") == "Running":
            for container in pod["spec"]["containers"]:
                yield pod["metadata"]["name"], container["name"]


def _check_log(api: ClusterApi, namespace: str, source: tuple[str, str], since: datetime, lines: int) -> Any:
    pod, container = source
    try:
        return check_log(pod, container, api.log(namespace, pod, container, False, lines, since))
    except PlatformError as error:
        return Check("log", f"Pod/{pod}", WARNING, f"the log of container {container} was not looked at: {error}")
