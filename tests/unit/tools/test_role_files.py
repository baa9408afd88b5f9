"""The files of a role that are generated from its argument specification."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.collection_tree import ROOT
from tools.role_files import DEFAULTS, SHARED, defaults, metadata, options_of, with_shared_options

SHARED_OPTIONS = {
    "<tier>_replicas": {"description": "Number of replicas.", "type": "int"},
    "<tier>_hpa_external": {"description": "Set O(<tier>_hpa_enabled) too.", "type": "bool"},
    "<tier>_env": {"description": "Variables.", "type": "dict", "default": {}},
}
LONG = "{{ platform_first_directory }}/{{ platform_second_directory }}/{{ platform_namespace }}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.24", 'x: "1.24"\n'),
        (1.24, "x: 1.24\n"),
        ("true", 'x: "true"\n'),
        (True, "x: true\n"),
        (30, "x: 30\n"),
        ("", 'x: ""\n'),
        ([], "x: []\n"),
        ({}, "x: {}\n"),
        (["a", {"b": 1, "a": ["c"]}], "x:\n  - a\n  - b: 1\n    a:\n      - c\n"),
        ("{{ 'a' if b else '' }}", "x: \"{{ 'a' if b else '' }}\"\n"),
        (r"'\d+'", "x: '''\\d+'''\n"),
        ("{{ a\n   + b }}", "x: |-\n  {{ a\n     + b }}\n"),
        (LONG, f"x: >-\n  {LONG}\n"),
        ("twelve words " * 10 + "end", f"x: >-\n  {'twelve words ' * 9}twelve\n  words end\n"),
    ],
)
def test_a_default_keeps_its_value_and_type(value: Any, text: str) -> None:
    written = defaults({"x": {"default": value}})
    assert written == DEFAULTS + text
    read = yaml.safe_load(written)["x"]
    assert (read, type(read)) == (value, type(value))


def test_a_required_option_has_no_default() -> None:
    assert defaults({"x": {"required": True}}) == f"{DEFAULTS}{{}}\n"


def test_an_optional_option_needs_a_default() -> None:
    with pytest.raises(ValueError, match=r"^These options need a default, or `required: true`: x, z\.$"):
        defaults({"x": {}, "y": {"default": 0}, "z": {}})


def specification(own: str, shared: str) -> str:
    parts = (textwrap.indent(part, " " * 6) for part in (own, shared))
    return f"---\nargument_specs:\n  main:\n    options:\n{SHARED.join(parts)}"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("", ""),
        (
            "flower_replicas: {default: 2}\n",
            "flower_replicas:\n  description: Number of replicas.\n  type: int\n  default: 2\n",
        ),
        # Options are sorted as in the file of shared options. Further paragraphs and keys stay. Other descriptions and types are replaced.
        (
            "flower_hpa_external: {default: false, type: str, description: Old.}\n"
            "flower_replicas: {choices: [1, 2], default: 1, description: [Old., One is enough.]}\n",
            "flower_replicas:\n  description:\n    - Number of replicas.\n    - One is enough.\n"
            "  type: int\n  choices:\n    - 1\n    - 2\n  default: 1\n"
            "flower_hpa_external:\n  description: Set O(flower_hpa_enabled) too.\n  type: bool\n  default: false\n",
        ),
        ("flower_env:\n", "flower_env:\n  description: Variables.\n  type: dict\n  default: {}\n"),
        ("flower_env: {default: {a: {b: 1}}}\n", "flower_env:\n  description: Variables.\n  type: dict\n  default: {a: {b: 1}}\n"),
    ],
)
def test_a_tier_gets_the_shared_options_that_it_names(given: str, written: str) -> None:
    own = "# By hand.\nflower_port: {type: int, default:   1}\n"
    once = with_shared_options("flower", specification(own, given), SHARED_OPTIONS)
    assert once == specification(own, written)
    assert with_shared_options("flower", once, SHARED_OPTIONS) == once


def test_every_tier_has_the_shared_options() -> None:
    tiers = options_of((ROOT / "roles/tiers/meta/argument_specs.yml").read_text())["tiers_roles"]["default"]
    assert [tier for tier in tiers if SHARED not in (ROOT / "roles" / tier / "meta/argument_specs.yml").read_text()] == []
    assert len(tiers) == 4


def test_a_specification_without_the_shared_options_is_unchanged() -> None:
    text = specification("flower_replicas:   {default: 2}\n", "").replace(SHARED, "")
    assert with_shared_options("flower", text, SHARED_OPTIONS) == text


@pytest.mark.parametrize(
    ("own", "shared", "wrong"),
    [
        ("flower_replicas: {default: 2}\n", "", "flower_replicas"),
        ("", "flower_port: {default: 1}\n", "flower_port"),
        ("flower_replicas: {default: 2}\n", "flower_port: {default: 1}\n", "flower_port, flower_replicas"),
    ],
)
def test_an_option_on_the_wrong_side_of_the_comment_line_is_reported(own: str, shared: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=rf"^These options are on the wrong side .* tier_options\.yml: {wrong}\.$"):
        with_shared_options("flower", specification(own, shared), SHARED_OPTIONS)


def test_galaxy_gets_the_description_of_the_role_and_the_facts_of_the_collection() -> None:
    written = yaml.safe_load(metadata("Celery beat", [{"role": "a"}]))
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert written == {
        "galaxy_info": {
            "author": galaxy["authors"][0],
            "description": "Celery beat",
            "license": "GPL-3.0-or-later",
            "min_ansible_version": "2.17",
        },
        "dependencies": [{"role": "a"}],
    }


@pytest.mark.parametrize(("tier", "limit"), [("celery_beat", 60), ("celery_worker", 90), ("django", 90)])
def test_few_lines_of_a_tier_are_written_by_hand(tier: str, limit: int) -> None:
    """Below the comment line, only defaults that differ and further paragraphs are written by hand."""
    role = ROOT / "roles" / tier
    specification_text = (role / "meta" / "argument_specs.yml").read_text()
    own, _line, _shared_part = specification_text.partition(SHARED)
    shared = yaml.safe_load((ROOT / "tools" / "tier_options.yml").read_text())
    lines = own.count("\n") + sum(path.read_text().count("\n") for path in role.rglob("vars/*.yml"))
    for name, option in options_of(specification_text).items():
        common = shared.get(name.replace(tier, "<tier>", 1))
        if common and name not in options_of(own):
            lines += common.get("default") != option["default"]
            # A paragraph has a line with its sign and at least one of text.
            lines += 2 * (len(option["description"]) - 1) if isinstance(option["description"], list) else 0
    assert lines < limit
    assert not list(role.glob("files/*"))
    assert not list(role.glob("tasks/*"))


# Passed by tasks of the collection, not set by an inventory.
PASSED = {"job_release_commands", "job_commands", "report_evidence", "report_checks", "report_address", "report_problems"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("roles/*/meta/argument_specs.yml")), ids=lambda path: path.parts[-3])
def test_a_setting_whose_default_shows_no_form_has_an_example(path: Path) -> None:
    """An empty list or mapping does not show how an owner fills it."""
    without = []
    for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
        for name, option in (entry.get("options") or {}).items():
            described = str(option.get("description"))
            shown = option.get("default") or option.get("choices") or "example" in described or "{" in described
            if option.get("type") in ("list", "dict") and not shown and name not in PASSED:
                without.append(name)
    assert without == []
