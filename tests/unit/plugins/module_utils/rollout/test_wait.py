# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout import wait as rollout_wait
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.feed import Broken, Changed, Listed, Message
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.predicates import assess
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Assessment, Policy, Snapshot, Target
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.wait import Outcome, Wait, sources

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=timezone.utc)
AWAY = PlatformError("Pods of namespace test: the API server cannot be reached")

JOB = {
    "kind": "Job",
    "metadata": {"name": "migrate", "uid": "j-1"},
    "spec": {"template": {"spec": {"containers": [{"name": "migrate", "image": "shop:1"}]}}},
    "status": {"active": 1},
}
COMPLETE = {**JOB, "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}
CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "uid": "c-1"}, "spec": {}, "status": {"phase": "Pending"}}


def pod(name: str, job: str = "j-1", **status: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-11-25T17:00:00Z",
            "ownerReferences": [{"uid": job, "controller": True}],
        },
        "spec": {"restartPolicy": "Never", "nodeName": "worker", "containers": [{"name": "migrate"}]},
        "status": {"phase": "Pending", **status},
    }


def unschedulable(name: str, job: str = "j-1") -> dict[str, Any]:
    item = pod(
        name, job, conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient cpu."}]
    )
    del item["spec"]["nodeName"]
    return item


def no_image(name: str, job: str = "j-1") -> dict[str, Any]:
    waiting = {"reason": "ErrImagePull", "message": "not found"}
    return pod(name, job, containerStatuses=[{"name": "migrate", "image": "shop:1", "restartCount": 0, "state": {"waiting": waiting}}])


def job(name: str, uid: str, **status: Any) -> dict[str, Any]:
    return {**copy.deepcopy(JOB), "metadata": {"name": name, "uid": uid}, "status": status}


class Script:
    """A stand-in for feed and clock: messages at points in time. Waiting for a message costs no time."""

    def __init__(self, *messages: tuple[float, Message]) -> None:
        self.time = 1000.0
        self._messages = [(self.time + at, message) for at, message in messages]

    def clock(self) -> float:
        return self.time

    def poll(self, timeout: float) -> list[Message]:
        until = self.time + timeout
        self.time = min([until, *(at for at, _message in self._messages)])
        due = [message for at, message in self._messages if at <= self.time]
        self._messages = [(at, message) for at, message in self._messages if at > self.time]
        if self.time == until and not due:
            self.time += 0.001
        return due


def listed(kind: str, *items: dict[str, Any], namespace: str = "test") -> Message:
    return Listed((kind, namespace), list(items), NOW)


def at_start(
    *items: dict[str, Any], kinds: tuple[str, ...] = ("Event", "Job", "PersistentVolumeClaim", "Pod")
) -> list[tuple[float, Message]]:
    return [(0.1, listed(kind, *(item for item in items if item["kind"] == kind))) for kind in kinds]


def changed(item: dict[str, Any], deleted: bool = False) -> Message:
    return Changed((item["kind"], "test"), item, deleted)


def target(name: str = "migrate", kind: str = "Job", timeout: float = 60, total: float = math.inf) -> Target:
    return Target(kind, name, "test", None, timeout, total)


def wait(script: Script, *targets: Target, interval: float = 10, grace: float = 5) -> tuple[list[Outcome], list[str]]:
    lines: list[str] = []
    policy = Policy(2, grace, NOW)
    return Wait(targets, policy, script, script.clock, lines.append, interval).run(), lines


def verdicts(outcomes: list[Outcome]) -> list[tuple[str, float]]:
    return [(outcome.verdict, round(outcome.seconds, 1)) for outcome in outcomes]


def test_completed_targets_are_found_with_the_first_lists() -> None:
    outcomes, _lines = wait(Script(*at_start(COMPLETE)), target())
    assert verdicts(outcomes) == [("ready", 0.1)]


def test_no_verdict_is_given_before_every_kind_is_listed() -> None:
    first, *rest = at_start(COMPLETE)
    outcomes, _lines = wait(Script(first, *[(3.0, message) for _at, message in rest]), target())
    assert verdicts(outcomes) == [("ready", 3.0)]


def test_the_wait_ends_with_the_slowest_target() -> None:
    other = job("collect", "j-2", active=1)
    done = job("collect", "j-2", conditions=[{"type": "Complete", "status": "True"}])
    outcomes, _lines = wait(Script(*at_start(JOB, other), (4, changed(done)), (9, changed(COMPLETE))), target(), target("collect"))
    assert verdicts(outcomes) == [("ready", 9.0), ("ready", 4.0)]


