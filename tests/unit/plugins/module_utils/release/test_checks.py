# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.checks import (
    Check,
    check_events,
    check_fields,
    check_images,
    check_log,
    check_memory,
    check_namespace,
    check_no_metrics,
    check_pods,
    check_scaled_objects,
    check_services,
    check_workloads,
    deployed_at,
    logs_to_search,
    summary,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.events import Moment
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Snapshot, Target, instant
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker

NOW = instant("2026-11-25T17:10:00Z")
SINCE = instant("2026-11-25T17:00:00Z")
BEFORE, AFTER = "2026-11-25T16:59:59Z", "2026-11-25T17:00:01Z"
IMAGE = "registry.example.com/shop:1"
DJANGO = Target("Deployment", "django", "shop", IMAGE, 0)

Object = dict[str, Any]


def deployment(**status: Any) -> Object:
    return {
        "kind": "Deployment",
        "metadata": {"name": "django", "uid": "d", "generation": 1, "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "django", "image": IMAGE}]}},
        },
        "status": {
            "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2, **status,
        },
    }  # fmt: skip


def replica_set(revision: str, created: str = BEFORE, **status: Any) -> Object:
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"django-{revision}",
            "uid": f"rs-{revision}",
            "creationTimestamp": created,
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"uid": "d", "kind": "Deployment", "controller": True}],
        },
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "django", "image": IMAGE}]}}},
        "status": {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, **status},
    }


def pod(name: str = "django-a", owner: str = "ReplicaSet", change: Callable[[Object], Any] = lambda _pod: None) -> Object:
    result: Object = {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": BEFORE,
            "labels": {"app": "jewelry-shop"},
            "ownerReferences": [{"uid": "rs-2", "kind": owner, "controller": True}],
        },
        "spec": {"containers": [{"name": "django", "image": IMAGE, "resources": {"limits": {"memory": "512Mi"}}}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": "django", "restartCount": 0, "ready": True, "imageID": "sha256:1", "state": {"running": {}}, "lastState": {}}
            ],
        },
    }
    result = copy.deepcopy(result)
    change(result)
    return result


def not_ready(item: Object) -> None:
    item["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    item["status"]["containerStatuses"][0].update(ready=False)


def ended(finished: str, **terminated: Any) -> Callable[[Object], None]:
    last = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": finished, **terminated}}
    return lambda item: item["status"]["containerStatuses"][0].update(restartCount=2, lastState=last)


def evicted(moment: str | None) -> Callable[[Object], None]:
    """As the kubelet leaves it. Not all versions set the time."""
    ready = {"type": "Ready", "status": "False", **({"lastTransitionTime": moment} if moment else {})}
    status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. ", "conditions": [ready]}
    return lambda item: item.update(status=status)


def foreign(change: Callable[[Object], Any]) -> Object:
    item = pod(change=change)
    item["metadata"]["labels"] = {"app": "debug"}
    return item


def brief(checks: Any) -> list[tuple[str, str]]:
    return [(check.subject, check.severity) for check in checks]


@pytest.mark.parametrize(
    ("namespace", "severity", "message"),
    [
        ({"metadata": {"name": "shop"}, "status": {"phase": "Active"}}, "ok", "is Active"),
        ({"metadata": {"name": "shop"}, "status": {"phase": "Terminating"}}, "error", "is Terminating"),
        (None, "error", "does not exist"),
    ],
)
def test_the_namespace_must_exist_and_not_be_terminating(namespace: Any, severity: str, message: str) -> None:
    assert check_namespace("shop", namespace) == Check("namespace", "Namespace/shop", severity, message)


HEALTHY = [deployment(), replica_set("2"), pod("django-a"), pod("django-b")]


def test_a_complete_workload_reports_its_revision() -> None:
    [check] = check_workloads([DJANGO], Snapshot(HEALTHY), NOW)
    assert (check.severity, check.message) == ("ok", "revision 2, 2 of 2 updated, 2 ready, 2 available")


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ([], "does not exist: there is no Deployment django in namespace shop (NotFound)"),
        ([deployment(), replica_set("2", readyReplicas=1, availableReplicas=1), HEALTHY[2], pod("django-b", change=not_ready)], "1 ready"),
        ([deployment(), replica_set("2", replicas=1, readyReplicas=1, availableReplicas=1), HEALTHY[2]], "1 of 2 updated"),
    ],
)
def test_an_incomplete_workload_is_an_error(objects: list[Object], words: str) -> None:
    [check] = check_workloads([DJANGO], Snapshot(objects), NOW)
    assert (check.name, check.severity) == ("workload", "error")
    assert words in check.message


