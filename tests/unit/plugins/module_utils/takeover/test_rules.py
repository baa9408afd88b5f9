# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rules that recognize and adopt objects of another installation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ConflictError, PlatformError, RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import plan
from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover import run
from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.rules import (
    as_merge_patch,
    deletion_policy,
    foreign,
    gap,
    handed_over,
    is_handed_over,
    left_behind,
    obstacle,
    sources_of,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.run import take_over

MANAGER = "jewelry_shop.platform"
LABELS = {"app": "jewelry-shop", "component": "django"}
KUSTOMIZED = {**LABELS, "managed-by": "kustomize"}


def deployment(labels: dict[str, str] = LABELS, **spec: Any) -> Manifest:
    """A Deployment as it is applied."""
    container = {"name": "django", "image": "shop:2", "ports": [{"name": "http", "containerPort": 8000}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "django", "namespace": "shop", "labels": dict(labels)},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": dict(labels)},
            "strategy": {"type": "RollingUpdate"},
            "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def held(manager: str, operation: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An entry of managedFields."""
    entry = {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    return {**entry, **more}


def live(manifest: Manifest, *managed: dict[str, Any]) -> Manifest:
    """The manifest as it is in a cluster."""
    found = copy.deepcopy(manifest)
    found["metadata"].update(uid="u-1", resourceVersion="7", managedFields=list(managed))
    return found


BY_KUBECTL = held("kubectl-client-side-apply", "Update", {"f:metadata": {"f:labels": {"f:managed-by": {}}}, "f:spec": {"f:replicas": {}}})
OWN = held(MANAGER, "Apply", {"f:spec": {"f:replicas": {}, "f:template": {}}})
SEED = live(deployment(KUSTOMIZED), BY_KUBECTL)
OF_KUSTOMIZE = "its selector contains managed-by=kustomize (commonLabels of kustomize) and is immutable"
OF_KUBECTL = "kubectl apply created its pod template, and server-side apply would merge it with the template of the inventory"


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        pytest.param(live(deployment(), OWN), "", id="our own"),
        pytest.param(SEED, OF_KUSTOMIZE, id="of kustomize"),
        pytest.param(live(deployment(KUSTOMIZED)), OF_KUSTOMIZE, id="of kustomize, applied by whatever"),
        pytest.param(live(deployment(), BY_KUBECTL), OF_KUBECTL, id="of kubectl apply -f"),
        pytest.param(live(deployment(), held("kubectl", "Apply", {"f:spec": {}})), OF_KUBECTL, id="of kubectl apply --server-side"),
        pytest.param(live(deployment(), held("before-first-apply", "Update", {"f:spec": {}})), OF_KUBECTL, id="of an old kubectl"),
        pytest.param(live(deployment(), OWN, held("kubectl-edit", "Update", {"f:spec": {}})), "", id="edited by hand"),
        pytest.param(live(deployment(), OWN, held("kubectl", "Update", {"f:spec": {"f:template": {}}})), "", id="rolled back by kubectl"),
        pytest.param(live(deployment(), held("kubectl", "Apply", {"f:spec": {}}, subresource="scale")), "", id="scaled by kubectl apply"),
        pytest.param(
            live(deployment(), held("kubectl", "Apply", {"f:status": {}}, subresource="status")), "", id="status by kubectl apply"
        ),
        pytest.param(
            live(deployment(), OWN, held("kubectl-client-side-apply", "Update", {"f:metadata": {}})), "", id="labelled by kubectl apply"
        ),
        pytest.param(
            live(deployment({"app": "jewelry-shop"})), "its selector differs from the manifest and is immutable", id="selected by less"
        ),
        pytest.param(live(deployment(selector={"matchLabels": LABELS, "matchExpressions": []})), "", id="with what the API server may add"),
    ],
)
def test_a_workload_of_an_existing_installation_is_recognized(found: Manifest, sign: str) -> None:
    assert foreign(found, deployment(), MANAGER) == sign


def test_workloads_are_recreated_and_fields_of_other_kinds_are_transferred() -> None:
    service = live({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": KUSTOMIZED}}, BY_KUBECTL)
    assert (foreign(service, service, MANAGER), is_handed_over(service, MANAGER)) == ("", True)
    assert is_handed_over(SEED, MANAGER) is False
    service["metadata"]["managedFields"] = [OWN, held("kube-controller-manager", "Update", {"f:spec": {}})]
    assert is_handed_over(service, MANAGER) is False


def claim(name: str) -> Manifest:
    return {"metadata": {"name": name}}


@pytest.mark.parametrize(
    ("found", "wanted", "reason"),
    [
        pytest.param(SEED, deployment(), "", id="the seed's"),
        pytest.param(
            deployment({"app": "django"}),
            deployment(),
            "it cannot be adopted, because its pods do not have the labels app=jewelry-shop, component=django: delete it with kubectl",
            id="pods that would never be adopted",
        ),
        pytest.param(
            deployment(volumeClaimTemplates=[claim("data")]),
            deployment(volumeClaimTemplates=[claim("postgresql-data")]),
            "it cannot be adopted, because its volumes come from the claim templates data, not postgresql-data: copy its data, then "
            "delete it with kubectl",
            id="volumes that would be empty",
        ),
        pytest.param(deployment(volumeClaimTemplates=[claim("data")]), deployment(volumeClaimTemplates=[claim("data")]), "", id="same"),
    ],
)
def test_a_workload_that_cannot_adopt_its_pods_is_reported(found: Manifest, wanted: Manifest, reason: str) -> None:
    assert obstacle(found, wanted) == reason


@pytest.mark.parametrize(
    ("found", "wanted", "policy"),
    [
        ("RollingUpdate", "RollingUpdate", "Orphan"),
        ("Recreate", "Recreate", "Foreground"),
        ("RollingUpdate", "Recreate", "Foreground"),
        ("Recreate", "RollingUpdate", "Foreground"),
    ],
)
def test_pods_keep_serving_unless_the_strategy_is_recreate(found: str, wanted: str, policy: str) -> None:
    """The new Deployment may create a pod before it adopts the old ReplicaSet. Recreate does not allow that."""
    assert deletion_policy(deployment(strategy={"type": found}), deployment(strategy={"type": wanted})) == policy


def test_a_recreated_stateful_set_keeps_its_pods() -> None:
    stateful_set = deployment()
    del stateful_set["spec"]["strategy"]
    assert deletion_policy(stateful_set, stateful_set) == "Orphan"


PORT_80 = 'k:{"port":80,"protocol":"TCP"}'
THEIRS = held("kubectl-client-side-apply", "Update", {"f:spec": {"f:type": {}, "f:ports": {".": {}, PORT_80: {".": {}, "f:name": {}}}}})
CONTROLLERS = held("kube-controller-manager", "Update", {"f:status": {}}, subresource="status")


def test_transferred_fields_become_fields_of_an_apply() -> None:
    [entry, other] = handed_over([THEIRS, CONTROLLERS], MANAGER)
    assert (entry["manager"], entry["operation"], entry["fieldsV1"]) == (MANAGER, "Apply", THEIRS["fieldsV1"])
    assert other == CONTROLLERS


def test_fields_of_a_subresource_are_not_transferred() -> None:
    """The API server distinguishes them by the subresource, and would not find them again."""
    scaled = held("kubectl", "Apply", {"f:spec": {"f:replicas": {}}}, subresource="scale")
    mine = held(MANAGER, "Apply", {"f:spec": {"f:replicas": {}}}, subresource="scale")
    [entry, *others] = handed_over([THEIRS, scaled, mine], MANAGER)
    assert entry["fieldsV1"] == THEIRS["fieldsV1"]
    assert others == [scaled, mine]


def test_transferred_fields_are_merged_with_own_fields() -> None:
    mine = held(MANAGER, "Apply", {"f:spec": {"f:selector": {}, "f:ports": {".": {}, PORT_80: {"f:targetPort": {}}}}})
    [entry] = handed_over([THEIRS, mine], MANAGER)
    ports: dict[str, Any] = {".": {}, PORT_80: {".": {}, "f:name": {}, "f:targetPort": {}}}
    assert entry["fieldsV1"] == {"f:spec": {"f:type": {}, "f:selector": {}, "f:ports": ports}}
    assert (entry["manager"], entry["operation"]) == (MANAGER, "Apply")


def test_fields_of_another_api_version_are_not_merged() -> None:
    older = held("kubectl-client-side-apply", "Update", {"f:spec": {"f:targetCPU": {}}}, apiVersion="autoscaling/v1")
    [entry] = handed_over([older, OWN], MANAGER)
    assert entry["fieldsV1"] == OWN["fieldsV1"]


VOLUME = held(f"{MANAGER}.volume", "Update", {"f:spec": {"f:volumeName": {}}})
SPEC: dict[str, Any] = {"f:accessModes": {}, "f:volumeName": {}}
BINDER = held("kube-controller-manager", "Update", {"f:status": {"f:phase": {}}}, subresource="status")


@pytest.mark.parametrize(
    ("entries", "after"),
    [
        pytest.param(
            [held("kubectl-client-side-apply", "Update", {"f:spec": SPEC}), BINDER],
            [held(MANAGER, "Apply", {"f:spec": {"f:accessModes": {}}}), BINDER, VOLUME],
            id="of kubectl apply",
        ),
        pytest.param(
            [OWN, held("kubectl-patch", "Update", {"f:spec": {"f:volumeName": {}}}), BINDER], [OWN, BINDER, VOLUME], id="planted in ours"
        ),
        pytest.param(
            [held("kubectl-create", "Update", {"f:metadata": {"f:labels": {}}, "f:spec": SPEC})],
            [held("kubectl-create", "Update", {"f:metadata": {"f:labels": {}}, "f:spec": {"f:accessModes": {}}}), VOLUME],
            id="made by hand",
        ),
        pytest.param(
            [OWN, held("kube-controller-manager", "Update", {"f:spec": {"f:volumeName": {}}}), BINDER],
            None,
            id="chosen by the cluster",
        ),
    ],
)
def test_the_volume_field_of_a_claim_gets_its_own_field_manager(entries: list[Any], after: list[Any] | None) -> None:
    """The next apply does not state it, and a claim that is bound keeps it."""
    found = live({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "media-pvc"}, "spec": {}}, *entries)
    assert is_handed_over(found, MANAGER) is (after is not None)
    if after:
        found["metadata"]["managedFields"] = handed_over(entries, MANAGER, sources_of(found, MANAGER))
        assert found["metadata"]["managedFields"] == after
        assert is_handed_over(found, MANAGER) is False


def test_a_dry_run_removes_labels_and_annotations_that_are_no_longer_set() -> None:
    metadata: dict[str, Any] = {"f:labels": {".": {}, "f:managed-by": {}, "f:app": {}}, "f:annotations": {"f:last-applied": {}}}
    found = live(deployment(), held("kubectl-client-side-apply", "Update", {"f:metadata": metadata}))
    wanted = deployment({"app": "jewelry-shop"})
    patch = as_merge_patch(wanted, found)
    assert patch["metadata"]["labels"] == {"managed-by": None, "app": "jewelry-shop"}
    assert patch["metadata"]["annotations"] == {"last-applied": None}
    assert patch["spec"] == wanted["spec"]
    assert "annotations" not in as_merge_patch(wanted, live(deployment(), OWN))["metadata"]


def test_unused_configuration_of_the_old_installation_is_reported() -> None:
    container = {
        "name": "django",
        "envFrom": [{"configMapRef": {"name": "django-config"}}, {"secretRef": {"name": "django-secrets"}}],
        "env": [
            {"name": "A", "value": "1"},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "one-key", "key": "b"}}},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "other-key", "key": "c"}}},
        ],
    }
    volumes = [
        {"name": "a", "configMap": {"name": "nginx-config"}},
        {"name": "b", "secret": {"secretName": "kept-tls"}},
        {"name": "c", "projected": {"sources": [{"secret": {"name": "projected"}}]}},
        {"name": "d", "emptyDir": {}},
    ]
    found, wanted = deployment(), deployment()
    found["spec"]["template"]["spec"] = {"initContainers": [{"name": "wait"}], "containers": [container], "volumes": volumes}
    wanted["spec"]["template"]["spec"]["volumes"] = [volumes[1]]
    assert left_behind([found], [wanted]) == [
        "ConfigMap shop/django-config",
        "ConfigMap shop/nginx-config",
        "ConfigMap shop/other-key",
        "Secret shop/django-secrets",
        "Secret shop/one-key",
        "Secret shop/projected",
    ]