def test_the_first_permanent_failure_ends_the_wait_after_a_short_grace_for_the_others() -> None:
    others = [job("second", "j-2", active=1), job("third", "j-3", active=1)]
    script = Script(
        *at_start(JOB, *others), (4, changed(no_image("a"))), (5, changed(no_image("b", "j-2"))), (7, changed(no_image("c", "j-3")))
    )
    outcomes, _lines = wait(script, target(), target("second"), target("third"))
    assert verdicts(outcomes) == [("failed", 4.0), ("failed", 5.0), ("pending", 6.0)]
    assert script.time == pytest.approx(1006, abs=0.1)


def test_a_timeout_reports_the_last_state() -> None:
    outcomes, _lines = wait(Script(*at_start(JOB, unschedulable("a"))), target(timeout=3))
    assert verdicts(outcomes) == [("timeout", 3.0)]
    finding = outcomes[0].assessment.finding
    assert finding is not None
    assert (finding.reason, finding.pod) == ("Unschedulable", "a")


def test_each_target_has_its_own_timeout_and_the_first_timeout_ends_the_wait() -> None:
    outcomes, _lines = wait(Script(*at_start(JOB, job("slow", "j-2", active=1))), target(timeout=3), target("slow", timeout=30))
    assert verdicts(outcomes) == [("timeout", 3.0), ("pending", 5.0)]


def test_a_lasting_failure_is_permanent_after_its_minimum_time() -> None:
    outcomes, _lines = wait(Script(*at_start(JOB), (2, changed(unschedulable("a")))), target())
    assert verdicts(outcomes) == [("failed", 7.0)]


def test_a_failure_that_does_not_last_is_forgotten() -> None:
    scheduled = pod("a", conditions=[{"type": "PodScheduled", "status": "True"}])
    script = Script(*at_start(JOB, unschedulable("a")), (4, changed(scheduled)), (6, changed(unschedulable("a"))), (9, changed(COMPLETE)))
    outcomes, _lines = wait(script, target())
    assert verdicts(outcomes) == [("ready", 9.0)]


def test_the_minimum_time_starts_again_with_another_reason() -> None:
    missing = unschedulable("a")
    missing["status"]["conditions"][0]["message"] = 'persistentvolumeclaim "data" not found.'
    outcomes, _lines = wait(Script(*at_start(JOB, missing), (3, changed(unschedulable("a")))), target())
    assert verdicts(outcomes) == [("failed", 8.0)]


def test_the_minimum_time_starts_again_in_another_container() -> None:
    """The container of the first pod is ready in the end, and another one settles."""
    first, second = older_web(0, {"running": {"startedAt": "2026-11-25T17:00:00Z"}}, True), older_web(0, RUNNING, True)
    second[-1]["status"]["containerStatuses"] = [{"name": "beside", "restartCount": 0, "ready": True, "state": RUNNING}]
    second[-1]["spec"]["containers"] = [{"name": "beside"}]
    outcomes, _lines = wait(watched_older_web(first, (3, second)), target("web", "Deployment"))
    assert verdicts(outcomes) == [("ready", 8.0)]


def test_a_change_begins_at_the_earliest_time_from_the_api_server() -> None:
    said = not_pulled("2026-11-25T16:59:59Z")
    kinds = [Listed(("Event", "test"), [said], NOW - timedelta(seconds=2)), listed("Job", JOB), listed("PersistentVolumeClaim")]
    pods = Listed(("Pod", "test"), [no_image_of_an_earlier_run()], NOW + timedelta(seconds=30))
    outcomes, _lines = wait(Script(*[(0.1, message) for message in [*kinds, pods]]), target(timeout=300))
    assert verdicts(outcomes) == [("failed", 0.1)]


def test_a_lack_of_capacity_does_not_count_while_a_pod_is_ending() -> None:
    ending = pod("old", "j-0")
    ending["metadata"]["deletionTimestamp"] = "2026-11-25T17:05:00Z"
    script = Script(*at_start(JOB, unschedulable("a"), ending), (20, changed(ending, deleted=True)))
    outcomes, _lines = wait(script, target())
    assert verdicts(outcomes) == [("failed", 25.0)]


