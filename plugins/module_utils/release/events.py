# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Warning events are about something that exists and is not normal now (private to the collection).

Pure functions on objects as the API server returns them; decision 24 has the reasons. _CURRENT is the table of them, by the kind of
the object that an event is about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import (
    controlled_by,
    is_ready,
    newest_replica_set,
    wanted_pods,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    Manifest,
    Snapshot,
    conditions,
    created,
    event_time,
    instant,
    is_true,
    leaving,
)

RELEASE_LABEL = "jewelry-shop/release"
# How long new pods may be without metrics: the autoscaler itself ignores the CPU of a new pod for this long, by default
# (--horizontal-pod-autoscaler-cpu-initialization-period).
METRICS_GRACE = timedelta(minutes=5)

# What keeps the containers of a pod from starting.
_BEFORE_START = ("FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady")
# What the same controller says about the same object once it succeeds.
_SUCCESS = {"FailedCreate": "SuccessfulCreate", "FailedDelete": "SuccessfulDelete", "SyncLoadBalancerFailed": "EnsuredLoadBalancer"}


@dataclass(frozen=True)
class Moment:
    """What events are judged by.

    Args:
        snapshot: the namespace, with its events.
        now: by the cluster's clock.
        unread: kinds that could not be read or were not; an event about one of them counts.
        release: the release that serves, as the label RELEASE_LABEL of its Jobs; empty if it is not known.
    """

    snapshot: Snapshot
    now: datetime
    unread: Collection[str] = ()
    release: str = ""


def current_warnings(events: Iterable[Manifest], since: datetime, moment: Moment) -> list[Manifest]:
    """The Warning events since a moment that still hold.

    Args:
        events: of the namespace.
        since: what happened last before this is over.
        moment: the objects that they are about.
    """
    return [event for event in events if event.get("type") == "Warning" and event_time(event) >= since and _is_current(event, moment)]


def _is_current(event: Manifest, moment: Moment) -> bool:
    about = event["involvedObject"]
    # The controllers still say Endpoints where they mean those of a Service.
    kind = "Service" if about.get("kind") == "Endpoints" else about.get("kind")
    rule = _CURRENT.get(kind)
    if rule is None or kind in moment.unread:
        return True
    item = moment.snapshot.get(kind, about.get("name"))
    if item is None or leaving(item):
        return False
    if kind == about.get("kind") and about.get("uid") not in (None, "", item["metadata"]["uid"]):
        return False
    return not _succeeded_later(event, item, moment.snapshot) and rule(event, item, moment)


def _succeeded_later(event: Manifest, item: Manifest, snapshot: Snapshot) -> bool:
    success = _SUCCESS.get(str(event.get("reason")))
    return bool(success) and any(event_time(each) > event_time(event) for each in snapshot.events(item["metadata"]["uid"], str(success)))


def of_older_revision(item: Manifest, snapshot: Snapshot) -> bool:
    """Whether a ReplicaSet, or the ReplicaSet of a pod, is not the newest of its Deployment.

    Args:
        item: a ReplicaSet or a pod.
        snapshot: with the ReplicaSets and Deployments of the namespace.
    """
    replica_sets = snapshot.all("ReplicaSet")
    owned = [item] if item["kind"] == "ReplicaSet" else [each for each in replica_sets if controlled_by(each, [item])]
    return any(newest_replica_set(each, replica_sets) not in owned for each in snapshot.all("Deployment") if controlled_by(each, owned))


def _pod(event: Manifest, pod: Manifest, moment: Moment) -> bool:
    status = pod.get("status") or {}
    # One that has ended is judged by how it ended.
    if of_older_revision(pod, moment.snapshot) or status.get("phase") in ("Succeeded", "Failed"):
        return False
    if event.get("reason") == "FailedScheduling" and pod["spec"].get("nodeName"):
        return False
    if event.get("reason") in _BEFORE_START and event_time(event) <= _last_start(pod):
        return False
    ready = conditions(pod).get("Ready") or {}
    return not is_ready(pod) or event_time(event) > instant(ready.get("lastTransitionTime"))


def _last_start(pod: Manifest) -> datetime:
    status = pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    states = [each for container in containers for each in (container.get("state") or {}).values()]
    return max((instant(state.get("startedAt")) for state in states), default=instant(None))


