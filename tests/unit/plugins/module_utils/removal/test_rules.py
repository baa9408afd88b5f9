# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which objects a removal deletes, and why the others stay."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.rules import (
    Removal,
    judge,
    lines,
    namespace_problems,
    volume_problems,
)

MANAGER = "jewelry_shop.platform"
CONTROLLER = "kube-controller-manager"
LABELS = {"app": "jewelry-shop", "environment": "production"}
IDENTITY = {"jewelry-shop/namespace": "shop"}
VOLUME = "volume that remove_volumes does not name"
BY_KUBECTL = "it was created by the field manager kubectl, not by this collection"


def entry(manager: str, fields: dict[str, Any], operation: str = "Update") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields}


def item(kind: str, name: str, *entries: dict[str, Any], labels: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{kind}-{name}",
            "labels": labels or {},
            "managedFields": [*entries],
            **metadata,
        },
    }


def ours(kind: str, name: str, **labels: str) -> dict[str, Any]:
    """An object that a run of the platform applied."""
    has = labels or LABELS
    return item(kind, name, entry(MANAGER, {"f:metadata": {"f:labels": {f"f:{key}": {} for key in has}}}, "Apply"), labels=has)


def others(kind: str, name: str, **metadata: Any) -> dict[str, Any]:
    return item(kind, name, entry("kubectl", {"f:data": {}}), **metadata)


