# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import object_identities
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import (
    Removal,
    never_removed,
    no_longer_listed,
    no_longer_wanted,
    record_problem,
    why_it_stays,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import plan
from cluster_objects import NothingToTakeOver


def manifest(kind: str, name: str, namespace: str = "shop", version: str = "v1") -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}


MANAGER = "jewelry_shop.platform"
IDENTITY = {"jewelry-shop/namespace": "shop", "jewelry-shop/environment": "production"}


def applied(manifest: dict[str, Any], manager: str = MANAGER, **labels: str) -> dict[str, Any]:
    """An object as it is in the cluster after a manager applied it."""
    fields: dict[str, Any] = {"f:spec": {}, "f:data": {"f:objects": {}}, "f:metadata": {"f:labels": {f"f:{key}": {} for key in labels}}}
    return live(manifest, {"manager": manager, "operation": "Apply", "fieldsV1": fields}, **labels)


def live(manifest: dict[str, Any], *entries: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels, "managedFields": list(entries)}}


def ours(manifest: dict[str, Any]) -> dict[str, Any]:
    """An object as it is in the cluster after a run of this platform applied it."""
    return applied(manifest, **IDENTITY)


def record(*manifests: dict[str, Any]) -> dict[str, Any]:
    return {**manifest("ConfigMap", "extra-objects"), "data": {"objects": json.dumps(object_identities(manifests))}}


RECORD = manifest("ConfigMap", "extra-objects")
SERVICE = manifest("Service", "mail")
CLASS = manifest("PriorityClass", "shop", namespace="", version="scheduling.k8s.io/v1")


