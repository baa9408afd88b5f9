# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Differences as field paths: between two releases, and between the cluster and its manifests."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import (
    CREATE,
    NONE,
    REFUSED,
    REMOVE,
    Planned,
    planned,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.differences import field_differences, release_differences
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.drift import drift

Manifest = dict[str, Any]


def deployment(image: str = "shop:1", **container: Any) -> Manifest:
    django = {"name": "django", "image": image, "resources": {"limits": {"memory": "1Gi", "cpu": "1"}}, **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "django", "namespace": "shop"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [django, {"name": "exporter", "image": "exporter:1"}]}}},
    }


def config(suffix: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"django-config-{suffix}", "namespace": "shop"}, "data": data}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
        ({"a": {"b/c": 1}}, {"a": {}}, [("a[b/c]", 1, None)]),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "3"}]},
         [("env[name=A].value", "1", "3"), ("env[name=B]", None, {"name": "B", "value": "2"})]),
        ({"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "B"}, {"name": "A"}]}, []),
        ({"ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]}, {"ports": []},
         [("ports[containerPort=53,protocol=TCP]", {"containerPort": 53, "protocol": "TCP"}, None),
          ("ports[containerPort=53,protocol=UDP]", {"containerPort": 53, "protocol": "UDP"}, None)]),
        ({"command": ["a", "b"]}, {"command": ["a", "c"]}, [("command[1]", "b", "c")]),
        ({"a": False}, {}, [("a", False, None)]),
    ],
    ids=["equal", "type", "key with a slash", "named items", "order", "ports", "plain items", "false"],
)  # fmt: skip
def test_a_difference_is_a_path_with_two_values(before: Any, after: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert [(each.shown, each.before, each.after) for each in field_differences(before, after)] == found


def test_a_hash_in_a_name_does_not_hide_the_changed_value() -> None:
    before = [config("2222222222", SITE="a"), deployment()]
    after = [config("4444444444", SITE="b"), deployment("shop:2"), {**config("x"), "kind": "Service"}]
    found = release_differences(before, after)
    assert [(each["object"], each["path"], each["change"], each["before"], each["after"]) for each in found] == [
        ("ConfigMap shop/django-config-*", "data.SITE", "changed", "a", "b"),
        ("ConfigMap shop/django-config-*", "metadata.name", "changed", "django-config-2222222222", "django-config-4444444444"),
        ("Deployment shop/django", "spec.template.spec.containers[name=django].image", "changed", "shop:1", "shop:2"),
        ("Service shop/django-config-x", "", "added", "", ""),
    ]  # fmt: skip


def test_two_objects_with_the_same_name_before_the_hash_are_not_mixed() -> None:
    both = [config("2222222222", A="1"), config("4444444444", A="2")]
    changed = [both[0], config("5555555555", A="3")]
    assert release_differences(both, both) == []
    assert [(each["object"], each["change"]) for each in release_differences(both, changed)] == [
        ("ConfigMap shop/django-config-4444444444", "removed"),
        ("ConfigMap shop/django-config-5555555555", "added"),
    ]


def fields(manager: str, time: str, content: Manifest, operation: str = "Update") -> Manifest:
    return {"manager": manager, "operation": operation, "time": time, "fieldsType": "FieldsV1", "fieldsV1": content}


def container_fields(**content: Any) -> Manifest:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"django"}': {".": {}, "f:name": {}, **content}}}}}}


OURS = fields(
    "jewelry_shop.platform", "2026-11-30T10:00:00Z",
    {**container_fields(**{"f:resources": {"f:limits": {"f:cpu": {}, "f:memory": {}}}})}, "Apply",
)  # fmt: skip


def live(*managed: Manifest, **changes: Any) -> Manifest:
    found = deployment(**changes)
    found["metadata"] |= {"uid": "u", "managedFields": list(managed)}
    return found


SET_IMAGE = fields("kubectl-set", "2026-11-30T12:00:00Z", container_fields(**{"f:image": {}}))
SET_LIMIT = fields("kubectl-edit", "2026-11-30T13:00:00Z", container_fields(**{"f:resources": {"f:limits": {"f:memory": {}}}}))


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (live(SET_IMAGE, OURS, image="shop:hand"), ("image", "shop:1", "shop:hand", "kubectl-set", "2026-11-30T12:00:00Z")),
        (live(OURS, SET_LIMIT, resources={"limits": {"memory": "2Gi", "cpu": "1"}}),
         ("resources.limits.memory", "1Gi", "2Gi", "kubectl-edit", "2026-11-30T13:00:00Z")),
        (live(OURS, resources={"limits": {"cpu": "1"}}), ("resources.limits.memory", "1Gi", "", "", "")),
    ],
    ids=["image", "limit", "removed limit"],
)  # fmt: skip
def test_drift_names_field_values_manager_and_time(found: Manifest, line: tuple[str, ...]) -> None:
    [each] = drift([planned("tiers", deployment(), found, deployment())])
    assert (each["stage"], each["object"], each["drift"]) == ("tiers", "Deployment shop/django", "different")
    prefix = "spec.template.spec.containers[name=django]."
    assert (each["path"].removeprefix(prefix), each["expected"], each["found"], each["manager"], each["time"]) == line


def test_a_field_that_the_dry_run_keeps_is_no_drift() -> None:
    by_hand = live(OURS, tty=True)
    assert drift([planned("tiers", deployment(), by_hand, copy.deepcopy(by_hand))]) == []


@pytest.mark.parametrize(
    ("action", "kind", "reason"),
    [(CREATE, "missing", ""), (REMOVE, "unexpected", ""), (REFUSED, "rejected", "it was created by kubectl")],
)
def test_an_object_as_a_whole_has_one_line(action: str, kind: str, reason: str) -> None:
    entry = Planned("configuration", config("2222222222"), action, untrusted=reason)
    [line] = drift([entry, Planned("configuration", config("4444444444"), NONE)])
    assert (line["object"], line["drift"], line["path"], line["reason"]) == ("ConfigMap shop/django-config-2222222222", kind, "", reason)