def test_an_ending_pod_does_not_delay_other_failures() -> None:
    ending = pod("old", "j-0")
    ending["metadata"]["deletionTimestamp"] = "2026-11-25T17:05:00Z"
    missing = unschedulable("a")
    missing["status"]["conditions"][0]["message"] = 'persistentvolumeclaim "data" not found.'
    outcomes, lines = wait(Script(*at_start(JOB, missing, ending)), target())
    assert verdicts(outcomes) == [("failed", 5.1)]
    assert lines[-1] == "Job test/migrate: failed, 0 of 1 succeeded, 0 failed, 1 active: ClaimNotFound in pod a (5 s)"


def test_a_lack_of_capacity_does_not_count_while_another_target_makes_progress() -> None:
    deployment: dict[str, Any] = {
        "kind": "Deployment",
        "metadata": {"name": "web", "uid": "d-1", "generation": 1, "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1},
    }
    replica_set: dict[str, Any] = {
        "kind": "ReplicaSet",
        "metadata": {
            "name": "web-1",
            "uid": "r-1",
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [{"uid": "d-1", "controller": True}],
        },
        "status": {"replicas": 1},
    }
    available = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    kinds = ("Event", "Job", "PersistentVolumeClaim", "Pod", "Deployment", "ReplicaSet")
    script = Script(
        *at_start(JOB, unschedulable("a"), deployment, replica_set, kinds=kinds),
        (20, changed(pod("web-a", "r-1", conditions=[{"type": "Ready", "status": "True"}]))),
        (20, changed({**replica_set, "status": available})),
        (20, changed({**deployment, "status": {"observedGeneration": 1, **available}})),
    )
    outcomes, _lines = wait(script, target(), target("web", "Deployment"))
    assert verdicts(outcomes) == [("failed", 25.0), ("ready", 20.0)]


def web(restarts: int, state: dict[str, Any], ready: bool) -> list[Message]:
    """A Deployment, its ReplicaSet and its pod, which has no readiness probe."""
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": int(ready), "availableReplicas": int(ready)}
    revision = {"deployment.kubernetes.io/revision": "1"}
    found = pod("web-a", "r-1", conditions=[{"type": "Ready", "status": str(ready)}])
    found["spec"]["restartPolicy"] = "Always"
    found["status"]["containerStatuses"] = [{"name": "migrate", "restartCount": restarts, "ready": ready, "state": state}]
    return [
        changed(item)
        for item in (
            {
                "kind": "Deployment",
                "metadata": {"name": "web", "uid": "d-1", "generation": 1, "annotations": revision},
                "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "migrate", "image": "web:1"}]}}},
                "status": {"observedGeneration": 1, **counts},
            },
            {
                "kind": "ReplicaSet",
                "metadata": {
                    "name": "web-1",
                    "uid": "r-1",
                    "annotations": revision,
                    "ownerReferences": [{"uid": "d-1", "controller": True}],
                },
                "status": counts,
            },
            found,
        )
    ]


RUNNING = {"running": {"startedAt": "2026-11-25T17:00:00Z"}}
CRASHED = {"terminated": {"exitCode": 1, "reason": "Error"}}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}


def watched_web(*moments: tuple[float, list[Message]]) -> Script:
    kinds = ("Event", "PersistentVolumeClaim", "Pod", "Deployment", "ReplicaSet")
    return Script(*((0, listed(kind)) for kind in kinds), *((at, message) for at, messages in moments for message in messages))


def test_a_container_that_is_ready_between_its_crashes_is_a_crash_loop() -> None:
    script = watched_web(
        (0, web(0, RUNNING, True)),
        (1, web(0, CRASHED, False)),
        (2, web(1, RUNNING, True)),
        (3, web(1, BACK_OFF, False)),
        (13, web(2, RUNNING, True)),
        (14, web(2, CRASHED, False)),
    )
    outcomes, _lines = wait(script, target("web", "Deployment"))
    assert verdicts(outcomes) == [("failed", 14.0)]
    assert outcomes[0].assessment.finding is not None
    assert (outcomes[0].assessment.finding.reason, outcomes[0].assessment.finding.exit_code) == ("CrashLoop", 1)


def test_a_container_without_a_probe_is_ready_after_it_has_run_for_a_while() -> None:
    outcomes, lines = wait(watched_web((0, web(0, RUNNING, True))), target("web", "Deployment"))
    assert verdicts(outcomes) == [("ready", 5.0)]
    assert lines == [
        "Deployment test/web: waiting, 1 of 1 updated, 1 ready, 1 available: Settling in pod web-a (0 s)",
        "Deployment test/web: ready, 1 of 1 updated, 1 ready, 1 available (5 s)",
    ]


