"""What YAML gives and what a manifest needs."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils import _manifests


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        (True, "True"),
        (False, "False"),
        (5432, "5432"),
        (1.5, "1.5"),
        ("0123", "0123"),
        ("größer\n'quoted' \"twice\"", "größer\n'quoted' \"twice\""),
    ],
)
def test_environment_values_become_the_text_that_the_application_reads(value: Any, text: str) -> None:
    assert _manifests.environment_strings({"KEY": value}) == {"KEY": text}


def test_entries_of_env_keep_what_the_kubelet_would_replace() -> None:
    entries = _manifests.environment_entries({"ON": True, "PRICE": "$5 $(HOME) $$"})
    assert entries == [{"name": "ON", "value": "True"}, {"name": "PRICE", "value": "$$5 $$(HOME) $$$$"}]


@pytest.mark.parametrize("value", [None, ["secret-value"], {"secret-value": 1}])
def test_a_value_that_is_no_text_is_refused_by_its_name_and_without_its_content(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^POSTGRES_PASSWORD is ") as refusal:
        _manifests.environment_strings({"POSTGRES_PASSWORD": value})
    assert "secret-value" not in str(refusal.value)


def test_secret_data_is_base64_of_utf8() -> None:
    encoded = _manifests.secret_data({"KEY": "schlüssel"})
    assert base64.b64decode(encoded["KEY"]).decode() == "schlüssel"


def test_defaults_are_merged_under_a_container_mapping_by_mapping() -> None:
    defaults = {"imagePullPolicy": "Always", "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}}
    container = {"name": "web", "securityContext": {"readOnlyRootFilesystem": False}}
    assert _manifests.with_defaults(container, defaults) == {
        "name": "web",
        "imagePullPolicy": "Always",
        "securityContext": {"readOnlyRootFilesystem": False, "capabilities": {"drop": ["ALL"]}},
    }
    assert container == {"name": "web", "securityContext": {"readOnlyRootFilesystem": False}}


def test_a_list_of_the_container_replaces_the_default_list() -> None:
    assert _manifests.with_defaults({"drop": ["NET_RAW"]}, {"drop": ["ALL"]}) == {"drop": ["NET_RAW"]}


@pytest.mark.parametrize(("kind", "expected"), [({}, "Deployment"), ({"kind": "StatefulSet"}, "StatefulSet")])
def test_the_rollout_of_a_workload_is_that_of_its_main_container(kind: dict[str, str], expected: str) -> None:
    workload = {"name": "django", "pod": {"containers": [{"image": "shop:1"}, {"image": "sidecar:2"}]}, **kind}
    assert _manifests.rollout_target(workload) == {"kind": expected, "name": "django", "image": "shop:1"}


@pytest.mark.parametrize(("quantity", "cores"), [("500m", 0.5), ("2000m", 2), ("2", 2), (2, 2), (0.5, 0.5), ("1.5", 1.5)])
def test_cpu_quantities_are_read_as_cores(quantity: str | int | float, cores: float) -> None:
    assert _manifests.cpu_cores(quantity) == cores


@pytest.mark.parametrize("quantity", ["", "2Gi", "m", "two"])
def test_what_is_no_cpu_quantity_is_refused_with_the_text(quantity: str) -> None:
    with pytest.raises(ValueError, match=f"'{quantity}' is no CPU quantity"):
        _manifests.cpu_cores(quantity)


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (
            {"kind": "PersistentVolumeClaim", "metadata": {"name": "media-pvc"}, "status": {"capacity": {"storage": "50Gi"}}},
            "PersistentVolumeClaim media-pvc with 50Gi",
        ),
        (
            {"kind": "PersistentVolumeClaim", "metadata": {"name": "media-pvc"}, "status": {"phase": "Pending"}},
            "PersistentVolumeClaim media-pvc",
        ),
        ({"kind": "Service", "metadata": {"name": "django-service"}}, "Service django-service"),
        ({"api_version": "v1", "kind": "ConfigMap", "namespace": "other", "name": "note"}, "ConfigMap other/note"),
        ({"api_version": "v1", "kind": "PriorityClass", "namespace": "", "name": "first"}, "PriorityClass first"),
    ],
)
def test_what_is_to_be_removed_is_named_with_the_size_of_claims(item: dict[str, Any], line: str) -> None:
    assert _manifests.removal_line(item) == line
