"""Additional objects are created and removed with the release."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

NOTE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note", "namespace": "jewelry-shop"}, "data": {"text": "by hand"}}
PRIORITY = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "shop-first"}, "value": 1000}
TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: templated, namespace: "{{ platform_namespace }}"}
data: {environment: "{{ platform_environment }}"}
"""


def names(cluster: Any) -> set[str]:
    listed = cluster.get("configmaps") + cluster.get("priorityclasses")
    return {o["metadata"]["name"] for o in listed} & {"note", "templated", "shop-first", "extra-objects"}


@pytest.mark.drill
def test_additional_objects_are_created_and_removed_with_the_lists(
    cluster: Any, playbook: Any, tmp_path: pathlib.Path, administrator: dict[str, Any]
) -> None:
    """Runs as an administrator, because the credential of the runs cannot create a PriorityClass."""
    template = tmp_path / "templated.yaml.j2"
    template.write_text(TEMPLATE)
    all_of_them = {"extra_objects_manifests": [NOTE, PRIORITY], "extra_objects_templates": [str(template)], **administrator}
    run = playbook("site.yml", **all_of_them)
    assert run.returncode == 0, run.output
    assert names(cluster) == {"note", "templated", "shop-first", "extra-objects"}
    [templated] = [o for o in cluster.get("configmaps") if o["metadata"]["name"] == "templated"]
    assert templated["data"] == {"environment": "kind"}
    assert playbook("site.yml", **all_of_them).changed == 0

    shown = playbook("site.yml", "--check", "--diff", extra_objects_manifests=[NOTE], **administrator)
    assert shown.changed > 0, shown.output
    assert names(cluster) == {"note", "templated", "shop-first", "extra-objects"}

    fewer = playbook("site.yml", extra_objects_manifests=[NOTE], **administrator)
    assert fewer.returncode == 0, fewer.output
    assert names(cluster) == {"note", "extra-objects"}
    none = playbook("site.yml", **administrator)
    assert none.returncode == 0, none.output
    assert names(cluster) == set()
    assert playbook("site.yml", **administrator).changed == 0


def test_a_secret_in_the_additional_objects_is_rejected_without_its_content(cluster: Any, playbook: Any) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "mine", "namespace": "jewelry-shop"},
        "stringData": {"a": "hunter2"},
    }
    before = cluster.resource_versions()
    run = playbook("site.yml", extra_objects_manifests=[secret])
    assert run.returncode != 0
    assert "contains Secret jewelry-shop/mine. Its content would be shown." in " ".join(run.output.split()), run.output
    assert "hunter2" not in run.output
    assert cluster.written_since(before) == []
