# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.queues import (
    MARK,
    round_trip_checks,
    sleeping_queues,
    unserved_queue_checks,
)

NOISE = "Loading settings\nThe shop of 2026 ***\n" * 10
CAME_BACK = "the test task returned its result"
LATE = "the result of the test task did not return within 3 s; no worker took it, and it was removed from the queue"
QUEUES = ["celery", "reports"]


def check(subject: str, severity: str, message: str) -> dict[str, str]:
    return {"name": "queue", "subject": subject, "severity": severity, "message": message}


def answered(problems: Any, before: str = "", after: str = "") -> dict[str, Any]:
    return {"rc": 0, "stdout": f"{before}\n{MARK}{json.dumps(problems)}\n{after}", "stderr": NOISE}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(
            answered({"celery": "", "reports": ""}),
            [check("celery", "ok", CAME_BACK), check("reports", "ok", CAME_BACK)],
            id="all are fine",
        ),
        pytest.param(
            answered({"celery": "", "reports": LATE}, NOISE, "Bye\n"),
            [check("celery", "ok", CAME_BACK), check("reports", "error", LATE)],
            id="one is not, amid the application's output",
        ),
        pytest.param(
            answered({"celery": ""}),
            [check("celery", "ok", CAME_BACK), check("reports", "error", "it was not tried")],
            id="one is missing from the answer",
        ),
        pytest.param(
            {
                "rc": 1,
                "stdout": NOISE,
                "stderr": 'Traceback (most recent call last):\n  File "<string>", line 1\nModuleNotFoundError: No module named '
                "'config'\n",
            },
            [check("celery, reports", "error", "no task could be sent from a Django pod: ModuleNotFoundError: No module named 'config'")],
            id="the application cannot be loaded",
        ),
        pytest.param(
            {"rc": 137, "stdout": "no end", "stderr": ""},
            [check("celery, reports", "error", "no task could be sent from a Django pod: no end")],
            id="it was killed",
        ),
        pytest.param(
            {"msg": "Failed to execute on pod none due to : (404)\nReason: Not Found"},
            [
                check(
                    "celery, reports",
                    "error",
                    "no task could be sent from a Django pod: Failed to execute on pod none due to : (404) Reason: Not Found",
                )
            ],
            id="there is no pod",
        ),
        pytest.param(
            {"rc": 0, "stdout": f"{MARK}[]"},
            [check("celery, reports", "error", f"no task could be sent from a Django pod: {MARK}[]")],
            id="the answer is cut off",
        ),
    ],
)
def test_each_queue_of_a_round_trip_is_a_check(result: dict[str, Any], expected: list[dict[str, str]]) -> None:
    assert round_trip_checks(result, QUEUES) == expected


def worker(name: str, *queues: str, least: int | None = None) -> dict[str, Any]:
    """A workload; with a least number of replicas, KEDA scales it."""
    scaled = {} if least is None else {"autoscaling": {"scaled_object": {}, "min_replicas": least}}
    return {"name": name, "queues": list(queues), **scaled}


@pytest.mark.parametrize(
    ("workloads", "stopped", "asleep"),
    [
        pytest.param([worker("a", "x", "y", least=0)], ["a"], ["x", "y"], id="KEDA starts the only worker"),
        pytest.param([worker("a", "x", least=0)], [], [], id="the worker runs"),
        pytest.param([worker("a", "x", least=1)], ["a"], [], id="KEDA should not have stopped it"),
        pytest.param([worker("a", "x")], ["a"], [], id="scale.yml stopped it"),
        pytest.param([worker("a", "x", "y", least=0), worker("b", "y")], ["a"], ["x"], id="another workload serves a queue too"),
        pytest.param([worker("a", "x", least=0), worker("b", "x")], ["a", "b"], ["x"], id="scale.yml stopped the other one"),
        pytest.param([{"name": "django"}], ["django"], [], id="no worker"),
    ],
)
def test_a_queue_sleeps_if_only_keda_can_start_its_workers(workloads: list[dict[str, Any]], stopped: list[str], asleep: list[str]) -> None:
    names = [each["name"] for each in workloads]
    deployments = [{"metadata": {"name": name}, "spec": {"replicas": 0 if name in stopped else 1}} for name in names]
    assert sleeping_queues(workloads, deployments) == asleep


@pytest.mark.parametrize("result", [{"skipped": True}, {"rc": 0, "stdout": f'{MARK}{{"celery": ""}}'}])
def test_a_sleeping_queue_is_reported_and_not_tried(result: dict[str, Any]) -> None:
    tried = [] if "skipped" in result else ["celery"]
    found = round_trip_checks(result, tried, asleep=["reports"])
    assert found[0] == check("reports", "ok", "no test task was sent: its workers have 0 replicas until KEDA starts one for a task")
    assert [each["subject"] for each in found[1:]] == tried


