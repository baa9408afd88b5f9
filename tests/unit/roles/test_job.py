"""When a run repeats a command."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.roles.conftest import ROLES


@pytest.mark.parametrize(
    ("command", "last", "repeated"),
    [
        pytest.param({"name": "migrate"}, False, True, id="by default"),
        pytest.param({"name": "migrate", "repeat_after_eviction": True}, False, True, id="safe to repeat"),
        pytest.param({"name": "invoices", "repeat_after_eviction": False}, False, False, id="not safe to repeat"),
        pytest.param({"name": "migrate"}, True, False, id="after the last attempt"),
    ],
)
def test_a_command_may_be_repeated(resolve: Any, command: dict[str, Any], last: bool, repeated: bool) -> None:
    assert resolve("__job_may_repeat", job_commands=[command], __job_last_attempt=last) is repeated


@pytest.mark.parametrize(
    ("result", "evicted"),
    [
        pytest.param({"resources": [{"reason": "JobEvicted"}]}, True, id="evicted"),
        pytest.param({"resources": [{"reason": "JobFailed"}]}, False, id="failed by itself"),
        pytest.param({"resources": [{"reason": None}]}, False, id="complete"),
        pytest.param({"msg": "the API server is unavailable"}, False, id="nothing is known"),
        pytest.param({"skipped": True}, False, id="check mode"),
    ],
)
def test_an_eviction_is_the_only_reason_to_repeat_a_command(resolve: Any, result: dict[str, Any], evicted: bool) -> None:
    assert resolve("__job_was_evicted", platform_rolled_out=result) is evicted


def test_a_failed_run_stops_its_own_jobs(resolve: Any) -> None:
    job = {"kind": "Job", "name": "migrate-a", "verdict": "failed", "message": "it said no"}
    done = {**job, "name": "migrate-b", "verdict": "ready"}
    deployment = {**job, "kind": "Deployment", "name": "django"}
    assert resolve("__job_given_up", platform_rolled_out={"resources": [job, done, deployment]}) == {"migrate-a": "it said no"}
    assert resolve("__job_given_up", platform_rolled_out={}) == {}


RUNNING = {
    "metadata": {
        "name": "migrate-a",
        "labels": {"component": "migrate"},
        "creationTimestamp": "2026-11-30T10:00:00Z",
        "managedFields": [{"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {}}}}],
    },
    "status": {"active": 1, "ready": 1},
}


@pytest.mark.parametrize(
    ("values", "awaited"),
    [
        pytest.param({"platform_release": "a"}, [], id="of the release that is deployed"),
        pytest.param({"platform_release": "b"}, ["migrate-a"], id="of another release"),
        pytest.param({"platform_release": "a", "__job_awaited_by": ""}, ["migrate-a"], id="in a rollback"),
    ],
)
def test_the_jobs_of_an_interrupted_run_that_are_awaited(resolve: Any, values: dict[str, str], awaited: list[str]) -> None:
    found = resolve("__job_of_others", job_existing={"resources": [RUNNING]}, platform_field_manager="jewelry_shop.platform", **values)
    assert [each["name"] for each in found] == awaited


def test_a_rollback_waits_for_jobs_before_it_changes_a_stage() -> None:
    tasks = yaml.safe_load((ROLES / "rollback/tasks/apply.yml").read_text())
    imported = [(task.get("ansible.builtin.import_role") or {}).get("tasks_from") for task in tasks]
    assert imported[:2] == ["stop_stuck", "interrupted"]
    assert tasks[1]["vars"] == {"__job_awaited_by": ""}
