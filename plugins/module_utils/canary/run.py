# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the metrics of the pods of two releases, and compares them for some time (private to the collection)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.compare import (
    Counts,
    Gained,
    Limits,
    Names,
    compared,
    counts,
    is_enough,
    worse,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.metrics import samples
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.port_forward import PodDialer, Stream
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import HttpRequest, exchange
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import is_ready
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import leaving

_READ_SECONDS = 10.0
# Seconds before the pods are read again because the metrics of one cannot be read. A container that ended does not answer some seconds
# before the status of its pod shows it.
_READ_AGAIN = (1.0, 2.0, 4.0, 8.0)
_MOST_BYTES = 8 << 20


class Api(Protocol):
    """The functions of the cluster that a comparison uses."""

    def list(self, kind: str, namespace: str, selector: str, timeout: float) -> Sequence[Mapping[str, Any]]:
        """The objects of a kind that match a label selector."""

    def port_forward(self, namespace: str, pod: str, port: int) -> Stream:
        """Open a stream to a pod."""


@dataclass(frozen=True)
class Endpoint:
    """Where the pods serve their metrics."""

    port: int
    path: str
    headers: Mapping[str, str]


class Reader:
    """Reads the counts of the running pods of a release.

    Args:
        api: the cluster.
        namespace: namespace of the pods.
        endpoint: where they serve their metrics.
        names: names of the metrics.
        wait: waits for some seconds.
    """

    def __init__(self, api: Api, namespace: str, endpoint: Endpoint, names: Names, wait: Callable[[float], None] = time.sleep) -> None:
        self._api, self._namespace, self._endpoint, self._names, self._wait = api, namespace, endpoint, names, wait

    def __call__(self, selector: str) -> dict[str, Counts]:
        """The counts of each running pod since its start, by its UID.

        If the metrics of a pod cannot be read, all pods are read again: a pod that has left in the meantime is left out.

        Args:
            selector: label selector of the pods.

        Raises:
            PlatformError: the pods cannot be read, or the metrics of a ready pod that stays.
        """
        for pause in _READ_AGAIN:
            try:
                return patiently(partial(self._read, selector))
            except PlatformError as error:
                if error.certain or error.away:
                    raise
            self._wait(pause)
        return patiently(partial(self._read, selector))

    def _read(self, selector: str) -> dict[str, Counts]:
        pods = self._api.list("Pod", self._namespace, selector, _READ_SECONDS)
        return {pod["metadata"]["uid"]: self._counts(pod) for pod in pods if _counts_for_comparison(pod)}

    def _counts(self, pod: Mapping[str, Any]) -> Counts:
        restarts = sum(each["restartCount"] for each in pod["status"].get("containerStatuses") or ())
        # A pod that is not ready has restarted, or is about to. Its last counters are unknown.
        if not is_ready(pod):
            return Counts(restarts=restarts, is_read=False)
        return counts(samples(self._metrics(pod["metadata"]["name"])), self._names, restarts)

    def _metrics(self, pod: str) -> str:
        where = f"the metrics of pod {self._namespace}/{pod} ({self._endpoint.path}, port {self._endpoint.port})"
        request = HttpRequest("GET", f"http://{pod}:{self._endpoint.port}{self._endpoint.path}", dict(self._endpoint.headers))
        with PodDialer(self._api, self._namespace, pod, self._endpoint.port) as dialer:
            try:
                answer = exchange(request, None, dialer, Deadline(_READ_SECONDS), _MOST_BYTES)
            except TimeoutError as error:
                raise PlatformError(f"{where} cannot be read: {dialer.error or error}") from error
            except PlatformError as error:
                message = f"{where} cannot be read: {dialer.error or error}"
                raise PlatformError(message, error.certain, error.status, error.away) from error
        if answer.status != 200:
            raise PlatformError(f"{where} cannot be read: status {answer.status}")
        return answer.body.decode("utf-8", "replace")


def _counts_for_comparison(pod: Mapping[str, Any]) -> bool:
    return not leaving(pod) and (pod.get("status") or {}).get("phase") == "Running"


@dataclass(frozen=True)
class Result:
    """Whether the canary is worse, and the sentence that says what was compared."""

    is_worse: bool
    message: str


@dataclass(frozen=True)
class Pace:
    """Seconds of the comparison, and seconds between two reads."""

    seconds: float
    interval: float


def compare(
    read: Callable[[str], Mapping[str, Counts]],
    selectors: tuple[str, str],
    names: Names,
    limits: Limits,
    pace: Pace,
    wait: Callable[[float], None],
    progress: Callable[[str], None],
) -> Result:
    """Compare for some time. Ends as soon as the canary is worse.

    Args:
        read: reads the counts of the pods of a selector.
        selectors: label selectors of the canary and of the current release.
        names: names of the metrics, for messages.
        limits: how much worse the canary may be.
        pace: how long and how often.
        wait: waits for some seconds.
        progress: shows a line.

    Raises:
        PlatformError: the metrics cannot be read.
    """
    begin = [read(selector) for selector in selectors]
    if not begin[0]:
        return Result(True, "The canary is worse after 0 s: none of its pods runs")
    ready = [each for each in begin[1].values() if each.is_read]
    if not ready:
        return Result(False, "The canary was not judged, because no pod of the current release is ready")
    # The pods of the current release have answered their probes.
    if not any(each.total for each in ready):
        raise PlatformError(f"no pod of the current release has the metric {names.requests}, so the canary cannot be judged", certain=True)
    gained = [Gained(each) for each in begin]
    passed = 0.0
    while True:
        step = min(pace.interval, pace.seconds - passed)
        wait(step)
        passed += step
        canary, stable = (release.add(read(selector)) for release, selector in zip(gained, selectors, strict=True))
        found = compared(canary, stable)
        progress(f"after {passed:.0f} s: {found}")
        reason = worse(canary, stable, limits)
        if reason:
            return Result(True, f"The canary is worse after {passed:.0f} s: {reason}")
        if passed >= pace.seconds:
            break
    if not is_enough(canary, limits):
        few = f"Too few requests to judge the shares of the canary (fewer than {limits.requests})"
        return Result(False, f"{few}. Compared over {passed:.0f} s: {found}")
    return Result(False, f"The canary is not worse. Compared over {passed:.0f} s: {found}")
