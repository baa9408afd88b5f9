# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Warning events of healthy and of broken platforms, with the messages of Kubernetes 1.34."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.events import Moment, current_warnings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Snapshot, instant

Object = dict[str, Any]
SINCE = instant("2026-11-29T17:00:00Z")
NOW = instant("2026-11-29T17:30:00Z")

# Revision 2 of Django since 17:00:00; its pod is ready since 17:00:40. A pod of revision 1 is still there.
OBJECTS = """
- kind: Deployment
  metadata: {name: django, uid: d, generation: 2, annotations: {deployment.kubernetes.io/revision: "2"}}
  spec: {replicas: 1}
  status: {observedGeneration: 2, replicas: 1, readyReplicas: 1}
- kind: ReplicaSet
  metadata:
    {name: django-1, uid: rs-1, annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{uid: d, controller: true}]}
  spec: {replicas: 0}
  status: {replicas: 1}
- kind: ReplicaSet
  metadata:
    {name: django-2, uid: rs-2, annotations: {deployment.kubernetes.io/revision: "2"}, ownerReferences: [{uid: d, controller: true}]}
  spec: {replicas: 1}
  status: {replicas: 1}
- kind: Pod
  metadata: {name: django-1-a, uid: p-1, ownerReferences: [{uid: rs-1, controller: true}], creationTimestamp: "2026-11-29T09:00:00Z"}
  spec: {nodeName: worker}
  status: {phase: Running, conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-11-29T17:00:41Z"}]}
- kind: Pod
  metadata: {name: django-2-a, uid: p-2, ownerReferences: [{uid: rs-2, controller: true}], creationTimestamp: "2026-11-29T17:00:01Z"}
  spec: {nodeName: worker}
  status:
    phase: Running
    conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-11-29T17:00:40Z"}]
    containerStatuses: [{name: django, state: {running: {startedAt: "2026-11-29T17:00:20Z"}}}]
- kind: StatefulSet
  metadata: {name: postgresql, uid: s, generation: 1}
  spec: {replicas: 1}
  status: {observedGeneration: 1, replicas: 1, readyReplicas: 1}
- kind: DaemonSet
  metadata: {name: agent, uid: ds, generation: 1}
  spec: {}
  status: {observedGeneration: 1, desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3}
- kind: Job
  metadata: {name: migrate-bbbb, uid: j, labels: {jewelry-shop/release: bbbb}}
  spec: {}
  status: {conditions: [{type: Complete, status: "True"}]}
- kind: PersistentVolumeClaim
  metadata: {name: media-pvc, uid: c}
  spec: {resources: {requests: {storage: 10Gi}}}
  status: {phase: Bound, capacity: {storage: 10Gi}}
- kind: HorizontalPodAutoscaler
  metadata: {name: django, uid: h, creationTimestamp: "2026-11-29T09:00:00Z"}
  spec: {scaleTargetRef: {kind: Deployment, name: django}, minReplicas: 1}
  status: {conditions: [{type: AbleToScale, status: "True"}, {type: ScalingActive, status: "True"}]}
- kind: ScaledObject
  metadata: {name: worker, uid: so}
  spec: {scaleTargetRef: {name: worker}}
  status: {conditions: [{type: Ready, status: "True"}]}
- kind: Service
  metadata: {name: django-service, uid: v}
  spec: {selector: {component: django}}
- kind: EndpointSlice
  metadata: {name: django-service-x, uid: e, labels: {kubernetes.io/service-name: django-service}}
  endpoints: [{addresses: [10.244.1.5], conditions: {ready: true}}]
"""

NOT_READY = {"of": "Pod/django-2-a", "set": {"status.conditions": [{"type": "Ready", "status": "False"}]}}
NO_METRICS = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]


def event(about: str, uid: str, reason: str, at: str = "17:10:00", **more: Any) -> Object:
    kind, name = about.split("/")
    moment = f"2026-11-29T{at}Z"
    return {
        "kind": "Event",
        "type": "Warning",
        "reason": reason,
        "lastTimestamp": moment,
        "metadata": {"creationTimestamp": moment},
        "involvedObject": {"kind": kind, "name": name, "uid": uid},
        **more,
    }


def current(what: Object, *changes: Object, add: tuple[Object, ...] = (), **moment: Any) -> bool:
    """Whether a warning counts after objects have been changed: {of: kind/name, set: {dotted path: value}} or {without: kind/name}."""
    objects: list[Object] = yaml.safe_load(OBJECTS)
    for change in changes:
        title = change.get("of") or change["without"]
        [item] = [each for each in objects if f"{each['kind']}/{each['metadata']['name']}" == title]
        if "without" in change:
            objects.remove(item)
        for path, value in change.get("set", {}).items():
            *parents, last = path.split(".")
            place = item
            for parent in parents:
                place = place[parent]
            place[last] = copy.deepcopy(value)
    events = [what, *add]
    found = current_warnings(events, SINCE, Moment(Snapshot([*objects, *events]), **{"now": NOW, "release": "bbbb", **moment}))
    return any(each is what for each in found)


