# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a Job ended without an error of its own: its pod was evicted, or a run stopped the Job (private to the collection).

Pure functions on objects as the API server returns them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.containers import last_end, main_container
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    Finding,
    Manifest,
    Snapshot,
    conditions,
    instant,
    is_true,
    leaving,
)

# Contains the reason why a run stopped a Job.
STOPPED_ANNOTATION = "jewelry-shop/stopped"
# Seconds after which the watch of pods is up to date with the watch of Jobs.
PODS_BEHIND = 1.0

# https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions; since Kubernetes 1.26.
_DISRUPTED = "DisruptionTarget"
# Reasons in a pod's status with which the kubelet, or formerly the node controller, reports that it ended the pod because of the node.
_ENDED_FOR_THE_NODE = ("Evicted", "NodeLost", "NodeShutdown", "Preempting", "Shutdown", "Terminated")
# Reasons with which the kubelet rejects a pod that was just scheduled, because another pod took the resources.
_REJECTED = re.compile(r"OutOf|NodeAffinity|NodePorts|UnexpectedAdmissionError")
# The kubelet also evicts a pod that exceeds its own limit. The next pod would be evicted too.
_OWN_LIMIT = re.compile(r"exceed", re.IGNORECASE)
_CREATED = re.compile(r"Created pod: (?P<name>\S+)")


def failed_condition(job: Manifest) -> Manifest | None:
    """The condition with which a Job failed or is about to fail, or None."""
    # FailureTarget comes first and means that the Job will fail. From Kubernetes 1.31 on Failed waits until the last pod has ended.
    return next((conditions(job)[name] for name in ("Failed", "FailureTarget") if is_true(job, name)), None)


def stopped(job: Manifest) -> Finding | None:
    """A finding if a run of the playbook stopped the Job, with the reason."""
    because = (job["metadata"].get("annotations") or {}).get(STOPPED_ANNOTATION)
    if not because or (failed_condition(job) or {}).get("reason") != "DeadlineExceeded":
        return None
    return Finding("JobStopped", f"a run of the playbook stopped it: {because}", 0)


def eviction(job: Manifest, pods: Sequence[Manifest], snapshot: Snapshot) -> Finding | None:
    """A finding if a Job failed because its pod was evicted or deleted while it ran, with the cause.

    The Job controller counts every pod that is being deleted as failed.

    Args:
        job: the Job.
        pods: the pods of the Job, the newest first.
        snapshot: contains the events of its namespace.
    """
    failed = failed_condition(job)
    # At the deadline the Job controller itself deletes the pods.
    if failed is None or failed.get("reason") == "DeadlineExceeded":
        return None
    if not pods:
        # A finalizer keeps a pod until it is counted. A pod that failed by itself stays after that, so a missing pod was deleted.
        created = [_CREATED.search(str(event.get("message"))) for event in snapshot.events(job["metadata"]["uid"], "SuccessfulCreate")]
        name = next((found["name"] for found in created if found), None)
        return Finding("JobEvicted", f"{'it' if name else 'its pod'} was deleted while it ran", PODS_BEHIND, pod=name)
    found = next(((pod, words) for pod, words in ((pod, _disruption(pod)) for pod in pods) if words), None)
    if found is None:
        return None
    pod, words = found
    container = main_container(job, pod)
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    ended: Manifest = next((last_end(status) for status in statuses if status["name"] == container), {})
    return Finding("JobEvicted", words, 0, pod=pod["metadata"]["name"], container=container, exit_code=ended.get("exitCode"))


def own_limit(pod: Manifest) -> str:
    """The kubelet's message about a pod that it evicted because the pod exceeded its own limit; otherwise empty."""
    status = pod.get("status") or {}
    message = str(status.get("message") or "").rstrip(".")
    return message if status.get("reason") == "Evicted" and _OWN_LIMIT.search(message) else ""


def _disruption(pod: Manifest) -> str:
    """Why a pod was evicted or deleted, in words; empty if it ended by itself."""
    status, node = pod.get("status") or {}, f"node {pod['spec'].get('nodeName') or '(none yet)'}"
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    if own_limit(pod):
        return ""
    disrupted = conditions(pod).get(_DISRUPTED) or {}
    if disrupted.get("status") == "True":
        said = message or disrupted.get("message") or "no message"
        return f"it was evicted from {node} while it ran: {said} ({disrupted.get('reason')})"
    if reason in _ENDED_FOR_THE_NODE:
        return f"it was evicted from {node} while it ran: {message} ({reason})"
    if _REJECTED.match(reason):
        return f"it was rejected by {node}: {message} ({reason})"
    return f"it was deleted from {node} while it ran" if leaving(pod) and not _had_ended(pod) else ""


def _had_ended(pod: Manifest) -> bool:
    """Whether a pod had ended when its deletion was requested."""
    metadata = pod["metadata"]
    requested = instant(metadata["deletionTimestamp"]) - timedelta(seconds=int(metadata.get("deletionGracePeriodSeconds") or 0))
    status = pod.get("status") or {}
    ends = [last_end(container).get("finishedAt") for container in status.get("containerStatuses") or []]
    return status.get("phase") in ("Succeeded", "Failed") and all(end is not None and instant(end) < requested for end in ends)