def test_a_lack_of_capacity_does_not_count_while_another_target_settles() -> None:
    script = watched_web((0, [listed("Job", JOB), *web(0, RUNNING, True), changed(unschedulable("a"))]))
    outcomes, _lines = wait(script, target(), target("web", "Deployment"))
    assert verdicts(outcomes) == [("failed", 10.0), ("ready", 5.0)]


def test_a_container_that_crashed_once_is_ready_after_it_has_run_for_a_while() -> None:
    script = watched_web((0, web(0, RUNNING, True)), (1, web(0, CRASHED, False)), (2, web(1, RUNNING, True)))
    outcomes, _lines = wait(script, target("web", "Deployment"))
    assert verdicts(outcomes) == [("ready", 12.0)]


def test_two_targets_without_capacity_do_not_wait_for_each_other() -> None:
    script = Script(*at_start(JOB, job("second", "j-2", active=1), unschedulable("a"), unschedulable("b", "j-2")))
    outcomes, _lines = wait(script, target(), target("second"))
    assert verdicts(outcomes) == [("failed", 5.1), ("failed", 5.1)]


def test_a_claim_that_waits_for_its_first_consumer_is_not_a_failure() -> None:
    said = {
        "kind": "Event",
        "reason": "WaitForFirstConsumer",
        "metadata": {"uid": "e-1"},
        "involvedObject": {"uid": "c-1"},
        "message": "waiting",
    }
    script = Script(*at_start(CLAIM, said, kinds=("Event", "PersistentVolumeClaim", "Pod")), (0.1, listed("StorageClass", namespace="")))
    outcomes, _lines = wait(script, target("data", "PersistentVolumeClaim"))
    assert verdicts(outcomes) == [("waiting_for_consumer", 0.1)]


def test_a_job_deleted_during_the_wait_is_reported_as_not_found() -> None:
    outcomes, _lines = wait(Script(*at_start(JOB), (3, changed(JOB, deleted=True))), target())
    assert verdicts(outcomes) == [("failed", 3.0)]
    assert outcomes[0].assessment.finding is not None
    assert outcomes[0].assessment.finding.reason == "NotFound"


def test_failures_before_the_change_are_counted_when_the_wait_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Policy] = []

    def record(found: Target, snapshot: Snapshot, policy: Policy) -> Assessment:
        seen.append(policy)
        return assess(found, snapshot, policy)

    monkeypatch.setattr(rollout_wait, "assess", record)
    long_ago, just_now = "2026-11-25T16:00:00Z", "2026-11-25T16:59:55Z"
    states: dict[str, tuple[bool, dict[str, Any]]] = {
        "serves": (True, {"running": {"startedAt": long_ago}}),
        "between-crashes": (True, {"running": {"startedAt": just_now}}),
        "not-ready": (False, {"running": {"startedAt": long_ago}}),
        "crash-loop": (False, BACK_OFF),
        "done": (True, {"terminated": {"exitCode": 0}}),
    }
    statuses = [{"name": name, "restartCount": 3, "ready": ready, "state": state} for name, (ready, state) in states.items()]
    old, new = pod("old", containerStatuses=statuses), pod("new", containerStatuses=statuses)
    old["metadata"]["creationTimestamp"] = "2026-11-25T16:59:29Z"
    new["metadata"]["creationTimestamp"] = "2026-11-25T16:59:30Z"
    wait(Script(*at_start(COMPLETE, old, new)), target())
    failures = {"serves": 3, "between-crashes": 3, "not-ready": 3, "crash-loop": 4, "done": 4}
    assert seen[0].failures_before == {("uid-old", name): count for name, count in failures.items()}
    assert seen[0].served_before == {("uid-old", "serves"), ("uid-old", "done")}
    assert (seen[0].began, seen[0].since) == (NOW, NOW - timedelta(seconds=30))


def no_image_of_an_earlier_run() -> dict[str, Any]:
    item = no_image("a")
    item["metadata"]["creationTimestamp"] = "2026-11-25T16:59:20Z"
    return item


def not_pulled(moment: str) -> dict[str, Any]:
    """The kubelet's event."""
    return {
        "kind": "Event",
        "reason": "Failed",
        "message": "Failed to pull image: not found",
        "metadata": {"uid": "e-1"},
        "involvedObject": {"kind": "Pod", "uid": "uid-a", "fieldPath": "spec.containers{migrate}"},
        "lastTimestamp": moment,
    }