SERVICE = {"kind": "Service", "metadata": {"name": "web", "uid": "s"}, "spec": {"selector": {"app": "shop"}}}


def at_zero() -> list[Object]:
    item = deployment(replicas=0, updatedReplicas=0, readyReplicas=0, availableReplicas=0)
    item["spec"]["replicas"] = 0
    return [item, replica_set("2", replicas=0, readyReplicas=0, availableReplicas=0)]


def autoscaler(**metadata: Any) -> Object:
    """As it is while its Deployment has 0 replicas."""
    disabled = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "ScalingDisabled",
        "message": "scaling is disabled since the replica count of the target is zero",
    }
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "django", "uid": "h", **metadata},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "django"}, "minReplicas": 3, "maxReplicas": 9},
        "status": {"conditions": [disabled]},
    }


OF_KEDA = {"ownerReferences": [{"kind": "ScaledObject", "name": "django", "uid": "so", "controller": True}]}
TO_ZERO = {**autoscaler(), "spec": {**autoscaler()["spec"], "minReplicas": 0}}
OF_ANOTHER = {**autoscaler(), "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "nginx"}}}


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([], id="set by an operator"),
        pytest.param([autoscaler(**OF_KEDA)], id="set by KEDA"),
        pytest.param([TO_ZERO], id="set by an autoscaler with minimum 0"),
        pytest.param([OF_ANOTHER], id="an autoscaler of another workload"),
    ],
)
def test_a_workload_set_to_0_replicas_is_ok(others: list[Object]) -> None:
    snapshot = Snapshot([*at_zero(), *others])
    assert list(check_workloads([DJANGO], snapshot, NOW)) == [Check("workload", "Deployment/django", "ok", "has 0 replicas, as set")]
    assert not list(check_images([DJANGO], snapshot))


SCALED_OBJECT: Object = {
    "kind": "ScaledObject",
    "metadata": {"name": "worker", "uid": "so", "labels": {"app": "jewelry-shop"}, "creationTimestamp": "2026-11-25T17:00:00Z"},
    "spec": {"minReplicaCount": 0, "maxReplicaCount": 3},
}
SAYS = "cannot connect to Redis"


@pytest.mark.parametrize(
    ("ready", "age", "expected"),
    [
        pytest.param({"status": "True", "reason": "ScaledObjectReady"}, 1, ("ok", "KEDA sets from 0 to 3 replicas"), id="ready"),
        pytest.param(
            {"status": "False", "reason": "TriggerError", "message": SAYS},
            1,
            ("warning", f"KEDA cannot set the replicas: TriggerError: {SAYS}"),
            id="wrong password",
        ),
        pytest.param({"status": "Unknown"}, 1, None, id="just created"),
        pytest.param({"status": "Unknown"}, 6, ("warning", "KEDA has not read it. Check that its operator runs"), id="no operator"),
        pytest.param(None, 6, ("warning", "KEDA has not read it. Check that its operator runs"), id="no operator, no status"),
    ],
)
def test_keda_must_be_able_to_scale(ready: Object | None, age: int, expected: tuple[str, str] | None) -> None:
    item = {**SCALED_OBJECT, "status": {"conditions": [{"type": "Ready", **ready}] if ready else []}}
    now = instant("2026-11-25T17:00:00Z") + timedelta(minutes=age)
    found = [(each.severity, each.message) for each in check_scaled_objects(Snapshot([item]), now)]
    assert found == ([expected] if expected else [])


def test_a_scaled_object_of_others_is_ignored() -> None:
    item = {**SCALED_OBJECT, "metadata": {**SCALED_OBJECT["metadata"], "labels": {}}}
    assert not list(check_scaled_objects(Snapshot([item]), NOW))


def test_0_replicas_of_a_customer_facing_workload_are_a_warning() -> None:
    [check] = check_workloads([DJANGO], Snapshot(at_zero()), NOW, ["django", "nginx"])
    assert check == Check("workload", "Deployment/django", "warning", "has 0 replicas, as set, so no customer is served")


