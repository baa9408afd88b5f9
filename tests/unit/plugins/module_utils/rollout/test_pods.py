# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import why_not_ready
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import (
    Pod,
    describe,
    is_ready,
    label_selector,
    newest_pods,
    newest_revision,
    port_number,
    stalled,
    wanted_pods,
)
from cluster_objects import DAEMON_SET, DEPLOYMENT, REPLICA_SETS, STATEFUL_SET, load, pod


def names(pods: list[Any]) -> list[str]:
    return [item["metadata"]["name"] for item in pods]


# --- which pods count


def test_the_pods_of_the_highest_revision_of_a_deployment_count() -> None:
    pods = [pod("old", "rs-9"), pod("new"), pod("foreign", "rs-11"), pod("orphan", "x")]
    assert names(newest_pods(load(DEPLOYMENT), load(REPLICA_SETS), pods)) == ["new"]
    assert newest_revision(load(DEPLOYMENT), load(REPLICA_SETS)) == "10"


def test_pods_that_ended_or_are_being_deleted_do_not_count() -> None:
    evicted = pod("evicted")
    evicted["status"] = {"phase": "Failed", "reason": "Evicted"}
    pods = [pod("new"), pod("leaving", deletionTimestamp="2026-11-25T16:00:00Z"), evicted]
    assert names(newest_pods(load(DEPLOYMENT), load(REPLICA_SETS), pods)) == ["new"]


def test_a_deployment_without_replica_sets_has_no_pods() -> None:
    assert newest_pods(load(DEPLOYMENT), [], [pod("orphan")]) == []
    assert newest_revision(load(DEPLOYMENT), []) is None


def test_a_pod_that_is_owned_but_not_controlled_does_not_count() -> None:
    loose = pod("loose")
    del loose["metadata"]["ownerReferences"][0]["controller"]
    assert newest_pods(load(DEPLOYMENT), load(REPLICA_SETS), [loose, pod("bare", ownerReferences=None)]) == []


@pytest.mark.parametrize(
    ("strategy", "counted"),
    [
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, ["new"]),
        ({"type": "RollingUpdate"}, ["new"]),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, ["old", "new"]),
        ({"type": "OnDelete"}, ["old", "new"]),
    ],
)
def test_the_update_revision_of_a_stateful_set_counts_unless_old_pods_may_stay(strategy: dict[str, Any], counted: list[str]) -> None:
    workload = load(STATEFUL_SET)
    workload["spec"]["updateStrategy"] = strategy
    pods = [
        pod("old", "s-1", labels={"controller-revision-hash": "postgresql-old"}),
        pod("new", "s-1", labels={"controller-revision-hash": "postgresql-new"}),
    ]
    assert names(newest_pods(workload, [], pods)) == counted


def test_all_pods_of_a_daemon_set_count() -> None:
    assert names(newest_pods(load(DAEMON_SET), [], [pod("a", "ds-1"), pod("b", "other")])) == ["a"]


@pytest.mark.parametrize(("document", "wanted"), [(DEPLOYMENT, 3), (STATEFUL_SET, 1), (DAEMON_SET, 3)])
def test_wanted_pods(document: str, wanted: int) -> None:
    assert wanted_pods(load(document)) == wanted


@pytest.mark.parametrize(("replicas", "wanted"), [(0, 0), (None, 1)])
def test_wanted_pods_without_a_number(replicas: int | None, wanted: int) -> None:
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = replicas
    assert wanted_pods(workload) == wanted


def test_label_selector() -> None:
    workload = yaml.safe_load("""
      spec:
        selector:
          matchLabels: {app: shop}
          matchExpressions:
            - {key: tier, operator: In, values: [a, b]}
            - {key: tier, operator: NotIn, values: [c]}
            - {key: x, operator: Exists}
            - {key: y, operator: DoesNotExist}
    """)
    assert label_selector(workload) == "app=shop,tier in (a,b),tier notin (c),x,!y"


