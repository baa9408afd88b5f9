"""A run with tags, with the variables of the roles: the preflight names the Jobs of the release that are not complete."""

from __future__ import annotations

from typing import Any

import pytest

SHOP: dict[str, Any] = {
    "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com", "SITE_URL": "https://shop.example.com"},
    "platform_postgresql_provider": "in_cluster",
    "platform_redis_provider": "in_cluster",
    "preflight_input_findings": [],
    "manifests_names": {"release": "r1", "config_map": "django-config-1", "secret": "django-secrets-1"},
    "ansible_skip_tags": [],
}
CLUSTER = {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": None, "ingress_classes": None}
PLAN: dict[str, Any] = {"cluster": CLUSTER, "refusals": [], "forbidden": [], "foreign": [], "objects": []}


def jobs(resolve: Any, complete: dict[str, Any], *left_out: str) -> list[dict[str, str]]:
    """The complete Jobs of the release, as the plan has them."""
    return [
        {
            "name": f"{command['name']}-r1",
            "command": command["name"],
            "state": "complete",
            "created": "2026-01-01T00:00:00Z",
            "static_revision": command.get("static_revision", ""),
            "made_by": "",
        }
        for command in resolve("pre_deploy_every_command", **{**complete, **SHOP, "preflight_plan": PLAN})
        if command["name"] not in left_out
    ]


@pytest.mark.parametrize(
    ("tags", "missing", "expected"),
    [
        (["tiers"], [], ""),
        (["tiers"], ["migrate"], "pre_deploy (Job migrate-r1)"),
        (["tiers"], ["collectstatic", "migrate"], "pre_deploy (Job migrate-r1, Job collectstatic-r1)"),
        (["pre_deploy", "tiers"], ["migrate"], ""),
        (["monitoring"], ["migrate"], ""),
        (["all"], ["migrate"], ""),
    ],
)
def test_the_tiers_need_the_jobs_of_the_release(
    resolve: Any, complete: dict[str, Any], tags: list[str], missing: list[str], expected: str
) -> None:
    done = jobs(resolve, complete, *missing)
    values = {**complete, **SHOP, "ansible_run_tags": tags, "preflight_plan": {**PLAN, "jobs": done}}
    findings = resolve("__preflight_findings", **values)
    assert [finding for finding in findings if "The selected tags" in finding] == findings
    assert len(findings) == bool(expected)
    assert all(f"not complete: {expected}. Add pre_deploy to --tags." in finding for finding in findings)
