"""The objects of tests/inventories/production_like, beside those that others manage there."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.limit_ranges import container_problems, limit_ranges

EXISTING = pathlib.Path(__file__).parents[3] / "molecule" / "production" / "tests" / "objects" / "existing.yaml"
APPLICATION = ("django", "celery-worker", "reports", "celery-beat", "migrate", "check-services")


@pytest.fixture(scope="module")
def existing() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(EXISTING.read_text()))


@pytest.fixture(scope="module")
def shop(rendered: Any) -> Any:
    return rendered("production_like")


def test_each_container_meets_the_limit_range(shop: Any, existing: list[dict[str, Any]]) -> None:
    [limits] = next(iter(limit_ranges(each for each in existing if each["kind"] == "LimitRange")))["limits"]
    containers = {
        f"{owner}/{container['name']}": container["resources"]
        for owner, pod in shop.pod_specs().items()
        for container in [*pod["containers"], *pod.get("initContainers", [])]
    }
    assert {name: found for name, given in containers.items() if (found := container_problems(limits, given))} == {}


def test_references_name_existing_keys(shop: Any, existing: list[dict[str, Any]]) -> None:
    keys = {each["metadata"]["name"]: set(each["stringData"]) for each in existing if each["kind"] == "Secret"}
    used = [
        variable["valueFrom"]["secretKeyRef"]
        for pod in shop.pod_specs().values()
        for container in pod["containers"]
        for variable in container.get("env", ())
        if "secretKeyRef" in variable.get("valueFrom", {})
    ]
    named = [each for each in used if each["name"].startswith("shop-")]
    assert {each["name"] for each in named} == {"shop-database", "shop-payment"}
    assert all(each["key"] in keys[each["name"]] for each in named)


def test_only_one_group_of_workers_uses_the_key_of_the_payment_provider(shop: Any) -> None:
    users = [
        owner
        for owner, pod in shop.pod_specs().items()
        if any(variable["name"] == "PAYMENT_API_KEY" for container in pod["containers"] for variable in container.get("env", ()))
    ]
    assert users == ["reports"]


def test_each_pod_runs_in_the_pool(shop: Any) -> None:
    for owner, pod in shop.pod_specs().items():
        assert pod["nodeSelector"] == {"pool": "shop"}, owner
        assert [each["key"] for each in pod["tolerations"]] == ["dedicated"], owner


def test_the_client_certificate_is_mounted_for_the_group(shop: Any) -> None:
    pods = {owner: pod for owner, pod in shop.pod_specs().items() if owner.startswith(APPLICATION)}
    assert len(pods) == len(APPLICATION)
    for owner, pod in pods.items():
        [volume] = [each for each in pod["volumes"] if each["name"] == "client-certificate"]
        assert volume["secret"] == {"secretName": "shop-client-certificate", "defaultMode": 0o440}, owner
        assert pod["securityContext"]["fsGroup"] > 0, owner
