# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits for any number of objects until each is complete or one has a permanent error (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import OUTAGE
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import is_overdue, with_past
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.feed import Broken, Listed, Message, Source
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.predicates import WATCHED, assess
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    FAILED,
    PENDING,
    READY,
    TIMEOUT,
    Assessment,
    Finding,
    Manifest,
    Policy,
    Snapshot,
    Target,
    leaving,
)

# Seconds that other targets have after the first failure, so that one message reports all failures.
SETTLE = 2.0
# Shorter outages are not reported. Seconds.
OUTAGE_TOLD = 3.0

# Reasons of a target that is still rolling out.
_ON_ITS_WAY = ("NotReady", "PodsMissing", "OldPodsLeft", "Settling")


class MessageFeed(Protocol):
    """Source of messages."""

    def poll(self, timeout: float) -> list[Message]:
        """Wait up to timeout seconds for messages."""


@dataclass(frozen=True)
class Outcome:
    """A target's verdict.

    Args:
        target: the target of the wait.
        verdict: the result of the wait.
        seconds: time of the verdict, from the start of the wait.
        assessment: the last assessment.
        idle: seconds without progress, if that ended the wait.
    """

    target: Target
    verdict: str
    seconds: float
    assessment: Assessment
    idle: float | None = None


def sources(targets: Iterable[Target]) -> list[Source]:
    """The kinds and namespaces to watch for these targets, each once."""
    wanted = {(kind, target.namespace) for target in targets for kind in (*WATCHED[target.kind], "Pod", "Event")}
    # Storage classes are cluster-scoped, so one watch is sufficient.
    return sorted({(kind, "" if kind == "StorageClass" else namespace) for kind, namespace in wanted})