def beat(report: Any, **pod: Any) -> dict[str, Any]:
    content = report if isinstance(report, str) else json.dumps(report)
    return {"endpoints": [{"name": "queues", "pods": [{"pod": "celery-beat-1", "content": content, "reason": None, **pod}]}]}


ADD = (
    "Add it to celery_worker_queues and, if celery_worker_groups has queues, to those of a group. If workers outside this collection serve "
    "it, add it to celery_beat_queues_of_other_workers instead"
)


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        pytest.param(beat({"unserved": [], "problem": ""}), [], id="every queue has a worker"),
        pytest.param(
            beat({"unserved": [{"queue": "reports", "length": 43, "entry": "daily"}, {"queue": "mail", "length": 1, "entry": ""}]}),
            [
                check("reports", "warning", f"no worker serves it: 43 tasks wait in it, and the periodic task daily sends to it. {ADD}"),
                check("mail", "warning", f"no worker serves it: 1 task waits in it. {ADD}"),
            ],
            id="two have none",
        ),
        pytest.param(
            beat({"unserved": [], "problem": "The queues of the broker cannot be listed: no permission for 'scan'"}),
            [
                check(
                    "celery-beat",
                    "warning",
                    "queues without a worker may be missing here. The queues of the broker cannot be listed: no permission for 'scan'",
                )
            ],
            id="the broker's are unknown",
        ),
        pytest.param(
            beat("not found\n", reason="status 404 instead of 200: not found"),
            [
                check(
                    "celery-beat",
                    "warning",
                    "Celery beat did not report which queues have no worker: status 404 instead of 200: not found",
                )
            ],
            id="beat is of an older release",
        ),
        pytest.param(
            {
                "endpoints": [{"name": "queues", "pods": []}],
                "msg": "1 of 1 endpoints is not healthy:\nqueues: 0 of 1 wanted pods are ready",
            },
            [
                check(
                    "celery-beat",
                    "warning",
                    "Celery beat did not report which queues have no worker: 1 of 1 endpoints is not healthy: "
                    "queues: 0 of 1 wanted pods are ready",
                )
            ],
            id="there is no pod",
        ),
        pytest.param(
            {"msg": "no answer"},
            [check("celery-beat", "warning", "Celery beat did not report which queues have no worker: no answer")],
            id="the check failed as a whole",
        ),
    ],
)
def test_each_queue_without_a_worker_is_a_warning(health: dict[str, Any], expected: list[dict[str, str]]) -> None:
    assert unserved_queue_checks(health) == expected


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({"stdout": MARK + "[" * 100_000}, id="JSON that is nested too deeply"),
        pytest.param({"stdout": MARK + '{"celery": ' * 50_000}, id="objects too"),
    ],
)
def test_an_unreadable_result_is_an_error_of_the_round_trip(result: dict[str, Any]) -> None:
    assert [found["severity"] for found in round_trip_checks(result, QUEUES)] == ["error"]


@pytest.mark.parametrize(
    "result",
    [
        answered({"celery": "x" * 995 + "correct-horse"}),
        {"rc": 1, "stderr": "ValueError: " + "x" * 980 + "correct-horse"},
        {"msg": "x" * 995 + "correct-horse"},
    ],
    ids=["problem of a queue", "standard error", "message of the module"],
)
def test_secrets_are_hidden_before_a_string_is_shortened(result: dict[str, Any]) -> None:
    [found] = round_trip_checks(result, ["celery"], ["correct-horse"])
    assert found["severity"] == "error"
    assert "corr" not in found["message"]


def test_a_problem_of_a_queue_is_shortened() -> None:
    found = round_trip_checks(answered({"celery": "x\n" * 50_000, "reports": ["y"] * 50_000}), QUEUES)
    assert max(len(check["message"]) for check in found) < 1_100


HOSTILE_REPORTS = [
    pytest.param("[" * 100_000, id="nested too deeply"),
    pytest.param({"unserved": ["reports"]}, id="no mapping"),
    pytest.param({"unserved": [{"queue": "reports"}]}, id="keys are missing"),
    pytest.param({"unserved": [{"queue": "reports", "length": "many", "entry": ""}]}, id="no number"),
]


@pytest.mark.parametrize("report", HOSTILE_REPORTS)
def test_a_report_in_another_format_is_ignored(report: Any) -> None:
    [found] = unserved_queue_checks(beat(report))
    assert found["message"].startswith("Celery beat did not report which queues have no worker")


def test_the_length_of_a_queue_report_is_limited() -> None:
    queue = {"queue": "q" * 10_000, "length": 1, "entry": "e" * 10_000}
    found = unserved_queue_checks(beat({"unserved": [queue] * 10_000, "problem": "p" * 100_000}))
    assert len(found) <= 101
    assert max(len(check["subject"] + check["message"]) for check in found) < 2_500
