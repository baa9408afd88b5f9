# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import OwnedKind, plan
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.scaling import handovers, owns_replicas
from cluster_objects import NothingToTakeOver

OURS = "jewelry_shop.platform"


def owner(manager: str, operation: str = "Apply", subresource: str = "", fields: tuple[str, ...] = ("f:replicas",)) -> dict[str, Any]:
    entry = {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {field: {} for field in fields}}}
    return {**entry, **({"subresource": subresource} if subresource else {})}


def deployment(replicas: int | None, *owners: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"template": {"spec": {"containers": [{"name": "django", "image": "shop:1"}]}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "django", "namespace": "shop", "managedFields": list(owners)},
        "spec": {**spec, **({} if replicas is None else {"replicas": replicas})},
    }


@pytest.mark.parametrize(
    ("owners", "owned"),
    [
        ([owner(OURS)], True),
        ([owner("kube-controller-manager", "Update", "scale"), owner(OURS, fields=("f:template",))], False),
        ([owner("kubectl", "Update", "scale")], False),
        ([owner(f"{OURS}.replicas"), owner(OURS, fields=("f:template",))], False),
        ([], False),
    ],
)
def test_the_owner_of_the_replicas(owners: list[dict[str, Any]], owned: bool) -> None:
    assert owns_replicas(deployment(3, *owners), OURS) == owned


class Cluster(NothingToTakeOver):
    """Holds objects by kind, and applies as an API server does: a field that loses its last owner gets its default."""

    def __init__(self, *live: dict[str, Any]) -> None:
        self.live = {item["kind"]: item for item in live}

    def read(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        return self.live.get(manifest["kind"])

    def ours(self, _api_version: str, kind: str, _namespace: str) -> list[dict[str, Any]]:
        return [item for item in self.live.values() if item["kind"] == kind]

    def dry_run(self, manifest: dict[str, Any], field_manager: str) -> tuple[dict[str, Any], list[str]]:
        live = self.live.get(manifest["kind"])
        applied = copy.deepcopy(manifest)
        if "replicas" not in applied["spec"]:
            applied["spec"]["replicas"] = 1 if live is None or owns_replicas(live, field_manager) else live["spec"]["replicas"]
        return applied, []

    def admit(self, pod: dict[str, Any], owner: dict[str, Any]) -> str:
        return ""

    def dry_run_delete(self, live: dict[str, Any], policy: str) -> None:
        """It may be deleted."""


LEFT_OUT = deployment(None)


@pytest.mark.parametrize(
    ("live", "action", "expected"),
    [
        pytest.param(None, "create", [None], id="created with a number whose ownership is then transferred"),
        pytest.param(deployment(5, owner(OURS)), "change", [5], id="switched on"),
        pytest.param(deployment(5, owner("kube-controller-manager", "Update", "scale")), "none", [], id="set by the autoscaler"),
        pytest.param(deployment(5, owner(f"{OURS}.replicas")), "none", [], id="transferred before"),
    ],
)
def test_ownership_of_the_replicas_is_transferred_once(live: dict[str, Any] | None, action: str, expected: list[int | None]) -> None:
    """The number of replicas does not change when its ownership is transferred."""
    entries, _warnings = plan(Cluster(*([live] if live else [])), [("tiers", [LEFT_OUT])], OURS)
    assert [entry.action for entry in entries] == [action]
    assert [each["replicas"] for each in handovers(entries)] == expected
    if action == "change":
        assert entries[0].before == {"spec": {"replicas": 5}}
        assert entries[0].after == {"spec": {"replicas": "left to the HorizontalPodAutoscaler"}}


@pytest.mark.parametrize(
    ("live", "warns"),
    [
        pytest.param(deployment(20, owner("kube-controller-manager", "Update", "scale")), True, id="set by an autoscaler"),
        pytest.param(deployment(2, owner("kube-controller-manager", "Update", "scale")), False, id="to the same number"),
        pytest.param(deployment(20, owner("kubectl", "Update", "scale")), False, id="set by hand"),
        pytest.param(deployment(20, owner("kube-controller-manager", "Update", "status", ("f:conditions",))), False, id="no owner"),
        pytest.param(None, False, id="new"),
    ],
)
def test_replicas_that_override_an_autoscaler_are_a_warning(live: dict[str, Any] | None, warns: bool) -> None:
    """The autoscaler can be outside this collection, such as KEDA."""
    _entries, warnings = plan(Cluster(*([live] if live else [])), [("tiers", [deployment(2, owner(OURS))])], OURS)
    sentence = (
        "Deployment shop/django: an autoscaler set 20 replicas, and this run sets 2. If another tool, such as KEDA, scales this workload"
    )
    assert [warning[: len(sentence)] for warning in warnings] == ([sentence] if warns else [])


AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "django", "namespace": "shop", "managedFields": [owner(OURS)]},
}
OWNED = [OwnedKind("tiers", "autoscaling/v2", "HorizontalPodAutoscaler", "shop")]