UNHEALTHY = event("Pod/django-2-a", "p-2", "Unhealthy")
SCHEDULING = event("Pod/django-2-a", "p-2", "FailedScheduling", "17:00:02")
MOUNT = event("Pod/django-2-a", "p-2", "FailedMount", "17:00:10")
REJECTED = event("ReplicaSet/django-2", "rs-2", "FailedCreate")
METRICS = event("HorizontalPodAutoscaler/django", "h", "FailedGetResourceMetric")
BACKOFF = event("Job/migrate-bbbb", "j", "BackoffLimitExceeded")
PROVISIONING = event("PersistentVolumeClaim/media-pvc", "c", "ProvisioningFailed", "17:00:05")
ENDPOINTS = event("Endpoints/django-service", "another", "FailedToUpdateEndpoint")
BALANCER = event("Service/django-service", "v", "SyncLoadBalancerFailed")
ENSURED = event("Service/django-service", "v", "EnsuredLoadBalancer", "17:20:00", type="Normal")


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        pytest.param(event("Pod/django-2-a", "p-2", "Unhealthy", "17:00:30"), [], id="a startup probe before the pod was ready"),
        pytest.param(event("Pod/django-2-a", "p-2", "Unhealthy", "17:00:40"), [], id="a startup probe in the second of readiness"),
        pytest.param(event("Pod/django-2-a", "p-2", "BackOff", "17:00:30"), [], id="a crash before the pod was ready"),
        pytest.param(event("Pod/django-2-a", "p-0", "Unhealthy"), [], id="a pod of the same name that was replaced"),
        pytest.param(event("Pod/django-9-a", "p-9", "Unhealthy"), [], id="a pod that is gone"),
        pytest.param(
            UNHEALTHY, [{"of": "Pod/django-2-a", "set": {"metadata.deletionTimestamp": "2026-11-29T17:09:00Z"}}], id="a pod that ends"
        ),
        pytest.param(UNHEALTHY, [{"of": "Pod/django-2-a", "set": {"status.phase": "Failed"}}], id="a pod that has ended"),
        pytest.param(event("Pod/django-1-a", "p-1", "Unhealthy"), [], id="a pod of an older revision"),
        pytest.param(SCHEDULING, [NOT_READY], id="a pod that has a node by now"),
        pytest.param(MOUNT, [NOT_READY], id="a volume that is mounted by now"),
        pytest.param(
            event("Pod/django-2-a", "p-2", "FailedMount", "17:00:20"), [NOT_READY], id="a volume that was mounted in the same second"
        ),
        pytest.param(
            event("Pod/django-2-a", "p-2", "FailedCreatePodSandBox", "17:00:10"), [NOT_READY], id="a sandbox that is there by now"
        ),
        pytest.param(REJECTED, [], id="a pod that was rejected, and all pods are there"),
        pytest.param(event("ReplicaSet/django-1", "rs-1", "FailedCreate"), [], id="a rejected pod of an older revision"),
        pytest.param(event("StatefulSet/postgresql", "s", "FailedCreate"), [], id="a StatefulSet that has all its pods"),
        pytest.param(event("DaemonSet/agent", "ds", "FailedDaemonPod"), [], id="a DaemonSet that has all its pods"),
        pytest.param(event("Deployment/django", "d", "ReplicaSetCreateError"), [], id="a Deployment that has all its pods"),
        pytest.param(BACKOFF, [], id="a Job that is complete"),
        pytest.param(
            BACKOFF,
            [{"of": "Job/migrate-bbbb", "set": {"status.conditions": [], "metadata.labels": {"jewelry-shop/release": "aaaa"}}}],
            id="a failed Job of another release",
        ),
        pytest.param(PROVISIONING, [], id="a claim that is bound by now"),
        pytest.param(METRICS, [], id="an autoscaler that has metrics by now"),
        pytest.param(
            METRICS,
            [
                {"of": "HorizontalPodAutoscaler/django", "set": {"status.conditions": NO_METRICS}},
                {"of": "Pod/django-2-a", "set": {"metadata.creationTimestamp": "2026-11-29T17:25:01Z"}},
            ],
            id="new pods without metrics",
        ),
        pytest.param(
            METRICS,
            [
                {
                    "of": "HorizontalPodAutoscaler/django",
                    "set": {"status.conditions": NO_METRICS, "metadata.creationTimestamp": "2026-11-29T17:25:01Z"},
                }
            ],
            id="a new autoscaler without metrics",
        ),
        pytest.param(
            METRICS,
            [
                {"of": "HorizontalPodAutoscaler/django", "set": {"status.conditions": NO_METRICS}},
                {"of": "Deployment/django", "set": {"spec.replicas": 0}},
            ],
            id="an autoscaler that is off at 0 replicas",
        ),
        pytest.param(ENDPOINTS, [], id="endpoints that are ready by now"),
        pytest.param(event("Service/django-service", "v", "FailedToUpdateEndpointSlices"), [], id="endpoint slices that are ready by now"),
        pytest.param(event("Pod/django-2-a", "p-2", "Unhealthy", "16:59:59"), [NOT_READY], id="before the release"),
        pytest.param({**UNHEALTHY, "type": "Normal"}, [], id="no warning"),
    ],
)
def test_a_past_problem_is_not_a_warning(what: Object, changes: list[Object]) -> None:
    assert not current(what, *changes)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        pytest.param(UNHEALTHY, [], id="a probe that failed since the pod was ready"),
        pytest.param(event("Pod/django-2-a", "p-2", "Unhealthy", "17:00:30"), [NOT_READY], id="a probe of a pod that is not ready"),
        pytest.param(event("Pod/django-2-a", "p-2", "FailedMount"), [], id="a Secret that was deleted while the pod runs"),
        pytest.param(event("Pod/django-2-a", "p-2", "FailedToRetrieveImagePullSecret"), [], id="a pull secret that is missing"),
        pytest.param(
            SCHEDULING, [NOT_READY, {"of": "Pod/django-2-a", "set": {"spec.nodeName": None}}], id="a pod for which there is no room"
        ),
        pytest.param(
            MOUNT, [NOT_READY, {"of": "Pod/django-2-a", "set": {"status.containerStatuses": []}}], id="a volume that cannot be mounted"
        ),
        pytest.param(REJECTED, [{"of": "ReplicaSet/django-2", "set": {"spec.replicas": 2}}], id="a pod that a quota rejects"),
        pytest.param(
            event("StatefulSet/postgresql", "s", "FailedCreate"),
            [{"of": "StatefulSet/postgresql", "set": {"status.replicas": 0}}],
            id="a StatefulSet without its pod",
        ),
        pytest.param(
            event("DaemonSet/agent", "ds", "FailedDaemonPod"),
            [{"of": "DaemonSet/agent", "set": {"status.numberReady": 2}}],
            id="a DaemonSet with a pod that is not ready",
        ),
        pytest.param(
            event("Deployment/django", "d", "ReplicaSetCreateError"),
            [{"of": "Deployment/django", "set": {"status.observedGeneration": 1}}],
            id="a Deployment whose ReplicaSet was not created",
        ),
        pytest.param(BACKOFF, [{"of": "Job/migrate-bbbb", "set": {"status.conditions": []}}], id="a failed Job of this release"),
        pytest.param(
            BACKOFF,
            [{"of": "Job/migrate-bbbb", "set": {"status.conditions": [], "metadata.labels": {}}}],
            id="a failed Job that belongs to no release",
        ),
        pytest.param(
            PROVISIONING,
            [{"of": "PersistentVolumeClaim/media-pvc", "set": {"status": {"phase": "Pending"}}}],
            id="a claim without a volume",
        ),
        pytest.param(
            event("PersistentVolumeClaim/media-pvc", "c", "VolumeResizeFailed"),
            [{"of": "PersistentVolumeClaim/media-pvc", "set": {"spec.resources.requests.storage": "20Gi"}}],
            id="a volume that cannot grow",
        ),
        pytest.param(
            METRICS,
            [{"of": "HorizontalPodAutoscaler/django", "set": {"status.conditions": NO_METRICS}}],
            id="an autoscaler without metrics for half an hour",
        ),
        pytest.param(ENDPOINTS, [{"without": "EndpointSlice/django-service-x"}], id="endpoints that were not written"),
        pytest.param(BALANCER, [], id="a load balancer without an address"),
        pytest.param(event("Ingress/shop", "i", "Sync"), [], id="a kind that has no rule"),
    ],
)
def test_a_current_problem_is_a_warning(what: Object, changes: list[Object]) -> None:
    assert current(what, *changes)