def test_0_replicas_with_a_disabled_autoscaler_are_one_error_with_a_remedy() -> None:
    snapshot = Snapshot([*at_zero(), autoscaler(), SERVICE])
    checks = [*check_workloads([DJANGO], snapshot, NOW, ["django"]), *check_services(["web"], snapshot)]
    assert [check.message for check in checks if check.severity != "ok"] == [
        "has 0 replicas, which disables HorizontalPodAutoscaler django. Start it with `kubectl --namespace shop scale deployment/django "
        "--replicas=3`, or set hpa_enabled of the tier or group to false to keep it at 0"
    ]


def test_remaining_pods_of_a_workload_set_to_0_are_an_error() -> None:
    item, sets = at_zero()
    item["status"]["replicas"] = 1
    [check] = check_workloads([DJANGO], Snapshot([item, sets, pod()]), NOW)
    assert check.severity == "error"


def test_an_image_that_differs_from_the_setting_is_an_error() -> None:
    [check] = check_workloads([Target("Deployment", "django", "shop", "registry.example.com/shop:2", 0)], Snapshot(HEALTHY), NOW)
    assert check.severity == "error"
    assert "(ImageMismatch)" in check.message


@pytest.mark.parametrize(("phase", "severity"), [("Bound", "ok"), ("Pending", "error"), ("Lost", "error")])
def test_a_claim_has_to_be_bound(phase: str, severity: str) -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "media", "uid": "c"}, "spec": {}, "status": {"phase": phase}}
    [check] = check_workloads([Target("PersistentVolumeClaim", "media", "shop", None, 0)], Snapshot([claim]), NOW)
    assert (check.name, check.subject, check.severity) == ("claim", "PersistentVolumeClaim/media", severity)


def test_a_claim_may_wait_for_its_first_consumer() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "media", "uid": "c"}, "spec": {}, "status": {"phase": "Pending"}}
    waiting = {**event("Normal", AFTER), "kind": "Event", "reason": "WaitForFirstConsumer", "involvedObject": {"uid": "c"}}
    [check] = check_workloads([Target("PersistentVolumeClaim", "media", "shop", None, 0)], Snapshot([claim, waiting]), NOW)
    assert (check.severity, check.message) == ("ok", "waits for its first consumer")


def test_a_moved_tag_shows_as_different_images() -> None:
    other = pod("django-b", change=lambda item: item["status"]["containerStatuses"][0].update(imageID="sha256:2"))
    assert [check.severity for check in check_images([DJANGO], Snapshot(HEALTHY))] == ["ok"]
    [check] = check_images([DJANGO], Snapshot([*HEALTHY[:3], other]))
    assert (check.severity, check.message) == ("error", "container django runs 2 different images")


def test_images_of_a_missing_workload_are_not_checked() -> None:
    gone = Target("Deployment", "gone", "shop", None, 0)
    assert [check.subject for check in check_images([gone, DJANGO], Snapshot(HEALTHY))] == ["Deployment/django"]


def test_an_ending_pod_can_have_another_image() -> None:
    def old(item: Object) -> None:
        item["metadata"]["deletionTimestamp"] = AFTER
        item["status"]["containerStatuses"][0]["imageID"] = "sha256:2"

    [check] = check_images([DJANGO], Snapshot([*HEALTHY, pod("django-c", change=old)]))
    assert (check.severity, check.message) == ("ok", f"the same in 2 replicas: {IMAGE}")


def running(**images: str) -> Callable[[Object], None]:
    statuses = [{"name": name.replace("_", "-"), "restartCount": 0, "imageID": image} for name, image in images.items()]
    return lambda item: item["status"].update(containerStatuses=statuses)


