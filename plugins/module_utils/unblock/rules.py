# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of a failed release that cannot succeed any more: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.commands import FIRST_START
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import diagnose_pod
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import REVISION_LABEL, controlled_by, is_ready, wanted_pods
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.predicates import assess_job
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    PENDING,
    Manifest,
    Policy,
    Snapshot,
    created,
    is_true,
    leaving,
)


@dataclass(frozen=True)
class Obstacle:
    """An object that cannot succeed any more, and the reason."""

    item: Manifest
    because: str


def has_ended(job: Manifest) -> bool:
    """Whether a Job is complete, has failed, or is about to fail."""
    return any(is_true(job, condition) for condition in ("Complete", "SuccessCriteriaMet", "Failed", "FailureTarget"))


def _may_be_stopped(job: Manifest, field_manager: str) -> bool:
    # An operator suspended the Job deliberately, and a deadline would not end it.
    return bool(applied_fields(job, field_manager)) and not leaving(job) and not has_ended(job) and not job["spec"].get("suspend")


def failed_jobs(jobs: Iterable[Manifest], reasons: Mapping[str, str], field_manager: str) -> list[Obstacle]:
    """The Jobs that a run stopped waiting for although they have not ended.

    Args:
        jobs: as the API server returns them.
        reasons: the cause of each failure, by the name of the Job.
        field_manager: the field manager that applied the Jobs.
    """
    return [
        Obstacle(job, reasons[job["metadata"]["name"]])
        for job in jobs
        if job["metadata"]["name"] in reasons and _may_be_stopped(job, field_manager)
    ]


def stuck_jobs(snapshot: Snapshot, release_label: str, field_manager: str, unschedulable_grace: float, now: datetime) -> list[Obstacle]:
    """The Jobs of releases that cannot finish, because their pod cannot start and the error is permanent.

    A run that waits for such a Job comes to the same verdict. Jobs whose pod may still start, for example because its image is being
    pulled, are not included.

    Args:
        snapshot: the Jobs, pods, claims and events of the namespace.
        release_label: label of the Jobs of releases.
        field_manager: the field manager that applied the Jobs.
        unschedulable_grace: seconds that a run waits for a node or a quota.
        now: the API server's time.
    """
    found = []
    for job in snapshot.all("Job"):
        if release_label not in job["metadata"]["labels"] or not _may_be_stopped(job, field_manager):
            continue
        # All events since the creation of the Job are about this Job.
        assessment = assess_job(job, snapshot, Policy(0, unschedulable_grace, created(job)))
        finding = assessment.finding
        if assessment.state != PENDING or finding is None or finding.certain_after is None:
            continue
        # A problem that is permanent only if it lasts must have lasted longer than a run waits for it.
        lasting = finding.certain_after + FIRST_START if finding.certain_after else 0.0
        if (now - created(job)).total_seconds() >= lasting:
            found.append(Obstacle(job, f"{finding.reason}: {finding.message}"))
    return found


def may_be_blocked(stateful_set: Manifest) -> bool:
    """Whether a StatefulSet has too few ready pods, or its controller has not observed its newest generation."""
    ready = int((stateful_set.get("status") or {}).get("readyReplicas") or 0)
    return not is_observed(stateful_set) or ready < wanted_pods(stateful_set)


def is_observed(workload: Manifest) -> bool:
    """Whether the controller of a workload has observed its newest generation."""
    return int((workload.get("status") or {}).get("observedGeneration") or 0) >= int(workload["metadata"].get("generation") or 0)


def pods_in_the_way(stateful_set: Manifest, snapshot: Snapshot, field_manager: str) -> list[Obstacle]:
    """Pods of an older revision that a StatefulSet does not replace, because they are not ready and no container in them runs.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback

    Args:
        stateful_set: the StatefulSet.
        snapshot: contains the pods, claims and events of its namespace.
        field_manager: the field manager that applied the StatefulSet.
    """
    update = stateful_set["spec"].get("updateStrategy") or {}
    if not is_observed(stateful_set) or not applied_fields(stateful_set, field_manager) or update.get("type") == "OnDelete":
        return []
    revision = (stateful_set.get("status") or {}).get("updateRevision")
    return [
        Obstacle(pod, _why_not_ready(pod, snapshot))
        for pod in controlled_by(stateful_set, snapshot.all("Pod"))
        if (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) not in (None, revision)
        and not leaving(pod)
        and not is_ready(pod)
        and not _runs(pod)
    ]


def _runs(pod: Manifest) -> bool:
    status = pod.get("status") or {}
    keys = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return any("running" in (container.get("state") or {}) for key in keys for container in status.get(key) or [])


def _why_not_ready(pod: Manifest, snapshot: Snapshot) -> str:
    finding = diagnose_pod(pod, snapshot, Policy(0, 0.0, created(pod)))
    return f"{finding.reason}: {finding.message}" if finding else "none of its containers runs"


def named(items: Iterable[Manifest], names: Collection[str]) -> list[Manifest]:
    """The objects with one of these names."""
    return [item for item in items if item["metadata"]["name"] in names]
