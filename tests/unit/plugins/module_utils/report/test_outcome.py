# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.outcome import (
    health_checks,
    masked,
    report_junit,
    report_screen,
    rollout_problem,
    run_failure,
)

ENTRY: dict[str, Any] = {
    "kind": "Deployment",
    "name": "django",
    "namespace": "shop",
    "verdict": "failed",
    "seconds": 12.3,
    "revision": "4",
    "reason": "CrashLoop",
    "pod": "django-a",
    "container": "django",
    "exit_code": 1,
    "log": ["one", "no such module \x1b[31mshop\x1b[0m"],
    "events": [{"type": "Warning", "reason": "BackOff", "object": "Pod/django-a", "message": "Back-off restarting", "count": 3}],
    "message": "Deployment shop/django failed, pod django-a, container django: ended with exit code 1 (CrashLoop)",
}
FINE = {**ENTRY, "name": "nginx", "verdict": "ready", "reason": None}
CHECKS = [
    {"name": "workload", "subject": "Deployment/django", "severity": "ok", "message": "3 of 3 ready"},
    {"name": "event", "subject": "Pod/django-a", "severity": "warning", "message": "Unhealthy"},
    {"name": "service", "subject": "Service/web", "severity": "error", "message": "has no ready endpoint (0 of 2)"},
]
REPORT: dict[str, Any] = {
    "verdict": "failed",
    "sentence": ENTRY["message"],
    "stage": "Wait for the rollout of the tiers",
    "environment": "staging",
    "ended": "2026-11-25T17:00:00Z",
    "evidence": [ENTRY],
    "checks": CHECKS,
}


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ({"msg": "platform_image is not set"}, "platform_image is not set"),
        ({"msg": "one\n  two"}, "one two"),
        ({"stderr": "no such file"}, "no such file"),
        (
            {"stderr": 'loading plugins\nTraceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: no weight\n'},
            "ValueError: no weight",
        ),
        ({}, "it gave no reason"),
        # The body of a rejection as a string, and as the representation of bytes.
        (
            {
                "msg": 'Failed to apply object: {"kind":"Status","status":"Failure",'
                '"message":"deployments.apps \\"django\\" is forbidden: no","code":403}\n'
            },
            'Apply tiers: deployments.apps "django" is forbidden: no',
        ),
        (
            {
                "msg": 'Failed to apply object: b\'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
                '"message":"deployments.apps \\\\"django\\\\" is forbidden: no","reason":"Forbidden","code":403}\\n\''
            },
            'Apply tiers: deployments.apps "django" is forbidden: no',
        ),
    ],
)
def test_the_message_of_a_failed_task_is_the_cause(result: dict[str, Any], sentence: str) -> None:
    assert run_failure(result, "Apply tiers") == {"sentence": sentence, "evidence": []}


SHORT = {"msg": "It does not. The report below has the cause."}


@pytest.mark.parametrize(
    ("found", "sentence", "evidence"),
    [
        (
            {"findings": ["platform_image is not set:\n  put it into main.yml.", "No cluster is set."]},
            "2 problems, nothing was changed:\n- platform_image is not set: put it into main.yml.\n- No cluster is set.",
            [],
        ),
        ({"findings": ["No cluster is set."]}, "1 problem, nothing was changed:\n- No cluster is set.", []),
        ({"rolled_out": {"msg": ENTRY["message"], "resources": [FINE, ENTRY]}}, ENTRY["message"], [ENTRY]),
        # The module itself failed.
        ({"rolled_out": {"msg": "Pods of namespace shop: forbidden"}}, "Pods of namespace shop: forbidden", []),
        # A rollout that succeeded, or was skipped, is not the cause.
        ({"rolled_out": {"msg": "1 of 1 ready", "resources": [FINE]}}, SHORT["msg"], []),
        ({"rolled_out": {"skipped": True}}, SHORT["msg"], []),
        ({"checks": CHECKS}, "1 of 3 checks failed:\n- Service/web: has no ready endpoint (0 of 2)", []),
        ({"checks": CHECKS[:2]}, SHORT["msg"], []),
        # The earlier cause counts.
        ({"rolled_out": {"msg": ENTRY["message"], "resources": [ENTRY]}, "checks": CHECKS}, ENTRY["message"], [ENTRY]),
    ],
)
def test_a_stage_with_its_own_findings_leaves_the_cause_to_the_report(
    found: dict[str, Any], sentence: str, evidence: list[dict[str, Any]]
) -> None:
    assert run_failure(SHORT, "Require that it does", **found) == {"sentence": sentence, "evidence": evidence}


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"resources": [FINE], "msg": "1 of 1 ready"}, ""),
        ({"resources": [], "msg": "0 of 0 ready"}, ""),
        ({"resources": [FINE, {**ENTRY, "verdict": "timeout"}], "msg": "it is not ready"}, "it is not ready"),
        ({"msg": "the API server cannot be reached"}, "the API server cannot be reached"),
        ({}, "the rollout gave no reason"),
        ({"skipped": True}, ""),
    ],
)
def test_a_rollout_with_a_postponed_failure_counts_as_failed(result: dict[str, Any], problem: str) -> None:
    assert rollout_problem(result) == problem