@pytest.mark.parametrize(
    ("first", "second", "severity"),
    [
        pytest.param({"django": "r/shop@sha256:1"}, {"django": "r/shop@sha256:1"}, "ok", id="the same"),
        pytest.param({"django": "r/shop@sha256:1"}, {"django": "mirror:5000/shop@sha256:1"}, "ok", id="of a mirror"),
        pytest.param({"django": "r/shop@sha256:1"}, {"django": "r/shop@sha256:2"}, "error", id="a tag was moved"),
        pytest.param(
            {"django": "r/shop@sha256:1", "istio_proxy": "r/proxy@sha256:3"},
            {"django": "r/shop@sha256:1", "istio_proxy": "r/proxy@sha256:4"},
            "ok",
            id="an injected container was renewed",
        ),
    ],
)
def test_the_images_of_the_template_are_compared_by_digest(first: dict[str, str], second: dict[str, str], severity: str) -> None:
    pods = [pod("django-a", change=running(**first)), pod("django-b", change=running(**second))]
    [check] = check_images([DJANGO], Snapshot([*HEALTHY[:2], *pods]))
    assert check.severity == severity, check.message


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(pod(), [("Pod/django-a", "ok")], id="ready"),
        pytest.param(pod(change=not_ready), [("Pod/django-a", "error")], id="not ready"),
        pytest.param(pod(change=ended(AFTER)), [("Pod/django-a", "warning")], id="restarted since"),
        pytest.param(pod(change=ended(BEFORE)), [("Pod/django-a", "ok")], id="restarted before"),
        pytest.param(pod(change=lambda p: p["status"].update(phase="Succeeded", conditions=[])), [], id="finished"),
        pytest.param(pod(owner="Job", change=lambda p: p["status"].update(phase="Failed", conditions=[])), [], id="a job's failed pod"),
        pytest.param(pod(owner="Job", change=not_ready), [("Pod/django-a", "ok")], id="a job's running pod"),
        pytest.param(pod(change=evicted(AFTER)), [("Pod/django-a", "warning")], id="evicted since"),
        pytest.param(pod(change=evicted(None)), [("Pod/django-a", "warning")], id="evicted at an unknown time"),
        pytest.param(pod(change=evicted(BEFORE)), [("Pod/django-a", "ok")], id="evicted before"),
        pytest.param(foreign(not_ready), [("Pod/django-a", "warning")], id="not managed by this collection, not ready"),
        pytest.param(foreign(evicted(AFTER)), [("Pod/django-a", "warning")], id="not managed by this collection, evicted"),
        pytest.param(pod(change=lambda p: p["metadata"].update(deletionTimestamp=AFTER)), [], id="on its way out"),
    ],
)
def test_pods_are_checked_by_their_owner(item: Object, expected: list[tuple[str, str]]) -> None:
    assert brief(check_pods(Snapshot([item]), SINCE)) == expected


@pytest.mark.parametrize(("revision", "expected"), [("rs-1", []), ("rs-2", [("Pod/django-c", "warning")])])
@pytest.mark.parametrize("change", [evicted(AFTER), ended(AFTER)], ids=["evicted", "restarted"])
def test_problems_of_older_revisions_are_ignored(change: Any, revision: str, expected: list[tuple[str, str]]) -> None:
    item = pod("django-c", change=change)
    item["metadata"]["ownerReferences"][0]["uid"] = revision
    assert brief(check_pods(Snapshot([deployment(), replica_set("1"), replica_set("2"), item]), SINCE)) == expected


