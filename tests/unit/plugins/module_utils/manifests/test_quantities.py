# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Different notations of a quantity are the same quantity."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import (
    canonical,
    canonical_quantities,
    cpu_cores,
    quantity_problems,
)


@pytest.mark.parametrize(
    ("resource", "spellings", "one"),
    [
        ("cpu", [0.5, "0.5", ".5", "500m", "500000u", "5e-1", "+0.5"], "500m"),
        ("cpu", [2, "2", 2.0, "2.", "2000m", "2e0"], "2000m"),
        ("cpu", ["1e3", "1E3", "1k", 1000], "1000000m"),
        ("cpu", [0.0001, "0.0001", "100u", "1e-4"], "100u"),
        ("cpu", [0, "0", "0m", 0.0], "0"),
        ("memory", ["1Gi", "1024Mi", "1048576Ki", 1073741824, "1073741824"], "1Gi"),
        ("memory", ["1536Mi", "1.5Gi"], "1536Mi"),
        ("memory", ["128M", "128e6", "128E6", "125000Ki", 128000000, "0.128G"], "128M"),
        ("memory", ["1E", "1e18"], "1E"),
        ("memory", ["1Ei"], "1Ei"),
        ("memory", ["100m", "0.1"], "100m"),
        ("ephemeral-storage", ["10Gi", "10240Mi"], "10Gi"),
        ("nvidia.com/gpu", [1, "1", "1000m"], "1"),
        ("memory", ["0.0000000001"], "1n"),
    ],
)
def test_each_quantity_has_one_canonical_notation(resource: str, spellings: list[Any], one: str) -> None:
    assert {canonical(resource, each) for each in spellings} == {one}
    assert canonical(resource, one) == one


@pytest.mark.parametrize("quantity", ["500m", "2000m", "1000m", "250m", "100m", "10m", "64Mi", "512Mi", "2Gi", "10Gi", "100Gi", "16Mi"])
def test_the_notation_of_the_defaults_is_canonical(quantity: str) -> None:
    """An upgrade of the collection restarts no tier for its sake."""
    assert canonical("cpu" if quantity.endswith("m") else "memory", quantity) == quantity


@pytest.mark.parametrize("value", ["", "half", "2 Gi", "1KB", "1K", "1e", "m", None, True, "1_000", "NaN", "1e999"])
def test_an_invalid_quantity_is_unchanged(value: Any) -> None:
    assert canonical("memory", value) == value


def test_only_quantities_of_a_pod_are_converted() -> None:
    pod = {
        "containers": [
            {
                "name": "limits",
                "env": [{"name": "limits", "value": "1024Mi"}],
                "resources": {"requests": {"cpu": 0.5, "memory": None}, "limits": {"memory": "1024Mi"}},
            }
        ],
        "volumes": [{"name": "shared", "emptyDir": {"medium": "Memory", "sizeLimit": "1024Ki"}}],
        "hostNetwork": False,
    }
    assert canonical_quantities(pod) == {
        "containers": [
            {
                "name": "limits",
                "env": [{"name": "limits", "value": "1024Mi"}],
                "resources": {"requests": {"cpu": "500m", "memory": None}, "limits": {"memory": "1Gi"}},
            }
        ],
        "volumes": [{"name": "shared", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}],
        "hostNetwork": False,
    }


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("10Gi", []),
        ({"requests": {"cpu": 0.5}, "limits": {"memory": "1Gi", "cpu": None}}, []),
        ({}, []),
        ({"limits": None}, []),
        ("10 GB", ["size '10 GB' is not a Kubernetes quantity"]),
        ("-1Gi", ["size '-1Gi' is not a Kubernetes quantity"]),
        ("", ["size '' is not a Kubernetes quantity"]),
        (
            {"requests": {"cpu": "half"}, "limits": {"memory": "1GB"}},
            ["size.requests.cpu 'half' is not a Kubernetes quantity", "size.limits.memory '1GB' is not a Kubernetes quantity"],
        ),
        ({"limits": "500m"}, ["size.limits is not a mapping"]),
    ],
)
def test_an_invalid_quantity_is_one_sentence_with_the_variable(value: Any, problems: list[str]) -> None:
    assert [each.partition(";")[0] for each in quantity_problems("size", value)] == problems


@pytest.mark.parametrize(
    ("quantity", "cores"), [("500m", 0.5), ("2000m", 2), ("2", 2), (2, 2), (0.5, 0.5), ("1.5", 1.5), ("1e1", 10), ("2k", 2000)]
)
def test_cpu_quantities_are_read_as_cores(quantity: str | int | float, cores: float) -> None:
    assert cpu_cores(quantity) == cores


@pytest.mark.parametrize("quantity", ["", "2Gi", "m", "two"])
def test_an_invalid_cpu_quantity_is_rejected_with_its_value(quantity: str) -> None:
    with pytest.raises(ValueError, match=f"'{quantity}' is not a CPU quantity"):
        cpu_cores(quantity)
