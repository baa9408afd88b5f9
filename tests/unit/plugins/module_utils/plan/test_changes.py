# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    NoNamespaceError,
    PlatformError,
    RefusedError,
    UnknownKindError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import (
    Planned,
    differing_stages,
    diffs,
    planned,
    read_manifests,
    secrets_of,
    shown_metadata,
    summary,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import plan
from cluster_objects import NothingToTakeOver

MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "django", "namespace": "shop", "labels": {"app": "jewelry-shop"}},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "django", "image": "shop:1"}]}}},
}
# As kubectl get shows it, with what the API server keeps for itself.
LIVE: dict[str, Any] = {
    **MANIFEST,
    "metadata": {
        **MANIFEST["metadata"],
        "uid": "d-1",
        "resourceVersion": "812",
        "generation": 4,
        "creationTimestamp": "2026-11-25T17:00:00Z",
        "managedFields": [{"manager": "jewelry_shop.platform", "time": "2026-11-25T17:00:00Z"}],
    },
    "status": {"replicas": 3, "readyReplicas": 3},
}
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "django-secrets-2bb88t4bm7", "namespace": "shop", "labels": {"app": "jewelry-shop"}},
    "immutable": True,
}


def changed(original: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    result = copy.deepcopy(original)
    change(result)
    return result


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(MANIFEST, id="one manifest"),
        pytest.param([MANIFEST], id="a list"),
        pytest.param(yaml.safe_dump(MANIFEST), id="a text"),
        pytest.param(f"---\n{yaml.safe_dump(MANIFEST)}---\n# nothing here\n---\n", id="a text with empty documents"),
    ],
)
def test_manifests_are_accepted_in_each_form(source: Any) -> None:
    assert read_manifests("tiers", source) == [MANIFEST]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a: [", "the manifests of stage tiers are not YAML: "),
        ("just words", "manifest 1 of stage tiers is not a mapping"),
        ([MANIFEST, {"apiVersion": "v1"}], "manifest 2 of stage tiers has no kind"),
        ({"kind": "Service"}, "manifest 1 of stage tiers has no apiVersion"),
        ({"apiVersion": "v1", "kind": "Service", "metadata": {}}, "manifest 1 of stage tiers, a Service, has no metadata.name"),
    ],
)
def test_an_invalid_manifest_is_reported(source: Any, sentence: str) -> None:
    with pytest.raises(PlatformError) as raised:
        read_manifests("tiers", source)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize("key", ["data", "stringData"])
def test_a_secret_with_content_is_rejected_without_showing_it(key: str) -> None:
    with pytest.raises(PlatformError) as raised:
        read_manifests("secrets", {**SECRET, key: {"PASSWORD": "hunter2"}})
    assert "Secret shop/django-secrets-2bb88t4bm7, contains data or stringData: remove them" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_fields_that_only_the_server_sets_are_not_a_change() -> None:
    after = changed(LIVE, lambda o: o["metadata"].update(generation=5, resourceVersion="900", managedFields=[]))
    assert planned("tiers", MANIFEST, LIVE, {**after, "status": {}}).action == "none"


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (lambda o: o["spec"].update(replicas=5), {"spec": {"replicas": 3}}, {"spec": {"replicas": 5}}),
        (lambda o: o["metadata"]["labels"].update(team="shop"), {"metadata": {"labels": {}}}, {"metadata": {"labels": {"team": "shop"}}}),
        (lambda o: o["metadata"]["labels"].pop("app"), {"metadata": {"labels": {"app": "jewelry-shop"}}}, {"metadata": {"labels": {}}}),
    ],
)
def test_a_change_is_shown_without_unchanged_fields(change: Any, before: Any, after: Any) -> None:
    entry = planned("tiers", MANIFEST, LIVE, changed(LIVE, change))
    assert (entry.action, entry.before, entry.after) == ("change", before, after)


