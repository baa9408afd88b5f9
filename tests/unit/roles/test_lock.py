"""When a run acquires the Lease that allows one run at a time."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import LEASE_NAME


def test_the_permissions_name_the_lease_of_the_playbooks(resolve: Any) -> None:
    assert resolve("platform_lock_name") == LEASE_NAME


@pytest.mark.parametrize(
    ("name", "action", "is_new"),
    [("jewelry-shop", "create", True), ("jewelry-shop", "change", False), ("another", "create", False)],
)
def test_a_first_deployment_has_no_namespace_for_the_lease(resolve: Any, name: str, action: str, is_new: bool) -> None:
    objects = [{"kind": "Secret", "name": "jewelry-shop", "action": "create"}, {"kind": "Namespace", "name": name, "action": action}]
    assert resolve("__preflight_namespace_is_new", preflight_plan={"objects": objects}, platform_namespace="jewelry-shop") is is_new


@pytest.mark.parametrize(("findings", "name"), [([], LEASE_NAME), (["platform_image is not set."], "")])
def test_a_run_with_invalid_settings_does_not_wait_for_another_run(resolve: Any, findings: list[str], name: str) -> None:
    assert resolve("__preflight_lease", preflight_input_findings=findings) == name