def of_a_pod(name: str, creator: str = CONTROLLER, bound_by: str = CONTROLLER, app: str = "jewelry-shop") -> dict[str, Any]:
    """A claim that was created from a template of a StatefulSet, or a copy of one."""
    created = entry(creator, {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:accessModes": {}, "f:resources": {}}})
    selected = entry("kube-scheduler", {"f:metadata": {"f:annotations": {"f:volume.kubernetes.io/selected-node": {}}}})
    bound = {**entry(bound_by, {"f:status": {"f:phase": {}}}), "subresource": "status"}
    return item("PersistentVolumeClaim", name, created, selected, bound, labels={"app": app, "component": "postgresql"})


def removal(**values: Any) -> Removal:
    return Removal("shop", LABELS, MANAGER, **{"identity": IDENTITY, **values})


def recorded(kind: str, name: str, namespace: str = "shop") -> dict[str, str]:
    return {"api_version": "v1", "kind": kind, "namespace": namespace, "name": name}


@pytest.mark.parametrize(
    ("found", "values", "reason"),
    [
        pytest.param(ours("Service", "web"), {}, "", id="applied by this platform"),
        pytest.param(others("ConfigMap", "notes"), {}, BY_KUBECTL, id="of another field manager"),
        pytest.param(others("Secret", "mail", labels=LABELS), {}, BY_KUBECTL, id="a copy with our labels"),
        pytest.param(
            ours("Service", "web", app="jewelry-shop", environment="staging"),
            {},
            "its label environment is staging, not production",
            id="of another environment",
        ),
        pytest.param(ours("Service", "mail", **IDENTITY), {}, "", id="an additional object"),
        pytest.param(others("Service", "mail"), {"recorded": [recorded("Service", "mail")]}, "", id="an additional object of old"),
        pytest.param(ours("PersistentVolumeClaim", "media"), {}, VOLUME, id="a volume"),
        pytest.param(ours("PersistentVolumeClaim", "media"), {"volumes": ["media"]}, "", id="a named volume"),
        pytest.param(ours("PersistentVolumeClaim", "media"), {"volumes": ["backups"]}, VOLUME, id="another volume is named"),
        pytest.param(ours("PersistentVolumeClaim", "media"), {"volumes": ["all"]}, "", id="all volumes"),
        pytest.param(others("PersistentVolumeClaim", "tape"), {"volumes": ["all"]}, BY_KUBECTL, id="all but those of others"),
        pytest.param(others("PersistentVolumeClaim", "tape"), {"volumes": ["tape"]}, BY_KUBECTL, id="the name of a volume of others"),
        pytest.param(
            ours("PersistentVolumeClaim", "more", **IDENTITY),
            {"recorded": [recorded("PersistentVolumeClaim", "more")]},
            VOLUME,
            id="an additional volume",
        ),
        pytest.param(of_a_pod("data-postgresql-0"), {}, VOLUME, id="of a StatefulSet that is gone"),
        pytest.param(of_a_pod("data-postgresql-0"), {"volumes": ["all"]}, "", id="the same with all volumes"),
        pytest.param(
            of_a_pod("data-postgresql-0", creator="kubectl"),
            {"volumes": ["all"]},
            "it was created by the field managers kube-scheduler and kubectl, not by this collection",
            id="not created by the controller that bound it",
        ),
        pytest.param(
            of_a_pod("data-mysql-0", app="shop-of-others"),
            {"volumes": ["all"]},
            "it was created by the field managers kube-controller-manager and kube-scheduler, not by this collection",
            id="of a StatefulSet with other labels",
        ),
        pytest.param(ours("RoleBinding", "deployer-1"), {}, "permissions that playbooks/grant_deployer.yml granted", id="permissions"),
        pytest.param(ours("RoleBinding", "deployer-1"), {"with_namespace": True}, "", id="permissions, with the Namespace"),
        pytest.param(ours("Role", "reader", **IDENTITY), {}, "", id="an additional Role"),
    ],
)
def test_an_object_stays_unless_it_belongs_to_the_platform(found: dict[str, Any], values: dict[str, Any], reason: str) -> None:
    [judged] = judge([found], removal(**values))
    assert judged.reason == reason


def test_an_object_with_the_name_of_an_additional_object_of_another_namespace_stays() -> None:
    outside, inside = judge([others("Service", "mail")], removal(recorded=[recorded("Service", "mail", "other")]))
    assert (outside.reason, inside.reason) == ("", BY_KUBECTL)


OTHER_STATEFUL_SET = others("StatefulSet", "postgresql")
UNBOUND = of_a_pod("data-postgresql-0", bound_by="nothing")


@pytest.mark.parametrize(
    ("stateful_set", "claim", "goes"),
    [
        pytest.param(ours("StatefulSet", "postgresql"), UNBOUND, True, id="ours"),
        pytest.param(OTHER_STATEFUL_SET, of_a_pod("data-postgresql-0"), False, id="of others"),
        pytest.param(ours("StatefulSet", "redis"), UNBOUND, False, id="of another name"),
    ],
)
def test_a_claim_of_a_stateful_set_belongs_to_its_owner(stateful_set: dict[str, Any], claim: dict[str, Any], goes: bool) -> None:
    judged = {each.item["kind"]: each for each in judge([stateful_set, claim], removal(volumes=["all"]))}
    assert (judged["PersistentVolumeClaim"].reason == "") is goes


def owned_by(owner: dict[str, Any], kind: str, controller: bool = True) -> dict[str, Any]:
    return others(kind, "child", ownerReferences=[{"uid": owner["metadata"]["uid"], "controller": controller}])


WEB = ours("Deployment", "web")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([owned_by(WEB, "ReplicaSet")], id="a controller creates it again"),
        pytest.param([WEB, owned_by(WEB, "EndpointSlice", controller=False)], id="its owner is listed"),
        pytest.param([others("Event", "web.17")], id="events"),
        pytest.param([others("Endpoints", "web")], id="of a Service"),
        pytest.param([others("ConfigMap", "kube-root-ca.crt")], id="in each namespace"),
        pytest.param([others("ServiceAccount", "default")], id="the default account"),
    ],
)
def test_objects_that_the_cluster_removes_itself_are_not_listed(found: list[dict[str, Any]]) -> None:
    assert [each.subject for each in judge(found, removal())] in ([], ["Deployment web"])


def test_an_object_that_two_api_groups_serve_is_listed_once() -> None:
    web = ours("Ingress", "web")
    assert len(judge([web, {**web, "apiVersion": "extensions/v1beta1"}], removal())) == 1


def test_objects_are_deleted_before_those_that_they_use() -> None:
    kinds = ["PersistentVolumeClaim", "NetworkPolicy", "Secret", "HorizontalPodAutoscaler", "Backup", "ScaledObject", "StatefulSet"]
    found = [ours(kind, "a") for kind in kinds] + [ours("Deployment", "b"), ours("Deployment", "a")]
    outside = [recorded("Backup", "first", "other"), recorded("PriorityClass", "second", "")]
    assert [each.subject for each in judge(found, removal(volumes=["all"], recorded=outside))] == [
        "Deployment a",
        "Deployment b",
        "StatefulSet a",
        "Backup other/first",
        "PriorityClass second",
        "ScaledObject a",
        "HorizontalPodAutoscaler a",
        "Backup a",
        "Secret a",
        "NetworkPolicy a",
        "PersistentVolumeClaim a",
    ]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Namespace", "its objects can belong to others. To delete it, use kubectl"),
        ("PersistentVolumeClaim", "volume outside the namespace of the platform"),
        ("PersistentVolume", "volume outside the namespace of the platform"),
        ("PriorityClass", ""),
    ],
)
def test_additional_objects_outside_the_namespace_stay_if_they_hold_data(kind: str, reason: str) -> None:
    [judged] = judge([], removal(recorded=[recorded(kind, "a", "other")], volumes=["all"]))
    assert (judged.reason, judged.holds_namespace) == (reason, False)