def pod(name: str, healthy: bool, reason: str = "") -> dict[str, Any]:
    return {"pod": name, "healthy": healthy, "status": 200 if healthy else None, "reason": reason}


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (
            {
                "endpoints": [
                    {"name": "django", "healthy": False, "reason": "1 sick", "pods": [pod("a", True), pod("b", False, "timed out")]}
                ]
            },
            [("Pod/a", "ok", "django answered 200"), ("Pod/b", "error", "django: timed out")],
        ),
        (
            {"endpoints": [{"name": "django", "healthy": False, "reason": "1 of 2 pods are ready", "pods": [pod("a", True)]}]},
            [("Pod/a", "ok", "django answered 200"), ("django", "error", "1 of 2 pods are ready")],
        ),
        (
            {"endpoints": [{"name": "django", "healthy": False, "reason": "there is no such Deployment", "pods": []}]},
            [("django", "error", "there is no such Deployment")],
        ),
        (
            {"endpoints": [{"name": "celery-worker", "healthy": True, "wanted": 0, "status": None, "pods": []}]},
            [("celery-worker", "ok", "has 0 replicas, so no request was sent")],
        ),
        ({"endpoints": [{"name": "front", "healthy": True, "status": 200, "pods": []}]}, [("front", "ok", "answered 200")]),
        ({"msg": "timeout must be more than 0"}, [("endpoints", "error", "timeout must be more than 0")]),
    ],
)
def test_health_results_become_one_check_per_replica(health: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert [(check["subject"], check["severity"], check["message"]) for check in health_checks(health)] == expected


def test_the_screen_of_a_run_that_succeeded_starts_with_the_sentence() -> None:
    assert report_screen({**REPORT, "verdict": "succeeded", "sentence": "44 checks passed", "evidence": []})[0] == "44 checks passed"


def test_the_screen_of_a_failure_shows_the_worst_first_without_the_final_sentence() -> None:
    lines = report_screen({**REPORT, "address": ["The shop:  https://shop"]})
    text = "\n".join(lines)
    assert ENTRY["message"] not in text
    order = ["CrashLoop, pod django-a, container django, revision 4, exit_code 1", "no such module", "BackOff Pod/django-a (3 times)"]
    order += ["ERROR     service", "WARNING   event", "OK        workload", "The shop:"]
    positions = [text.index(part) for part in order]
    assert positions == sorted(positions)


SCREEN = """
Deployment shop/django: failed after 12.3 s
  reason CrashLoop, pod django-a, container django, revision 4, exit_code 1
  log:
    one
    no such module \x1b[31mshop\x1b[0m
  events:
    Warning  BackOff Pod/django-a (3 times): Back-off restarting
    Normal   Pulled Pod/django-a: Image is there

Job shop/migrate: timeout after 600.0 s

SEVERITY  CHECK      SUBJECT                                      MESSAGE
ERROR     service    Service/web                                  has no ready endpoint (0 of 2)
WARNING   event      Pod/django-a                                 Unhealthy
OK        workload   Deployment/django                            3 of 3 ready

The shop:  https://shop"""


def test_the_whole_screen() -> None:
    once = {"type": "Normal", "reason": "Pulled", "object": "Pod/django-a", "message": "Image is there", "count": 1}
    bare = {
        "kind": "Job",
        "namespace": "shop",
        "name": "migrate",
        "verdict": "timeout",
        "seconds": 600.0,
        "reason": None,
        "log": [],
        "events": [],
    }
    evidence = [{**ENTRY, "events": [*ENTRY["events"], once]}, bare]
    assert "\n".join(report_screen({**REPORT, "evidence": evidence, "address": ["The shop:  https://shop"]})) == SCREEN
    assert report_screen({"verdict": "succeeded", "sentence": "Nothing to do."}) == ["Nothing to do."]


JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="jewelry_shop.platform staging" timestamp="2026-11-25T17:00:00Z" tests="3" failures="1" errors="0">
  <testcase classname="run" name="site" time="0" />
  <testcase classname="rollout" name="Deployment shop/django" time="12.3">
    <failure message="it does not answer" type="timeout" />
  </testcase>
  <testcase classname="validate.workload" name="Deployment/django" time="0" />
</testsuite>
"""


def test_the_whole_junit_file() -> None:
    entry = {**ENTRY, "verdict": "timeout", "reason": None, "seconds": 12.34, "log": [], "message": "it does not answer"}
    report = {**REPORT, "verdict": "succeeded", "stage": "", "evidence": [entry], "checks": CHECKS[:1]}
    assert ElementTree.canonicalize(report_junit(report)) == ElementTree.canonicalize(JUNIT)


def test_a_secret_is_hidden_everywhere_in_a_report() -> None:
    hidden = masked({"a": ["x hunter2-secret y", {"b": "aHVudGVyMi1zZWNyZXQ="}], "n": 3, "none": None}, ["hunter2-secret", 5])
    assert hidden == {"a": ["x ****** y", {"b": "******="}], "n": 3, "none": None}


def test_junit_has_one_case_per_check_and_marks_failures() -> None:
    suite = ElementTree.fromstring(report_junit(REPORT))
    assert (suite.get("tests"), suite.get("failures")) == ("5", "3")
    cases = {(case.get("classname"), case.get("name")): case for case in suite}
    crash = cases["rollout", "Deployment shop/django"].find("failure")
    assert crash is not None
    assert (crash.get("type"), crash.get("message")) == ("CrashLoop", ENTRY["message"])
    # The terminal's control characters are no XML.
    assert crash.text == "one\nno such module ?[31mshop?[0m"
    assert cases["validate.service", "Service/web"].find("failure") is not None
    assert cases["validate.event", "Pod/django-a"].findtext("system-out") == "warning: Unhealthy"
    assert len(cases["validate.workload", "Deployment/django"]) == 0


def test_junit_of_a_run_that_succeeded_has_no_failure() -> None:
    suite = ElementTree.fromstring(report_junit({**REPORT, "verdict": "succeeded", "stage": "", "evidence": [], "checks": CHECKS[:2]}))
    assert (suite.get("tests"), suite.get("failures")) == ("3", "0")