class Wait:
    """One wait.

    Args:
        targets: the objects to wait for.
        policy: the limits of the wait; began and the earlier failures are filled in.
        feed: messages about changes in the cluster.
        clock: a monotonic clock in seconds.
        progress: called with a line after a change, and again every interval for the targets that are not complete.
        interval: seconds.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        policy: Policy,
        feed: MessageFeed,
        clock: Callable[[], float],
        progress: Callable[[str], None],
        interval: float,
    ) -> None:
        self._targets = targets
        self._policy = policy
        self._feed = feed
        self._clock = clock
        self._progress = progress
        self._interval = interval
        self._objects: dict[Source, dict[str, Manifest]] = {}
        self._missing = set(sources(targets))
        self._broken: dict[Source, tuple[float, PlatformError]] = {}
        self._server_times: list[datetime] = []
        self._assessments: dict[int, Assessment] = {}
        self._best: dict[int, dict[str, int]] = {}
        self._advanced: dict[int, float] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._held: dict[int, tuple[tuple[str | None, ...], float]] = {}
        self._told: dict[int, str] = {}
        self._told_at = 0.0
        self._start = self._began_at = 0.0

    def run(self) -> list[Outcome]:
        """Wait.

        Returns:
            An outcome for each target, in order. PENDING if it had no verdict when another target failed.

        Raises:
            PlatformError: the API server rejects a request, or was unavailable for too long.
        """
        self._start = self._told_at = self._clock()
        settled_at: float | None = None
        while True:
            now = self._clock()
            if not self._missing:
                self._judge(now)
            self._time_out(now)
            self._tell(now)
            if settled_at is None and any(outcome.verdict in (FAILED, TIMEOUT) for outcome in self._outcomes.values()):
                settled_at = now + SETTLE
            if len(self._outcomes) == len(self._targets) or (settled_at is not None and now >= settled_at):
                return [self._outcome(index, now) for index in range(len(self._targets))]
            for message in self._feed.poll(self._until_next(now, settled_at)):
                self._take(message)
            self._check_outage()

    def events(self, namespace: str) -> list[Manifest]:
        """The events of a namespace that were received."""
        return list(self._objects.get(("Event", namespace), {}).values())

    def _outcome(self, index: int, now: float) -> Outcome:
        unseen = Assessment(PENDING, "was not seen")
        return self._outcomes.get(index) or Outcome(self._targets[index], PENDING, now - self._start, self._assessments.get(index, unseen))

    # --- messages from the cluster ----------------------------------------------------------------------------------------------

    def _take(self, message: Message) -> None:
        if isinstance(message, Broken):
            if message.error.certain and message.source in self._missing:
                raise message.error
            since, _error = self._broken.get(message.source, (self._clock(), message.error))
            self._broken[message.source] = (since, message.error)
            return
        self._broken.pop(message.source, None)
        if isinstance(message, Listed):
            self._objects[message.source] = {item["metadata"]["uid"]: item for item in message.items}
            if message.source in self._missing:
                self._missing.remove(message.source)
                self._server_times += [message.server_time] if message.server_time else []
                if not self._missing:
                    self._begin()
        elif message.deleted:
            self._objects[message.source].pop(message.item["metadata"]["uid"], None)
        else:
            self._objects[message.source][message.item["metadata"]["uid"]] = message.item

    def _begin(self) -> None:
        """All sources are listed: separate this change from the earlier state."""
        pods = [pod for (kind, _namespace), items in self._objects.items() if kind == "Pod" for pod in items.values()]
        self._began_at = self._clock()
        self._policy = with_past(replace(self._policy, began=min(self._server_times)), pods)

    def _check_outage(self) -> None:
        for since, error in self._broken.values():
            if self._clock() - since > OUTAGE:
                raise PlatformError(f"the API server was unavailable for more than {OUTAGE:.0f} s: {error}") from error

    def _snapshot(self, namespace: str) -> Snapshot:
        return Snapshot(item for (_kind, found), items in self._objects.items() if found in ("", namespace) for item in items.values())

    # --- verdicts --------------------------------------------------------------------------------------------------------------

    def _judge(self, now: float) -> None:
        snapshots = {target.namespace: self._snapshot(target.namespace) for target in self._targets}
        open_targets = [(index, target) for index, target in enumerate(self._targets) if index not in self._outcomes]
        policy = self._policy = replace(self._policy, now=self._policy.began + timedelta(seconds=now - self._began_at))
        for index, target in open_targets:
            self._assessments[index] = assess(target, snapshots[target.namespace], policy)
            self._note_progress(index, now)
        # Targets without capacity come last, because their verdict depends on the others.
        for index, target in sorted(open_targets, key=lambda entry: self._lacks_capacity(entry[0])):
            assessment = self._assessments[index]
            state = assessment.state
            if state == PENDING and assessment.finding and self._is_certain(index, assessment.finding, snapshots[target.namespace], now):
                state = assessment.finding.verdict
            if state != PENDING:
                self._outcomes[index] = Outcome(target, state, now - self._start, assessment)

    def _lacks_capacity(self, index: int) -> bool:
        finding = self._assessments[index].finding
        return finding is not None and finding.capacity

    def _is_certain(self, index: int, finding: Finding, snapshot: Snapshot, now: float) -> bool:
        # The known state may be out of date while the API server is unavailable.
        if finding.certain_after is None or self._broken or (finding.capacity and self._capacity_may_return(index, snapshot)):
            self._held.pop(index, None)
            return False
        key = (finding.reason, finding.container)
        held_key, since = self._held.get(index, (key, now))
        if held_key != key:
            since = now
        self._held[index] = (key, since)
        return now - since >= finding.certain_after

    def _capacity_may_return(self, index: int, snapshot: Snapshot) -> bool:
        """Whether pods are terminating, or another target is still rolling out and will then end its older pods."""
        others = [assessment for other, assessment in self._assessments.items() if other != index and other not in self._outcomes]
        on_their_way = any(other.finding is None or other.finding.reason in _ON_ITS_WAY for other in others)
        return on_their_way or any(leaving(pod) and not is_overdue(pod, self._policy) for pod in snapshot.all("Pod"))

    def _note_progress(self, index: int, now: float) -> None:
        steps, best = self._assessments[index].steps, self._best.get(index)
        # The initial state is not progress, and neither is a return to an earlier state.
        if best is not None and any(number > best.get(name, number - 1) for name, number in steps.items()):
            self._advanced[index] = now
        self._best[index] = {**(best or {}), **{name: max(number, (best or {}).get(name, number)) for name, number in steps.items()}}

    def _last_progress(self, index: int) -> float:
        # A target without capacity waits for the others.
        indexes = self._assessments if self._assessments.get(index) and self._lacks_capacity(index) else (index,)
        return max(self._advanced.get(each, self._start) for each in indexes)

    def _time_out(self, now: float) -> None:
        for index, target in enumerate(self._targets):
            if index in self._outcomes:
                continue
            idle = now - self._last_progress(index)
            if idle >= target.timeout:
                self._outcomes[index] = replace(self._outcome(index, now), verdict=TIMEOUT, idle=idle)
            elif now - self._start >= target.total_timeout:
                self._outcomes[index] = replace(self._outcome(index, now), verdict=TIMEOUT)

    # --- time and messages -------------------------------------------------------------------------------------------------------

    def _until_next(self, now: float, settled_at: float | None) -> float:
        moments = [self._told_at + self._interval]
        for index, target in enumerate(self._targets):
            if index not in self._outcomes:
                moments += [self._last_progress(index) + target.timeout, self._start + target.total_timeout]
        moments += [] if settled_at is None else [settled_at]
        for index, (_key, since) in self._held.items():
            finding = self._assessments[index].finding
            if index not in self._outcomes and finding and finding.certain_after:
                moments.append(since + finding.certain_after)
        return max(0.0, min(moments) - now)

    def _line(self, index: int) -> str:
        outcome, assessment = self._outcomes.get(index), self._assessments[index]
        finding = None if outcome and outcome.verdict == READY else assessment.finding
        cause = f": {finding.reason}" + (f" in pod {finding.pod}" if finding.pod else "") if finding else ""
        verdict = outcome.verdict.replace("_", " ") if outcome else "waiting"
        return f"{self._targets[index].title}: {verdict}, {assessment.progress}{cause}"

    def _tell(self, now: float) -> None:
        due = now - self._told_at >= self._interval
        for index in self._assessments:
            line = self._line(index)
            if line != self._told.get(index) or (due and index not in self._outcomes):
                self._progress(f"{line} ({now - self._start:.0f} s)")
                self._told[index], self._told_at = line, now
        away = [error for since, error in self._broken.values() if now - since >= OUTAGE_TOLD]
        if due and away:
            self._progress(f"the API server is unavailable, retrying: {away[0]} ({now - self._start:.0f} s)")
        if due:
            self._told_at = now
