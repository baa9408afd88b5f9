"""Which permissions a credential lacks."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils._permissions import Permission, not_granted, permissions

READ_LOGS = Permission("get", "", "pods/log")
LIST_SLICES = Permission("list", "discovery.k8s.io", "endpointslices")


def rule(verbs: str, groups: str, resources: str, **more: Any) -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": groups.split(",") if groups else [""], "resources": resources.split(), **more}


@pytest.mark.parametrize(
    ("rules", "lacking"),
    [
        pytest.param([], ["get pods/log", "list endpointslices.discovery.k8s.io"], id="nothing"),
        pytest.param([rule("get list", "", "pods/log"), rule("list", "discovery.k8s.io", "endpointslices")], [], id="exactly"),
        pytest.param([rule("*", "*", "*")], [], id="an administrator"),
        pytest.param([rule("get", "", "*/log")], ["list endpointslices.discovery.k8s.io"], id="a subresource of all"),
        pytest.param([rule("get list", ",discovery.k8s.io", "pods endpointslices")], ["get pods/log"], id="pods without their logs"),
        pytest.param([rule("get list", "", "endpointslices pods/log")], ["list endpointslices.discovery.k8s.io"], id="another group"),
        pytest.param(
            [rule("*", "*", "*", resourceNames=["one"])], ["get pods/log", "list endpointslices.discovery.k8s.io"], id="one object alone"
        ),
        pytest.param([{"verbs": ["get"]}], ["get pods/log", "list endpointslices.discovery.k8s.io"], id="a rule without resources"),
    ],
)
def test_what_is_lacking(rules: list[dict[str, Any]], lacking: list[str]) -> None:
    assert [str(each) for each in not_granted([READ_LOGS, LIST_SLICES], rules)] == lacking


def test_one_for_each_verb() -> None:
    found = permissions([{"group": "", "resource": "pods/log", "verbs": ["get"]}, {"group": "apps", "resource": "x", "verbs": ["a", "b"]}])
    assert found == [READ_LOGS, Permission("a", "apps", "x"), Permission("b", "apps", "x")]


def test_a_subresource_is_named_apart() -> None:
    assert READ_LOGS.attributes("shop") == {"namespace": "shop", "verb": "get", "group": "", "resource": "pods", "subresource": "log"}
    assert LIST_SLICES.attributes("shop")["subresource"] == ""
