"""The inventories hold variables that a role knows, examples in comments too, and only what differs from its default."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

from tests.unit.documents import load_variables as load
from tools.collection_tree import ROOT

INVENTORIES = sorted(path for path in (ROOT / "inventories").iterdir())
# `# name: value` or `# name:` of a list or mapping, at the left edge.
EXAMPLE = re.compile(r"^# ([a-z]\w*):(?: |$)", re.MULTILINE)


DEFAULTS: dict[str, Any] = {
    name: option.get("default")
    for path in ROOT.glob("roles/*/meta/argument_specs.yml")
    for name, option in (load(path)["argument_specs"]["main"].get("options") or {}).items()
}


def variable_files(inventory: pathlib.Path) -> list[pathlib.Path]:
    files = sorted(inventory.glob("*_vars/**/*.yml"))
    assert files
    return files


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda path: path.name)
def test_each_variable_is_a_setting_of_a_role_or_used_by_the_inventory(inventory: pathlib.Path) -> None:
    names = [name for path in variable_files(inventory) for name in (*load(path), *EXAMPLE.findall(path.read_text()))]
    assert [name for name in names if name not in DEFAULTS and not name.startswith(f"{inventory.name}_")] == []


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda path: path.name)
def test_no_variable_repeats_its_default(inventory: pathlib.Path) -> None:
    values = {name: value for path in variable_files(inventory) for name, value in load(path).items()}
    assert [name for name, value in values.items() if name in DEFAULTS and value == DEFAULTS[name]] == []


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda path: path.name)
def test_no_variable_is_written_twice(inventory: pathlib.Path) -> None:
    written = [
        name for path in variable_files(inventory) for name in re.findall(r"^(?:# )?([a-z]\w*):(?: |$)", path.read_text(), re.MULTILINE)
    ]
    assert sorted(written) == sorted(set(written))


def test_examples_in_comments_are_found() -> None:
    assert EXAMPLE.findall("# django_hpa_enabled: true\n# nginx_trusted_proxies:\n#   - name: x\n# A guard: of it\n") == [
        "django_hpa_enabled",
        "nginx_trusted_proxies",
    ]
