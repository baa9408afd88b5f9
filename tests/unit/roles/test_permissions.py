"""What the preflight asks for is what docs/deployer.yaml grants, and a refusal names it."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils._permissions import not_granted, permissions

ALL = {"validate_round_trip_queues": ["celery"], "manifests_stages": {"secrets": [{"kind": "Secret"}]}}
DEPLOYER = pathlib.Path(__file__).parents[3] / "docs" / "deployer.yaml"


def test_the_documented_role_grants_all_that_the_preflight_asks_for(resolve: Any) -> None:
    [role] = [each for each in yaml.safe_load(DEPLOYER.read_text())["items"] if each["kind"] == "ClusterRole"]
    wanted = permissions({"group": "", **each} for each in resolve("__preflight_permissions", **ALL))
    assert len(wanted) > 30
    assert not_granted(wanted, role["rules"]) == []


def test_secrets_are_written_only_where_they_come_from_the_inventory(resolve: Any) -> None:
    def resources(**values: Any) -> set[str]:
        return {each["resource"] for each in resolve("__preflight_permissions", **values)}

    assert resources(**ALL) - resources() == {"secrets", "pods/exec"}


@pytest.mark.parametrize(("provider", "is_asked_for"), [("in_cluster", True), ("external", False)])
def test_pods_are_deleted_only_where_data_services_are_in_the_cluster(resolve: Any, provider: str, is_asked_for: bool) -> None:
    wanted = resolve("__preflight_permissions", platform_postgresql_provider=provider, platform_redis_provider=provider)
    assert any(each["resource"] == "pods" and "delete" in each["verbs"] for each in wanted) is is_asked_for


@pytest.mark.parametrize(("version", "is_named"), [("1.34.4", False), ("1.35.0", True)])
def test_a_port_forward_asks_for_create_from_1_35_on(resolve: Any, version: str, is_named: bool) -> None:
    plan = {"cluster": {"version": version}, "forbidden": ["create pods/portforward"]}
    assert (resolve("__preflight_forbidden", preflight_plan=plan) != []) is is_named


def test_what_is_lacking_is_named_at_once(resolve: Any) -> None:
    plan = {
        "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": None, "ingress_classes": None},
        "refusals": [],
        "foreign": [],
        "objects": [],
        "forbidden": ["get pods/portforward", "list endpointslices.discovery.k8s.io"],
    }
    [finding] = resolve("__preflight_findings", preflight_input_findings=[], preflight_plan=plan, preflight_values_file="values.yml")
    assert finding == (
        "The credential may not get pods/portforward, list endpointslices.discovery.k8s.io in namespace jewelry-shop, which the run needs "
        "later: grant it as docs/deployer.yaml of the collection does."
    )