def test_a_failed_pod_is_reported_with_its_reason() -> None:
    [check] = check_pods(Snapshot([pod(change=evicted(AFTER))]), SINCE)
    assert check.message == "has ended: Evicted: The node was low on resource: memory."
    failed = {"name": "django", "state": {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": AFTER}}}
    [check] = check_pods(Snapshot([pod(change=lambda p: p.update(status={"phase": "Failed", "containerStatuses": [failed]}))]), SINCE)
    assert (check.severity, check.message) == ("warning", "has ended: container django: ended with exit code 3")


def test_a_replaced_evicted_pod_is_not_an_error_of_its_workload() -> None:
    snapshot = Snapshot([*HEALTHY, pod("django-c", change=evicted(AFTER))])
    checks = [*check_workloads([DJANGO], snapshot, NOW), *check_images([DJANGO], snapshot), *check_pods(snapshot, SINCE)]
    assert [check.subject for check in checks if check.severity != "ok"] == ["Pod/django-c"]
    assert summary(checks) == "4 checks passed, 1 warnings"


def test_a_restart_is_reported_with_the_exit_of_the_container() -> None:
    [check] = check_pods(Snapshot([pod(change=ended(AFTER, reason="OOMKilled", exitCode=137))]), SINCE)
    assert check.message.startswith("container django was restarted, 2 times in all: it was killed because it exceeded its memory limit")


def endpoints(*ready: bool | None) -> Object:
    listed = [
        {"addresses": [f"10.0.0.{number}"], "conditions": {} if each is None else {"ready": each}} for number, each in enumerate(ready)
    ]
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": "web-x", "uid": "e", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": listed,
    }


def serving(app: str = "shop") -> Object:
    """A second Deployment, which wants pods."""
    item = deployment()
    item["metadata"].update(name="canary", uid="canary")
    item["spec"]["template"]["metadata"]["labels"] = {"app": app}
    return item


@pytest.mark.parametrize(
    ("objects", "severity", "message"),
    [
        ([SERVICE, endpoints(True, False)], "ok", "1 endpoints are ready"),
        ([SERVICE, endpoints(None)], "ok", "1 endpoints are ready"),
        ([SERVICE, endpoints(False, False)], "error", "has no ready endpoint (0 of 2)"),
        ([SERVICE], "error", "has no ready endpoint (0 of 0)"),
        ([], "error", "does not exist"),
        ([SERVICE, deployment()], "error", "has no ready endpoint (0 of 0)"),
        ([SERVICE, *at_zero()], "ok", "has no endpoint, because Deployment django has 0 replicas"),
        ([SERVICE, *at_zero(), serving()], "error", "has no ready endpoint (0 of 0)"),
        ([SERVICE, *at_zero(), serving(app="other")], "ok", "has no endpoint, because Deployment django has 0 replicas"),
        ([{**SERVICE, "spec": {}}, *at_zero()], "error", "has no ready endpoint (0 of 0)"),
    ],
)
def test_a_service_needs_ready_endpoints(objects: list[Object], severity: str, message: str) -> None:
    assert list(check_services(["web"], Snapshot(objects))) == [Check("service", "Service/web", severity, message)]


def usage(memory: str) -> Object:
    return {"metadata": {"name": "django-a"}, "containers": [{"name": "django", "usage": {"memory": memory}}]}


@pytest.mark.parametrize(
    ("metrics", "severity", "words"),
    [
        ([usage("256Mi")], "ok", "at most 50% of a limit is used"),
        ([usage("471859Ki")], "ok", "at most 90% of a limit is used"),
        ([usage("471860Ki")], "warning", "container django uses 90% of its limit of 512Mi"),
        ([], "ok", "at most 0% of a limit is used"),
    ],
)
def test_memory_near_its_limit_is_a_warning(metrics: list[Object], severity: str, words: str) -> None:
    [check] = check_memory([pod()], metrics)
    assert check.severity == severity
    assert words in check.message


@pytest.mark.parametrize(
    ("status", "created", "severity", "words"),
    [
        pytest.param(503, "2026-11-25T09:00:00Z", "warning", "the metrics API does not respond", id="metrics-server is down"),
        pytest.param(None, "2026-11-25T09:00:00Z", "warning", "the metrics API does not respond", id="no answer"),
        pytest.param(503, "2026-11-25T17:05:01Z", "ok", "was not checked: unavailable", id="a new platform"),
        pytest.param(404, "2026-11-25T09:00:00Z", "ok", "the cluster has no metrics API", id="a cluster without metrics-server"),
        pytest.param(403, "2026-11-25T09:00:00Z", "ok", "was not checked: unavailable", id="a credential that must not read them"),
    ],
)
def test_missing_metrics_are_a_warning_if_they_are_expected(status: int | None, created: str, severity: str, words: str) -> None:
    check = check_no_metrics(status, "unavailable", {"metadata": {"name": "shop", "creationTimestamp": created}}, NOW)
    assert check.severity == severity
    assert words in check.message


def event(kind: str, moment: str, count: int = 1) -> Object:
    return {
        "type": kind,
        "reason": "Unhealthy",
        "message": "probe\nfailed",
        "count": count,
        "lastTimestamp": moment,
        "metadata": {"creationTimestamp": BEFORE},
        "involvedObject": {"kind": "Pod", "name": "django-a"},
    }


def test_warning_events_count_since_the_release_and_once_each() -> None:
    events = [event("Warning", AFTER, 2), event("Warning", AFTER), event("Warning", BEFORE, 9), event("Normal", AFTER)]
    moment = Moment(Snapshot([pod()]), NOW)
    assert list(check_events(events, SINCE, moment)) == [Check("event", "Pod/django-a", "warning", "Unhealthy (3 times): probe failed")]
    assert brief(check_events(events[2:], SINCE, moment)) == [("Events", "ok")]


def test_error_lines_are_counted_and_the_last_is_shown() -> None:
    lines = ["fine", "ERROR no stock", "FATAL: x", "GET /ERROR/ 200"]
    check = check_log("django-a", {"name": "django"}, lines, Masker([]))
    assert check == Check("log", "Pod/django-a", "warning", "container django wrote 2 error lines, the last: FATAL: x")
    assert check_log("django-a", {"name": "django"}, ["fine"], Masker([])) is None


NGINX_ERROR = (
    '2026/11/30 01:41:42 [error] 11#11: *2 {}, client: 10.244.1.1, server: _, request: "GET {} HTTP/1.1", '
    'upstream: "http://10.96.211.41:8000/health/live/", host: "10.244.1.18:8080"'
)
PROBED: Object = {
    "name": "django",
    "startupProbe": {"httpGet": {"path": "/health/live/", "port": 8000}},
    "readinessProbe": {"httpGet": {"path": "/health/ready/", "port": 8000}},
    "livenessProbe": {"exec": {"command": ["true"]}},
}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("ERROR 2026-11-29 21:00:00,000 django.request Service Unavailable: /health/ready/", False),
        ("ERROR django.request Service Unavailable: /health/live/", False),
        ('{"level": "error", "message": "Service Unavailable: /health/ready/"}', False),
        ("ERROR django.request Service Unavailable: /checkout/", True),
        ("ERROR django.request Service Unavailable: /health/ready/checkout/", True),
        ("ERROR django.request Internal Server Error: /health/ready/", True),
        (NGINX_ERROR.format("connect() failed (111: Connection refused) while connecting to upstream", "/health/ready/"), False),
        (NGINX_ERROR.format("connect() failed (111: Connection refused) while connecting to upstream", "/checkout/"), True),
        (NGINX_ERROR.format('open() "/run/temp/1" failed (28: No space left on device)', "/health/ready/"), True),
    ],
)
def test_log_lines_about_failed_probes_are_ignored(line: str, counts: bool) -> None:
    assert bool(check_log("django-a", PROBED, [line], Masker([]))) is counts


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        (["Traceback (most recent call last):", '  File "a.py", line 1', "    run()", "kombu.exceptions.OperationalError: refused", "fine"],
         "kombu.exceptions.OperationalError: refused"),
        (["ERROR a task failed", "Traceback (most recent call last):", "", '  File "a.py", line 1', "ValueError: 3"], "ValueError: 3"),
        (["Traceback (most recent call last):", '  File "a.py", line 1'], "Traceback (most recent call last):"),
        (["ERROR the last one", "INFO fine"], "ERROR the last one"),
    ],
)  # fmt: skip
def test_the_exception_of_a_traceback_is_shown(lines: list[str], last: str) -> None:
    check = check_log("django-a", {"name": "django"}, lines, Masker([]))
    assert check
    assert check.message.endswith(f"error lines, the last: {last}")