MEDIA = ours("PersistentVolumeClaim", "media-pvc")
TAPE = others("PersistentVolumeClaim", "tape")


@pytest.mark.parametrize(
    ("found", "names", "expected"),
    [
        ([MEDIA, TAPE], [], []),
        ([MEDIA, TAPE], ["all"], []),
        ([MEDIA], ["media-pvc"], []),
        ([], ["all"], []),
        (
            [MEDIA, TAPE],
            ["media"],
            ["remove_volumes names media, but namespace shop has the claims media-pvc; did you mean media-pvc?"],
        ),
        ([TAPE], ["media"], ["remove_volumes names media, but namespace shop has no claims of this platform."]),
        (
            [TAPE],
            ["tape"],
            [
                f"remove_volumes names tape, which does not belong to this platform: {BY_KUBECTL}. Remove the name from remove_volumes. To "
                "delete the claim, use kubectl."
            ],
        ),
    ],
)
def test_names_of_volumes_that_cannot_be_removed_are_reported(found: list[dict[str, Any]], names: list[str], expected: list[str]) -> None:
    wanted = removal(volumes=names)
    assert volume_problems(judge(found, wanted), wanted) == expected


PREVENTED = "remove_namespace is true, but namespace shop also has: "
REMEDY = ". Name the volumes in remove_volumes, move or delete the other objects, or set remove_namespace to false. Nothing was changed."


@pytest.mark.parametrize(
    ("found", "values", "unread", "prevents"),
    [
        pytest.param([MEDIA, TAPE], {"with_namespace": False}, ["roles"], "", id="the Namespace stays"),
        pytest.param([WEB, MEDIA], {"volumes": ["media-pvc"]}, [], "", id="only objects that are removed"),
        pytest.param([WEB, MEDIA], {}, [], f"PersistentVolumeClaim media-pvc ({VOLUME})", id="a volume that is not named"),
        pytest.param(
            [TAPE, others("ConfigMap", "notes")],
            {"volumes": ["all"]},
            [],
            f"ConfigMap notes ({BY_KUBECTL}); PersistentVolumeClaim tape ({BY_KUBECTL})",
            id="objects of others",
        ),
        pytest.param(
            [WEB], {}, ["roles.rbac.authorization.k8s.io"], "objects that cannot be listed (roles.rbac.authorization.k8s.io)", id="unknown"
        ),
    ],
)
def test_the_namespace_is_removed_only_if_nothing_else_is_in_it(
    found: list[dict[str, Any]], values: dict[str, Any], unread: list[str], prevents: str
) -> None:
    wanted = removal(**{"with_namespace": True, **values})
    expected = [f"{PREVENTED}{prevents}{REMEDY}"] if prevents else []
    assert namespace_problems(judge(found, wanted), unread, wanted) == expected


def test_the_list_has_both_parts() -> None:
    media = {**MEDIA, "status": {"capacity": {"storage": "50Gi"}}}
    wanted = removal()
    assert lines(judge([WEB, media, TAPE], wanted), ["roles"], wanted) == [
        "Goes:",
        "  Deployment web",
        "Stays:",
        f"  PersistentVolumeClaim media-pvc with 50Gi: {VOLUME}",
        f"  PersistentVolumeClaim tape: {BY_KUBECTL}",
        "  Namespace shop: remove_namespace is false",
        "  Objects that cannot be listed: roles",
    ]


def test_an_empty_part_of_the_list_says_so() -> None:
    wanted = removal(with_namespace=True)
    assert lines([], [], wanted) == ["Goes:", "  Namespace shop", "Stays:", "  nothing"]
    assert lines([], [], removal())[1] == "  nothing"
