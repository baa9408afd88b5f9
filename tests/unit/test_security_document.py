"""Each test, setting and file that the documents about security name exists."""

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

ROLES = {path.parents[1].name: path for path in ROOT.glob("roles/*/meta/argument_specs.yml")}
SETTINGS = {name for path in ROLES.values() for name in yaml.safe_load(path.read_text())["argument_specs"]["main"].get("options") or {}}
# A name such as network_policies is a role's and begins like no setting.
NAMED = sorted(word for word in WORDS - ROLES.keys() if re.fullmatch(rf"({'|'.join(ROLES)})_\w+", word))


@pytest.mark.parametrize(("document", "target"), sorted({(name, target) for name, _text, target in LINKS if "://" not in target}))
def test_a_link_leads_to_a_file(document: str, target: str) -> None:
    assert (ROOT / document).parent.joinpath(target).is_file()


@pytest.mark.parametrize(("name", "target"), TESTS)
def test_a_test_that_is_named_is_in_the_file_that_its_link_names(name: str, target: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / "docs" / target).read_text(), re.MULTILINE)


def test_each_test_that_is_named_has_a_link() -> None:
    assert len(TESTS) > 40
    assert {word for word in WORDS if word.startswith("test_")} == {name for name, _target in TESTS}


@pytest.mark.parametrize("name", NAMED)
def test_a_setting_that_is_named_exists(name: str) -> None:
    assert name in SETTINGS


def test_settings_are_found() -> None:
    assert {"nginx_rate_limit", "platform_image_digest", "preflight_take_over", "redis_allowed_commands"} <= set(NAMED)


def test_the_address_for_reports_is_that_of_the_collection() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert f"<{galaxy['repository']}/security/advisories/new>" in TEXTS["SECURITY.md"]
    assert f"<{galaxy['issues']}>" in TEXTS["SECURITY.md"]
