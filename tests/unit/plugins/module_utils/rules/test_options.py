# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which options of ansible-playbook are rejected, and with which sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.options import Options, is_alone, options_of, rejected_option

SUPPORTED: list[dict[str, Any]] = [
    {},
    {"tags": ["tiers", "pre_deploy"]},
    {"tags": ["always"]},
    {"tags": ["tagged"]},
    {"skip_tags": ["validate", "record"]},
    {"skip_tags": ["all"]},
    {"has_stages": False},
    {"has_stages": False, "tags": ["untagged"]},
    # The tags of a playbook that imports one of this collection.
    {"is_alone": False, "tags": ["web"], "skip_tags": ["slow"]},
    {"is_alone": False, "has_stages": False, "tags": ["web"], "skip_tags": ["slow"]},
]
REJECTED: list[tuple[dict[str, Any], str]] = [
    ({"start_at_task": "Tiers"}, "--start-at-task is not supported, because it skips the checks before the first write. Nothing was"),
    ({"start_at_task": "Tiers", "has_stages": False, "is_alone": False}, "--start-at-task is not supported"),
    ({"step": True}, "--step is not supported, because later tasks need the results of the tasks that you would skip. Nothing was"),
    ({"skip_tags": ["always"]}, "--skip-tags always is not supported, because it skips the checks before the first write. Nothing was"),
    ({"skip_tags": ["tiers", "tagged"], "is_alone": False}, "--skip-tags tagged is not supported"),
    ({"tags": ["teirs"]}, "--tags has teirs, which no stage has; did you mean tiers? Nothing was changed. The tags are namespace, "),
    ({"tags": ["tiers", "untagged"]}, "--tags has untagged, which no stage has. Nothing was changed. The tags are namespace, "),
    ({"tags": ["tiers", "record"]}, "--tags record is not supported, because a run with --tags records no release. Nothing was changed."),
    ({"skip_tags": ["migrate", "pre_deply"]}, "--skip-tags has migrate,pre_deply, which no stage has. Nothing was changed."),
    (
        {"has_stages": False, "tags": ["django"], "skip_tags": ["x"]},
        "--tags django --skip-tags x is not supported, because this playbook has no tags. Nothing was changed. Run it without --tags and ",
    ),
    ({"has_stages": False, "tags": ["always"]}, "--tags always is not supported, because this playbook has no tags."),
]


@pytest.mark.parametrize("options", SUPPORTED)
def test_an_option_that_works_is_not_rejected(options: dict[str, Any]) -> None:
    assert rejected_option(Options(**options)) == ""


@pytest.mark.parametrize(("options", "beginning"), REJECTED)
def test_an_unsupported_option_is_rejected_with_a_reason_and_what_to_do(options: dict[str, Any], beginning: str) -> None:
    sentence = rejected_option(Options(**options))
    assert sentence.startswith(beginning)
    assert sentence.endswith(".")
    assert "{" not in sentence


def test_the_suggested_tags_of_run_leave_out_the_record() -> None:
    assert rejected_option(Options(tags=["x"])).endswith(", post_deploy, validate.")
    assert rejected_option(Options(skip_tags=["x"])).endswith(", validate, record.")


@pytest.mark.parametrize(
    ("playbooks", "expected"),
    [
        (["jewelry_shop.platform.site"], True),
        (["{root}/site.yml"], True),
        (["{root}/playbooks/scale.yml"], True),
        (["{root}/own/site.yml"], False),
        (["{root}/own.yml"], False),
        (["acme.shop.site"], False),
        (["{root}/site.yml", "web.yml"], False),
        ([], False),
    ],
)
def test_a_playbook_of_the_collection_is_known_by_its_place(playbooks: list[str], expected: bool, tmp_path: Path) -> None:
    assert is_alone([name.format(root=tmp_path) for name in playbooks], tmp_path) is expected


def test_a_relative_path_and_a_link_lead_to_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert is_alone(["site.yml"], tmp_path)
    assert is_alone(["link/site.yml"], tmp_path)


def test_the_command_line_gives_the_options(tmp_path: Path) -> None:
    arguments = {"tags": ["tiers"], "skip_tags": (), "start_at_task": None, "step": False, "args": ("jewelry_shop.platform.site",)}
    assert options_of(arguments, True, tmp_path) == Options(tags=("tiers",))
    assert options_of({}, False, tmp_path) == Options(has_stages=False, is_alone=False)