def test_a_change_in_a_list_shows_its_container() -> None:
    image = changed(LIVE, lambda o: o["spec"]["template"]["spec"]["containers"][0].update(image="shop:2"))
    [diff] = diffs([planned("tiers", MANIFEST, LIVE, image)])
    assert (diff["before_header"], diff["after_header"]) == ("Deployment shop/django",) * 2
    assert "image: shop:1\n" in diff["before"]
    assert "image: shop:2\n" in diff["after"]
    assert "name: django" in diff["after"]
    assert "replicas" not in diff["after"]


def test_a_missing_object_is_planned_for_creation() -> None:
    entry = planned("tiers", MANIFEST, None, LIVE)
    assert (entry.action, entry.before, entry.after) == ("create", {}, MANIFEST)


@pytest.mark.parametrize(
    ("live_labels", "action"),
    [
        ({"app": "jewelry-shop"}, "none"),
        ({"app": "jewelry-shop", "added-by": "somebody"}, "none"),
        ({}, "change"),
        (None, "change"),
    ],
)
def test_a_secret_is_compared_by_its_metadata(live_labels: Any, action: str) -> None:
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {**SECRET["metadata"], "labels": live_labels, "uid": "s-1"}}
    assert planned("secrets", SECRET, live, shown_metadata(SECRET, live)).action == action


def claim(storage_class: str | None, *modes: str, kind: str = "PersistentVolumeClaim") -> dict[str, Any]:
    spec = {"storageClassName": storage_class, "accessModes": list(modes)}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "media-pvc", "namespace": "shop"}, "spec": spec}


MANY, ONCE = "ReadWriteMany", "ReadWriteOnce"


@pytest.mark.parametrize(
    ("wanted", "live", "kept"),
    [
        (claim("standard", MANY), claim("standard", MANY), ""),
        (claim("standard", MANY), claim(None, MANY), ""),
        (claim("standard", MANY, kind="Other"), claim("nfs", MANY), ""),
        (claim("standard", MANY), claim("nfs", MANY), "its storage class nfs cannot change to standard"),
        (
            claim("standard", MANY),
            claim("standard", ONCE, MANY),
            "its access modes ReadWriteOnce, ReadWriteMany cannot change to ReadWriteMany",
        ),
        (
            claim("standard", MANY),
            claim("nfs", ONCE),
            "its storage class nfs cannot change to standard and its access modes ReadWriteOnce cannot change to ReadWriteMany",
        ),
    ],
)
def test_immutable_fields_of_a_claim_are_reported(wanted: dict[str, Any], live: dict[str, Any], kept: str) -> None:
    [entry], _warnings = plan(Cluster({"media-pvc": live}, {"media-pvc": live}), [("storage", [wanted])], "m")
    sentence = f"PersistentVolumeClaim shop/media-pvc: {kept}; set the inventory to the existing values"
    assert entry.refusal == (sentence if kept else "")


class Cluster(NothingToTakeOver):
    """Holds objects by name, as a dry run and a read see them."""

    def __init__(self, live: dict[str, Any], outcomes: dict[str, Any]) -> None:
        self.live = live
        self.outcomes = outcomes
        self.managers: list[str] = []

    def read(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        return self.live.get(manifest["metadata"]["name"])

    def dry_run(self, manifest: dict[str, Any], field_manager: str) -> tuple[dict[str, Any], list[str]]:
        assert manifest["kind"] != "Secret", "a Secret without its content would lose it"
        self.managers.append(field_manager)
        outcome = self.outcomes[manifest["metadata"]["name"]]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome, [f"{manifest['metadata']['name']} is old"]

    def admit(self, pod: dict[str, Any], owner: dict[str, Any]) -> str:
        return ""


def named(name: str, **more: Any) -> dict[str, Any]:
    return {**LIVE, **more, "metadata": {**LIVE["metadata"], "name": name}}


def test_all_rejections_of_a_plan_are_reported_together() -> None:
    cluster = Cluster(
        {"a": named("a"), "b": named("b"), "d": named("d")},
        {
            "a": named("a"),
            "b": RefusedError("Deployment shop/b: spec.selector: field is immutable"),
            "c": NoNamespaceError('Deployment shop/c: namespaces "shop" not found'),
            "d": named("d", spec={**LIVE["spec"], "replicas": 1}),
        },
    )
    stages = [("first", [named("a"), named("b")]), ("second", [named("a")]), ("third", [named("c"), named("d")])]
    entries, warnings = plan(cluster, stages, "a-manager")
    assert [entry.action for entry in entries] == ["none", "refused", "none", "create", "change"]
    assert [entry.refusal for entry in entries if entry.refusal] == ["Deployment shop/b: spec.selector: field is immutable"]
    assert differing_stages(entries) == ["first", "third"]
    assert warnings == ["Deployment shop/a: a is old", "Deployment shop/a: a is old", "Deployment shop/d: d is old"]
    assert set(cluster.managers) == {"a-manager"}
    assert summary(entries) == "5 objects: 1 to create, 1 to change, 1 rejected, 2 unchanged"


QUOTA: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "quota", "namespace": "shop"},
    "spec": {"hard": {"pods": 20}},
}
SHOP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}},
}
FULL = 'persistentvolumeclaims "media-pvc" is forbidden: exceeded quota: quota, requested: 50Gi'


