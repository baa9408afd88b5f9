# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the pods of a canary are worse than those of the current release: pure functions (private to the collection)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.metrics import Sample

# Requests to one view of the canary from which the share of errors of this view counts.
LEAST_OF_A_VIEW = 5


@dataclass(frozen=True)
class Names:
    """Names of the metrics: a counter of responses with the labels status and view, and a histogram of seconds."""

    requests: str
    latency: str
    status_label: str = "status"
    view_label: str = "view"


@dataclass(frozen=True)
class Limits:
    """How much worse a canary may be.

    Args:
        requests: requests to the canary from which the shares count.
        more_errors: percentage points by which its share of responses with 5xx may be larger.
        latency_factor: factor by which its mean latency may be longer; 0 for any.
    """

    requests: int
    more_errors: float
    latency_factor: float


@dataclass
class Counts:
    """What a pod or the pods of a release did.

    Attributes:
        requests: requests by view.
        errors: responses with 5xx by view.
        seconds: duration of all timed requests.
        timed: number of timed requests.
        restarts: restarts of containers.
        ended: pods that ended or were deleted.
        is_read: whether the metrics were read. Those of a pod that is not ready are not.
    """

    requests: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    timed: float = 0.0
    restarts: int = 0
    ended: int = 0
    is_read: bool = True

    @property
    def total(self) -> float:
        """Number of requests."""
        return sum(self.requests.values())

    @property
    def failed(self) -> float:
        """Number of responses with 5xx."""
        return sum(self.errors.values())

    @property
    def latency(self) -> float:
        """Mean seconds of a request; 0 without requests."""
        return self.seconds / self.timed if self.timed else 0.0


def counts(samples: Iterable[Sample], names: Names, restarts: int = 0) -> Counts:
    """The counts of a pod since its start.

    Args:
        samples: the metrics of the pod.
        names: names of the metrics.
        restarts: restarts of its containers.
    """
    found = Counts(restarts=restarts)
    for sample in samples:
        if sample.name == names.requests:
            view = sample.labels.get(names.view_label, "")
            found.requests[view] = found.requests.get(view, 0) + sample.value
            if sample.labels.get(names.status_label, "").startswith("5"):
                found.errors[view] = found.errors.get(view, 0) + sample.value
        elif sample.name == f"{names.latency}_sum":
            found.seconds += sample.value
        elif sample.name == f"{names.latency}_count":
            found.timed += sample.value
    return found


class Gained:
    """Adds up what the pods of a release did since the first read.

    It adds from read to read, so that a pod that ends keeps its part.

    Args:
        first: the counts of each pod by its UID. Those of a pod that appears later are counted from its own first read.
    """

    def __init__(self, first: Mapping[str, Counts]) -> None:
        self._last = dict(first)
        self._total = Counts()

    def add(self, now: Mapping[str, Counts]) -> Counts:
        """What the pods did up to this read.

        Args:
            now: the counts of each pod by its UID.
        """
        self._total.ended += len(self._last.keys() - now.keys())
        last: dict[str, Counts] = {}
        for uid, new in now.items():
            old = self._last.get(uid, new)
            self._total.restarts += new.restarts - old.restarts
            if old.is_read and new.is_read:
                _add(self._total, old, new)
            last[uid] = new if new.is_read else replace(old, restarts=new.restarts)
        self._last = last
        return self._total


def _add(total: Counts, old: Counts, new: Counts) -> None:
    """Add the difference of two reads of a pod. Counters of which one fell started again at 0."""
    if new.timed < old.timed or any(new.requests.get(view, 0) < value for view, value in old.requests.items()):
        old = Counts()
    for field_name in ("requests", "errors"):
        sums, earlier = getattr(total, field_name), getattr(old, field_name)
        for view, value in getattr(new, field_name).items():
            sums[view] = sums.get(view, 0) + value - earlier.get(view, 0)
    total.seconds += new.seconds - old.seconds
    total.timed += new.timed - old.timed


def compared(canary: Counts, stable: Counts) -> str:
    """What was compared, for messages."""
    return (
        f"canary: {_errors(canary.failed, canary.total)}, mean {_milliseconds(canary)}, {canary.restarts} restarts; "
        f"current release: {_errors(stable.failed, stable.total)}, mean {_milliseconds(stable)}, {stable.restarts} restarts"
    )


def worse(canary: Counts, stable: Counts, limits: Limits) -> str:
    """Why the canary is worse, without a full stop; empty if it is not, or if there are too few requests to compare.

    Args:
        canary: what the pods of the canary did.
        stable: what the pods of the current release did in the same time.
        limits: how much worse the canary may be.
    """
    # Pods of the current release also end when it scales in. The canary has no autoscaler.
    if canary.ended:
        return f"{canary.ended} of its pods ended"
    if canary.restarts > stable.restarts:
        return f"its containers restarted {canary.restarts} times, those of the current release {stable.restarts} times"
    if not is_enough(canary, limits):
        return ""
    for view in sorted(canary.errors, key=lambda each: -canary.errors[each]):
        here, there = (canary.errors[view], canary.requests[view]), (stable.errors.get(view, 0), stable.requests.get(view, 0))
        if here[1] >= LEAST_OF_A_VIEW and _share(*here) - _share(*there) > limits.more_errors:
            named = f" of {view}" if view else ""
            return f"the canary has {_errors(*here)}{named}, the current release {_errors(*there)}"
    if _share(canary.failed, canary.total) - _share(stable.failed, stable.total) > limits.more_errors:
        return f"the canary has {_errors(canary.failed, canary.total)}, the current release {_errors(stable.failed, stable.total)}"
    if limits.latency_factor and stable.timed >= limits.requests and canary.latency > stable.latency * limits.latency_factor:
        return f"its mean latency is {_milliseconds(canary)}, that of the current release {_milliseconds(stable)}"
    return ""


def is_enough(canary: Counts, limits: Limits) -> bool:
    """Whether the canary had enough requests to compare the shares."""
    return canary.total >= max(1, limits.requests)


def _share(errors: float, requests: float) -> float:
    return 100 * errors / requests if requests else 0.0


def _errors(errors: float, requests: float) -> str:
    return f"5xx in {math.floor(errors)} of {math.floor(requests)} requests"


def _milliseconds(found: Counts) -> str:
    return f"{found.latency * 1000:.0f} ms"
