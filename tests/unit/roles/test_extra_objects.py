"""The additional objects of the user, in their parts."""

from __future__ import annotations

from typing import Any

KINDS = ("Namespace", "CustomResourceDefinition", "Widget", "ConfigMap")


def test_namespaces_and_definitions_are_applied_before_the_other_objects(resolve: Any) -> None:
    stages = {"extra_objects": [{"apiVersion": "v1", "kind": kind, "metadata": {"name": kind.lower()}} for kind in KINDS]}
    found = resolve("__extra_objects_definitions", manifests_stages=stages)
    assert [each["kind"] for each in found] == ["Namespace", "CustomResourceDefinition"]
