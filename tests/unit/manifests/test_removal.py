"""remove.yml recognizes every object that the collection creates as an object of the platform."""

from __future__ import annotations

from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.rules import ALL, Removal, judge
from tests.unit.manifests.conftest import Manifests

MANAGER = "jewelry_shop.platform"


def applied(number: int, manifest: dict[str, Any]) -> dict[str, Any]:
    """An object as it is in the cluster after a run applied it."""
    labels = manifest["metadata"].get("labels") or {}
    entry = {"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {f"f:{key}": {} for key in labels}}}}
    return {**manifest, "metadata": {**manifest["metadata"], "uid": str(number), "managedFields": [entry]}}


def test_every_object_that_is_deployed_is_removed(productions: dict[str, Manifests]) -> None:
    for name, manifests in productions.items():
        [namespace] = manifests.of_kind("Namespace")
        labels = namespace["metadata"]["labels"]
        keys = ("app", "app.kubernetes.io/managed-by", "environment")
        place = namespace["metadata"]["name"]
        identity = {"jewelry-shop/namespace": place, "jewelry-shop/environment": labels["environment"]}
        removal = Removal(place, {key: labels[key] for key in keys}, MANAGER, [ALL], with_namespace=True, identity=identity)
        deployed = [each for each in [*manifests.objects, *manifests.secrets] if each["kind"] != "Namespace"]
        judged = judge([applied(number, each) for number, each in enumerate(deployed)], removal)
        assert {each.subject: each.reason for each in judged if each.reason} == {}, name
        assert len(judged) == len(deployed)
