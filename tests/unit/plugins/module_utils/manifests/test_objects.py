"""Shapes of manifests: names, merged defaults and what is shown of an object."""

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests import objects


def test_empty_entries_are_removed() -> None:
    metadata = {"name": "web", "labels": {"app": ""}, "annotations": {}, "namespace": "", "port": 0}
    assert objects.without_empty(metadata) == {"name": "web", "labels": {"app": ""}}


def test_defaults_are_merged_under_a_container_mapping_by_mapping() -> None:
    defaults = {"imagePullPolicy": "Always", "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}}
    container = {"name": "web", "securityContext": {"readOnlyRootFilesystem": False}}
    assert objects.with_defaults(container, defaults) == {
        "name": "web",
        "imagePullPolicy": "Always",
        "securityContext": {"readOnlyRootFilesystem": False, "capabilities": {"drop": ["ALL"]}},
    }
    assert container == {"name": "web", "securityContext": {"readOnlyRootFilesystem": False}}


def test_a_list_of_the_container_replaces_the_default_list() -> None:
    assert objects.with_defaults({"drop": ["NET_RAW"]}, {"drop": ["ALL"]}) == {"drop": ["NET_RAW"]}


@pytest.mark.parametrize(("kind", "expected"), [({}, "Deployment"), ({"kind": "StatefulSet"}, "StatefulSet")])
def test_the_rollout_target_of_a_workload_has_its_main_container(kind: dict[str, str], expected: str) -> None:
    workload = {"name": "django", "pod": {"containers": [{"image": "shop:1"}, {"image": "sidecar:2"}]}, **kind}
    assert objects.rollout_target(workload) == {"kind": expected, "name": "django", "image": "shop:1"}