# --- ports


@pytest.mark.parametrize(("port", "container", "number"), [("8000", None, 8000), ("http", None, 8000), ("metrics", "exporter", 9113)])
def test_port_number(port: str, container: str | None, number: int) -> None:
    assert port_number(load(DEPLOYMENT), port, container) == number


@pytest.mark.parametrize(
    ("port", "container", "words"),
    [
        ("https", None, "it has no container port named https (named ports: http, metrics)"),
        ("http", "exporter", "it has no container port named http (named ports: metrics)"),
        ("http", "sidecar", "it has no container sidecar"),
    ],
)
def test_a_missing_port_is_a_permanent_error(port: str, container: str | None, words: str) -> None:
    with pytest.raises(PlatformError) as caught:
        port_number(load(DEPLOYMENT), port, container)
    assert (str(caught.value), caught.value.certain) == (words, True)


def test_a_port_of_a_sidecar_is_found() -> None:
    workload = load(DEPLOYMENT)
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 15000}]}
    workload["spec"]["template"]["spec"]["initContainers"] = [sidecar]
    assert port_number(workload, "proxy") == 15000


# --- what the workload says


def test_a_complete_workload_has_no_finding() -> None:
    assert stalled(load(DEPLOYMENT), missing=True) is None


def test_an_unobserved_generation_counts_even_with_all_pods() -> None:
    workload = load(DEPLOYMENT)
    workload["metadata"]["generation"] = 5
    assert stalled(workload, missing=False) == "its controller has not yet seen generation 5"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: q"}, "exceeded quota: q"),
        ({"type": "Progressing", "status": "False", "message": 'ReplicaSet "x" has timed out'}, 'ReplicaSet "x" has timed out'),
        ({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}, "ProgressDeadlineExceeded"),
        ({"type": "ReplicaFailure", "status": "False", "message": "was"}, None),
    ],
)
def test_conditions_count_while_pods_are_missing(condition: dict[str, str], words: str | None) -> None:
    workload = load(DEPLOYMENT)
    workload["status"]["conditions"] = [condition]
    assert stalled(workload, missing=True) == words
    assert stalled(workload, missing=False) is None


# --- why a pod is not ready

