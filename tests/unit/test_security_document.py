"""Each test that the documents about security name exists. test_documentation.py covers their links and variables."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENTS = ("docs/security.md", "SECURITY.md")
TEXTS = {name: (ROOT / name).read_text() for name in DOCUMENTS}
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
LINKS = [(name, text.strip("`"), target) for name in DOCUMENTS for text, target in LINK.findall(TEXTS[name])]
TESTS = sorted({(text, target) for _name, text, target in LINKS if text.startswith("test_")})
WORDS = {code.split(":")[0] for text in TEXTS.values() for code in re.findall(r"`([^`\n]+)`", text)}


@pytest.mark.parametrize(("name", "target"), TESTS)
def test_a_test_that_is_named_is_in_the_file_that_its_link_names(name: str, target: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / "docs" / target).read_text(), re.MULTILINE)


def test_each_test_that_is_named_has_a_link() -> None:
    assert len(TESTS) > 40
    assert {word for word in WORDS if word.startswith("test_")} == {name for name, _target in TESTS}


def test_the_address_for_reports_is_the_address_of_the_collection() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert f"<{galaxy['repository']}/security/advisories/new>" in TEXTS["SECURITY.md"]
    assert f"<{galaxy['issues']}>" in TEXTS["SECURITY.md"]