def test_an_image_failure_from_before_the_wait_is_not_permanent() -> None:
    pulled = pod("a", containerStatuses=[{"name": "migrate", "restartCount": 0, "state": RUNNING}])
    script = Script(
        *at_start(JOB, no_image_of_an_earlier_run(), not_pulled("2026-11-25T16:59:58Z")), (15, changed(pulled)), (20, changed(COMPLETE))
    )
    outcomes, lines = wait(script, target())
    assert verdicts(outcomes) == [("ready", 20.0)]
    assert "ImageNotFound in pod a (0 s)" in lines[0]


def test_a_missing_image_is_permanent_after_the_next_pull() -> None:
    script = Script(
        *at_start(JOB, no_image_of_an_earlier_run(), not_pulled("2026-11-25T16:59:58Z")), (15, changed(not_pulled("2026-11-25T17:00:15Z")))
    )
    outcomes, _lines = wait(script, target())
    assert verdicts(outcomes) == [("failed", 15.0)]


def test_a_missing_image_without_new_events_is_permanent_after_a_minute() -> None:
    """The kubelet keeps retrying, but it reports long series of failures less and less often."""
    script = Script(*at_start(JOB, no_image_of_an_earlier_run(), not_pulled("2026-11-25T16:30:00Z")))
    outcomes, _lines = wait(script, target(timeout=300))
    assert verdicts(outcomes) == [("failed", 60.1)]


def older_web(restarts: int, state: dict[str, Any], ready: bool) -> list[dict[str, Any]]:
    """The same with a pod that is months old."""
    items = [message.item for message in web(restarts, state, ready) if isinstance(message, Changed)]
    items[-1]["metadata"]["creationTimestamp"] = "2026-05-01T00:00:00Z"
    return items


def watched_older_web(first: list[dict[str, Any]], *moments: tuple[float, list[dict[str, Any]]]) -> Script:
    kinds = ("Event", "PersistentVolumeClaim", "Pod", "Deployment", "ReplicaSet")
    return Script(*at_start(*first, kinds=kinds), *((at, changed(item)) for at, items in moments for item in items))


def test_a_pod_that_served_at_the_start_may_restart_once_despite_earlier_restarts() -> None:
    first = older_web(3, {"running": {"startedAt": "2026-11-01T00:00:00Z"}}, True)
    first[0]["status"]["availableReplicas"] = 0
    script = watched_older_web(first, (1, older_web(3, CRASHED, False)), (2, older_web(4, RUNNING, True)))
    assert verdicts(wait(script, target("web", "Deployment"))[0]) == [("ready", 12.0)]


def test_a_crash_loop_from_before_the_wait_is_permanent_after_its_next_failure() -> None:
    first = older_web(3, BACK_OFF, False)
    script = watched_older_web(first, (1, older_web(4, RUNNING, True)), (3, older_web(4, CRASHED, False)))
    assert verdicts(wait(script, target("web", "Deployment"))[0]) == [("failed", 3.0)]


# --- progress ends no timeout -------------------------------------------------------------------------------------------------


def twenty(updated: int, ready: int, wanted: int = 20) -> list[dict[str, Any]]:
    """A Deployment of twenty replicas and its ReplicaSet."""
    items = [message.item for message in web(0, RUNNING, True) if isinstance(message, Changed)][:2]
    counts = {"replicas": updated, "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": ready}
    return [
        {**items[0], "spec": {**items[0]["spec"], "replicas": wanted}, "status": {"observedGeneration": 1, **counts}},
        {**items[1], "status": counts},
    ]


def test_a_slow_rollout_with_progress_does_not_time_out() -> None:
    """20 replicas of 45 s each."""
    moments = [(45.0 * ready, twenty(min(20, ready + 1), ready)) for ready in range(1, 20)]
    script = watched_older_web(twenty(1, 0), *moments, (900, twenty(20, 20) + [ready_pod(f"web-{index}") for index in range(20)]))
    outcomes, _lines = wait(script, target("web", "Deployment", timeout=60))
    assert verdicts(outcomes) == [("ready", 900.0)]


def ready_pod(name: str) -> dict[str, Any]:
    return pod(name, "r-1", conditions=[{"type": "Ready", "status": "True"}])


