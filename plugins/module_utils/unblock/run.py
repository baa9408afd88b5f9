# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops Jobs and deletes pods of a failed release that cannot succeed any more (private to the collection)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Listing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, Snapshot
from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.rules import (
    Obstacle,
    failed_jobs,
    has_ended,
    is_observed,
    may_be_blocked,
    named,
    pods_in_the_way,
    stuck_jobs,
)

# Seconds that the StatefulSet controller has to observe a change. It usually needs some milliseconds.
_SETTLE_SECONDS = 10.0
_SETTLE_POLL = 0.5


class Api(Protocol):
    """The functions of the cluster that are used here."""

    def objects(self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False) -> Listing:
        """List a kind."""

    def remove(self, item: Mapping[str, Any]) -> bool:
        """Delete an object if it is unchanged since it was read."""

    def stop(self, job: Mapping[str, Any], because: str, field_manager: str) -> bool:
        """Make a Job fail at once."""


@dataclass(frozen=True)
class Request:
    """Which objects may be stopped or deleted.

    Args:
        namespace: namespace of the objects.
        selector: selector of the Jobs, as in the API's labelSelector parameter.
        field_manager: the field manager that applied the objects.
        failed: the cause of the failure, by the name of the Job.
        stuck_jobs: whether to stop Jobs of releases that cannot finish.
        release_label: label of the Jobs of releases.
        stateful_sets: names of StatefulSets whose pods may be deleted.
        unschedulable_grace: seconds that a run waits for a node or a quota.
        check_mode: whether to write nothing.
    """

    namespace: str
    selector: str
    field_manager: str
    failed: Mapping[str, str]
    stuck_jobs: bool
    release_label: str
    stateful_sets: Collection[str]
    unschedulable_grace: float
    check_mode: bool


@dataclass
class Outcome:
    """The stopped and deleted objects, or in check mode those to stop and delete, and a sentence for each rejection."""

    stopped: list[Obstacle] = field(default_factory=list)
    deleted: list[Obstacle] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)


def unblock(api: Api, request: Request) -> Outcome:
    """Stop and delete the objects that cannot succeed. A rejection does not prevent the other changes.

    Args:
        api: the cluster.
        request: which objects may be stopped or deleted.
    """
    outcome = Outcome()
    for work in (_stop_jobs, _delete_pods):
        try:
            work(api, request, outcome)
        except PlatformError as error:
            outcome.rejections.append(str(error))
    return outcome


def _stop_jobs(api: Api, request: Request, outcome: Outcome) -> None:
    if not request.failed and not request.stuck_jobs:
        return
    listing = api.objects("Job", request.namespace, request.selector)
    found = failed_jobs(listing.items, request.failed, request.field_manager)
    unfinished = [job for job in listing.items if not has_ended(job) and job["metadata"]["name"] not in request.failed]
    if unfinished and request.stuck_jobs:
        snapshot = Snapshot([*unfinished, *_around_pods(api, request)])
        found += stuck_jobs(snapshot, request.release_label, request.field_manager, request.unschedulable_grace, listing.server_time)
    _end(found, request, outcome.stopped, outcome, lambda each: api.stop(each.item, each.because, request.field_manager))


def _delete_pods(api: Api, request: Request, outcome: Outcome) -> None:
    deadline = Deadline(_SETTLE_SECONDS)
    while request.stateful_sets:
        stateful_sets = named(api.objects("StatefulSet", request.namespace).items, request.stateful_sets)
        if not any(map(may_be_blocked, stateful_sets)):
            return
        snapshot = Snapshot(_around_pods(api, request))
        found = [pod for item in stateful_sets for pod in pods_in_the_way(item, snapshot, request.field_manager)]
        missed = _end(found, request, outcome.deleted, outcome, lambda each: api.remove(each.item))
        # A pod that changed after it was read is evaluated again.
        settled = all(map(is_observed, stateful_sets)) and not missed
        if settled or request.check_mode or not deadline.remaining():
            return
        time.sleep(_SETTLE_POLL)


def _around_pods(api: Api, request: Request) -> Iterable[Manifest]:
    for kind in ("Pod", "PersistentVolumeClaim", "Event"):
        yield from api.objects(kind, request.namespace).items


def _end(obstacles: Sequence[Obstacle], request: Request, done: list[Obstacle], outcome: Outcome, end: Callable[[Obstacle], bool]) -> bool:
    """Stop or delete these objects. Returns whether one of them no longer existed or had changed."""
    missed = False
    for each in obstacles:
        try:
            if request.check_mode or end(each):
                done.append(each)
            else:
                missed = True
        except PlatformError as error:
            if str(error) not in outcome.rejections:
                outcome.rejections.append(str(error))
    return missed