def test_a_long_error_line_is_shortened_after_its_secrets_are_hidden() -> None:
    check = check_log("django-a", {"name": "django"}, [f"ERROR {'x' * 290}hunter2-web"], Masker(["hunter2-web"]))
    assert check
    assert "hunter2" not in check.message
    assert check.message.endswith("x****")


def test_logs_of_injected_containers_are_not_searched() -> None:
    """Istio also moves the probes in the pod to its agent, so the probes of the template are needed to recognize their log lines."""

    def inject(item: Object) -> None:
        item["spec"]["containers"].insert(0, {"name": "istio-proxy", "image": "proxy:1"})
        item["spec"]["containers"][1]["readinessProbe"] = {"httpGet": {"path": "/app-health/django/readyz", "port": 15020}}

    owner = replica_set("2")
    probed = {"name": "django", "image": IMAGE, "readinessProbe": {"httpGet": {"path": "/health/ready/"}}}
    owner["spec"]["template"]["spec"]["containers"] = [probed, {"name": "added-later", "image": IMAGE}]
    assert list(logs_to_search(Snapshot([deployment(), owner, pod(change=inject)]))) == [("django-a", probed)]


def test_logs_of_ending_pods_are_not_searched() -> None:
    old = replica_set("1")
    pods = [
        pod("stays"),
        pod("leaves", change=lambda p: p["metadata"].update(deletionTimestamp=AFTER)),
        pod("older", change=lambda p: p["metadata"]["ownerReferences"][0].update(uid="rs-1")),
        pod("ended", change=lambda p: p["status"].update(phase="Succeeded")),
    ]
    assert [(name, container["name"]) for name, container in logs_to_search(Snapshot([*HEALTHY[:2], old, *pods]))] == [("stays", "django")]