def test_a_rollout_without_progress_times_out_and_reports_both_times() -> None:
    script = watched_older_web(twenty(1, 0), (45, twenty(2, 1)), (90, twenty(3, 2)))
    [outcome] = wait(script, target("web", "Deployment"))[0]
    assert (outcome.verdict, round(outcome.seconds), round(outcome.idle or 0)) == ("timeout", 150, 60)


def test_a_replica_that_is_ready_again_is_not_progress() -> None:
    script = watched_older_web(twenty(20, 5), *[(at, twenty(20, 4 + at % 2)) for at in range(1, 200)])
    assert verdicts(wait(script, target("web", "Deployment"))[0]) == [("timeout", 60.0)]


def test_the_total_limit_ends_a_rollout_that_makes_progress() -> None:
    script = watched_older_web(twenty(1, 0), *[(45.0 * ready, twenty(ready + 1, ready)) for ready in range(1, 20)])
    [outcome] = wait(script, target("web", "Deployment", total=200))[0]
    assert (outcome.verdict, round(outcome.seconds), outcome.idle) == ("timeout", 200, None)
    assert outcome.assessment.replicas.ready == 4


def test_deleted_old_pods_are_progress_and_recreated_old_pods_are_not() -> None:
    old_set = {
        **copy.deepcopy(twenty(1, 0)[1]),
        "metadata": {"name": "web-0", "uid": "r-0", "ownerReferences": [{"uid": "d-1", "controller": True}]},
    }
    older = [pod(f"old-{index}", "r-0", phase="Running") for index in range(3)]
    script = Script(
        *at_start(*twenty(1, 0), old_set, *older, kinds=("Event", "PersistentVolumeClaim", "Pod", "Deployment", "ReplicaSet")),
        (50, changed(older[0], deleted=True)),
        (100, changed(older[1], deleted=True)),
        (110, changed(older[1])),
        (140, changed(older[1], deleted=True)),
    )
    assert verdicts(wait(script, target("web", "Deployment"))[0]) == [("timeout", 160.0)]


def starting(steps: int) -> dict[str, Any]:
    """A Job's pod that is created, scheduled, has run its init container, runs its container, is started again."""
    states: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"waiting": {"reason": "PodInitializing"}}, {"waiting": {"reason": "PodInitializing"}}),
        (RUNNING, {"waiting": {"reason": "PodInitializing"}}),
        ({"terminated": {"exitCode": 0}}, {"waiting": {"reason": "ContainerCreating"}}),
        ({"terminated": {"exitCode": 0}}, RUNNING),
        ({"terminated": {"exitCode": 0}}, BACK_OFF),
    ]
    init, main = states[max(0, steps - 1)]
    item = pod(
        "a",
        initContainerStatuses=[{"name": "wait-for-db", "restartCount": 0, "state": init}],
        containerStatuses=[{"name": "migrate", "restartCount": int(steps == 5), "state": main}],
    )
    item["spec"] |= {"nodeName": "worker" if steps else None, "restartPolicy": "OnFailure"}
    return item


def test_each_step_of_a_pod_is_progress_and_a_restart_is_not() -> None:
    script = Script(*at_start(JOB, starting(0)), *[(50.0 * step, changed(starting(step))) for step in range(1, 6)])
    assert verdicts(wait(script, target())[0]) == [("timeout", 260.0)]


def test_a_pod_that_is_recreated_repeatedly_is_not_progress() -> None:
    moments = []
    for index in range(1, 10):
        again = starting(3)
        again["metadata"] |= {"name": f"a-{index}", "uid": f"uid-a-{index}"}
        moments += [(20.0 * index, changed(again)), (20.0 * index + 10, changed(again, deleted=True))]
    script = Script(*at_start(JOB), *moments)
    assert verdicts(wait(script, target())[0]) == [("timeout", 80.0)]


@pytest.mark.parametrize("count", ["succeeded", "failed", "ready"])
def test_each_pod_that_a_job_counts_is_progress(count: str) -> None:
    script = Script(*at_start(JOB), (50, changed(job("migrate", "j-1", active=1, **{count: 1}))))
    assert verdicts(wait(script, target())[0]) == [("timeout", 110.0)]


def test_a_new_revision_restarts_the_progress() -> None:
    second = twenty(1, 1)
    for item in second:
        item["metadata"] = {**item["metadata"], "annotations": {"deployment.kubernetes.io/revision": "2"}}
    script = watched_older_web(twenty(20, 5), (30, second))
    assert verdicts(wait(script, target("web", "Deployment"))[0]) == [("timeout", 90.0)]


