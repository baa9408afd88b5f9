# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the parts of rollout hand to each other (private to the collection)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Manifest = Mapping[str, Any]

# What is younger than this when the wait begins was created by the run that waits: one that is repeated comes later than that.
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
        timeout: seconds without progress after which it is given up.
        total_timeout: seconds from the start of the wait after which it is given up although it makes progress.
    """

    kind: str
    name: str
    namespace: str
    image: str | None
    timeout: float
    total_timeout: float = math.inf

    @property
    def title(self) -> str:
        """Kind, namespace and name, as messages call it."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Policy:
    """What decides whether something counts, and when it is certain.

    Args:
        tolerated_failures: how often a container may fail before its crash loop is certain.
        unschedulable_grace: seconds for which a lack of capacity must last.
        began: when the wait began, by the cluster's clock.
        failures_before: failures of containers of older pods when the wait began, by pod uid and container.
        served_before: those of these containers that did what they should when the wait began.
        now: the present, by the cluster's clock; None if that is when the wait began.
    """

    tolerated_failures: int
    unschedulable_grace: float
    began: datetime
    failures_before: Mapping[tuple[str, str], int] = field(default_factory=dict)
    served_before: frozenset[tuple[str, str]] = frozenset()
    now: datetime | None = None

    @property
    def present(self) -> datetime:
        """The present, by the cluster's clock."""
        return self.now or self.began

    @property
    def since(self) -> datetime:
        """What was created before this is older than this change."""
        return self.began - FRESH

    def is_fresh(self, item: Manifest, told: Iterable[datetime]) -> bool:
        """Whether what keeps an object from being ready belongs to this change.

        Args:
            item: the object; all of one that belongs to this change does.
            told: when the same was said about it. What was so when the wait began may just have been mended, and has to be said again.
        """
        return created(item) >= self.since or any(moment >= self.began for moment in told)

    def tolerated(self, container: tuple[str, str]) -> int:
        """How often a container, given by pod uid and name, may have failed before its crash loop is certain."""
        before = self.failures_before.get(container, 0)
        # A crash loop from before the wait needs one more failure; what served then may fail as often as what is new.
        return before + self.tolerated_failures if container in self.served_before else max(before, self.tolerated_failures)


@dataclass(frozen=True)
class Finding:
    """A cause that keeps an object from being ready.

    Args:
        reason: a word of the documented vocabulary.
        message: the cause in words; may hold text from outside.
        certain_after: seconds for which it must last to be certain; 0 is at once, None is never.
        capacity: another pod that ends could mend it, so that the time counts only while none can.
        pod: name of the pod it is about.
        container: name of the container.
        exit_code: exit code of its last failure.
        restarted: whether the failed instance is not the container's current one.
        verdict: what follows when it is certain; FAILED, unless time has to tell that all is well.
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
        """Sorts what is more certain first."""
        return float("inf") if self.certain_after is None else self.certain_after


def most_certain(findings: Iterable[Finding | None]) -> Finding | None:
    """The finding nearest to a verdict; of equals the first."""
    return min((finding for finding in findings if finding), key=lambda finding: finding.rank, default=None)


@dataclass(frozen=True)
class Replicas:
    """Replica counts; all but wanted are of the newest revision."""

    wanted: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0


@dataclass(frozen=True)
class Assessment:
    """What the objects of one moment say about a target.

    Args:
        state: READY, WAITING_FOR_CONSUMER or PENDING.
        progress: how far it is, in words.
        finding: what is in its way, if anything is known.
        revision: number or hash of its newest revision.
        replicas: its counts.
        involved: uids of the target and of what belongs to its newest revision.
        log_source: pod and container whose log tells most, where no finding names one.
        steps: what it has achieved, as numbers by name. A new maximum of one is progress.
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
        objects: each with its kind.
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
        """The object of that kind and name, or None."""
        return next((item for item in self.all(kind) if item["metadata"]["name"] == name), None)

    def events(self, uid: str, *reasons: str) -> list[Manifest]:
        """Events about the object with this uid, newest first.

        Args:
            uid: of the object.
            reasons: only events of these reasons; none means all.
        """
        return [event for event in self._events.get(uid, []) if not reasons or event.get("reason") in reasons]


def instant(text: str | None) -> datetime:
    """A time as the API writes it; one that is not set is older than all others."""
    # Python 3.10 does not read the suffix Z.
    return datetime.fromisoformat((text or "1970-01-01T00:00:00Z").replace("Z", "+00:00"))


def event_time(event: Manifest) -> datetime:
    """When what an event tells happened last."""
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
    """When what an event tells happened first."""
    times = (event.get("firstTimestamp"), event.get("eventTime"), event["metadata"].get("creationTimestamp"))
    return min((instant(text) for text in times if text), default=event_time(event))


def event_count(event: Manifest) -> int:
    """How often what an event tells happened."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def conditions(item: Manifest) -> dict[str, Manifest]:
    """An object's conditions that are true or false, by type."""
    return {condition["type"]: condition for condition in (item.get("status") or {}).get("conditions") or []}


def is_true(item: Manifest, condition_type: str) -> bool:
    """Whether an object has this condition and it is true."""
    return (conditions(item).get(condition_type) or {}).get("status") == "True"


def created(item: Manifest) -> datetime:
    """When an object was created."""
    return instant(item["metadata"].get("creationTimestamp"))


def leaving(item: Manifest) -> bool:
    """Whether an object is being deleted."""
    return bool(item["metadata"].get("deletionTimestamp"))