def test_a_failure_counts_until_the_same_succeeds() -> None:
    missing = {"of": "ReplicaSet/django-2", "set": {"spec.replicas": 2}}
    earlier, later = (event("ReplicaSet/django-2", "rs-2", "SuccessfulCreate", at, type="Normal") for at in ("17:09:00", "17:11:00"))
    assert current(REJECTED, missing, add=(earlier,))
    assert not current(REJECTED, missing, add=(earlier, later))
    assert not current(BALANCER, add=(ENSURED,))


def test_an_event_about_an_unreadable_kind_counts() -> None:
    assert current(METRICS, {"without": "HorizontalPodAutoscaler/django"}, unread={"HorizontalPodAutoscaler"})
    assert not current(METRICS, {"without": "HorizontalPodAutoscaler/django"})


def test_a_failed_trigger_of_keda_counts_until_keda_reads_it() -> None:
    failed = event("ScaledObject/worker", "so", "KEDAScalerFailed")
    assert current(failed, {"of": "ScaledObject/worker", "set": {"status.conditions": [{"type": "Ready", "status": "False"}]}})
    assert not current(failed)


def test_every_failed_job_counts_if_the_release_is_unknown() -> None:
    failed = {"of": "Job/migrate-bbbb", "set": {"status.conditions": [], "metadata.labels": {"jewelry-shop/release": "aaaa"}}}
    assert current(BACKOFF, failed, release="")
