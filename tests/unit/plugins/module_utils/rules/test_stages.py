# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which stages a run with tags selects, and what it reports about the stages that it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import findings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.stages import NEEDS, RULES, selected_stages

REPOSITORY = Path(__file__).parents[5]
ALL = [*NEEDS]
RELEASE = "v2"
COMMANDS = [{"name": "migrate"}, {"name": "collectstatic", "repeat_on_return": True}]
REMOVED = ("network_policies", "NetworkPolicy", "flower", "remove")


def job(name: str, state: str = "complete", created: str = "2026-01-01T00:00:00Z") -> dict[str, str]:
    return {"name": name, "command": name.rpartition("-")[0], "state": state, "created": created, "static_revision": "", "made_by": ""}


DONE = [job("migrate-v2"), job("collectstatic-v2")]


def run(
    tags: str = "all", skip: str = "", *objects: tuple[str, str, str, str], jobs: list[dict[str, str]] | None = None, **values: Any
) -> list[str]:
    """The findings of a run with these options, planned objects (stage, kind, name, action) and Jobs."""
    planned = [{"stage": stage, "kind": kind, "name": name, "action": action} for stage, kind, name, action in objects]
    return findings(
        RULES,
        {
            "ansible_run_tags": tags.split(","),
            "ansible_skip_tags": skip.split(",") if skip else [],
            "preflight_plan": {"objects": planned, "jobs": DONE if jobs is None else jobs, "taking_over": values.pop("taking_over", False)},
            "platform_release": RELEASE,
            "__pre_deploy_commands": COMMANDS,
            **values,
        },
    )


def test_the_tags_of_site_yml_are_the_stages_of_the_table() -> None:
    [play] = yaml.safe_load((REPOSITORY / "playbooks" / "site.yml").read_text())
    tags = [tag for task in play["tasks"][0]["block"] for tag in task["tags"]]
    assert list(dict.fromkeys(tag for tag in tags if tag != "always")) == ALL


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_needs_earlier_stages_and_what_they_need(stage: str) -> None:
    earlier = ALL[: ALL.index(stage)]
    assert set(NEEDS[stage]) <= set(earlier)
    assert {further for need in NEEDS[stage] for further in NEEDS[need]} <= set(NEEDS[stage])


@pytest.mark.parametrize(
    ("run_tags", "skip_tags", "expected"),
    [
        (["all"], [], ALL),
        (["tagged"], [], ALL),
        (["tiers", "pre_deploy"], [], ["pre_deploy", "tiers"]),
        (["all"], ["tiers", "no_stage"], [stage for stage in ALL if stage != "tiers"]),
        (["tiers"], ["tiers"], []),
        (["all"], ["all"], []),
        (["always"], [], []),
        (["untagged"], [], []),
        # Tags of a playbook that imports site.yml.
        (["shop"], ["pre_deploy"], [stage for stage in ALL if stage != "pre_deploy"]),
        (["shop", "ingress"], [], ["ingress"]),
    ],
)
def test_tags_select_stages(run_tags: list[str], skip_tags: list[str], expected: list[str]) -> None:
    assert selected_stages(run_tags, skip_tags) == expected


def test_a_tag_on_the_import_selects_all_stages() -> None:
    assert selected_stages(["shop", "tiers"], [], ["shop"]) == ALL
    assert selected_stages(["web", "tiers"], [], ["shop"]) == ["tiers"]


@pytest.mark.parametrize(
    "tags",
    ["all", "always", "validate", "namespace", "namespace,configuration", f"{','.join(ALL[:8])}"],
)
def test_a_first_deployment_needs_no_earlier_stage(tags: str) -> None:
    new = [(stage, "Any", stage, "create") for stage in (*ALL[:6], "secrets", "tiers", "ingress", "monitoring")]
    assert run(tags, "", *new, jobs=[]) == []


@pytest.mark.parametrize("tags", ["ingress", "monitoring", "storage", "network_policies", "configuration", "extra_objects"])
def test_a_stage_without_pods_needs_only_the_namespace(tags: str) -> None:
    new = [(stage, "Any", stage, "create") for stage in (*ALL[1:6], "tiers", "ingress", "monitoring")]
    assert run(tags, "", *new, jobs=[]) == []
    [finding] = run(tags, "", ("namespace", "Namespace", "shop", "create"), *new, jobs=[])
    assert finding == (
        f"The selected tags ({tags}) need stages that this run leaves out and that are not complete: namespace (Namespace shop). "
        "Add namespace to --tags."
    )