@pytest.mark.parametrize(
    ("recorded", "wanted", "removed"),
    [
        pytest.param(None, [], [], id="there never were any"),
        pytest.param(record(SERVICE, RECORD), [SERVICE, RECORD], [], id="nothing changed"),
        pytest.param(record(SERVICE, CLASS, RECORD), [SERVICE, RECORD], [CLASS], id="one without a namespace is taken off"),
        pytest.param(record(SERVICE, RECORD), [], [SERVICE, RECORD], id="the record goes with the last"),
        pytest.param(record(CLASS, SERVICE, RECORD), [], [SERVICE, CLASS, RECORD], id="what was applied last goes first"),
        pytest.param(record(SERVICE, RECORD), [manifest("Service", "mail", "other"), RECORD], [SERVICE], id="moved to another namespace"),
        pytest.param(record(RECORD), [SERVICE, RECORD], [], id="one is new"),
    ],
)
def test_a_recorded_object_that_is_no_longer_listed_is_removed(
    recorded: dict[str, Any] | None, wanted: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    assert list(no_longer_listed(recorded, wanted)) == removed


@pytest.mark.parametrize(
    ("made", "wanted", "removed"),
    [
        pytest.param([SERVICE], [SERVICE], [], id="asked for"),
        pytest.param([SERVICE], [], [SERVICE], id="not asked for any more"),
        pytest.param([SERVICE], [manifest("Service", "mail", "other")], [SERVICE], id="another namespace"),
        pytest.param([SERVICE], [manifest("Ingress", "mail")], [SERVICE], id="another kind"),
        pytest.param([], [SERVICE], [], id="not made yet"),
    ],
)
def test_an_owned_object_that_no_stage_lists_is_removed(
    made: list[dict[str, Any]], wanted: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    assert list(no_longer_wanted(map(applied, made), wanted, MANAGER)) == [applied(each) for each in removed]


def test_a_manual_copy_with_the_same_labels_stays() -> None:
    assert list(no_longer_wanted([SERVICE, applied(SERVICE, "kubectl")], [], MANAGER)) == []


def update(manager: str, **fields: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": {f"f:{key}": value for key, value in fields.items()}}


OBJECTS: dict[str, Any] = {"f:objects": {}}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        pytest.param(None, "", id="none"),
        pytest.param(applied(record(SERVICE)), "", id="applied"),
        pytest.param(
            live(record(SERVICE), update("kubectl-create", data=OBJECTS)),
            "its list was written by the field manager kubectl-create, not",
            id="by hand",
        ),
        pytest.param(
            live(
                record(SERVICE),
                {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:metadata": {}}},
                update("kubectl-patch", data=OBJECTS),
            ),
            "its list was written by the field manager kubectl-patch, not",
            id="applied, and written since",
        ),
        pytest.param(
            live(record(SERVICE), update(MANAGER, data=OBJECTS)),
            f"its list was written by the field manager {MANAGER}, not",
            id="written in our name",
        ),
        pytest.param(live(record(SERVICE)), "its list was written by an unknown field manager, not", id="an unknown field manager"),
        *(
            pytest.param(applied({**RECORD, "data": {"objects": text}}), "its list is invalid", id=text)
            for text in ("[", "1", "[1]", '[{"kind": "Service"}]', '[{"api_version": "v1", "kind": "A", "namespace": null, "name": "a"}]')
        ),
        pytest.param(applied(record(*[SERVICE] * 2001)), "it lists more than 2000 objects", id="too many"),
    ],
)
def test_a_record_counts_only_if_this_collection_wrote_it(found: dict[str, Any] | None, problem: str) -> None:
    said = record_problem(found, MANAGER)
    assert said.startswith(problem)
    assert bool(said) is bool(problem)


TENANT = manifest("Namespace", "other-tenant", namespace="")
CREATED = update("kubectl-create", metadata={"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}})
OF_OTHERS = {**IDENTITY, "jewelry-shop/namespace": "shop-2"}
LABEL = "jewelry-shop/namespace"
UNMARKED = (
    f"it does not carry the label {LABEL}=shop, which this platform adds to what it applies. An earlier version may have applied it: "
    "list it for one more run, or delete it with kubectl"
)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(ours(CLASS), "", id="of this platform"),
        pytest.param(ours(TENANT), "", id="a Namespace of this platform"),
        pytest.param(
            live(TENANT, CREATED), "it was created by the field manager kubectl-create, not by this collection", id="of another tenant"
        ),
        pytest.param(
            live(TENANT, *ours(TENANT)["metadata"]["managedFields"], CREATED, **IDENTITY),
            "it was created by the field manager kubectl-create, not by this collection",
            id="a Namespace of another tenant that this platform labelled",
        ),
        pytest.param(applied(CLASS, **OF_OTHERS), f"its label {LABEL} is shop-2, not shop", id="of another platform"),
        pytest.param(applied(CLASS), UNMARKED, id="in no namespace, of an earlier version"),
        pytest.param(applied(manifest("Service", "mail", "other")), UNMARKED, id="in another namespace, of an earlier version"),
        pytest.param(applied(SERVICE), "", id="in the namespace, of an earlier version"),
        pytest.param(applied(SERVICE, **OF_OTHERS), f"its label {LABEL} is shop-2, not shop", id="in the namespace, of another platform"),
        pytest.param(
            live(SERVICE, update("kubectl-create", spec={})),
            "it was created by the field manager kubectl-create, not by this collection",
            id="in the namespace, by hand",
        ),
        pytest.param(
            live(
                CLASS,
                *applied(CLASS)["metadata"]["managedFields"],
                update("kubectl-label", metadata={"f:labels": {f"f:{key}": {} for key in IDENTITY}}),
                **IDENTITY,
            ),
            f"its label {LABEL} was set by the field manager kubectl-label, not by this collection",
            id="with labels of another field manager",
        ),
        pytest.param(
            live(CLASS, **IDENTITY), "it was created by an unknown field manager, not by this collection", id="an unknown field manager"
        ),
    ],
)
def test_a_recorded_object_stays_unless_this_platform_applied_it(found: dict[str, Any], reason: str) -> None:
    assert why_it_stays(found, IDENTITY, MANAGER, "shop") == reason


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("Namespace", "kube-system", "it is a namespace of the cluster itself"),
        ("Namespace", "kube-public", "it is a namespace of the cluster itself"),
        ("Namespace", "default", "it is a namespace of the cluster itself"),
        ("Namespace", "defaults", ""),
        ("Secret", "passwords", "a Secret cannot be an additional object"),
        ("ConfigMap", "default", ""),
    ],
)
def test_objects_that_are_never_removed(kind: str, name: str, reason: str) -> None:
    assert never_removed(manifest(kind, name)) == reason


