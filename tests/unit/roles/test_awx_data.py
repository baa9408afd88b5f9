"""The objects of AWX that the role describes: AWX accepts each, and the answers of surveys have types that the playbooks accept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import scalar_problems, setting_problems
from tests.unit.documents import OPTIONS
from tests.unit.roles.awx_server import Awx, checked_survey, playbooks, rule_problems

ROOT = Path(__file__).parents[3]
ACTIONS = ["check", "deploy", "validate", "rollback", "scale", "restart", "backup", "restore", "status", "remove"]
# An answer of each type of question, as AWX passes it to a job.
ANSWERS: dict[str, Any] = {"text": "1.10", "integer": 3, "multiselect": ["django", "nginx"]}
# Variables that only a template of a job template reads.
OWN_ANSWERS = {"survey_tier", "survey_replicas"}
# The short form of rollback_to_release.
SHORT = {"to_release": "rollback_to_release"}


@pytest.fixture(scope="module")
def templates(resolve: Callable[..., Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resolve("__awx_job_templates")
    return found


@pytest.fixture(scope="module")
def questions(templates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [question for each in templates for question in each["survey_spec"].get("spec", ())]


def test_each_environment_has_a_template_of_each_action(templates: list[dict[str, Any]]) -> None:
    assert [each["name"] for each in templates] == [
        f"jewelry-shop {place} {action}" for place in ("staging", "production") for action in ACTIONS
    ]


def test_awx_accepts_each_template_with_its_survey(templates: list[dict[str, Any]]) -> None:
    awx = Awx("token", playbooks())
    _status, organization = awx.respond("POST", "/api/v2/organizations/", {}, {"name": "jewelry-shop"})
    _status, project = awx.respond("POST", "/api/v2/projects/", {}, {"name": "jewelry-shop", "organization": organization["id"]})
    for each in templates:
        template = {key: value for key, value in each.items() if key not in ("inventory", "credentials", "survey_spec")}
        template |= {"project": project["id"], "extra_vars": json.dumps(each["extra_vars"])}
        assert awx.respond("POST", "/api/v2/job_templates/", {}, template)[0] == 201
        if each["survey_spec"]:
            checked_survey(each["survey_spec"])


def test_schedules_need_no_answers(resolve: Callable[..., Any], templates: list[dict[str, Any]]) -> None:
    surveys = {each["name"]: each["survey_spec"].get("spec", []) for each in templates}
    schedules = resolve("__awx_schedules")
    assert [each["template"].split()[-1] for each in schedules] == ["validate", "validate", "backup"]
    for each in schedules:
        assert [question for question in surveys[each["template"]] if question["required"]] == []


def answer(question: dict[str, Any]) -> Any:
    return question["choices"][0] if question["type"] == "multiplechoice" else ANSWERS[question["type"]]


def test_the_answers_of_surveys_are_values_that_the_playbooks_accept(questions: list[dict[str, Any]]) -> None:
    known = {SHORT.get(each["variable"], each["variable"]): each for each in questions if each["variable"] not in OWN_ANSWERS}
    assert {"platform_image_tag", "restart_tiers", "remove_volumes", "rollback_to_release", "status_fail_on_drift"} <= known.keys()
    problems = [
        problem
        for name, question in known.items()
        for problem in (*setting_problems(name, answer(question), OPTIONS[name]), *scalar_problems(name, answer(question), OPTIONS[name]))
    ]
    assert problems == []


def test_a_boolean_that_a_survey_asks_for_is_converted_where_it_is_used(questions: list[dict[str, Any]]) -> None:
    """The string "false" is true in a template."""
    booleans = {each["variable"] for each in questions if each.get("choices") == ["false", "true"]}
    assert {"remove_confirmed", "remove_namespace", "status_fail_on_drift"} <= booleans
    for name in booleans:
        files = [path for path in (ROOT / "roles" / name.partition("_")[0]).glob("[tv]a*s/**/*.yml") if name in path.read_text()]
        assert files or name.startswith("restore_")
        for path in files:
            code = "\n".join(line for line in path.read_text().splitlines() if re.search(r"^\s+(- )?(when|that):|\{\{", line))
            used = re.findall(rf"(?<!\w){name}\b( \| bool)?", code)
            assert all(used), path


def test_the_template_of_the_replicas_is_left_to_the_job(templates: list[dict[str, Any]]) -> None:
    [scale] = [each for each in templates if each["name"] == "jewelry-shop staging scale"]
    assert scale["extra_vars"] == {"scale_replicas": "{{ {survey_tier: survey_replicas} }}"}
    assert {each["variable"] for each in scale["survey_spec"]["spec"]} == OWN_ANSWERS


def test_variables_of_an_environment_replace_those_of_all_jobs(resolve: Callable[..., Any]) -> None:
    environments = [{"name": "a", "inventory": "i", "credentials": ["c"], "extra_vars": {"platform_lock_wait": 9}}]
    found = resolve("__awx_job_templates", awx_environments=environments, awx_extra_vars={"platform_lock_wait": 1, "status_json": True})
    [status] = [each for each in found if each["name"].endswith("status")]
    assert status["extra_vars"] == {"platform_lock_wait": 9, "status_json": True}


def test_the_repository_has_the_inventories_of_the_environments(resolve: Callable[..., Any]) -> None:
    assert [each["inventory"] for each in resolve("awx_environments") if not (ROOT / each["inventory"] / "hosts.yml").is_file()] == []


def test_collections_that_awx_installs_do_not_include_its_own() -> None:
    names = [each["name"] for each in yaml.safe_load((ROOT / "collections" / "requirements.yml").read_text())["collections"]]
    assert "awx.awx" not in names


@pytest.mark.parametrize(
    ("rule", "problems"),
    [
        ("DTSTART;TZID=UTC:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1", []),
        ("DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3", []),
        ("DTSTART:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1", ["DTSTART cannot be a naive datetime."]),
        ("RRULE:FREQ=DAILY;INTERVAL=1", ["Valid DTSTART required in rrule."]),
        ("DTSTART:20260101T030000Z RRULE:FREQ=DAILY", ["INTERVAL required in rrule."]),
        ("DTSTART:20260101T030000Z", ["One or more rule required in rrule."]),
    ],
)
def test_the_stand_in_judges_rules_of_schedules_as_awx_does(rule: str, problems: list[str]) -> None:
    assert rule_problems(rule) == problems
