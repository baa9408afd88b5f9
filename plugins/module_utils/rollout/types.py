# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that the parts of rollout share (private to the collection)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Manifest = Mapping[str, Any]

# Objects younger than this at the start of the wait were created by the same run. A repeated run starts later than that.
FRESH = timedelta(seconds=30)

READY = "ready"
WAITING_FOR_CONSUMER = "waiting_for_consumer"
PENDING = "pending"
FAILED = "failed"
TIMEOUT = "timeout"


@dataclass(frozen=True)
class Target:
    """One object to wait for.

    Args:
        timeout: seconds without progress after which the wait for it ends.
        total_timeout: seconds from the start after which the wait for it ends even if it makes progress.
    """

    kind: str
    name: str
    namespace: str
    image: str | None
    timeout: float
    total_timeout: float = math.inf

    @property
    def title(self) -> str:
        """Kind, namespace and name, for messages."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Policy:
    """Determines which errors count, and when an error is permanent.

    Args:
        tolerated_failures: number of failures of a container before its crash loop is permanent.
        unschedulable_grace: seconds for which a lack of capacity must last before it is permanent.
        began: start of the wait, in the cluster's time.
        failures_before: number of failures of containers of older pods at the start of the wait, by pod UID and container.
        served_before: the containers of these that were ready at the start of the wait.
        now: the present, in the cluster's time; None for the start of the wait.
    """

    tolerated_failures: int
    unschedulable_grace: float
    began: datetime
    failures_before: Mapping[tuple[str, str], int] = field(default_factory=dict)
    served_before: frozenset[tuple[str, str]] = frozenset()
    now: datetime | None = None

    @property
    def present(self) -> datetime:
        """The present, in the cluster's time."""
        return self.now or self.began

    @property
    def since(self) -> datetime:
        """Objects created before this time are older than this change."""
        return self.began - FRESH

    def is_fresh(self, item: Manifest, told: Iterable[datetime]) -> bool:
        """Whether a problem of an object belongs to this change.

        Args:
            item: the object. All problems of an object that is part of this change belong to it.
            told: times of the events that report the problem. An older problem may already be fixed, so it needs a new event.
        """
        return created(item) >= self.since or any(moment >= self.began for moment in told)

    def tolerated(self, container: tuple[str, str]) -> int:
        """Number of failures of a container, given by pod UID and name, before its crash loop is permanent."""
        before = self.failures_before.get(container, 0)
        # A crash loop from before the wait needs one more failure. A container that was ready then may fail as often as a new one.
        return before + self.tolerated_failures if container in self.served_before else max(before, self.tolerated_failures)


@dataclass(frozen=True)
class Finding:
    """A cause that prevents an object from being ready.

    Args:
        reason: one of the documented reasons.
        message: the cause in words; may contain text from outside.
        certain_after: seconds for which it must last to be permanent; 0 is at once, None is never.
        capacity: whether the end of another pod could fix it. The time counts only while no pod can do so.
        pod: name of the pod.
        container: name of the container.
        exit_code: exit code of the container's last failure.
        restarted: whether the failed instance is not the current instance of the container.
        verdict: the verdict after certain_after; FAILED, or READY for a pod that only has to stay ready.
    """

    reason: str
    message: str
    certain_after: float | None = None
    capacity: bool = False
    pod: str | None = None
    container: str | None = None
    exit_code: int | None = None
    restarted: bool = False
    verdict: str = FAILED

    @property
    def rank(self) -> float:
        """Sort key: the finding closest to permanent comes first."""
        return float("inf") if self.certain_after is None else self.certain_after


def most_certain(findings: Iterable[Finding | None]) -> Finding | None:
    """The finding closest to a verdict; the first of equal ones."""
    return min((finding for finding in findings if finding), key=lambda finding: finding.rank, default=None)


@dataclass(frozen=True)
class Replicas:
    """Replica counts. All but wanted are of the newest revision."""

    wanted: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0


@dataclass(frozen=True)
class Assessment:
    """The state of a target according to the objects of one moment.

    Args:
        state: READY, WAITING_FOR_CONSUMER or PENDING.
        progress: the progress in words.
        finding: what prevents it from being ready, if known.
        revision: number or hash of the newest revision.
        replicas: the replica counts.
        involved: UIDs of the target and of the objects of its newest revision.
        log_source: pod and container with the most relevant log, if no finding names one.
        steps: completed steps, as numbers by name. A new maximum is progress.
    """

    state: str
    progress: str
    finding: Finding | None = None
    revision: str | None = None
    replicas: Replicas = Replicas()
    involved: frozenset[str] = frozenset()
    log_source: tuple[str, str] | None = None
    steps: Mapping[str, int] = field(default_factory=dict)


class Snapshot:
    """The objects of one namespace at one moment, by kind, as the API server returned them.

    Args:
        objects: the objects, each with its kind.
    """

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self._by_kind: dict[str, list[Manifest]] = {}
        self._events: dict[str, list[Manifest]] = {}
        for item in objects:
            if item["kind"] == "Event":
                self._events.setdefault(item["involvedObject"].get("uid", ""), []).append(item)
            else:
                self._by_kind.setdefault(item["kind"], []).append(item)
        for events in self._events.values():
            events.sort(key=event_time, reverse=True)

    def all(self, kind: str) -> Sequence[Manifest]:
        """The objects of a kind."""
        return self._by_kind.get(kind, [])

    def get(self, kind: str, name: str) -> Manifest | None:
        """The object of this kind and name, or None."""
        return next((item for item in self.all(kind) if item["metadata"]["name"] == name), None)

    def events(self, uid: str, *reasons: str) -> list[Manifest]:
        """Events of the object with this UID, newest first.

        Args:
            uid: UID of the object.
            reasons: event reasons to select; none selects all.
        """
        return [event for event in self._events.get(uid, []) if not reasons or event.get("reason") in reasons]


def instant(text: str | None) -> datetime:
    """Parse a time of the API. A missing time is older than all others."""
    # Python 3.10 does not support the suffix Z.
    return datetime.fromisoformat((text or "1970-01-01T00:00:00Z").replace("Z", "+00:00"))


def event_time(event: Manifest) -> datetime:
    """Time of the last occurrence of an event."""
    series = event.get("series") or {}
    return max(
        instant(text)
        for text in (
            series.get("lastObservedTime"),
            event.get("lastTimestamp"),
            event.get("eventTime"),
            event["metadata"].get("creationTimestamp"),
        )
    )


def event_began(event: Manifest) -> datetime:
    """Time of the first occurrence of an event."""
    times = (event.get("firstTimestamp"), event.get("eventTime"), event["metadata"].get("creationTimestamp"))
    return min((instant(text) for text in times if text), default=event_time(event))


def event_count(event: Manifest) -> int:
    """Number of occurrences of an event."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def conditions(item: Manifest) -> dict[str, Manifest]:
    """The conditions of an object with the status True or False, by type."""
    return {condition["type"]: condition for condition in (item.get("status") or {}).get("conditions") or []}


def is_true(item: Manifest, condition_type: str) -> bool:
    """Whether an object has this condition with the status True."""
    return (conditions(item).get(condition_type) or {}).get("status") == "True"


def created(item: Manifest) -> datetime:
    """Creation time of an object."""
    return instant(item["metadata"].get("creationTimestamp"))


def leaving(item: Manifest) -> bool:
    """Whether an object is being deleted."""
    return bool(item["metadata"].get("deletionTimestamp"))