def test_the_return_of_an_earlier_revision_is_not_progress() -> None:
    second = twenty(1, 1)
    for item in second:
        item["metadata"] = {**item["metadata"], "annotations": {"deployment.kubernetes.io/revision": "2"}}
    moments = [(10.0 * at, second if at % 2 else twenty(20, 5)) for at in range(1, 20)]
    assert verdicts(wait(watched_older_web(twenty(20, 5), *moments), target("web", "Deployment"))[0]) == [("timeout", 70.0)]


def test_a_target_with_capacity_times_out_although_another_target_makes_progress() -> None:
    kinds = ("Event", "Job", "PersistentVolumeClaim", "Pod", "Deployment", "ReplicaSet")
    moments = [(45.0 * ready, changed(item)) for ready in range(1, 5) for item in twenty(ready + 1, ready)]
    outcomes, _lines = wait(Script(*at_start(JOB, *twenty(1, 0), kinds=kinds), *moments), target(), target("web", "Deployment"))
    assert verdicts(outcomes) == [("timeout", 60.0), ("pending", 62.0)]


def test_a_target_without_capacity_does_not_time_out_while_another_target_makes_progress() -> None:
    script = Script(
        *at_start(
            JOB, unschedulable("a"), *twenty(1, 0), kinds=("Event", "Job", "PersistentVolumeClaim", "Pod", "Deployment", "ReplicaSet")
        ),
        *[(45.0 * ready, changed(item)) for ready in range(1, 5) for item in twenty(ready + 1, ready)],
        (200, changed(COMPLETE)),
        (201, changed(pod("a"), deleted=True)),
        *[(220, changed(item)) for item in [*twenty(1, 1, wanted=1), ready_pod("web-0")]],
    )
    assert verdicts(wait(script, target(), target("web", "Deployment"))[0]) == [("ready", 200.0), ("ready", 220.0)]


# --- pods that do not go ------------------------------------------------------------------------------------------------------


def stuck(gone_by: str) -> dict[str, Any]:
    item = pod("old", "j-0", phase="Running")
    item["metadata"]["deletionTimestamp"] = gone_by
    return item