def test_the_release_starts_with_its_newest_revision() -> None:
    old, new = replica_set("1", AFTER), replica_set("2", "2026-11-25T17:00:30Z")
    assert deployed_at([DJANGO], Snapshot([deployment(), old, new])) == instant("2026-11-25T17:00:30Z")


def test_the_summary_lists_each_error() -> None:
    checks = [
        Check("pod", "Pod/a", "ok", ""),
        Check("event", "Pod/a", "warning", "x"),
        Check("service", "Service/web", "error", "is no more"),
    ]
    assert summary(checks) == "1 of 3 checks failed: Service/web is no more"
    assert summary(checks[:2]) == "1 checks passed, 1 warnings"


OURS = "jewelry_shop.platform"
LABELLED = {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}
MEDIA = Target("PersistentVolumeClaim", "media-pvc", "shop", None, 0)
NAMES: Object = {"f:template": {"f:spec": {"f:containers": {'k:{"name":"django"}': {".": {}}}}}}
SHARES: Object = {"f:template": {"f:spec": {"f:shareProcessNamespace": {}}}}
SHARED = "spec.template.spec.shareProcessNamespace is set by the field manager kubectl-patch"


def wrote(manager: str, spec: Object, operation: str = "Update") -> Object:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": spec}}


@pytest.mark.parametrize(
    ("target", "labels", "entries", "allowed", "expected"),
    [
        pytest.param(DJANGO, LABELLED, [wrote(OURS, NAMES, "Apply")], [], ("ok", ""), id="only this collection"),
        pytest.param(
            DJANGO, LABELLED, [wrote(OURS, NAMES, "Apply"), wrote("kubectl-patch", SHARES)], [], ("error", SHARED), id="a field of others"
        ),
        pytest.param(
            DJANGO, {}, [wrote(OURS, NAMES, "Apply"), wrote("kubectl-patch", SHARES)], [], ("error", SHARED), id="without its labels"
        ),
        pytest.param(
            DJANGO, LABELLED, [wrote(OURS, NAMES, "Apply"), wrote("kubectl-patch", SHARES)], ["kubectl-patch"], ("ok", ""), id="allowed"
        ),
        pytest.param(
            DJANGO,
            LABELLED,
            [wrote("kubectl-create", NAMES)],
            [],
            ("error", "it was created by the field manager kubectl-create, not by this collection"),
            id="made by others with our labels",
        ),
        pytest.param(DJANGO, {"app": "other"}, [wrote("helm", NAMES)], [], None, id="an additional workload"),
        pytest.param(MEDIA, LABELLED, [wrote(OURS, {"f:accessModes": {}}, "Apply")], [], ("ok", ""), id="a claim"),
        pytest.param(
            MEDIA,
            LABELLED,
            [wrote(OURS, {"f:accessModes": {}}, "Apply"), wrote("kubectl-patch", {"f:volumeName": {}})],
            ["kubectl-patch"],
            ("error", "spec.volumeName is set by the field manager kubectl-patch"),
            id="a claim with a volume of others",
        ),
        pytest.param(Target("Deployment", "none", "shop", None, 0), {}, [], [], None, id="not there"),
    ],
)
def test_fields_of_other_field_managers(
    target: Target, labels: dict[str, str], entries: list[Object], allowed: list[str], expected: tuple[str, str] | None
) -> None:
    metadata = {"name": "media-pvc" if target is MEDIA else "django", "uid": "u", "labels": labels, "managedFields": entries}
    kind = target.kind
    checks = list(check_fields([target], Snapshot([{"kind": kind, "metadata": metadata, "spec": {}}]), OURS, allowed))
    assert [check.severity for check in checks] == ([expected[0]] if expected else [])
    assert [check.message.partition(". site.yml")[0] for check in checks if check.severity == "error"] == (
        [expected[1]] if expected and expected[1] else []
    )