@pytest.mark.parametrize("jobs", [[], [job("migrate-v2", "failed"), DONE[1]], [job("migrate-v1"), DONE[1]], [job("migrate-v2", "running")]])
def test_the_tiers_need_the_complete_jobs_of_their_release(jobs: list[dict[str, str]]) -> None:
    assert run("tiers", jobs=DONE) == []
    [finding] = run("tiers", jobs=jobs)
    assert finding.startswith(
        "The selected tags (tiers) need stages that this run leaves out and that are not complete: pre_deploy (Job migrate-v2"
    )
    assert finding.endswith("). Add pre_deploy to --tags.")
    assert run("pre_deploy,tiers", jobs=jobs) == []


def test_static_files_that_another_release_replaced_are_not_complete() -> None:
    later = job("collectstatic-v1", created="2026-02-01T00:00:00Z")
    [finding] = run("tiers", jobs=[*DONE, later])
    assert "pre_deploy (Job collectstatic-v2)" in finding


def test_a_skipped_stage_that_is_needed_is_reported_with_the_option_that_skips_it() -> None:
    assert run("all", "pre_deploy", jobs=DONE) == []
    [finding] = run("all", "pre_deploy", jobs=[])
    assert finding == (
        "The selected tags (tiers, post_deploy) need stages that this run leaves out and that are not complete: "
        "pre_deploy (Job migrate-v2, Job collectstatic-v2). Remove pre_deploy from --skip-tags."
    )


def test_all_stages_that_are_missing_are_in_one_sentence() -> None:
    new = [("configuration", "ConfigMap", f"config-{number}", "create") for number in range(4)]
    [finding] = run("tiers", "storage", *new, ("secrets", "Secret", "s", "create"), ("storage", "PersistentVolumeClaim", "media", "create"))
    assert finding == (
        "The selected tags (tiers) need stages that this run leaves out and that are not complete: configuration (ConfigMap config-0, "
        "ConfigMap config-1, ConfigMap config-2 and 2 more); storage (PersistentVolumeClaim media). "
        "Add configuration to --tags and remove storage from --skip-tags."
    )


def test_objects_that_exist_need_not_be_as_in_the_inventory_for_the_tiers() -> None:
    """A change of labels, or of PostgreSQL that waits for its maintenance, does not keep the pods of a release from starting."""
    changed = [(stage, "Any", stage, "change") for stage in ("namespace", "configuration", "extra_objects", "storage", "data_services")]
    assert run("tiers", "", *changed) == []


@pytest.mark.parametrize("action", ["create", "change", "take_over"])
def test_the_commands_after_the_tiers_need_the_new_tiers(action: str) -> None:
    assert run("post_deploy") == []
    [finding] = run("post_deploy", "", ("tiers", "Deployment", "django", action))
    assert finding.endswith("not complete: tiers (Deployment django). Add tiers to --tags.")


def test_an_adoption_applies_the_policies_after_the_tiers() -> None:
    new = ("network_policies", "NetworkPolicy", "django", "create")
    assert len(run("tiers", "", new)) == 1
    assert run("tiers", "", new, taking_over=True) == []


def test_without_valid_settings_no_job_is_known() -> None:
    assert run("tiers", jobs=[], platform_release="") == []


@pytest.mark.parametrize(
    ("tags", "tiers", "count"),
    [("network_policies", "change", 1), ("network_policies", "remove", 1), ("network_policies", "none", 0), ("all", "change", 0)],
)
def test_policies_are_not_removed_while_the_old_tiers_need_them(tags: str, tiers: str, count: int) -> None:
    found = run(tags, "", REMOVED, ("tiers", "Deployment", "flower", tiers))
    assert (
        found
        == [
            "The selected tag network_policies removes policies that the running pods may need until the tiers are replaced: "
            "NetworkPolicy flower. Add tiers to --tags."
        ]
        * count
    )
