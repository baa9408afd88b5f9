"""Which permissions a run needs, and which of them a credential lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import (
    RULES,
    Permission,
    Rule,
    Setting,
    lacking,
    needed_permissions,
    not_granted,
    permissions,
    role_rules,
    warning,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi

READ_LOGS = Permission("get", "", "pods/log")
LIST_SLICES = Permission("list", "discovery.k8s.io", "endpointslices")
# Every setting on which a permission depends, with a value that needs it.
EVERYTHING = {each.name: each.value or True for rule in RULES for each in rule.when}


def rule(verbs: str, groups: str, resources: str, **more: Any) -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": groups.split(",") if groups else [""], "resources": resources.split(), **more}


@pytest.mark.parametrize(
    ("rules", "lacked"),
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
def test_missing_permissions(rules: list[dict[str, Any]], lacked: list[str]) -> None:
    assert [str(each) for each in not_granted([READ_LOGS, LIST_SLICES], rules)] == lacked


def test_rules_of_a_namespace_do_not_cover_cluster_scoped_resources() -> None:
    """A Role may name storageclasses, and grants nothing by that."""
    classes = Permission("list", "storage.k8s.io", "storageclasses", cluster_wide=True)
    assert not_granted([classes], [rule("*", "*", "*")]) == [classes]


@pytest.mark.parametrize(("names", "lacked"), [(["shop"], False), (["other"], True), ([], False)])
def test_a_named_object_is_granted_by_name_or_without_names(names: list[str], lacked: bool) -> None:
    wanted = Permission("delete", "", "namespaces", name="shop")
    assert (not_granted([wanted], [rule("delete", "", "namespaces", resourceNames=names)]) == [wanted]) is lacked


def test_each_verb_is_one_permission() -> None:
    found = permissions([{"group": "", "resource": "pods/log", "verbs": ["get"]}, {"group": "apps", "resource": "x", "verbs": ["a", "b"]}])
    assert found == [READ_LOGS, Permission("a", "apps", "x"), Permission("b", "apps", "x")]


@pytest.mark.parametrize(
    ("wanted", "attributes"),
    [
        (READ_LOGS, {"namespace": "shop", "verb": "get", "group": "", "resource": "pods", "subresource": "log"}),
        (
            LIST_SLICES,
            {"namespace": "shop", "verb": "list", "group": "discovery.k8s.io", "resource": "endpointslices", "subresource": ""},
        ),
        (
            Permission("get", "", "namespaces", "kube-system", cluster_wide=True),
            {"namespace": "", "name": "kube-system", "verb": "get", "group": "", "resource": "namespaces", "subresource": ""},
        ),
    ],
)
def test_the_content_of_an_access_review(wanted: Permission, attributes: dict[str, str]) -> None:
    assert wanted.attributes("shop") == attributes


@pytest.mark.parametrize(
    ("setting", "values", "holds"),
    [
        (Setting("ingress_enabled"), {"ingress_enabled": True}, True),
        (Setting("ingress_enabled"), {"ingress_enabled": False}, False),
        (Setting("ingress_enabled"), {}, False),
        (Setting("validate_round_trip_queues"), {"validate_round_trip_queues": []}, False),
        (Setting("platform_redis_provider", "in_cluster"), {"platform_redis_provider": "in_cluster"}, True),
        (Setting("platform_redis_provider", "in_cluster"), {"platform_redis_provider": "external"}, False),
    ],
)
def test_a_setting_needs_a_permission(setting: Setting, values: dict[str, Any], holds: bool) -> None:
    assert setting.holds(values) is holds


def test_any_of_the_settings_of_a_rule_is_enough() -> None:
    either = Rule(("pods",), ("delete",), "", when=(Setting("a", "x"), Setting("b", "x")))
    assert [either.is_needed({"a": a, "b": b}) for a, b in (("y", "y"), ("x", "y"), ("y", "x"))] == [False, True, True]


ALL = {(verb, rule.group, resource, rule.names) for rule in RULES for resource in rule.resources for verb in rule.verbs}


def test_each_permission_is_listed_once() -> None:
    assert len(ALL) == sum(len(rule.resources) * len(rule.verbs) for rule in RULES)


# What makes a credential as good as an administrator's, in its namespace or beyond.
TOO_MUCH = {
    ("", "namespaces"): {"create", "patch", "update", "delete", "list"},
    ("", "serviceaccounts/token"): {"create"},
    ("", "serviceaccounts"): {"impersonate"},
    ("", "persistentvolumeclaims"): {"delete"},
    ("", "nodes"): {"get", "list", "patch"},
    ("rbac.authorization.k8s.io", "roles"): {"create", "patch", "update", "bind", "escalate"},
    ("rbac.authorization.k8s.io", "rolebindings"): {"create", "patch", "update"},
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): {"create", "patch"},
}


def test_no_rule_gives_access_outside_the_namespace() -> None:
    rules = role_rules(EVERYTHING) + role_rules(EVERYTHING, cluster_wide=True)
    granted = {(group, resource): set(each["verbs"]) for each in rules for group in each["apiGroups"] for resource in each["resources"]}
    assert {key: verbs & granted.get(key, set()) for key, verbs in TOO_MUCH.items()} == {key: set() for key in TOO_MUCH}
    assert not any("*" in each[key] for each in rules for key in ("apiGroups", "resources", "verbs"))


def test_cluster_wide_permissions_give_no_access_to_secrets() -> None:
    rules = role_rules(EVERYTHING, cluster_wide=True)
    assert [(each["resources"], each["verbs"], each.get("resourceNames")) for each in rules] == [
        (["namespaces"], ["get"], ["kube-system"]),
        (["storageclasses"], ["list", "watch"], None),
        (["ingressclasses"], ["list"], None),
    ]


def granted(rules: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(verb, resource) for each in rules for resource in each["resources"] for verb in each["verbs"]}


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({}, set()),
        ({"ingress_enabled": True}, {("create", "ingresses"), ("patch", "ingresses")}),
        ({"validate_round_trip_queues": ["celery"]}, {("get", "pods/exec"), ("create", "pods/exec")}),
        ({"deployer_scale": True}, {("get", "deployments/scale"), ("patch", "deployments/scale")}),
        *(
            ({name: "in_cluster"}, {("delete", "pods"), ("create", "statefulsets"), ("patch", "statefulsets")})
            for name in ("platform_postgresql_provider", "platform_redis_provider")
        ),
        *(
            (values, {("create", "secrets"), ("patch", "secrets")})
            for values in (
                {"platform_secrets_provider": "inventory"},
                {"platform_secrets_provider": "generated"},
                {"platform_secret_files": {"key.json": "e30="}},
                {"nginx_tls_provider": "generated"},
            )
        ),
        ({"monitoring_rules": True}, {(verb, "prometheusrules") for verb in ("get", "list", "create", "patch", "delete")}),
        ({"monitoring_service_monitors": True}, {(verb, "servicemonitors") for verb in ("get", "list", "create", "patch", "delete")}),
    ],
)
def test_the_rules_that_a_setting_adds(settings: dict[str, Any], more: set[tuple[str, str]]) -> None:
    assert granted(role_rules(settings)) - granted(role_rules({})) == more


def test_the_role_grants_every_permission_that_the_preflight_checks() -> None:
    wanted = permissions(needed_permissions(EVERYTHING))
    assert len(wanted) > 90
    in_cluster = [each for each in wanted if each.cluster_wide]
    assert not_granted([each for each in wanted if not each.cluster_wide], role_rules(EVERYTHING)) == []
    assert {(each.verb, each.resource) for each in in_cluster} == granted(role_rules(EVERYTHING, cluster_wide=True))


class Authorizer(PlanApi):
    """Answers reviews for a Role and a ClusterRole from which one permission was taken away."""

    def __init__(self, missing: Permission, lists: bool) -> None:
        super().__init__({})
        self.missing = missing
        self.lists = lists
        self.asked = 0

    def _review(self, named: str, kind: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        if kind == "SelfSubjectRulesReview":
            return {"resourceRules": [each for each in map(self._rule, WANTED) if each] if self.lists else None}
        self.asked += 1
        return {"allowed": spec["resourceAttributes"] != self.missing.attributes("shop")}

    def _rule(self, each: Permission) -> dict[str, Any]:
        return {} if each == self.missing or each.cluster_wide else rule(each.verb, each.group, each.resource)


WANTED = permissions(needed_permissions(EVERYTHING))
CLUSTER_WIDE = sum(each.cluster_wide for each in WANTED)


@pytest.mark.parametrize("missing", WANTED, ids=str)
def test_each_missing_permission_is_reported(missing: Permission) -> None:
    """Also by an authorizer that cannot list its rules, as those of some clouds."""
    for lists, asked in ((True, CLUSTER_WIDE + (not missing.cluster_wide)), (False, len(WANTED))):
        authorizer = Authorizer(missing, lists)
        assert authorizer.forbidden("shop", WANTED) == [missing]
        assert authorizer.asked == asked


def test_a_granted_permission_that_is_not_checked_has_a_reason() -> None:
    assert [(rule.resources, bool(rule.without)) for rule in RULES if not rule.asked] == [
        (("limitranges",), True),
        (("deployments/scale",), True),
        (("pods",), True),
    ]


@pytest.mark.parametrize(
    ("rejection", "found"),
    [
        (
            'Deployment shop/django: deployments.apps "django" is forbidden: User "system:serviceaccount:d:d" cannot patch resource '
            '"deployments" in API group "apps" in the namespace "shop"',
            "patch deployments.apps",
        ),
        (
            'pods "a" is forbidden: User "d" cannot get resource "pods/log" in API group "" in the namespace "shop"',
            "get pods/log",
        ),
        ("ConfigMap shop/settings: exceeded quota: objects", ""),
        ('admission webhook "policy.example.com" denied the request: cannot patch this', ""),
    ],
)
def test_the_permission_that_a_rejection_is_about(rejection: str, found: str) -> None:
    assert lacking(rejection) == found


def test_missing_optional_permissions_are_one_sentence() -> None:
    lacked = [
        Permission("list", "", "secrets", without="old objects stay"),
        Permission("create", "", "pods", without="quotas are not seen"),
        Permission("delete", "", "secrets", without="old objects stay"),
    ]
    assert warning(lacked, "shop") == (
        "The credential lacks permissions in namespace shop or the cluster, and so old objects stay (list secrets, delete secrets); "
        "quotas are not seen (create pods)."
    )
    assert warning([], "shop") == ""
