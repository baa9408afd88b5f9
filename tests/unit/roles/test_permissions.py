"""The permissions that the preflight checks, and how it reports missing ones."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import RULES, not_granted, permissions

PLAN: dict[str, Any] = {
    "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": None, "ingress_classes": None},
    "refusals": [],
    "foreign": [],
    "objects": [],
}
EVERYTHING = {
    "platform_postgresql_provider": "in_cluster",
    "ingress_enabled": True,
    "monitoring_service_monitors": True,
    "monitoring_rules": True,
    "validate_round_trip_queues": ["celery"],
}


LEASE_VERBS = ("get", "update", "delete")
RIGHT = {"manifests_settings": {"problems": []}, "preflight_values_file": "values.yml", "preflight_secrets_file": "secrets.yml"}


def needed(resolve: Any, **values: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resolve("__preflight_permissions", **{**RIGHT, **values})
    return found


def asked(resolve: Any, **values: Any) -> set[str]:
    return {str(each) for each in permissions(needed(resolve, **values))}


def test_no_permissions_are_checked_while_a_setting_is_invalid(resolve: Any) -> None:
    assert needed(resolve, manifests_settings={"problems": ["ingress_enabled: 'x' is undefined"]}, ingress_enabled="{{ x }}") == []


def test_the_settings_on_which_permissions_depend_are_passed_on(resolve: Any) -> None:
    own = {"deployer_scale"}
    assert {each.name for rule in RULES for each in rule.when} == {*resolve("manifests_permission_settings"), *own}


@pytest.mark.parametrize(
    ("values", "more"),
    [
        ({"platform_secrets_provider": "existing"}, set()),
        ({"platform_secrets_provider": "inventory"}, {"create secrets", "patch secrets"}),
        ({"platform_secrets_provider": "existing", "nginx_tls_provider": "generated"}, {"create secrets", "patch secrets"}),
        ({"platform_secrets_provider": "existing", "platform_secret_files": {"a": "YQ=="}}, {"create secrets", "patch secrets"}),
        (
            {"platform_secrets_provider": "existing", "platform_redis_provider": "in_cluster"},
            {"delete pods", "create statefulsets.apps", "patch statefulsets.apps"},
        ),
        (
            {"platform_secrets_provider": "external"},
            {f"{verb} externalsecrets.external-secrets.io" for verb in ("get", "list", "create", "patch", "delete")},
        ),
        (
            {"platform_secrets_provider": "existing", "nginx_cert_manager_issuer": "ca"},
            {f"{verb} certificates.cert-manager.io" for verb in ("get", "list", "create", "patch", "delete")}
            | {"list certificaterequests.cert-manager.io"},
        ),
        (
            {"platform_secrets_provider": "existing", "celery_worker_keda_enabled": True},
            {
                f"{verb} {resource}.keda.sh"
                for verb in ("get", "list", "create", "patch", "delete")
                for resource in ("scaledobjects", "triggerauthentications")
            },
        ),
        ({"platform_secrets_provider": "existing", "validate_round_trip_queues": ["celery"]}, {"get pods/exec", "create pods/exec"}),
    ],
)
def test_only_permissions_that_the_settings_need_are_checked(resolve: Any, values: dict[str, Any], more: set[str]) -> None:
    assert asked(resolve, **values) - asked(resolve, platform_secrets_provider="existing") == more


def test_a_credential_with_the_rules_of_an_earlier_version_lacks_only_the_lease(resolve: Any) -> None:
    """It had all its permissions in the whole cluster."""
    former = yaml.safe_load(pathlib.Path(__file__).with_name("former_deployer.yaml").read_text())["items"]
    [rules] = [each["rules"] for each in former if each["kind"] == "ClusterRole"]
    wanted = permissions({**each, "cluster_wide": False} for each in needed(resolve, **EVERYTHING))
    assert len(wanted) > 90
    # Decision 49: without them two runs could change the platform at once. The preflight names them.
    lease = {"create leases.coordination.k8s.io", *(f"{verb} leases.coordination.k8s.io jewelry-shop-run" for verb in LEASE_VERBS)}
    assert {str(each) for each in not_granted(wanted, rules)} == lease


def findings(resolve: Any, forbidden: list[str], **values: Any) -> list[str]:
    found: list[str] = resolve(
        "__preflight_findings",
        preflight_input_findings=[],
        **{"preflight_plan": {**PLAN, "forbidden": forbidden}, **RIGHT, **values},
    )
    return found


@pytest.mark.parametrize(("version", "is_named"), [("1.34.4", False), ("1.35.0", True)])
def test_a_port_forward_needs_create_since_kubernetes_1_35(resolve: Any, version: str, is_named: bool) -> None:
    forbidden = ["create pods/portforward"]
    plan = {**PLAN, "cluster": {**PLAN["cluster"], "version": version}, "forbidden": forbidden}
    assert (findings(resolve, forbidden, preflight_plan=plan) != []) is is_named


def test_all_missing_permissions_are_reported_together(resolve: Any) -> None:
    [finding] = findings(resolve, ["get pods/portforward", "list endpointslices.discovery.k8s.io"])
    assert finding == (
        "The credential lacks permissions in namespace jewelry-shop that the run needs: get pods/portforward, list "
        "endpointslices.discovery.k8s.io. Let an administrator run playbooks/grant_deployer.yml with this inventory."
    )


def test_a_credential_without_permissions_gets_one_sentence_without_a_list(resolve: Any) -> None:
    wanted = permissions(needed(resolve, **EVERYTHING))
    [finding] = findings(resolve, [str(each) for each in wanted if not each.without], **EVERYTHING)
    assert finding == (
        "The credential has no permission in namespace jewelry-shop, or the namespace does not exist. Let an administrator run "
        "playbooks/grant_deployer.yml with this inventory."
    )
