"""The findings of the preflight for the storage classes of new claims, with the setting of each class."""

from __future__ import annotations

from typing import Any

import pytest

COMPLETE: dict[str, Any] = {
    "platform_postgresql_host": "db.example.com",
    "platform_redis_host": "redis.example.com",
    "preflight_values_file": "values.yml",
    "preflight_input_findings": [],
}
CLAIM = {"action": "create", "kind": "PersistentVolumeClaim", "name": "media-pvc"}
DATABASE = {"action": "create", "kind": "StatefulSet", "name": "postgresql", "secrets": []}
REDIS = {**DATABASE, "name": "redis"}
IN_CLUSTER = {"platform_postgresql_provider": "in_cluster", "platform_redis_provider": "in_cluster"}


@pytest.mark.parametrize(
    ("has", "values", "unknown"),
    [
        ({"standard": "", "efs-sc": ""}, {}, ""),
        (None, {}, ""),
        ({"gp3": "", "efs-sc": ""}, {}, "platform_storage_class 'standard'"),
        ({}, {}, "platform_storage_class 'standard'"),
        ({"gp3": "", "efs-sc": ""}, {"storage_class": "efs-sc"}, ""),
        ({"gp3": "", "efs-sc": ""}, {"storage_class": ""}, ""),
        ({"gp3": "", "efs-sc": ""}, {"storage_class": "by-hand", "storage_static_volumes": True}, ""),
        ({"gp3": "", "efs-sc": ""}, {"platform_storage_class": "efs-sc"}, ""),
        ({"gp3": "", "efs-sc": ""}, {"platform_storage_class": "gp3", "storage_class": "esf-sc"}, "storage_class 'esf-sc'"),
        ({"gp3": "", "efs-sc": ""}, {**IN_CLUSTER, "storage_class": "efs-sc"}, "platform_storage_class 'standard'"),
        (
            {"gp3": "", "efs-sc": ""},
            {**IN_CLUSTER, "platform_storage_class": "gp3", "storage_class": "efs", "redis_storage_class": "gp2"},
            "storage_class 'efs', redis_storage_class 'gp2'",
        ),
    ],
)
def test_an_unknown_storage_class_is_reported(resolve: Any, has: dict[str, str] | None, values: dict[str, Any], unknown: str) -> None:
    plan = {
        "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": has, "ingress_classes": None},
        "refusals": [],
        "forbidden": [],
        "foreign": [],
        "objects": [CLAIM, *([DATABASE, REDIS] if "platform_redis_provider" in values else [])],
    }
    there = ", ".join(sorted(has or {})) or "none"
    findings = resolve("__preflight_findings", **{**COMPLETE, "preflight_plan": plan, **values})
    assert findings == ([f"{unknown} does not exist in the cluster (existing classes: {there}). Set it in values.yml."] if unknown else [])


def test_an_existing_claim_does_not_need_its_storage_class(resolve: Any) -> None:
    """It may be deleted or renamed since, and a claim keeps what it has."""
    plan = {
        "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": {}, "ingress_classes": None},
        "refusals": [],
        "forbidden": [],
        "foreign": [],
        "objects": [{**each, "action": "none"} for each in (CLAIM, DATABASE, REDIS)],
    }
    names = dict.fromkeys(("platform_postgresql_secret_name", "platform_redis_secret_name"), "")
    assert resolve("__preflight_findings", **{**COMPLETE, **IN_CLUSTER, **names, "preflight_plan": plan}) == []
