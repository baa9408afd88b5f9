# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The folder of an export: which files are written, removed and left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.files import (
    INDEX,
    as_yaml,
    changes,
    sealed_values,
    write,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # Go and PyYAML do not agree about these: the first is a number for kubectl.
        ("12e4", "'12e4'"),
        ("08", "'08'"),
        ("0o17", "'0o17'"),
        ("1_000", "'1_000'"),
        ("+1", "'+1'"),
        (".5", "'.5'"),
        ("y", "'y'"),
        ("N", "'N'"),
        ("no", "'no'"),
        ("true", "'true'"),
        ("null", "'null'"),
        ("", "''"),
        ("100m", "'100m'"),
        ("nginx:1.30", "nginx:1.30"),
        ("a: b", "'a: b'"),
        (1, "1"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
    ],
)
def test_strings_that_look_like_other_values_are_quoted(value: Any, written: str) -> None:
    assert as_yaml({"k": value}) == f"k: {written}\n"
    assert yaml.safe_load(as_yaml({"k": value})) == {"k": value}


@pytest.mark.parametrize(
    "text", ["a\nb\n", "a\n\n  b", "line\n" * 3, "ends with spaces  \nb\n", "\ttab\nb\n", "x" * 500, "über\nß\n", "1\n2\n"]
)
def test_long_texts_stay_as_they_are(text: str) -> None:
    assert yaml.safe_load(as_yaml({"data": {"12e4": text}})) == {"data": {"12e4": text}}


def test_the_order_of_keys_does_not_matter_and_nothing_is_an_alias() -> None:
    labels = {"b": "c", "a": "d"}
    assert as_yaml({"two": labels, "one": labels}) == as_yaml({"one": dict(sorted(labels.items())), "two": labels})
    assert "&" not in as_yaml({"two": labels, "one": labels})


def exported(directory: Path, files: dict[str, str]) -> list[str]:
    """Export and return the paths that changed, without the list of files."""
    found = changes(directory, files)
    write(directory, found)
    return [f"-{each.path}" if each.after is None else each.path for each in found if each.path != INDEX]


def test_a_second_export_changes_nothing_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "production"
    files = {"README.md": "a", "01/a.yaml": "1", "02/b.yaml": "2"}
    assert exported(directory, files) == [*files]
    assert changes(directory, files) == []
    (directory / "01" / "mine.yaml").write_text("of the user")
    assert exported(directory, {"README.md": "b", "02/b.yaml": "2"}) == ["-01/a.yaml", "README.md"]
    assert (directory / "01" / "mine.yaml").read_text() == "of the user"
    assert exported(directory, {"README.md": "b"}) == ["-02/b.yaml"]
    assert not (directory / "02").exists()


def test_a_file_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("of the user")
    with pytest.raises(PlatformError, match=r"contains files that no export wrote: README.md. Move them, or set export_directory"):
        changes(tmp_path, {"README.md": "a", "a.yaml": "b"})
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    # The same content is no conflict, for example after an interrupted export.
    (tmp_path / "README.md").write_text("a")
    assert exported(tmp_path, {"README.md": "a", "a.yaml": "b"}) == ["a.yaml"]


def test_a_changed_list_of_files_removes_nothing_outside_of_the_folder(tmp_path: Path) -> None:
    outside, directory = tmp_path / "outside", tmp_path / "production"
    outside.write_text("of the user")
    directory.mkdir()
    (directory / INDEX).write_text(f"../outside\n{outside}\na/../../outside\n")
    assert exported(directory, {"a.yaml": "1"}) == ["a.yaml"]
    assert outside.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match=r"file/production/.export cannot be written: .* \(export_directory\)"):
        exported(tmp_path / "file" / "production", {"a.yaml": "1"})


@pytest.mark.parametrize("text", ["spec: {encryptedData: {A: AgBy}}", '{\n\t"spec": {"encryptedData": {"A": "AgBy"}}\n}'])
def test_encrypted_values_of_an_earlier_export_are_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "03-secrets").mkdir()
    (tmp_path / "03-secrets" / "sealedsecret-shop-1.yaml").write_text(text)
    assert sealed_values(tmp_path, ["shop-1", "other-2"]) == {"shop-1": {"A": "AgBy"}}


@pytest.mark.parametrize("text", ["spec: {}", "{", "", "[]", "spec: {encryptedData: 1}"])
def test_a_broken_sealed_secret_is_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "03-secrets").mkdir()
    (tmp_path / "03-secrets" / "sealedsecret-shop-1.yaml").write_text(text)
    with pytest.raises(PlatformError, match=r"sealedsecret-shop-1.yaml is not a SealedSecret: repair it"):
        sealed_values(tmp_path, ["shop-1"])