def test_an_autoscaler_that_the_settings_no_longer_define_is_removed() -> None:
    entries, _warnings = plan(Cluster(deployment(3), AUTOSCALER), [("tiers", [deployment(3)])], OURS, owned=OWNED)
    assert [(entry.stage, entry.manifest["kind"]) for entry in entries if entry.action == "remove"] == [
        ("tiers", "HorizontalPodAutoscaler")
    ]


@pytest.mark.parametrize(("manager", "actions"), [(OURS, ["remove"]), pytest.param("kubectl", [], id="a manual copy")])
def test_a_workload_that_the_settings_no_longer_define_is_removed(manager: str, actions: list[str]) -> None:
    live = deployment(3, owner(manager))
    entries, _warnings = plan(Cluster(live), [], OURS, owned=[OwnedKind("tiers", "apps/v1", "Deployment", "shop")])
    assert [entry.action for entry in entries] == actions


def test_an_autoscaler_of_the_settings_stays() -> None:
    wanted = {**AUTOSCALER, "spec": {"replicas": 1}}
    entries, _warnings = plan(Cluster(deployment(3), wanted), [("tiers", [LEFT_OUT, wanted])], OURS, owned=OWNED)
    assert "remove" not in [entry.action for entry in entries]


TARGET = {"scaleTargetRef": {"kind": "Deployment", "name": "django"}}
SCALED_OBJECT = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "django", "namespace": "shop", "managedFields": [owner(OURS)]},
    "spec": TARGET,
}


def with_minimum(replicas: int) -> dict[str, Any]:
    return {**SCALED_OBJECT, "spec": {**TARGET, "minReplicaCount": replicas, "replicas": 1}}


WITH_KEDA = [*OWNED, OwnedKind("tiers", "keda.sh/v1alpha1", "ScaledObject", "shop")]
FOLLOWING = {**AUTOSCALER, "spec": {**TARGET, "minReplicas": 2, "replicas": 1}}
BY_KEDA = owner(f"{OURS}.replicas"), owner("keda", "Update", "scale")


class ClusterWithKeda(Cluster):
    """KEDA's webhook rejects a ScaledObject while another autoscaler has the target."""

    def dry_run(self, manifest: dict[str, Any], field_manager: str) -> tuple[dict[str, Any], list[str]]:
        found = self.live.get("HorizontalPodAutoscaler")
        if manifest["kind"] == "ScaledObject" and found:
            text = f"the workload 'django' of type 'apps/v1.Deployment' is already managed by the hpa '{found['metadata']['name']}'"
            raise RefusedError(
                f'ScaledObject shop/django: admission webhook "vscaledobject.kb.io" denied the request: {text}', certain=True
            )
        return super().dry_run(manifest, field_manager)