@pytest.mark.parametrize(
    ("gate", "before", "refusal", "action"),
    [
        pytest.param(QUOTA, None, FULL, "create", id="a quota that comes before"),
        pytest.param(QUOTA, {**QUOTA, "spec": {"hard": {"pods": 1}}}, FULL, "create", id="a quota that is raised before"),
        pytest.param(QUOTA, QUOTA, FULL, "refused", id="a quota that stays as it is"),
        pytest.param(SHOP, {**SHOP, "metadata": {"name": "shop"}}, 'violates PodSecurity "restricted:latest"', "create", id="pod security"),
        pytest.param(SHOP, {**SHOP, "metadata": {"name": "shop"}}, FULL, "refused", id="a quota where pod security changes"),
        pytest.param(
            SHOP,
            {**SHOP, "metadata": {"name": "shop", "labels": {**SHOP["metadata"]["labels"], "team": "other"}}},
            'violates PodSecurity "restricted:latest"',
            "refused",
            id="another label of the namespace",
        ),
        pytest.param(QUOTA, None, "failed quota: quota: must specify limits.cpu", "create", id="a quota that asks for limits"),
        pytest.param(QUOTA, None, "maximum memory usage per Container is 1Gi", "refused", id="a LimitRange beside a quota that changes"),
        pytest.param(QUOTA, None, "field is immutable", "refused", id="another rejection"),
        pytest.param(
            {**QUOTA, "metadata": {"name": "quota", "namespace": "elsewhere"}}, None, FULL, "refused", id="a quota of another namespace"
        ),
    ],
)
def test_a_rejection_that_an_earlier_change_of_the_plan_can_resolve_is_ignored(
    gate: dict[str, Any], before: dict[str, Any] | None, refusal: str, action: str
) -> None:
    """The cluster judges by the quota, the limits and the pod security that it has now."""
    name = gate["metadata"]["name"]
    wanted = claim("standard", MANY)
    cluster = Cluster({name: before} if before else {}, {name: gate, "media-pvc": RefusedError(refusal)})
    entries, _warnings = plan(cluster, [("extra_objects", [gate]), ("storage", [wanted])], "m")
    assert entries[1].action == action


DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "backups.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Backup"},
        "versions": [{"name": "v1", "served": True}, {"name": "v2", "served": False}],
    },
}
BACKUP: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": "nightly", "namespace": "shop"}}
UNKNOWN = UnknownKindError("Backup shop/nightly: the API server does not serve this kind and apiVersion", certain=True)


