# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Warning events are about an existing object and a problem that still exists (private to the collection).

Pure functions on objects as the API server returns them. Decision 24 has the reasons. _CURRENT maps the kind of an event's object to
its rule.
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
# Time that new pods may be without metrics. By default the autoscaler itself ignores the CPU of a new pod for this long
# (--horizontal-pod-autoscaler-cpu-initialization-period).
METRICS_GRACE = timedelta(minutes=5)

# Reasons that prevent the containers of a pod from starting.
_BEFORE_START = ("FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady")
# The event of the same controller about the same object after a success.
_SUCCESS = {"FailedCreate": "SuccessfulCreate", "FailedDelete": "SuccessfulDelete", "SyncLoadBalancerFailed": "EnsuredLoadBalancer"}


@dataclass(frozen=True)
class Moment:
    """The state of the namespace, against which events are evaluated.

    Args:
        snapshot: the objects of the namespace, with its events.
        now: the present, in the cluster's time.
        unread: kinds that were not read. Events about them count.
        release: the current release, as in the label RELEASE_LABEL of its Jobs; empty if unknown.
    """

    snapshot: Snapshot
    now: datetime
    unread: Collection[str] = ()
    release: str = ""


def current_warnings(events: Iterable[Manifest], since: datetime, moment: Moment) -> list[Manifest]:
    """The Warning events since a moment that still apply.

    Args:
        events: the events of the namespace.
        since: events whose last occurrence is earlier are ignored.
        moment: the objects of the events.
    """
    return [event for event in events if event.get("type") == "Warning" and event_time(event) >= since and _is_current(event, moment)]


def _is_current(event: Manifest, moment: Moment) -> bool:
    about = event["involvedObject"]
    # The controllers still use the kind Endpoints for the endpoints of a Service.
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
        snapshot: contains the ReplicaSets and Deployments of the namespace.
    """
    replica_sets = snapshot.all("ReplicaSet")
    owned = [item] if item["kind"] == "ReplicaSet" else [each for each in replica_sets if controlled_by(each, [item])]
    return any(newest_replica_set(each, replica_sets) not in owned for each in snapshot.all("Deployment") if controlled_by(each, owned))


def _pod(event: Manifest, pod: Manifest, moment: Moment) -> bool:
    status = pod.get("status") or {}
    # A pod that has ended is covered by another check.
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
    # A failed Job of another release made its own run fail, and is irrelevant now.
    release = (job["metadata"].get("labels") or {}).get(RELEASE_LABEL)
    return not is_true(job, "Complete") and (not moment.release or release in (None, moment.release))


def _claim(_event: Manifest, claim: Manifest, _moment: Moment) -> bool:
    # Imported here, as Ansible's import sanity test requires.
    from kubernetes.utils.quantity import parse_quantity

    status, requests = claim.get("status") or {}, (claim["spec"].get("resources") or {}).get("requests") or {}
    smaller = parse_quantity((status.get("capacity") or {}).get("storage", "0")) < parse_quantity(requests.get("storage", "0"))
    return bool(status.get("phase") != "Bound" or smaller)


def _autoscaler(_event: Manifest, autoscaler: Manifest, moment: Moment) -> bool:
    if is_true(autoscaler, "ScalingActive") and is_true(autoscaler, "AbleToScale"):
        return False
    target = moment.snapshot.get(autoscaler["spec"]["scaleTargetRef"]["kind"], autoscaler["spec"]["scaleTargetRef"]["name"])
    # With 0 replicas there are no metrics. The check of the workload reports the 0 replicas.
    if target and not wanted_pods(target):
        return False
    return moment.now - max(created(item) for item in (autoscaler, *pods_of(target, moment.snapshot))) > METRICS_GRACE


def pods_of(workload: Manifest | None, snapshot: Snapshot) -> list[Manifest]:
    """The pods of a workload, of all revisions.

    Args:
        workload: a Deployment, StatefulSet or DaemonSet; None has no pods.
        snapshot: contains the ReplicaSets and pods of the namespace.
    """
    owners = [*controlled_by(workload, snapshot.all("ReplicaSet")), workload] if workload else []
    return [pod for owner in owners for pod in controlled_by(owner, snapshot.all("Pod"))]


def _scaled_object(_event: Manifest, scaled_object: Manifest, _moment: Moment) -> bool:
    return not is_true(scaled_object, "Ready")


def _service(event: Manifest, service: Manifest, moment: Moment) -> bool:
    # Problems with endpoints are over when an endpoint is ready.
    return "Endpoint" not in str(event.get("reason")) or not ready_addresses(service["metadata"]["name"], moment.snapshot)


def endpoints_of(service: str, snapshot: Snapshot) -> list[Manifest]:
    """The endpoints of a Service.

    Args:
        service: name of the Service.
        snapshot: contains the EndpointSlices of the namespace.
    """
    slices = [
        each
        for each in snapshot.all("EndpointSlice")
        if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service
    ]
    return [endpoint for each in slices for endpoint in each.get("endpoints") or []]


def ready_addresses(service: str, snapshot: Snapshot) -> set[str]:
    """The ready addresses of a Service. According to the API, an endpoint without the condition counts as ready.

    Args:
        service: name of the Service.
        snapshot: contains the EndpointSlices of the namespace.
    """
    ready = [each for each in endpoints_of(service, snapshot) if (each.get("conditions") or {}).get("ready") is not False]
    return {address for endpoint in ready for address in endpoint["addresses"]}


# Whether an event since the release still applies, by the kind of an object that exists and is not being deleted.
_CURRENT: dict[str | None, Callable[[Manifest, Manifest, Moment], bool]] = {
    "Pod": _pod,
    "ReplicaSet": _replica_set,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "HorizontalPodAutoscaler": _autoscaler,
    "ScaledObject": _scaled_object,
    "Service": _service,
}
JUDGED_KINDS = frozenset(kind for kind in _CURRENT if kind)