@pytest.mark.parametrize(
    ("autoscaler", "actions"),
    [
        pytest.param(AUTOSCALER, ["none", "create", "remove"], id="the run removes the autoscaler first"),
        pytest.param(
            {**AUTOSCALER, "metadata": {"name": "other", "namespace": "shop"}}, ["none", "refused"], id="the autoscaler is of others"
        ),
    ],
)
def test_a_scaled_object_can_follow_an_autoscaler_of_the_collection(autoscaler: dict[str, Any], actions: list[str]) -> None:
    live = deployment(3, owner(f"{OURS}.replicas"))
    entries, _warnings = plan(ClusterWithKeda(live, autoscaler), [("tiers", [LEFT_OUT, SCALED_OBJECT])], OURS, owned=WITH_KEDA)
    assert [entry.action for entry in entries] == actions
    assert [bool(entry.refusal) for entry in entries] == [action == "refused" for action in actions]


@pytest.mark.parametrize(
    ("replicas", "stages", "expected"),
    [
        pytest.param(0, [LEFT_OUT, FOLLOWING], [2], id="stopped by KEDA: an autoscaler would not start it"),
        pytest.param(3, [LEFT_OUT, FOLLOWING], [], id="running"),
        pytest.param(0, [LEFT_OUT], [], id="left to an external autoscaler"),
        pytest.param(0, [LEFT_OUT, FOLLOWING, SCALED_OBJECT], [], id="KEDA stays"),
        pytest.param(0, [deployment(4), FOLLOWING], [], id="a number of the settings"),
    ],
)
def test_a_workload_that_keda_stopped_starts_with_the_next_autoscaler(
    replicas: int, stages: list[dict[str, Any]], expected: list[int]
) -> None:
    cluster = Cluster(deployment(replicas, *BY_KEDA), {**SCALED_OBJECT, "spec": {**TARGET, "replicas": 1}})
    entries, _warnings = plan(cluster, [("tiers", stages)], OURS, owned=WITH_KEDA)
    assert [each["replicas"] for each in handovers(entries) if each["kind"] == "Deployment"] == expected


PAUSED = {
    **SCALED_OBJECT,
    "metadata": {**AUTOSCALER["metadata"], "annotations": {"autoscaling.keda.sh/paused-replicas": "0"}},  # type: ignore[dict-item]
}


@pytest.mark.parametrize(
    ("live", "stages", "expected"),
    [
        pytest.param([FOLLOWING], [LEFT_OUT, FOLLOWING], [2], id="an autoscaler does not start it"),
        pytest.param([PAUSED], [LEFT_OUT, with_minimum(1)], [1], id="the run ends a pause"),
        pytest.param([PAUSED], [LEFT_OUT, with_minimum(0)], [], id="KEDA starts it with the first task"),
        pytest.param([with_minimum(1)], [LEFT_OUT, with_minimum(1)], [], id="KEDA stopped it"),
    ],
)
def test_a_workload_that_an_interrupted_restore_stopped_starts_again(
    live: list[dict[str, Any]], stages: list[dict[str, Any]], expected: list[int]
) -> None:
    cluster = Cluster(deployment(0, owner(f"{OURS}.replicas")), *live)
    entries, _warnings = plan(cluster, [("tiers", stages)], OURS, owned=WITH_KEDA)
    assert [each["replicas"] for each in handovers(entries) if each["kind"] == "Deployment"] == expected


class Mirror(Cluster):
    """An admission webhook puts a mirror before each image and injects a container, also in a dry run."""

    def dry_run(self, manifest: dict[str, Any], field_manager: str) -> tuple[dict[str, Any], list[str]]:
        applied, warnings = super().dry_run(manifest, field_manager)
        return mirrored(applied), warnings


def mirrored(item: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(item)
    containers = changed["spec"]["template"]["spec"]["containers"]
    for container in containers:
        container["image"] = f"mirror.example.com/{container['image'].removeprefix('mirror.example.com/')}"
    containers.append({"name": "proxy", "image": "proxy:1"})
    return changed


def test_a_workload_that_a_webhook_changes_is_planned_without_a_change() -> None:
    live = mirrored(deployment(3, owner(OURS)))
    [entry], warnings = plan(Mirror(live), [("tiers", [deployment(3)])], OURS)
    assert (entry.action, warnings) == ("none", [])
    newer = deployment(3)
    newer["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:2"
    [entry], _warnings = plan(Mirror(live), [("tiers", [newer])], OURS)
    assert entry.action == "change"