class WithoutBackups(Cluster):
    """A cluster that knows no kind Backup."""

    def read(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        if manifest["kind"] == "Backup":
            raise UNKNOWN
        return super().read(manifest)


def definition(**spec: Any) -> dict[str, Any]:
    return {**DEFINITION, "spec": {**DEFINITION["spec"], **spec}}


@pytest.mark.parametrize(
    ("manifests", "outcome", "actions", "refusal"),
    [
        pytest.param([DEFINITION, BACKUP], DEFINITION, ["create", "create"], "", id="its definition comes first"),
        pytest.param([BACKUP, DEFINITION], DEFINITION, ["refused", "create"], str(UNKNOWN), id="its definition comes later"),
        pytest.param([BACKUP], DEFINITION, ["refused"], str(UNKNOWN), id="no definition"),
        pytest.param(
            [DEFINITION, {**BACKUP, "apiVersion": "example.com/v2"}], DEFINITION, ["create", "refused"], str(UNKNOWN), id="not served"
        ),
        pytest.param(
            [DEFINITION, {**BACKUP, "apiVersion": "example.org/v1"}], DEFINITION, ["create", "refused"], str(UNKNOWN), id="another group"
        ),
        pytest.param([DEFINITION, BACKUP], RefusedError("is bad"), ["refused", "refused"], "is bad", id="a definition that is rejected"),
        pytest.param(
            [DEFINITION, {**BACKUP, "metadata": {"name": "nightly"}}],
            DEFINITION,
            ["create", "refused"],
            "Backup nightly: it has no metadata.namespace, which its kind needs: add it",
            id="without a namespace",
        ),
        pytest.param(
            [definition(scope="Cluster"), {**BACKUP, "metadata": {"name": "nightly"}}],
            DEFINITION,
            ["create", "create"],
            "",
            id="a kind that needs no namespace",
        ),
    ],
)
def test_a_custom_resource_waits_for_its_definition(manifests: list[Any], outcome: Any, actions: list[str], refusal: str) -> None:
    cluster = WithoutBackups({}, {"backups.example.com": outcome})
    entries, _warnings = plan(cluster, [("extra_objects", manifests)], "m")
    assert [entry.action for entry in entries] == actions
    assert next((entry.refusal for entry in entries if entry.refusal), "") == refusal


def test_a_secret_is_never_applied() -> None:
    entries, _warnings = plan(Cluster({}, {}), [("secrets", [SECRET])], "m")
    assert entries == [Planned("secrets", SECRET, "create", {}, SECRET)]


def pods(**spec: Any) -> dict[str, Any]:
    return {"kind": "StatefulSet", "spec": {"template": {"spec": spec}}}


def variable(secret: str) -> dict[str, Any]:
    return {"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "A"}}}


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        pytest.param({"kind": "ConfigMap", "data": {}}, (), id="no pods"),
        pytest.param(pods(containers=[{"name": "a", "image": "b"}]), (), id="no environment"),
        pytest.param(
            pods(containers=[{"env": [{"name": "B", "value": "1"}, variable("new"), variable("old"), variable("new")]}]),
            ("new", "old"),
            id="each once, in order",
        ),
        pytest.param(
            pods(containers=[{"env": [{"name": "B", "valueFrom": {"fieldRef": {}}}], "envFrom": [{"configMapRef": {"name": "c"}}]}]),
            (),
            id="other sources",
        ),
        pytest.param(
            pods(
                initContainers=[{"env": [variable("first-to-start")]}],
                containers=[{"env": [variable("own")], "envFrom": [{"secretRef": {"name": "all"}}]}, {"env": None, "envFrom": None}],
            ),
            ("own", "all", "first-to-start"),
            id="of all containers",
        ),
    ],
)
def test_secrets_that_pods_refer_to(workload: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert secrets_of(workload) == expected


@pytest.mark.parametrize("change", [lambda live: None, lambda live: live["spec"].update(replicas=4)])
def test_a_plan_returns_the_secrets_of_live_workloads(change: Callable[[dict[str, Any]], None]) -> None:
    live = changed(LIVE, lambda each: each["spec"]["template"]["spec"]["containers"][0].update(env=[variable("old")]))
    assert planned("stage", MANIFEST, live, changed(live, change)).secrets == ("old",)
    assert planned("stage", MANIFEST, None, live).secrets == ()
