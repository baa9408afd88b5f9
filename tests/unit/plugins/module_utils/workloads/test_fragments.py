"""How the settings in the format of Kubernetes change a pod."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.fragments import adapted_pod, fragment_metadata
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import needed_levels

POD: dict[str, Any] = {
    "securityContext": {"runAsUser": 1},
    "tolerations": [{"key": "a"}],
    "initContainers": [{"name": "wait", "image": "shop"}],
    "containers": [
        {
            "name": "web",
            "image": "shop",
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "volumeMounts": [{"name": "config", "mountPath": "/a", "subPath": "a"}, {"name": "config", "mountPath": "/b", "subPath": "b"}],
        }
    ],
    "volumes": [{"name": "config", "configMap": {"name": "c"}}, {"name": "tmp", "emptyDir": {}}],
}
SIDECAR = {"name": "log", "image": "log:1"}


def adapted(fragment: dict[str, Any], of_all: dict[str, Any] | None = None) -> dict[str, Any]:
    return adapted_pod(POD, {"pod": fragment}, {"fragment": of_all or {}})


def test_a_pod_without_settings_stays_as_it_is() -> None:
    assert adapted_pod(POD, {}, {}) == POD


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ({"nodeSelector": {"pool": "a"}}, {"nodeSelector": {"pool": "a"}}),
        ({"securityContext": {"fsGroup": 2}}, {"securityContext": {"runAsUser": 1, "fsGroup": 2}}),
        ({"tolerations": [{"key": "b"}]}, {"tolerations": [{"key": "b"}]}),
        ({"containers": [SIDECAR]}, {"containers": [*POD["containers"], SIDECAR]}),
        ({"containers": [{"name": "web", "tty": True}]}, {"containers": [{**POD["containers"][0], "tty": True}]}),
        (
            {"containers": [{"name": "web", "env": [{"name": "A", "valueFrom": {}}, {"name": "C", "value": "3"}]}]},
            {
                "containers": [
                    {
                        **POD["containers"][0],
                        "env": [{"name": "A", "valueFrom": {}}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
                    }
                ]
            },
        ),
        (
            {"containers": [{"name": "web", "volumeMounts": [{"name": "other", "mountPath": "/b"}]}]},
            {
                "containers": [
                    {
                        **POD["containers"][0],
                        "volumeMounts": [POD["containers"][0]["volumeMounts"][0], {"name": "other", "mountPath": "/b"}],
                    }
                ]
            },
        ),
        # Merged, the volume would have two sources.
        (
            {"volumes": [{"name": "config", "secret": {"secretName": "s"}}]},
            {"volumes": [{"name": "config", "secret": {"secretName": "s"}}, {"name": "tmp", "emptyDir": {}}]},
        ),
        ({"metadata": {"labels": {"a": "b"}}}, {}),
    ],
)
def test_a_fragment_is_merged(fragment: dict[str, Any], expected: dict[str, Any]) -> None:
    assert adapted(fragment) == {**POD, **expected}
    assert adapted({}, fragment) == {**POD, **expected}


def test_the_fragment_of_a_tier_takes_precedence_over_that_of_all_pods() -> None:
    pod = adapted({"nodeSelector": {"pool": "own"}}, {"nodeSelector": {"pool": "all", "zone": "a"}, "priorityClassName": "shop"})
    assert pod["nodeSelector"] == {"pool": "own", "zone": "a"}
    assert pod["priorityClassName"] == "shop"


def test_an_entry_for_a_container_of_other_pods_is_left_out() -> None:
    assert adapted({}, {"containers": [{"name": "nginx", "tty": True}, SIDECAR]})["containers"] == [*POD["containers"], SIDECAR]


def test_an_init_container_that_keeps_running_starts_before_those_that_may_need_it() -> None:
    proxy = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}
    assert adapted({"initContainers": [SIDECAR, proxy]})["initContainers"] == [proxy, *POD["initContainers"], SIDECAR]


def test_all_containers_get_a_writable_root_file_system() -> None:
    pod = adapted_pod(POD, {"read_only_root_filesystem": False}, {})
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {"readOnlyRootFilesystem": False}
    assert adapted_pod(POD, {"read_only_root_filesystem": True}, {}) == POD


def test_labels_and_annotations_of_the_tier_take_precedence() -> None:
    of_all = {"metadata": {"labels": {"a": "all", "b": "all"}}}
    own = {"metadata": {"labels": {"a": "own"}, "annotations": {"c": "own"}}}
    assert fragment_metadata({"pod": own}, {"fragment": of_all}) == {"labels": {"a": "own", "b": "all"}, "annotations": {"c": "own"}}
    assert fragment_metadata({}, {}) == {"labels": {}, "annotations": {}}


def security(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "web", "securityContext": fields}]}


PLACE = "containers[web]."


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (security(readOnlyRootFilesystem=False, capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}), {}),
        (security(capabilities={"add": ["CHOWN"]}), {f"{PLACE}securityContext.capabilities.add": "baseline"}),
        (security(capabilities={"add": ["SYS_ADMIN"]}), {f"{PLACE}securityContext.capabilities.add": "privileged"}),
        (security(capabilities={"drop": ["NET_RAW"]}), {f"{PLACE}securityContext.capabilities.drop": "baseline"}),
        (security(privileged=True), {f"{PLACE}securityContext.privileged": "privileged"}),
        (security(privileged=False, allowPrivilegeEscalation=False, runAsNonRoot=True, runAsUser=1), {}),
        (security(allowPrivilegeEscalation=True), {f"{PLACE}securityContext.allowPrivilegeEscalation": "baseline"}),
        (security(procMount="Unmasked"), {f"{PLACE}securityContext.procMount": "privileged"}),
        ({"securityContext": {"runAsNonRoot": False}}, {"securityContext.runAsNonRoot": "baseline"}),
        ({"securityContext": {"runAsUser": 0, "fsGroup": 0}}, {"securityContext.runAsUser": "baseline"}),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, {"securityContext.seccompProfile.type": "privileged"}),
        ({"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}, {"securityContext.seLinuxOptions.type": "privileged"}),
        ({"securityContext": {"seLinuxOptions": {"level": "s0"}}}, {}),
        ({"hostNetwork": False, "hostIPC": True}, {"hostIPC": "privileged"}),
        (
            {"initContainers": [{"name": "a", "ports": [{"containerPort": 1}, {"containerPort": 2, "hostPort": 2}]}]},
            {"initContainers[a].ports.hostPort": "privileged"},
        ),
        ({"volumes": [{"name": "a", "secret": {}}, {"name": "b", "hostPath": {}}]}, {"volumes[b].hostPath": "privileged"}),
        ({"containers": "no list", "volumes": ["no mapping"], "securityContext": None}, {}),
    ],
)
def test_the_strictest_level_that_allows_a_field(fragment: dict[str, Any], expected: dict[str, str]) -> None:
    assert needed_levels(fragment) == expected