NOT_READY = """
unschedulable:
  phase: Pending
  conditions:
    - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/3 nodes are available: 3 Insufficient cpu."}
  expect: "not scheduled: 0/3 nodes are available: 3 Insufficient cpu."
image:
  phase: Pending
  containerStatuses:
    - name: django
      ready: false
      restartCount: 0
      image: x
      state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "x": not found'}}
  expect: 'container django: ImagePullBackOff, Back-off pulling image "x": not found'
config:
  phase: Pending
  containerStatuses:
    - {name: django, ready: false, state: {waiting: {reason: CreateContainerConfigError, message: 'secret "s" not found'}}}
  expect: 'container django: CreateContainerConfigError, secret "s" not found'
crash:
  phase: Running
  containerStatuses:
    - {name: exporter, ready: true, state: {running: {}}}
    - name: django
      ready: false
      restartCount: 4
      state: {waiting: {reason: CrashLoopBackOff, message: back-off 40s restarting failed container}}
      lastState: {terminated: {exitCode: 3, reason: Error}}
  expect: "container django: CrashLoopBackOff, it ended with exit code 3, restarted 4 times"
out of memory:
  phase: Running
  containerStatuses:
    - {name: django, ready: false, restartCount: 1, state: {terminated: {exitCode: 137, reason: OOMKilled}}}
  expect: "container django: ended with OOMKilled, exit code 137"
completed:
  phase: Running
  containerStatuses:
    - {name: django, ready: false, restartCount: 1, state: {terminated: {exitCode: 0, reason: Completed}}}
  expect: "container django: ended with exit code 0"
probe:
  phase: Running
  containerStatuses:
    - {name: django, ready: false, restartCount: 0, state: {running: {}}, lastState: {}}
  expect: "container django: running but not ready"
probe after a restart:
  phase: Running
  containerStatuses:
    - name: django
      ready: false
      restartCount: 2
      state: {running: {}}
      lastState: {terminated: {exitCode: 137, reason: OOMKilled}}
  expect: "container django: running but not ready (restarted after OOMKilled, exit code 137)"
init running:
  phase: Pending
  initContainerStatuses:
    - {name: prepare, ready: true, started: false, state: {terminated: {exitCode: 0, reason: Completed}}}
    - {name: wait-for-db, ready: false, started: false, state: {running: {}}}
  containerStatuses:
    - {name: django, ready: false, state: {waiting: {reason: PodInitializing}}}
  expect: "init container wait-for-db: still running"
init failed:
  phase: Pending
  initContainerStatuses:
    - name: wait-for-db
      ready: false
      restartCount: 2
      state: {waiting: {reason: CrashLoopBackOff}}
      lastState: {terminated: {exitCode: 1}}
  expect: "init container wait-for-db: CrashLoopBackOff, it ended with exit code 1, restarted 2 times"
sidecar is up:
  phase: Running
  initContainerStatuses:
    - {name: proxy, ready: true, started: true, state: {running: {}}}
  containerStatuses:
    - {name: django, ready: false, state: {running: {}}}
  expect: "container django: running but not ready"
gate:
  phase: Running
  conditions:
    - {type: lb/ready, status: "False", message: not registered yet}
    - {type: Ready, status: "False", reason: ReadinessGatesNotReady}
  containerStatuses: [{name: django, ready: true, state: {running: {}}}]
  expect: "lb/ready is false: not registered yet"
node lost:
  phase: Running
  conditions: [{type: Ready, status: "Unknown", reason: NodeStatusUnknown, message: Kubelet stopped posting node status.}]
  containerStatuses: [{name: django, ready: true, state: {running: {}}}]
  expect: "Kubelet stopped posting node status."
young:
  phase: Pending
  expect: "its phase is Pending"
"""


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in yaml.safe_load(NOT_READY).items()])
def test_why_not_ready(case: dict[str, Any]) -> None:
    expected = case.pop("expect")
    assert why_not_ready({"status": case}) == expected


def test_a_pod_without_a_status_is_not_ready() -> None:
    assert not is_ready({})
    assert why_not_ready({}) == "its phase is unknown"


# --- the description of a pod


@pytest.mark.parametrize(
    ("annotations", "container", "image"),
    [
        (None, None, "127.0.0.1:5001/shop:2"),
        ({"kubectl.kubernetes.io/default-container": "exporter"}, None, "127.0.0.1:5001/exporter:1"),
        ({"kubectl.kubernetes.io/default-container": "exporter"}, "django", "127.0.0.1:5001/shop:2"),
    ],
)
def test_the_image_of_the_main_container_is_returned(annotations: dict[str, str] | None, container: str | None, image: str) -> None:
    assert describe(pod("a", annotations=annotations), "10", container) == Pod("a", "uid-a", "worker", True, None, "10", image)


def test_an_injected_container_is_not_the_default_container() -> None:
    """Istio puts its container first if the application has to wait for it, and other injectors name no default container."""
    item = pod("a")
    item["spec"]["containers"].insert(0, {"name": "proxy", "image": "proxy:1"})
    assert describe(item, "10", None, ["django"]).image == next(
        each["image"] for each in item["spec"]["containers"] if each["name"] == "django"
    )


def test_the_revision_of_other_kinds_comes_from_the_label() -> None:
    assert describe(pod("a", labels={"controller-revision-hash": "x-1"}), None, None).revision == "x-1"


def test_a_pod_that_is_not_ready_has_a_reason() -> None:
    described = describe(pod("a", ready=False), "10", None)
    assert (described.ready, described.reason) == (False, "container django: running but not ready")