class Recorded(NothingToTakeOver):
    """A cluster in which an earlier run recorded objects, which are as they should be.

    Args:
        found: the ConfigMap with the record.
        objects: what there is.
    """

    def __init__(self, found: dict[str, Any] | None = None, *objects: dict[str, Any]) -> None:
        self.found = found or ours(record(SERVICE, RECORD))
        self.objects = {(each["kind"], each["metadata"]["name"]): each for each in objects or (ours(SERVICE),)}
        self.asked: list[str] = []

    def read(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        if wanted["metadata"]["name"] == "extra-objects":
            return self.found
        self.asked.append(wanted["metadata"]["name"])
        return self.objects.get((wanted["kind"], wanted["metadata"]["name"]))

    def dry_run(self, wanted: dict[str, Any], _field_manager: str) -> tuple[dict[str, Any], list[str]]:
        return ours(wanted), []

    def admit(self, _pod: dict[str, Any], _owner: dict[str, Any]) -> str:
        return ""

    def dry_run_delete(self, live: dict[str, Any], policy: str) -> None:
        """It may be deleted."""


class Kept(Recorded):
    def dry_run_delete(self, live: dict[str, Any], policy: str) -> None:
        raise RefusedError(f"Service shop/{live['metadata']['name']}: services is forbidden: cannot delete")


def test_a_forbidden_removal_is_reported_before_the_first_write() -> None:
    stages: list[tuple[str, list[dict[str, Any]]]] = [("extra_objects", [])]
    entries, _warnings = plan(Kept(), stages, MANAGER, records={"extra_objects": RECORD}, identity=IDENTITY)
    assert {entry.action for entry in entries} == {"refused"}
    assert all("services is forbidden: cannot delete" in entry.refusal for entry in entries)


@pytest.mark.parametrize(("elsewhere", "actions"), [([], ["remove", "remove"]), ([SERVICE], ["none", "remove"])])
def test_an_object_that_another_stage_lists_stays(elsewhere: list[dict[str, Any]], actions: list[str]) -> None:
    stages: list[tuple[str, list[dict[str, Any]]]] = [("extra_objects", []), ("ingress", elsewhere)]
    entries, warnings = plan(Recorded(), stages, MANAGER, records={"extra_objects": RECORD}, identity=IDENTITY)
    assert ([entry.action for entry in entries], warnings) == (actions, [])


PASSWORDS = manifest("Secret", "passwords", "other")
PLANTED = record(TENANT, PASSWORDS, SERVICE)
STAYS = "stays, although ConfigMap shop/extra-objects lists it"
BY_KUBECTL = "it was created by the field manager kubectl-create, not by this collection"


@pytest.mark.parametrize(
    ("cluster", "removed", "warnings", "asked"),
    [
        pytest.param(
            Recorded(live(PLANTED, update("kubectl-create", data=OBJECTS)), live(TENANT, CREATED), live(SERVICE, CREATED)),
            [],
            [
                "ConfigMap shop/extra-objects: its list was written by the field manager kubectl-create, not by this collection, so "
                "the objects in the list are not removed"
            ],
            [],
            id="planted",
        ),
        pytest.param(
            Recorded(applied(PLANTED), live(TENANT, CREATED), ours(SERVICE)),
            ["mail"],
            [
                f"Secret other/passwords {STAYS}: a Secret cannot be an additional object",
                f"Namespace other-tenant {STAYS}: {BY_KUBECTL}",
            ],
            ["mail", "other-tenant"],
            id="planted in our name",
        ),
        pytest.param(
            Recorded(applied(PLANTED), ours(SERVICE)),
            ["mail"],
            [f"Secret other/passwords {STAYS}: a Secret cannot be an additional object"],
            ["mail", "other-tenant"],
            id="one is gone",
        ),
    ],
)
def test_a_record_alone_removes_nothing(cluster: Recorded, removed: list[str], warnings: list[str], asked: list[str]) -> None:
    """Otherwise a user who may write a ConfigMap could make the deployer delete any object."""
    entries, said = plan(cluster, [("extra_objects", [])], MANAGER, records={"extra_objects": RECORD}, identity=IDENTITY)
    assert [(entry.action, entry.manifest["metadata"]["name"]) for entry in entries] == [("remove", name) for name in removed]
    assert (said, cluster.asked) == (warnings, asked)


SHOP = manifest("Namespace", "shop", namespace="")
LABELS = {"app": "jewelry-shop", "environment": "production"}


@pytest.mark.parametrize(
    ("wanted", "found", "action", "reason"),
    [
        pytest.param(SHOP, applied(SHOP, **LABELS), "remove", "", id="ours"),
        pytest.param(
            SHOP, live(SHOP, CREATED, *applied(SHOP, **LABELS)["metadata"]["managedFields"], **LABELS), "remove", "", id="made for us"
        ),
        pytest.param(SHOP, live(SHOP, CREATED), "refused", f"Namespace shop: {BY_KUBECTL}", id="of others"),
        pytest.param(
            SHOP,
            applied(SHOP, app="jewelry-shop", environment="staging"),
            "refused",
            "Namespace shop: its label environment is staging, not production",
            id="of another environment",
        ),
        pytest.param(
            manifest("Namespace", "kube-system", namespace=""),
            applied(SHOP, **LABELS),
            "refused",
            "Namespace kube-system: it is a namespace of the cluster itself",
            id="of the cluster",
        ),
        pytest.param(SHOP, None, None, "", id="gone"),
    ],
)
def test_a_namespace_is_removed_only_if_it_belongs_to_this_platform(
    wanted: dict[str, Any], found: dict[str, Any] | None, action: str | None, reason: str
) -> None:
    class Cluster(Recorded):
        def read(self, each: dict[str, Any]) -> dict[str, Any] | None:
            return found if each["kind"] == "Namespace" else super().read(each)

    cluster = Cluster(ours(record(SERVICE, CLASS, RECORD)), ours(SERVICE), ours(CLASS))
    removals = [Removal("namespace", wanted, LABELS)]
    entries, _warnings = plan(cluster, [], MANAGER, records={"extra_objects": RECORD}, identity=IDENTITY, removals=removals)
    assert [(entry.action, entry.untrusted) for entry in entries if entry.stage == "namespace"] == ([(action, reason)] if action else [])
    if wanted is SHOP:
        # What is in it goes with it.
        assert [entry.manifest["metadata"]["name"] for entry in entries if entry.stage == "extra_objects"] == ["shop"]


def test_the_content_of_a_namespace_is_removed_if_the_namespace_cannot_be_deleted() -> None:
    class Cluster(Recorded):
        def read(self, each: dict[str, Any]) -> dict[str, Any] | None:
            return applied(SHOP, **LABELS) if each["kind"] == "Namespace" else super().read(each)

        def dry_run_delete(self, each: dict[str, Any], propagation: str) -> None:
            if each["kind"] == "Namespace":
                raise RefusedError('namespaces "shop" is forbidden')

    cluster = Cluster(ours(record(SERVICE, RECORD)), ours(SERVICE))
    removals = [Removal("namespace", SHOP, LABELS)]
    entries, _warnings = plan(cluster, [], MANAGER, records={"extra_objects": RECORD}, identity=IDENTITY, removals=removals)
    assert [(entry.action, entry.manifest["metadata"]["name"]) for entry in entries] == [
        ("refused", "shop"), ("remove", "mail"), ("remove", "extra-objects"),
    ]  # fmt: skip
