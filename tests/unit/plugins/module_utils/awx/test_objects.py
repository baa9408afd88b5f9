# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The objects of AWX that follow from settings."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.awx.objects import (
    awx_absent,
    awx_failure,
    awx_keeps_secrets,
    awx_notified,
    awx_schedules,
    awx_workflow_nodes,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.awx.surveys import awx_survey


def test_a_workflow_of_one_environment_has_no_approval() -> None:
    assert awx_workflow_nodes(["test"], "shop", 0) == [
        {"identifier": "test-deploy", "template": "shop test deploy", "success": [], "failure": ["test-rollback"]},
        {"identifier": "test-rollback", "template": "shop test rollback"},
    ]


def test_a_workflow_asks_before_each_further_environment() -> None:
    nodes = {each["identifier"]: each for each in awx_workflow_nodes(["a", "b", "c"], "shop", 60)}
    assert [name for name in nodes if name.endswith("approval")] == ["b-approval", "c-approval"]
    assert nodes["a-deploy"]["success"] == ["b-approval"]
    assert nodes["b-approval"]["success"] == ["b-deploy"]
    assert nodes["b-deploy"]["success"] == ["c-approval"]
    assert nodes["c-deploy"]["success"] == []
    assert nodes["b-approval"]["approval"] == {
        "name": "Deploy to b",
        "description": "Approve the deployment to b after the success of a-deploy.",
        "timeout": 60,
    }


def test_a_schedule_without_environments_is_for_all() -> None:
    schedules: list[dict[str, Any]] = [
        {"name": "every", "template": "validate", "rrule": "r"},
        {"name": "one", "template": "backup", "rrule": "r", "environments": ["b"], "enabled": False},
    ]
    found = awx_schedules(schedules, [{"name": "a"}, {"name": "b"}], "shop")
    assert [(each["name"], each["template"], each["enabled"]) for each in found] == [
        ("shop a every", "shop a validate", True),
        ("shop b every", "shop b validate", True),
        ("shop b one", "shop b backup", False),
    ]


def test_questions_have_the_types_of_awx() -> None:
    questions: list[dict[str, Any]] = [
        {"variable": "a", "question": "A?", "type": "string", "help": "h", "default": "x"},
        {"variable": "b", "question": "B?", "type": "integer", "required": True},
        {"variable": "c", "question": "C?", "type": "boolean"},
        {"variable": "d", "question": "D?", "type": "choice", "choices": ["x"]},
        {"variable": "e", "question": "E?", "type": "choices", "choices": ["x"]},
    ]
    survey = awx_survey(questions, "name")
    assert (survey["name"], survey["description"]) == ("name", "")
    assert [each["type"] for each in survey["spec"]] == ["text", "integer", "multiplechoice", "multiplechoice", "multiselect"]
    assert survey["spec"][0] == {
        "question_name": "A?",
        "question_description": "h",
        "variable": "a",
        "type": "text",
        "required": False,
        "default": "x",
    }
    assert survey["spec"][1]["min"] == 0
    assert survey["spec"][2]["choices"] == ["false", "true"]
    assert awx_survey([], "name") == {}


def test_notifications_are_grouped_by_event() -> None:
    assert awx_notified([{"name": "a", "events": ["error", "approvals"]}, {"name": "b", "events": ["error"]}]) == {
        "started": [],
        "success": [],
        "error": ["a", "b"],
        "approvals": ["a"],
    }


@pytest.mark.parametrize(
    ("configuration", "expected"), [({"url": "u", "password": ""}, False), ({"password": "p"}, True), ({"token": "t"}, True), ({}, False)]
)
def test_a_value_that_awx_encrypts_is_found(configuration: dict[str, Any], expected: bool) -> None:
    assert awx_keeps_secrets(configuration) is expected


def test_an_object_without_an_id_does_not_exist_yet() -> None:
    results: dict[str, Any] = {
        "the organization": {"changed": True},
        "the project": {"changed": True, "id": 3},
        "the inventory": {"results": [{"changed": True, "item": {"name": "a"}}, {"changed": False, "id": 4, "item": {"name": "b"}}]},
        "the node": {"results": [{"changed": True, "item": {"identifier": "n"}}]},
        "the credential": {"results": [{"changed": True, "item": "c"}]},
        "the workflow": {"skipped": True, "changed": False},
        "the job template": {},
    }
    assert awx_absent(results) == ["the organization", "the inventory a", "the node n", "the credential c"]


@pytest.mark.parametrize(
    ("result", "task", "expected"),
    [
        ({"msg": "Set x."}, "Require valid settings", "Set x."),
        (
            {"msg": "All items completed", "results": [{"msg": "fine"}, {"failed": True, "msg": "Got a 403 (HTTP 403).", "item": "chat"}]},
            "Apply it",
            "Apply it chat: Got a 403 (HTTP 403). Use the token of a system administrator.",
        ),
        ({"msg": "The host sent back\na server error"}, "Apply it", "Apply it: The host sent back a server error."),
        ({}, "Apply it", "Apply it: The module gave no reason."),
    ],
)
def test_a_failure_names_the_task_the_object_and_what_to_do(result: dict[str, Any], task: str, expected: str) -> None:
    assert awx_failure(result, task) == expected
