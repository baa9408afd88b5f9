"""Which commands of a release run again, and which of its Jobs are replaced."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs import commands

NOW = datetime.datetime(2026, 11, 26, 12, 0, 0, tzinfo=datetime.timezone.utc)
MIGRATE = {"name": "migrate", "command": ["migrate"]}
STATIC = {"name": "collectstatic", "command": ["collectstatic"], "repeat_on_return": True}
COMPLETE = {"succeeded": 1, "conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]}
FAILED = {"failed": 1, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
RUNNING = {"active": 1, "ready": 1}


OURS = "jewelry_shop.platform"


def job(name: str, status: dict[str, Any] | None, minutes_ago: float = 10, manager: str = OURS, operation: str = "Apply") -> dict[str, Any]:
    created = (NOW - datetime.timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    entry = {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}}}}}
    labels = {"component": name.rpartition("-")[0], "jewelry-shop/release": name.rpartition("-")[2]}
    return {
        "metadata": {"name": name, "labels": labels, "creationTimestamp": created, "managedFields": [entry]},
        **({"status": status} if status is not None else {}),
    }


@pytest.mark.parametrize(
    ("status", "minutes_ago", "state"),
    [
        pytest.param(COMPLETE, 10, "complete", id="complete"),
        pytest.param(RUNNING, 10, "running", id="its pod runs"),
        pytest.param(FAILED, 10, "failed", id="its pod failed"),
        pytest.param({"failed": 1}, 10, "failed", id="its pod failed, without a condition yet"),
        pytest.param({"active": 1, "conditions": [{"type": "FailureTarget", "status": "True"}]}, 10, "failed", id="its pods end"),
        pytest.param(
            {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
            60,
            "failed",
            id="its pod was never let in",
        ),
        pytest.param({"active": 1, "ready": 0}, 10, "stuck", id="its pod does not start"),
        pytest.param({"active": 1, "ready": 0}, 59 / 60, "running", id="its pod may take a minute to start"),
        pytest.param({"active": 1, "ready": 0}, 1, "stuck", id="its pod does not start within a minute"),
        pytest.param({"active": 1, "ready": 0}, 61 / 60, "stuck", id="its pod does not start in more than a minute"),
        pytest.param({"failed": 1, "active": 1, "ready": 1}, 10, "running", id="a pod failed, the next one runs"),
        pytest.param({"succeeded": 1}, 10, "running", id="about to be complete"),
        pytest.param({"uncountedTerminatedPods": {"succeeded": ["uid"]}}, 10, "running", id="its pod has just ended"),
        pytest.param({"uncountedTerminatedPods": {}}, 10, "stuck", id="none of its pods has just ended"),
        pytest.param({"terminating": 1}, 10, "running", id="its pod is ending"),
        pytest.param({"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}]}, 10, "running", id="as good as complete"),
        pytest.param({"conditions": [{"type": "Suspended", "status": "True"}]}, 10, "running", id="suspended"),
        pytest.param({}, 10, "stuck", id="its pod is rejected"),
        pytest.param(None, 10, "stuck", id="no controller updates its status"),
        pytest.param({}, 0.1, "running", id="its pod is still to come"),
        pytest.param({"conditions": [{"type": "Complete", "status": "False"}]}, 0.1, "running", id="a condition that is not true"),
    ],
)
def test_states(status: dict[str, Any] | None, minutes_ago: float, state: str) -> None:
    [found] = commands.job_states([job("migrate-a", status, minutes_ago)], OURS, NOW)
    assert (found["name"], found["command"], found["state"]) == ("migrate-a", "migrate", state)


@pytest.mark.parametrize(
    ("jobs", "force", "expected"),
    [
        pytest.param([], False, {"migrate-a": False, "collectstatic-a": False}, id="first time"),
        pytest.param([job("migrate-a", COMPLETE), job("collectstatic-a", COMPLETE)], False, {}, id="done"),
        pytest.param(
            [job("migrate-a", COMPLETE), job("collectstatic-a", COMPLETE)], True, {"migrate-a": True, "collectstatic-a": True}, id="forced"
        ),
        pytest.param([job("migrate-a", FAILED)], False, {"migrate-a": True, "collectstatic-a": False}, id="one failed"),
        pytest.param([job("migrate-a", {})], False, {"migrate-a": True, "collectstatic-a": False}, id="the pod of one was rejected"),
        pytest.param([job("migrate-a", RUNNING)], False, {"migrate-a": False, "collectstatic-a": False}, id="one runs"),
        pytest.param([job("migrate-a", RUNNING)], True, {"migrate-a": True, "collectstatic-a": False}, id="one runs, and all are forced"),
        pytest.param(
            [job("migrate-a", COMPLETE), job("collectstatic-a", COMPLETE), job("collectstatic-b", COMPLETE)],
            False,
            {"collectstatic-a": True},
            id="another one had its turn in the same second",
        ),
        pytest.param(
            [job("migrate-a", COMPLETE, 30), job("collectstatic-a", COMPLETE, 29), job("migrate-b", COMPLETE)],
            False,
            {},
            id="another command of another release ran since",
        ),
        pytest.param(
            [job("migrate-b", COMPLETE), job("collectstatic-b", COMPLETE)],
            False,
            {"migrate-a": False, "collectstatic-a": False},
            id="another release is done",
        ),
        pytest.param(
            [
                job("migrate-a", COMPLETE, 30),
                job("collectstatic-a", COMPLETE, 29),
                job("migrate-b", COMPLETE),
                job("collectstatic-b", COMPLETE),
            ],
            False,
            {"collectstatic-a": True},
            id="another one had its turn since",
        ),
        pytest.param(
            [job("migrate-a", COMPLETE, 30), job("collectstatic-a", COMPLETE, 29), job("collectstatic-b", FAILED)],
            False,
            {"collectstatic-a": True},
            id="another one failed half-way since",
        ),
        pytest.param(
            [job("migrate-a", COMPLETE, 30), job("collectstatic-a", COMPLETE, 3), job("collectstatic-b", COMPLETE)],
            False,
            {},
            id="it came back already",
        ),
        pytest.param(
            [job("migrate-a", COMPLETE, 30), job("collectstatic-a", RUNNING, 29), job("collectstatic-b", COMPLETE)],
            False,
            {"collectstatic-a": False},
            id="its turn is not over",
        ),
    ],
)
def test_which_commands_run_and_which_jobs_are_replaced(jobs: list[dict[str, Any]], force: bool, expected: dict[str, bool]) -> None:
    states = commands.job_states(jobs, OURS, NOW)
    found = commands.jobs_to_run([MIGRATE, STATIC], states, "a", force)
    assert {each["name"]: each["replace"] for each in found} == expected
    # Only a Job that runs and is not replaced is waited for without being applied.
    running = {state["name"] for state in states if state["state"] == commands.RUNNING}
    assert {each["name"] for each in found if each["running"]} == {
        name for name, replaced in expected.items() if name in running and not replaced
    }
    assert [each["command"]["command"] for each in found] == [[each["name"].rpartition("-")[0]] for each in found]


@pytest.mark.parametrize(
    ("collected", "status", "expected"),
    [
        pytest.param("r2", COMPLETE, {}, id="done"),
        pytest.param("r1", COMPLETE, {"collectstatic-a": True}, id="the command was changed"),
        pytest.param("", COMPLETE, {"collectstatic-a": True}, id="an earlier version of the collection made it"),
        pytest.param("r1", RUNNING, {"collectstatic-a": True}, id="it collects other files"),
        pytest.param("r2", RUNNING, {"collectstatic-a": False}, id="it runs"),
    ],
)
def test_a_job_that_collected_other_static_files_is_replaced(collected: str, status: dict[str, Any], expected: dict[str, bool]) -> None:
    """The pods of the release would mount a directory that does not exist."""
    mount = {"name": "static", "mountPath": "/app/staticfiles", **({"subPath": f".releases/{collected}"} if collected else {})}
    volume = {"name": "static", "persistentVolumeClaim": {"claimName": "static-pvc"}}
    made = job("collectstatic-a", status)
    made["spec"] = {"template": {"spec": {"containers": [{"volumeMounts": [mount]}], "volumes": [volume]}}}
    found = commands.jobs_to_run([{**STATIC, "static_revision": "r2"}], commands.job_states([made], OURS, NOW), "a")
    assert {each["name"]: each["replace"] for each in found} == expected


@pytest.mark.parametrize(
    ("command", "wrapped"),
    [
        (["python", "manage.py", "migrate", "--noinput"], ["python", "-c", "script", "30", "manage.py", "migrate", "--noinput"]),
        (["python", "/srv/manage.py", "migrate"], ["python", "-c", "script", "30", "/srv/manage.py", "migrate"]),
        (["python", "manage.py", "migrate", "--plan"], None),
        (["python", "manage.py", "migrate_schemas"], None),
        (["python", "manage.py"], None),
        (["sh", "-c", "python manage.py migrate"], None),
        (["./migrate.sh"], None),
    ],
)
def test_the_usual_migration_shows_its_plan_and_has_a_limit(command: list[str], wrapped: list[str] | None) -> None:
    own = {"name": "migrate", "command": command, "wait_for_db": False}
    [found] = commands.migrating_commands([own], "script", 30)
    assert found == ({**own, "command": wrapped, "log_lines": commands.MIGRATION_LINES} if wrapped else own)


PLANTED = job("migrate-a", COMPLETE, manager="kubectl-create", operation="Update")


@pytest.mark.parametrize(
    ("found", "made_by"),
    [
        pytest.param(job("migrate-a", COMPLETE), "", id="ours"),
        pytest.param(PLANTED, "the field manager kubectl-create", id="made by others"),
        pytest.param(job("migrate-a", COMPLETE, operation="Update"), f"the field manager {OURS}", id="updated in our name"),
        pytest.param(
            {"metadata": {**PLANTED["metadata"], "managedFields": None}}, "an unknown field manager", id="an unknown field manager"
        ),
    ],
)
def test_the_creator_of_a_job(found: dict[str, Any], made_by: str) -> None:
    assert [each["made_by"] for each in commands.job_states([found], OURS, NOW)] == [made_by]


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param([PLANTED], {"migrate-a": False, "collectstatic-a": False}, id="a planted Job skips no migration"),
        pytest.param(
            [job("migrate-a", COMPLETE), job("collectstatic-a", COMPLETE), job("collectstatic-b", COMPLETE, 1, "kubectl-create", "Update")],
            {},
            id="a planted Job of another release repeats nothing",
        ),
    ],
)
def test_jobs_of_others_do_not_count_for_a_release(jobs: list[dict[str, Any]], expected: dict[str, bool]) -> None:
    found = commands.jobs_to_run([MIGRATE, STATIC], commands.job_states(jobs, OURS, NOW), "a")
    assert {each["name"]: each["replace"] for each in found} == expected


@pytest.mark.parametrize(
    ("values", "waits"),
    [
        pytest.param({}, True, id="a killed run left it"),
        pytest.param({"name": "migrate-now"}, False, id="of this release"),
        pytest.param({"state": "complete"}, False, id="done"),
        pytest.param({"state": "stuck"}, False, id="its pod cannot start, and another task stops it"),
        pytest.param({"made_by": "kubectl"}, False, id="of somebody else"),
    ],
)
def test_a_release_waits_for_the_running_jobs_of_another(values: dict[str, str], waits: bool) -> None:
    states = [{"name": "migrate-before", "command": "migrate", "state": "running", "made_by": "", **values}]
    assert commands.running_jobs_of_others(states, "now") == ([{"kind": "Job", "name": "migrate-before"}] if waits else [])


def test_a_rollback_waits_for_the_running_jobs_of_all_releases() -> None:
    """A killed run may have repeated the migrations of the release that is restored."""
    states = [{"name": f"migrate-{release}", "command": "migrate", "state": "running", "made_by": ""} for release in ("a", "b")]
    assert [each["name"] for each in commands.running_jobs_of_others(states, "")] == ["migrate-a", "migrate-b"]


@pytest.mark.parametrize(
    ("values", "kept", "undone"),
    [
        pytest.param({}, "old", True, id="another release would skip its migrations"),
        pytest.param({}, "now", False, id="the backup has the tables of this release"),
        pytest.param({"state": "failed"}, "old", False, id="runs again anyway"),
        pytest.param({"state": "running"}, "old", False, id="the restore waits for it"),
        pytest.param({"command": "collectstatic", "name": "collectstatic-now"}, "old", False, id="not in the database"),
        pytest.param({"made_by": "kubectl"}, "old", False, id="of somebody else"),
    ],
)
def test_a_restore_removes_the_jobs_that_would_skip_migrations(values: dict[str, str], kept: str, undone: bool) -> None:
    states = [{"name": "migrate-now", "command": "migrate", "state": "complete", "made_by": "", **values}]
    assert commands.undone_jobs(states, ["migrate"], kept) == (["migrate-now"] if undone else [])
