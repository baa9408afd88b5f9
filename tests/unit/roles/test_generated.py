"""The directories of generated secrets and reports on the control node. Reading the secrets writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PLATFORM = {"inventory_hostname": "production", "platform_namespace": "shop"}


def directory(resolve: Any, **values: Any) -> str:
    found: str = resolve("platform_generated_secrets_directory", **{**PLATFORM, "platform_kube_context": "a", **values})
    return found


@pytest.mark.parametrize("name", ["platform_generated_secrets_directory", "__report_name"])
@pytest.mark.parametrize(
    "other",
    [{"platform_namespace": "other"}, {"platform_kube_context": "b"}, {"platform_kube_context": "", "platform_api_host": "https://a:6443"}],
)
def test_two_platforms_with_the_same_host_name_share_no_files(resolve: Any, name: str, other: dict[str, Any]) -> None:
    first = {**PLATFORM, "platform_kube_context": "a"}
    assert resolve(name, **first) != resolve(name, **{**first, **other})


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"platform_kube_context": "arn:aws:eks:eu:1:cluster/shop"}, "arn_aws_eks_eu_1_cluster_shop"),
        ({"platform_kube_context": "kind-shop", "platform_api_host": "https://10.0.0.1:6443"}, "kind-shop"),
        ({"platform_api_host": "https://10.0.0.1:6443"}, "https_10.0.0.1_6443"),
        ({"platform_kube_context": "../../etc"}, ".._.._etc"),
    ],
)
def test_the_name_of_a_cluster_is_a_valid_file_name(resolve: Any, values: dict[str, Any], name: str) -> None:
    assert resolve("platform_cluster_name", **values) == name


def kept_in(resolve: Any, former: Path, **values: Any) -> str:
    found: str = resolve(
        "platform_secrets_kept_in", **PLATFORM, platform_kube_context="a", platform_former_secrets_directory=str(former), **values
    )
    return found


def test_secrets_of_an_earlier_version_are_used_until_they_are_copied(resolve: Any, tmp_path: Path) -> None:
    own = tmp_path / "a" / "shop"
    assert kept_in(resolve, tmp_path) == str(own), "nothing was generated before"
    (tmp_path / "postgres_password").write_text("old\n")
    assert kept_in(resolve, tmp_path) == str(tmp_path)
    assert kept_in(resolve, tmp_path, platform_generated_secrets_directory="/chosen") == "/chosen"
    own.mkdir(parents=True)
    assert kept_in(resolve, tmp_path) == str(own)


def test_reading_generated_secrets_writes_nothing(resolve: Any, tmp_path: Path) -> None:
    values = {**PLATFORM, "platform_secrets_provider": "generated", "platform_generated_secrets_directory": str(tmp_path / "new")}
    first = resolve("platform_secret_values", **values)
    assert not (tmp_path / "new").exists()
    assert first == resolve("platform_secret_values", **values), "the plan names the same objects each time"
    assert all(len(value) >= 50 for value in first.values()), "long enough for the preflight"
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "postgres_password").write_text("made before\n")
    assert resolve("platform_secret_values", **values) == {**first, "POSTGRES_PASSWORD": "made before"}
