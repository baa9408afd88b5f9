# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils._release_checks import (
    Check,
    check_events,
    check_images,
    check_log,
    check_memory,
    check_namespace,
    check_pods,
    check_services,
    check_workloads,
    deployed_at,
    summary,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils._rollout_types import Snapshot, Target, instant

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
            "template": {"spec": {"containers": [{"name": "django", "image": IMAGE}]}},
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
    """As the kubelet leaves it; not all versions of it tell when."""
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
def test_the_namespace_has_to_be_there_and_stay(namespace: Any, severity: str, message: str) -> None:
    assert check_namespace("shop", namespace) == Check("namespace", "Namespace/shop", severity, message)


HEALTHY = [deployment(), replica_set("2"), pod("django-a"), pod("django-b")]


def test_a_workload_that_is_done_shows_its_revision() -> None:
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
def test_a_workload_that_is_not_done_is_an_error(objects: list[Object], words: str) -> None:
    [check] = check_workloads([DJANGO], Snapshot(objects), NOW)
    assert (check.name, check.severity) == ("workload", "error")
    assert words in check.message


def test_another_image_than_was_asked_for_is_an_error() -> None:
    [check] = check_workloads([Target("Deployment", "django", "shop", "registry.example.com/shop:2", 0)], Snapshot(HEALTHY), NOW)
    assert check.severity == "error"
    assert "(ImageMismatch)" in check.message


@pytest.mark.parametrize(("phase", "severity"), [("Bound", "ok"), ("Pending", "error"), ("Lost", "error")])
def test_a_claim_has_to_be_bound(phase: str, severity: str) -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "media", "uid": "c"}, "spec": {}, "status": {"phase": phase}}
    [check] = check_workloads([Target("PersistentVolumeClaim", "media", "shop", None, 0)], Snapshot([claim]), NOW)
    assert (check.name, check.subject, check.severity) == ("claim", "PersistentVolumeClaim/media", severity)


def test_a_moved_tag_shows_as_different_images() -> None:
    other = pod("django-b", change=lambda item: item["status"]["containerStatuses"][0].update(imageID="sha256:2"))
    assert [check.severity for check in check_images([DJANGO], Snapshot(HEALTHY))] == ["ok"]
    [check] = check_images([DJANGO], Snapshot([*HEALTHY[:3], other]))
    assert (check.severity, check.message) == ("error", "container django runs 2 different images")


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
        pytest.param(pod(change=evicted(None)), [("Pod/django-a", "warning")], id="evicted nobody knows when"),
        pytest.param(pod(change=evicted(BEFORE)), [("Pod/django-a", "ok")], id="evicted before"),
        pytest.param(foreign(not_ready), [("Pod/django-a", "warning")], id="somebody else's, not ready"),
        pytest.param(foreign(evicted(AFTER)), [("Pod/django-a", "warning")], id="somebody else's, evicted"),
        pytest.param(pod(change=lambda p: p["metadata"].update(deletionTimestamp=AFTER)), [], id="on its way out"),
    ],
)
def test_pods_are_judged_by_what_they_are_for(item: Object, expected: list[tuple[str, str]]) -> None:
    assert brief(check_pods(Snapshot([item]), SINCE)) == expected


def test_a_pod_that_failed_tells_why() -> None:
    [check] = check_pods(Snapshot([pod(change=evicted(AFTER))]), SINCE)
    assert check.message == "has ended: Evicted: The node was low on resource: memory."
    failed = {"name": "django", "state": {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": AFTER}}}
    [check] = check_pods(Snapshot([pod(change=lambda p: p.update(status={"phase": "Failed", "containerStatuses": [failed]}))]), SINCE)
    assert (check.severity, check.message) == ("warning", "has ended: container django: ended with exit code 3")


def test_an_evicted_pod_that_was_replaced_is_no_error_of_its_workload() -> None:
    snapshot = Snapshot([*HEALTHY, pod("django-c", change=evicted(AFTER))])
    checks = [*check_workloads([DJANGO], snapshot, NOW), *check_images([DJANGO], snapshot), *check_pods(snapshot, SINCE)]
    assert [check.subject for check in checks if check.severity != "ok"] == ["Pod/django-c"]
    assert summary(checks) == "4 checks are fine, 1 warnings"


def test_a_restart_tells_how_the_container_ended() -> None:
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


SERVICE = {"kind": "Service", "metadata": {"name": "web", "uid": "s"}}


@pytest.mark.parametrize(
    ("objects", "severity", "message"),
    [
        ([SERVICE, endpoints(True, False)], "ok", "1 endpoints are ready"),
        ([SERVICE, endpoints(None)], "ok", "1 endpoints are ready"),
        ([SERVICE, endpoints(False, False)], "error", "none of 2 endpoints is ready, so it leads nowhere"),
        ([SERVICE], "error", "none of 0 endpoints is ready, so it leads nowhere"),
        ([], "error", "does not exist"),
    ],
)
def test_a_service_has_to_lead_somewhere(objects: list[Object], severity: str, message: str) -> None:
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
        (None, "warning", "the cluster serves no metrics"),
    ],
)
def test_memory_near_its_limit_is_a_warning(metrics: list[Object] | None, severity: str, words: str) -> None:
    [check] = check_memory([pod()], metrics)
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
    assert list(check_events(events, SINCE)) == [Check("event", "Pod/django-a", "warning", "Unhealthy (3 times): probe failed")]
    assert brief(check_events(events[2:], SINCE)) == [("Events", "ok")]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[2026-11-25 17:00:00] ERROR shop.tasks: no such product", True),
        ("Traceback (most recent call last):", True),
        ('{"level": "CRITICAL", "msg": "x"}', True),
        ("GET /errors/ERROR.html 200", False),
        ("0 errors", False),
        ("--log-level=ERROR-ONLY", False),
        ("no error", False),
    ],
)
def test_error_lines_are_known_by_their_level(line: str, found: bool) -> None:
    check = check_log("django-a", "django", ["fine", line])
    assert (check is not None) == found
    if check:
        assert (check.severity, check.message) == ("warning", f"container django wrote 1 error lines, the last: {line}")


def test_the_release_began_with_its_newest_revision() -> None:
    old, new = replica_set("1", AFTER), replica_set("2", "2026-11-25T17:00:30Z")
    assert deployed_at([DJANGO], Snapshot([deployment(), old, new])) == instant("2026-11-25T17:00:30Z")


def test_the_summary_names_each_error() -> None:
    checks = [
        Check("pod", "Pod/a", "ok", ""),
        Check("event", "Pod/a", "warning", "x"),
        Check("service", "Service/web", "error", "is no more"),
    ]
    assert summary(checks) == "1 of 3 checks failed: Service/web is no more"
    assert summary(checks[:2]) == "1 checks are fine, 1 warnings"