def _replica_set(_event: Manifest, replica_set: Manifest, moment: Moment) -> bool:
    there = int((replica_set.get("status") or {}).get("replicas") or 0)
    return not of_older_revision(replica_set, moment.snapshot) and there != wanted_pods(replica_set)


def _workload(_event: Manifest, workload: Manifest, _moment: Moment) -> bool:
    status = workload.get("status") or {}
    observed = int(status.get("observedGeneration") or 0) >= int(workload["metadata"].get("generation") or 0)
    keys = ("currentNumberScheduled", "numberReady") if workload["kind"] == "DaemonSet" else ("replicas", "readyReplicas")
    return not observed or any(int(status.get(key) or 0) != wanted_pods(workload) for key in keys)


def _job(_event: Manifest, job: Manifest, moment: Moment) -> bool:
    # A failed Job of another release has failed its run, and nothing waits for it now.
    release = (job["metadata"].get("labels") or {}).get(RELEASE_LABEL)
    return not is_true(job, "Complete") and (not moment.release or release in (None, moment.release))


def _claim(_event: Manifest, claim: Manifest, _moment: Moment) -> bool:
    # Imported where it is needed, as Ansible's import test asks for.
    from kubernetes.utils.quantity import parse_quantity

    status, requests = claim.get("status") or {}, (claim["spec"].get("resources") or {}).get("requests") or {}
    smaller = parse_quantity((status.get("capacity") or {}).get("storage", "0")) < parse_quantity(requests.get("storage", "0"))
    return bool(status.get("phase") != "Bound" or smaller)


def _autoscaler(_event: Manifest, autoscaler: Manifest, moment: Moment) -> bool:
    if is_true(autoscaler, "ScalingActive") and is_true(autoscaler, "AbleToScale"):
        return False
    target = moment.snapshot.get(autoscaler["spec"]["scaleTargetRef"]["kind"], autoscaler["spec"]["scaleTargetRef"]["name"])
    # At 0 replicas there is nothing to measure; the workload's own check says what that means.
    if target and not wanted_pods(target):
        return False
    return moment.now - max(created(item) for item in (autoscaler, *pods_of(target, moment.snapshot))) > METRICS_GRACE


def pods_of(workload: Manifest | None, snapshot: Snapshot) -> list[Manifest]:
    """The pods of a workload, whatever their revision.

    Args:
        workload: a Deployment, StatefulSet or DaemonSet; None has no pods.
        snapshot: with the ReplicaSets and pods of the namespace.
    """
    owners = [*controlled_by(workload, snapshot.all("ReplicaSet")), workload] if workload else []
    return [pod for owner in owners for pod in controlled_by(owner, snapshot.all("Pod"))]


def _service(event: Manifest, service: Manifest, moment: Moment) -> bool:
    # What concerns its endpoints is over when one is ready.
    return "Endpoint" not in str(event.get("reason")) or not ready_addresses(service["metadata"]["name"], moment.snapshot)


def endpoints_of(service: str, snapshot: Snapshot) -> list[Manifest]:
    """The endpoints of a Service.

    Args:
        service: its name.
        snapshot: with the EndpointSlices of the namespace.
    """
    slices = [
        each
        for each in snapshot.all("EndpointSlice")
        if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service
    ]
    return [endpoint for each in slices for endpoint in each.get("endpoints") or []]


def ready_addresses(service: str, snapshot: Snapshot) -> set[str]:
    """The addresses behind a Service that are ready. By the API, one that does not say counts as ready.

    Args:
        service: its name.
        snapshot: with the EndpointSlices of the namespace.
    """
    ready = [each for each in endpoints_of(service, snapshot) if (each.get("conditions") or {}).get("ready") is not False]
    return {address for endpoint in ready for address in endpoint["addresses"]}


# Whether an event that happened since the release still holds, by the kind of an object that exists and stays.
_CURRENT: dict[str | None, Callable[[Manifest, Manifest, Moment], bool]] = {
    "Pod": _pod,
    "ReplicaSet": _replica_set,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "Service": _service,
}
JUDGED_KINDS = frozenset(kind for kind in _CURRENT if kind)
