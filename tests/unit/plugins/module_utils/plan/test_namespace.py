"""A Namespace that an administrator created, and a credential without permission to change it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.namespace import compared, is_for_an_administrator

WANTED = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"environment": "production", "enforce": "restricted"}, "annotations": {"team": "shop"}},
}
LABELS = {"environment": "production", "enforce": "restricted", "kubernetes.io/metadata.name": "shop"}
CANNOT = 'Namespace shop: namespaces "shop" is forbidden: User "d" cannot {} resource "namespaces" in API group "" in the namespace "shop"'
ADMINISTRATOR = (
    "and this credential has no permission to change a Namespace: let an administrator run playbooks/grant_deployer.yml with this inventory"
)


def live(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", **metadata}}


@pytest.mark.parametrize(
    ("found", "action", "refusal"),
    [
        pytest.param(live(labels=LABELS, annotations={"team": "shop"}), "none", "", id="all that is stated"),
        pytest.param(None, "refused", f"Namespace shop: it does not exist, {ADMINISTRATOR}", id="no Namespace"),
        pytest.param(
            live(labels={**LABELS, "enforce": "privileged"}, annotations={"team": "shop"}),
            "refused",
            f"Namespace shop: it lacks the labels enforce=restricted (it has 'privileged'), {ADMINISTRATOR}",
            id="another value",
        ),
        pytest.param(
            live(),
            "refused",
            "Namespace shop: it lacks the labels environment=production, enforce=restricted and the annotations team=shop, "
            f"{ADMINISTRATOR}",
            id="nothing",
        ),
    ],
)
def test_a_namespace_is_compared_if_a_dry_run_is_not_permitted(found: dict[str, Any] | None, action: str, refusal: str) -> None:
    entry = compared("namespace", WANTED, found)
    assert (entry.action, entry.refusal) == (action, refusal)


def test_a_namespace_without_labels_needs_no_change() -> None:
    assert compared("namespace", live(), live(labels=LABELS)).action == "none"


@pytest.mark.parametrize(
    ("kind", "rejection", "expected"),
    [
        ("Namespace", CANNOT.format("patch"), True),
        ("Namespace", CANNOT.format("create"), True),
        ("Namespace", CANNOT.format("get"), False),
        ("Namespace", 'admission webhook "policy.example.com" denied the request: no owner', False),
        ("ConfigMap", CANNOT.format("create"), False),
    ],
)
def test_only_a_missing_permission_to_change_a_namespace_needs_an_administrator(kind: str, rejection: str, expected: bool) -> None:
    assert is_for_an_administrator({**WANTED, "kind": kind}, rejection) is expected
