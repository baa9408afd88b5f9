# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which Jobs cannot finish, and which pods block the rollout of a StatefulSet, for objects as a cluster returns them."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Snapshot
from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.rules import (
    failed_jobs,
    may_be_blocked,
    pods_in_the_way,
    stuck_jobs,
)

Manifest = dict[str, Any]

NOW = datetime.fromisoformat("2026-11-29T17:00:00+00:00")
MANAGER = "jewelry_shop.platform"
LABEL = "jewelry-shop/release"
OURS = [{"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
NO_IMAGE = {"waiting": {"reason": "ErrImagePull", "message": "failed to resolve reference: not found"}}
NO_REGISTRY = {"waiting": {"reason": "ErrImagePull", "message": "dial tcp 10.0.0.1:5000: connect: connection refused"}}
PULLING = {"waiting": {"reason": "ContainerCreating"}}
CRASHED = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
RUNS = {"running": {"startedAt": "2026-11-29T16:59:50Z"}}


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(seconds: float = 300, condition: str = "", **changes: Any) -> Manifest:
    metadata = {"name": "migrate-old", "namespace": "shop", "uid": "j-1", "creationTimestamp": ago(seconds), "labels": {LABEL: "old"}}
    spec = {"backoffLimit": 0, "template": {"spec": {"containers": [{"name": "migrate", "image": "shop:nope"}]}}, **changes.pop("spec", {})}
    conditions = [{"type": condition, "status": "True"}] if condition else []
    return {
        "kind": "Job",
        "metadata": {**metadata, "managedFields": OURS, **changes},
        "spec": spec,
        "status": {"active": 1, "conditions": conditions},
    }


def pod(state: Manifest, owner: str = "j-1", node: str = "worker", ready: bool = False, **metadata: Any) -> Manifest:
    conditions = [{"type": "Ready", "status": str(ready)}]
    if not node:
        conditions.append({"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient cpu."})
    return {
        "kind": "Pod",
        "metadata": {
            "name": "pod",
            "namespace": "shop",
            "uid": "p-1",
            "creationTimestamp": ago(290),
            "ownerReferences": [{"kind": "Owner", "uid": owner, "controller": True}],
            **metadata,
        },
        "spec": {"nodeName": node, "restartPolicy": "Never", "containers": [{"name": "main", "image": "shop:nope"}]},
        "status": {
            "phase": "Pending",
            "conditions": conditions,
            "containerStatuses": [{"name": "main", "image": "shop:nope", "restartCount": 0, "ready": ready, "state": state}]
            if node
            else [],
        },
    }


REFUSED = {
    "kind": "Event",
    "reason": "FailedCreate",
    "metadata": {"creationTimestamp": ago(100)},
    "involvedObject": {"uid": "j-1"},
    "message": 'Error creating: pods "migrate-old-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=9, limited: pods=9',
}


@pytest.mark.parametrize(
    ("objects", "because"),
    [
        pytest.param([job(), pod(NO_IMAGE)], "ImageNotFound: image shop:nope was not found", id="its image does not exist"),
        pytest.param([job(10), pod(NO_IMAGE, creationTimestamp=ago(9))], "ImageNotFound: ", id="its image does not exist, and it is young"),
        pytest.param([job(), pod(PULLING)], None, id="its image is being pulled"),
        pytest.param([job(), pod(NO_REGISTRY)], None, id="the registry does not answer"),
        pytest.param([job(), pod(RUNS)], None, id="its pod runs"),
        pytest.param([job()], None, id="its pod is still to come"),
        pytest.param([job(66), pod({}, node="")], "Unschedulable: ", id="no node has room, longer than a run waits"),
        pytest.param([job(64), pod({}, node="")], None, id="no node has room, and a run may wait for one"),
        pytest.param([job(66), REFUSED], "QuotaExceeded: ", id="a quota keeps its pod out, longer than a run waits"),
        pytest.param([job(64), REFUSED], None, id="a quota keeps its pod out, and a run may wait"),
        pytest.param([job(condition="Failed"), pod(NO_IMAGE)], None, id="it has failed"),
        pytest.param([job(condition="FailureTarget"), pod(NO_IMAGE)], None, id="it is about to fail"),
        pytest.param([job(condition="Complete"), pod(NO_IMAGE)], None, id="it is complete"),
        pytest.param([job(condition="SuccessCriteriaMet"), pod(NO_IMAGE)], None, id="it is about to be complete"),
        pytest.param([job(spec={"suspend": True}), pod(NO_IMAGE)], None, id="an operator suspended it"),
        pytest.param([job(deletionTimestamp=ago(1)), pod(NO_IMAGE)], None, id="it is being deleted"),
        pytest.param([job(managedFields=[{**OURS[0], "manager": "kubectl"}]), pod(NO_IMAGE)], None, id="not applied by this collection"),
        pytest.param([job(labels={"app": "jewelry-shop"}), pod(NO_IMAGE)], None, id="of no release"),
        pytest.param([job(), pod(NO_IMAGE, owner="j-2")], None, id="a pod of another Job"),
    ],
)
def test_only_a_job_that_cannot_finish_is_stopped(objects: list[Manifest], because: str | None) -> None:
    found = stuck_jobs(Snapshot(objects), LABEL, MANAGER, 5.0, NOW)
    assert [each.item for each in found] == ([objects[0]] if because else [])
    assert all(each.because.startswith(str(because)) for each in found)


@pytest.mark.parametrize(
    ("item", "stopped"),
    [
        pytest.param(job(1), True, id="still active"),
        pytest.param(job(condition="Failed"), False, id="ended"),
        pytest.param(job(name="migrate-new"), False, id="of another name"),
        pytest.param(job(managedFields=[]), False, id="not applied by this collection"),
    ],
)
def test_a_job_of_a_failed_run_is_stopped_immediately(item: Manifest, stopped: bool) -> None:
    found = failed_jobs([item], {"migrate-old": "JobFailed: exit code 3"}, MANAGER)
    assert [(each.item, each.because) for each in found] == ([(item, "JobFailed: exit code 3")] if stopped else [])


REDIS: Manifest = {
    "kind": "StatefulSet",
    "metadata": {"name": "redis", "namespace": "shop", "uid": "s-1", "generation": 3, "managedFields": OURS},
    "spec": {"replicas": 1},
    "status": {"observedGeneration": 3, "updateRevision": "redis-new", "currentRevision": "redis-old", "replicas": 1},
}
OLD, NEW = {"controller-revision-hash": "redis-old"}, {"controller-revision-hash": "redis-new"}


def redis(**changes: Any) -> Manifest:
    item = copy.deepcopy(REDIS)
    for path, value in changes.items():
        place, key = path.split("__")
        item[place][key] = value
    return item


@pytest.mark.parametrize(
    ("stateful_set", "its_pod", "because"),
    [
        pytest.param(REDIS, pod(NO_IMAGE, "s-1", labels=OLD), "ImageNotFound: ", id="its image does not exist"),
        pytest.param(REDIS, pod(NO_REGISTRY, "s-1", labels=OLD), "ImageUnavailable: ", id="its registry does not answer"),
        pytest.param(REDIS, pod(CRASHED, "s-1", labels=OLD), "CrashLoop: ", id="it crashes"),
        pytest.param(REDIS, pod({}, "s-1", node="", labels=OLD), "Unschedulable: ", id="no node has room for it"),
        pytest.param(REDIS, pod(PULLING, "s-1", labels=OLD), "none of its containers runs", id="it has yet to start"),
        pytest.param(REDIS, pod(RUNS, "s-1", labels=OLD), None, id="it runs, and may be loading its data"),
        pytest.param(REDIS, pod(RUNS, "s-1", ready=True, labels=OLD), None, id="it serves"),
        pytest.param(REDIS, pod(NO_IMAGE, "s-1", labels=NEW), None, id="it is of the newest revision"),
        pytest.param(REDIS, pod(NO_IMAGE, "s-1", deletionTimestamp=ago(1), labels=OLD), None, id="it is being deleted"),
        pytest.param(REDIS, pod(NO_IMAGE, "s-2", labels=OLD), None, id="it belongs to another StatefulSet"),
        pytest.param(REDIS, pod(NO_IMAGE, "s-1"), None, id="its revision is unknown"),
        pytest.param(
            redis(metadata__generation=4), pod(NO_IMAGE, "s-1", labels=OLD), None, id="the controller has not observed the new generation"
        ),
        pytest.param(redis(metadata__managedFields=[]), pod(NO_IMAGE, "s-1", labels=OLD), None, id="not applied by this collection"),
        pytest.param(
            redis(spec__updateStrategy={"type": "OnDelete"}), pod(NO_IMAGE, "s-1", labels=OLD), None, id="an operator replaces its pods"
        ),
    ],
)
def test_a_pod_that_blocks_the_rollout_of_its_stateful_set_is_deleted(
    stateful_set: Manifest, its_pod: Manifest, because: str | None
) -> None:
    found = pods_in_the_way(stateful_set, Snapshot([its_pod]), MANAGER)
    assert [each.item for each in found] == ([its_pod] if because else [])
    assert all(each.because.startswith(str(because)) for each in found)


def test_a_pod_whose_init_container_runs_stays() -> None:
    waiting = pod(PULLING, "s-1", labels=OLD)
    waiting["status"]["initContainerStatuses"] = [{"name": "init", "state": RUNS}]
    assert pods_in_the_way(REDIS, Snapshot([waiting]), MANAGER) == []


@pytest.mark.parametrize(
    ("stateful_set", "blocked"),
    [
        pytest.param(redis(status__readyReplicas=1), False, id="all pods are ready"),
        pytest.param(REDIS, True, id="no pod is ready"),
        pytest.param(redis(status__readyReplicas=1, metadata__generation=4), True, id="its controller has yet to see what was applied"),
        pytest.param(redis(spec__replicas=0), False, id="it wants no pod"),
    ],
)
def test_pods_are_read_only_if_a_stateful_set_may_be_blocked(stateful_set: Manifest, blocked: bool) -> None:
    assert may_be_blocked(stateful_set) is blocked
