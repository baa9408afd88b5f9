"""The objects that playbooks/grant_deployer.yml creates."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

DEPLOYER = pathlib.Path(__file__).parents[3] / "docs" / "deployer.yaml"


def named(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{each['kind']} {each['metadata'].get('namespace', '')}/{each['metadata']['name']}": each for each in manifests}


def test_the_documented_objects_match_the_default_settings(resolve: Any) -> None:
    documented = yaml.safe_load(DEPLOYER.read_text())["items"]
    assert named(documented) == named([resolve("namespace_manifests"), *resolve("deployer_manifests")])


def test_a_second_platform_in_the_cluster_has_its_own_objects(resolve: Any) -> None:
    first, second = (named(resolve("deployer_manifests", platform_namespace=name)) for name in ("jewelry-shop", "other"))
    assert first.keys().isdisjoint(second)
    assert list(second) == [
        "Namespace /other-deployer",
        "ServiceAccount other-deployer/other-deployer",
        "Role other/other-deployer",
        "RoleBinding other/other-deployer",
        "ClusterRole /other-deployer",
        "ClusterRoleBinding /other-deployer",
    ]


def test_both_bindings_give_the_service_account_the_role_of_their_scope(resolve: Any) -> None:
    found = named(resolve("deployer_manifests", platform_namespace="shop"))
    account = [{"kind": "ServiceAccount", "name": "shop-deployer", "namespace": "shop-deployer"}]
    for binding, role in (("RoleBinding shop/shop-deployer", "Role"), ("ClusterRoleBinding /shop-deployer", "ClusterRole")):
        assert found[binding]["subjects"] == account
        assert found[binding]["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": "shop-deployer"}


def rules(resolve: Any, kind: str, **values: Any) -> list[dict[str, Any]]:
    [found] = [each["rules"] for each in resolve("deployer_manifests", **values) if each["kind"] == kind]
    return list(found)


def test_the_settings_of_the_inventory_determine_the_permissions(resolve: Any) -> None:
    ingress = {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["create", "patch"]}
    assert ingress not in rules(resolve, "Role")
    assert ingress in rules(resolve, "Role", ingress_enabled=True)
    scale = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch"]}
    assert scale in rules(resolve, "Role")
    assert scale not in rules(resolve, "Role", deployer_scale=False)


@pytest.mark.parametrize(("setting", "kind"), [("deployer_extra_rules", "Role"), ("deployer_extra_cluster_rules", "ClusterRole")])
def test_further_rules_are_added(resolve: Any, setting: str, kind: str) -> None:
    extra = [{"apiGroups": ["scheduling.k8s.io"], "resources": ["priorityclasses"], "verbs": ["get", "create", "patch", "delete"]}]
    assert rules(resolve, kind, **{setting: extra}) == rules(resolve, kind) + extra


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, []),
        ({"deployer_kubeconfig": "/a/deployer", "platform_kubeconfig": "/a/admin:/b/admin"}, []),
        (
            {"deployer_kubeconfig": "/b/admin", "platform_kubeconfig": "/a/admin:/b/admin"},
            ["deployer_kubeconfig is the kubeconfig of this"],
        ),
        ({"deployer_namespace": "jewelry-shop"}, ["deployer_namespace is the same as platform_namespace."]),
    ],
)
def test_settings_that_remove_the_limits_are_reported(resolve: Any, values: dict[str, Any], problems: list[str]) -> None:
    found = resolve("__deployer_problems", **values)
    assert len(found) == len(problems)
    assert all(each.startswith(problem) for each, problem in zip(found, problems, strict=True)), found