def service(target: Any = "http", **spec: Any) -> Manifest:
    ports = [{"name": "http", "port": 8000, "targetPort": target}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "django-service", "namespace": "shop"},
        "spec": {"selector": LABELS, "ports": ports, **spec},
    }


@pytest.mark.parametrize(
    ("wanted", "is_gap"),
    [
        pytest.param(service(), False, id="the same name"),
        pytest.param(service("web"), True, id="a name that the pods do not know"),
        pytest.param(service(8000), False, id="a number"),
        pytest.param(service("web", clusterIP="None"), False, id="headless"),
        pytest.param(service("web", selector={"component": "nginx"}), False, id="other pods"),
        pytest.param(service("web", selector={}), False, id="no pods"),
    ],
)
def test_a_service_that_would_lose_its_pods_is_reported(wanted: Manifest, is_gap: bool) -> None:
    assert bool(gap(wanted, [SEED])) is is_gap
    assert gap(wanted, []) == ""
    if is_gap:
        assert gap(wanted, [SEED]).startswith(
            "the pods of Deployment shop/django have no port named web, so this Service would have no endpoint"
        )


class Cluster:
    """A stand-in for the cluster, which keeps what is written and in which order."""

    def __init__(self, *objects: Manifest) -> None:
        self.objects = {(item["kind"], item["metadata"]["name"]): copy.deepcopy(item) for item in objects}
        self.calls: list[str] = []
        self.applied: list[tuple[str, Manifest]] = []
        self.reads_until_gone = 2
        self.conflicts = 0
        self.refuse_apply: PlatformError | None = None
        self.refuse_delete: PlatformError | None = None

    def read(self, manifest: Manifest) -> Manifest | None:
        key = (manifest["kind"], manifest["metadata"]["name"])
        found = self.objects.get(key)
        if found and "deletionTimestamp" in found["metadata"]:
            self.reads_until_gone -= 1
            if not self.reads_until_gone:
                del self.objects[key]
                return None
        return copy.deepcopy(found) if found else None

    def ours(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        raise AssertionError(f"nobody owns {api_version} {kind} in {namespace} here")

    def apply(self, manifest: Manifest, field_manager: str) -> None:
        if self.refuse_apply:
            raise self.refuse_apply
        metadata = manifest["metadata"]
        self.calls.append(f"apply {metadata['name']}")
        self.applied.append((field_manager, copy.deepcopy(manifest)))
        stored = {**manifest, "metadata": {"uid": "u-2", "resourceVersion": "8", "managedFields": [OWN], **metadata}}
        self.objects[manifest["kind"], metadata["name"]] = stored

    def set_managed_fields(self, found: Manifest, entries: list[dict[str, Any]]) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise ConflictError("the object has been modified")
        self.calls.append(f"hand over {found['metadata']['name']}")
        self.objects[found["kind"], found["metadata"]["name"]]["metadata"]["managedFields"] = entries

    def delete(self, found: Manifest, policy: str) -> None:
        self.calls.append(f"delete {found['metadata']['name']} {policy}")
        self.objects[found["kind"], found["metadata"]["name"]]["metadata"].update(deletionTimestamp="now", finalizers=["orphan"])

    def dry_run(self, manifest: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        self.calls.append(f"try {manifest['metadata']['name']}")
        if self.refuse_apply:
            raise self.refuse_apply
        return copy.deepcopy(manifest), []

    def dry_run_patch(self, patch: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        self.calls.append(f"try to patch {patch['metadata']['name']}")
        return copy.deepcopy(patch), []

    def dry_run_delete(self, found: Manifest, policy: str) -> None:
        self.calls.append(f"try to delete {found['metadata']['name']} {policy}")
        if self.refuse_delete:
            raise self.refuse_delete

    def admit(self, pod: Manifest, owner: Manifest) -> str:
        self.calls.append("try a pod")
        return ""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_POLL", 0)


LIVE_SERVICE = live(service(selector=KUSTOMIZED), THEIRS)


def test_a_plan_reports_an_existing_installation_without_a_dry_run_on_it() -> None:
    cluster = Cluster(SEED, LIVE_SERVICE)
    entries, _warnings = plan(cluster, [("tiers", [service(), deployment()])], MANAGER)
    assert [(entry.action, entry.foreign, entry.refusal) for entry in entries] == [("change", "", ""), ("refused", OF_KUSTOMIZE, "")]
    assert cluster.calls == ["try django-service"]


def test_a_plan_for_an_adoption_tries_each_step() -> None:
    cluster = Cluster(SEED, LIVE_SERVICE)
    entries, _warnings = plan(cluster, [("tiers", [service(), deployment()])], MANAGER, take_over=True)
    assert [(entry.action, entry.foreign, entry.refusal) for entry in entries] == [("take_over", "", "")] * 2
    assert cluster.calls == ["try to patch django-service", "try to delete django Orphan", "try django-anew", "try a pod"]
    assert entries[1].after["spec"]["selector"]["matchLabels"] == {}
    assert entries[1].before["spec"]["selector"]["matchLabels"] == {"managed-by": "kustomize"}


@pytest.mark.parametrize(
    ("change", "wanted", "refusal"),
    [
        pytest.param(
            lambda c: setattr(c, "refuse_delete", RefusedError("Deployment shop/django: cannot delete resource")),
            [deployment()],
            "Deployment shop/django: cannot delete resource",
            id="deletion is not allowed",
        ),
        pytest.param(
            lambda c: setattr(c, "refuse_apply", RefusedError("Deployment shop/django-anew: no such field")),
            [deployment()],
            "Deployment shop/django: no such field",
            id="the new one would be rejected",
        ),
        pytest.param(
            lambda _: None,
            [deployment({"app": "other"})],
            "Deployment shop/django: it cannot be adopted, because its pods do not have the labels app=other: delete it with kubectl",
            id="pods are not to be adopted",
        ),
        pytest.param(
            lambda _: None,
            [service("web"), deployment()],
            "Service shop/django-service: the pods of Deployment shop/django have no port named web, so this Service would have no "
            "endpoint until new pods are ready: give the container port this name, wait for the rollout, and run again",
            id="a gap",
        ),
    ],
)
def test_obstacles_to_an_adoption_are_in_the_plan(change: Callable[[Cluster], None], wanted: list[Manifest], refusal: str) -> None:
    cluster = Cluster(SEED)
    change(cluster)
    entries, _warnings = plan(cluster, [("tiers", wanted)], MANAGER, take_over=True)
    assert [entry.refusal for entry in entries if entry.refusal] == [refusal]


def test_a_quota_on_deployments_ignores_the_deployment_that_is_replaced() -> None:
    cluster = Cluster(SEED)
    cluster.refuse_apply = RefusedError(
        'deployments "django-anew" is forbidden: exceeded quota: objects, requested: 1, used: 4, limited: 4'
    )
    entries, _warnings = plan(cluster, [("tiers", [deployment()])], MANAGER, take_over=True)
    assert [entry.action for entry in entries] == ["take_over"]


def test_a_workload_is_recreated_when_the_old_one_is_deleted() -> None:
    cluster = Cluster(SEED, LIVE_SERVICE)
    take_over(cluster, [service(), deployment()], MANAGER, 5)
    assert cluster.calls == ["hand over django-service", "apply django-service", "delete django Orphan", "apply django"]
    assert cluster.reads_until_gone == 0
    take_over(cluster, [service(), deployment()], MANAGER, 5)
    assert cluster.calls[4:] == ["apply django-service", "apply django"]


def test_a_run_continues_after_an_interrupted_run() -> None:
    """The old Deployment is still being deleted, or is already deleted."""
    going = copy.deepcopy(SEED)
    going["metadata"]["deletionTimestamp"] = "now"
    cluster = Cluster(going)
    cluster.reads_until_gone = 3
    take_over(cluster, [deployment()], MANAGER, 5)
    assert cluster.calls == ["delete django Orphan", "apply django"]
    gone = Cluster()
    take_over(gone, [deployment()], MANAGER, 5)
    assert gone.calls == ["apply django"]


def test_a_workload_that_is_not_deleted_in_time_is_reported_and_not_overwritten() -> None:
    cluster = Cluster(SEED)
    cluster.reads_until_gone = 10**9
    with pytest.raises(
        PlatformError,
        match=r"Deployment shop/django was not deleted within 0 s\. It waits for orphan\. Run again when it is deleted$",
    ):
        take_over(cluster, [deployment()], MANAGER, 0)
    assert cluster.calls == ["delete django Orphan"]


def test_a_recreated_workload_keeps_the_replicas_of_its_autoscaler() -> None:
    """Without a number of replicas the new Deployment starts with one."""
    wanted = deployment()
    del wanted["spec"]["replicas"]
    scaled = copy.deepcopy(SEED)
    scaled["spec"]["replicas"] = 7
    cluster = Cluster(scaled)
    take_over(cluster, [wanted], MANAGER, 5)
    assert [(manager, item["spec"].get("replicas")) for manager, item in cluster.applied] == [
        (MANAGER, 7),
        (f"{MANAGER}.replicas", 7),
        (MANAGER, None),
    ]
    assert cluster.applied[1][1]["spec"] == {"replicas": 7}


@pytest.mark.parametrize(("conflicts", "succeeds"), [(0, True), (4, True), (5, False)])
def test_a_transfer_of_fields_is_retried_after_a_conflict(conflicts: int, succeeds: bool) -> None:
    cluster = Cluster(LIVE_SERVICE)
    cluster.conflicts = conflicts
    if succeeds:
        take_over(cluster, [service()], MANAGER, 5)
        assert cluster.calls == ["hand over django-service", "apply django-service"]
    else:
        with pytest.raises(ConflictError):
            take_over(cluster, [service()], MANAGER, 5)
        assert cluster.calls == []