def test_an_overdue_deletion_of_a_pod_is_permanent() -> None:
    item = pod("a", phase="Running", conditions=[{"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "True"}])
    item["metadata"]["deletionTimestamp"] = "2026-11-25T17:00:20Z"
    outcomes, _lines = wait(Script(*at_start(JOB, item)), target(timeout=300), interval=1)
    assert outcomes[0].verdict == "failed"
    assert 25 <= outcomes[0].seconds < 27


def test_a_lack_of_capacity_counts_although_the_deletion_of_a_pod_is_overdue() -> None:
    script = Script(*at_start(JOB, unschedulable("a"), stuck("2026-11-25T16:00:00Z")))
    assert verdicts(wait(script, target())[0]) == [("failed", 5.1)]


def test_a_paused_deployment_is_a_permanent_failure_after_a_while() -> None:
    paused, replica_set = twenty(1, 0)
    resumed = copy.deepcopy(paused)
    paused["spec"]["paused"] = True
    outcomes, _lines = wait(watched_older_web([paused, replica_set]), target("web", "Deployment"))
    assert verdicts(outcomes) == [("failed", 5.1)]
    script = watched_older_web([paused, replica_set], (4, [resumed]))
    assert verdicts(wait(script, target("web", "Deployment"))[0]) == [("timeout", 60.0)]


# --- an API server that is away ------------------------------------------------------------------------------------------------


def test_a_missing_permission_ends_the_wait_immediately() -> None:
    with pytest.raises(PlatformError, match="forbidden"):
        wait(Script((0.1, Broken(("Pod", "test"), PlatformError("pods is forbidden", certain=True)))), target())


def test_the_wait_survives_an_unavailable_api_server_before_the_first_lists() -> None:
    script = Script((0.1, Broken(("Pod", "test"), AWAY)), *[(5, message) for _at, message in at_start(COMPLETE)])
    assert verdicts(wait(script, target())[0]) == [("ready", 5.0)]


def test_the_wait_survives_a_forbidden_response_while_the_api_server_starts() -> None:
    script = Script(
        *at_start(JOB),
        (3, Broken(("Pod", "test"), PlatformError("pods is forbidden", certain=True))),
        (5, listed("Pod")),
        (6, changed(COMPLETE)),
    )
    outcomes, _lines = wait(script, target())
    assert verdicts(outcomes) == [("ready", 6.0)]


def test_the_wait_survives_an_outage_of_the_api_server() -> None:
    broken = [(3.0, Broken((kind, "test"), AWAY)) for kind in ("Pod", "Job", "Event", "PersistentVolumeClaim")]
    outcomes, lines = wait(Script(*at_start(JOB), *broken, *((40, message) for _at, message in at_start(COMPLETE))), target())
    assert verdicts(outcomes) == [("ready", 40.0)]
    assert "the API server is unavailable, retrying: Pods of namespace test: the API server cannot be reached (20 s)" in lines


@pytest.mark.parametrize(("since", "lines_of_it"), [(7.0, 3), (7.2, 2)])
def test_an_outage_of_three_seconds_is_reported_once_per_interval(since: float, lines_of_it: int) -> None:
    again = [(at, Broken(("Pod", "test"), AWAY)) for at in (since, 12.0, 15.0, 22.0)]
    script = Script(*at_start(JOB), *again, (31, listed("Pod")), (32, changed(COMPLETE)))
    _outcomes, lines = wait(script, target())
    assert len([line for line in lines if line.startswith("the API server is unavailable")]) == lines_of_it


def test_a_long_outage_of_the_api_server_ends_the_wait() -> None:
    script = Script(*at_start(JOB), *((at, Broken(("Pod", "test"), AWAY)) for at in range(3, 200, 4)))
    with pytest.raises(PlatformError, match="the API server was unavailable for more than 90 s: Pods of namespace test"):
        wait(script, target(timeout=600))
    assert script.time == pytest.approx(1093, abs=5)


def test_no_failure_is_permanent_while_the_api_server_is_unavailable() -> None:
    script = Script(*at_start(JOB, unschedulable("a")), (3, Broken(("Pod", "test"), AWAY)), (20, listed("Pod", unschedulable("a"))))
    outcomes, _lines = wait(script, target())
    assert verdicts(outcomes) == [("failed", 25.0)]


# --- progress ------------------------------------------------------------------------------------------------------------------


def test_a_change_is_reported_immediately_and_waiting_targets_every_interval() -> None:
    script = Script(*at_start(JOB), (4, changed(unschedulable("a"))), (26, changed(COMPLETE)))
    _outcomes, lines = wait(script, target(), grace=100)
    waiting = "Job test/migrate: waiting, 0 of 1 succeeded, 0 failed, 1 active"
    assert lines == [
        f"{waiting}: JobNotComplete (0 s)",
        f"{waiting}: Unschedulable in pod a (4 s)",
        f"{waiting}: Unschedulable in pod a (14 s)",
        f"{waiting}: Unschedulable in pod a (24 s)",
        "Job test/migrate: ready, 1 of 1 succeeded, 0 failed, 0 active (26 s)",
    ]


def test_a_completed_target_is_reported_once() -> None:
    second = job("second", "j-2", active=1)
    done = job("second", "j-2", conditions=[{"type": "Complete", "status": "True"}])
    _outcomes, lines = wait(Script(*at_start(COMPLETE, second), (25, changed(done))), target(), target("second"))
    assert len([line for line in lines if "test/migrate" in line]) == 1
    assert len([line for line in lines if "test/second" in line]) == 4


def test_each_source_is_watched_once() -> None:
    found = sources([target(), target("web", "Deployment"), target("data", "PersistentVolumeClaim")])
    assert found == sorted(set(found))
    assert ("StorageClass", "") in found
    assert {kind for kind, namespace in found if namespace == "test"} == {
        "Deployment",
        "Event",
        "Job",
        "PersistentVolumeClaim",
        "Pod",
        "ReplicaSet",
    }


def test_every_target_is_read_in_its_namespace() -> None:
    foreign = {**COMPLETE, "metadata": {"name": "migrate", "uid": "j-9"}}
    script = Script(
        *at_start(JOB),
        *[
            (0.1, listed(kind, *([foreign] if kind == "Job" else []), namespace="other"))
            for kind in ("Event", "Job", "PersistentVolumeClaim", "Pod")
        ],
    )
    outcomes, _lines = wait(script, target(timeout=2), Target("Job", "migrate", "other", None, 60))
    assert [outcome.verdict for outcome in outcomes] == ["timeout", "ready"]
