# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs all checks in parallel, and repeats them until each is healthy or the deadline is reached (private to the collection)."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.checks import Check, ClusterReader, UrlCheck, WorkloadCheck
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.endpoint import Endpoint
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.prober import Prober, Settings, in_threads


def run_checks(endpoints: Sequence[Endpoint], settings: Settings, cluster: ClusterReader | None = None) -> list[dict[str, Any]]:
    """Check endpoints until all are healthy or the time is over.

    Every endpoint has a daemon thread, and so has every pod in a round. All waits end at the deadline, so the threads end too. A thread
    that does not end cannot delay the result.

    Args:
        endpoints: the endpoints to check.
        settings: the limits.
        cluster: required if an endpoint is a workload.

    Returns:
        An entry for each endpoint, in order.

    Raises:
        PlatformError: the TLS settings of an endpoint cannot be used; no request was sent.
    """
    deadline = Deadline(settings.timeout)
    slots = threading.BoundedSemaphore(settings.concurrency)
    checks = [_check(Prober(endpoint, settings, slots, deadline), cluster) for endpoint in endpoints]
    in_threads([partial(_repeat, check, settings.interval, deadline) for check in checks], deadline)
    return [check.result() for check in checks]


def _check(prober: Prober, cluster: ClusterReader | None) -> Check:
    workload = prober.endpoint.workload
    if workload is None:
        return UrlCheck(prober)
    if cluster is None:
        raise ValueError("a workload cannot be checked without a cluster")
    return WorkloadCheck(prober, workload, cluster)


def _repeat(check: Check, interval: float, deadline: Deadline) -> None:
    while True:
        check.round()
        if check.final or check.reason() is None or deadline.remaining() <= interval:
            return
        time.sleep(interval)


def summary(results: Sequence[dict[str, Any]]) -> str:
    """One sentence about all results that names each unhealthy endpoint and the reason."""
    sick = [f"{entry['name']}: {entry['reason']}" for entry in results if not entry["healthy"]]
    pods = sum(pod["ready"] for entry in results for pod in entry.get("pods", ()))
    count = f"{len(results)} endpoint{'s' * (len(results) != 1)}"
    if sick:
        return f"{len(sick)} of {count} {'is' if len(sick) == 1 else 'are'} not healthy: {'; '.join(sick)}"
    with_pods = f" ({pods} pod{'s' * (pods != 1)} checked)" if pods else ""
    return f"{'All ' * (len(results) > 1)}{count} {'is' if len(results) == 1 else 'are'} healthy{with_pods}"
