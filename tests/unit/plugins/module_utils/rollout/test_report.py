# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import exit_words
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.report import newest_events, report, summary
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Assessment, Finding, Target
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.wait import Outcome
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker

SECRET = 'p&ss "wörd"/7'
NO_MASK = Masker([])


class Logs:
    """A stand-in for the cluster that has these logs, by whether they are of the instance before."""

    def __init__(self, **logs: list[str]) -> None:
        self._logs = logs
        self.asked: list[tuple[str, str, bool]] = []

    def log(self, _namespace: str, pod: str, container: str, previous: bool, _lines: int) -> list[str]:
        self.asked.append((pod, container, previous))
        name = "previous" if previous else "current"
        if name not in self._logs:
            raise PlatformError("no log")
        return self._logs[name]


def outcome(verdict: str, finding: Finding | None = None, **assessment: Any) -> Outcome:
    target = Target("Deployment", "web", "test", None, 60)
    return Outcome(target, verdict, 4.21, Assessment("pending", "0 of 1 updated", finding, **assessment))


def crash(restarted: bool = False) -> Finding:
    return Finding("CrashLoop", "ended with exit code 1 3 times", 0, pod="web-a", container="main", exit_code=1, restarted=restarted)


def entry(found: Outcome, logs: Logs | None = None, mask: Masker = NO_MASK, events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return report(found, events or [], logs or Logs(), 20, mask)


def test_a_failure_names_object_pod_container_cause_reason_and_last_words() -> None:
    found = entry(outcome("failed", crash()), Logs(current=["starting", "no database"]))
    assert found["message"] == (
        "Deployment test/web failed, pod web-a, container main: ended with exit code 1 3 times (CrashLoop); "
        "the last line of its log: no database"
    )
    assert (found["reason"], found["pod"], found["container"], found["exit_code"]) == ("CrashLoop", "web-a", "main", 1)
    assert found["log"] == ["starting", "no database"]


@pytest.mark.parametrize(
    ("log", "quoted"),
    [
        pytest.param(["no database", "", "  "], "no database", id="blank lines at the end"),
        pytest.param(["x" * 5_000, "no database"], "no database", id="a long line before it"),
        pytest.param(["x" * 1_500], "x" * 1_000 + "...", id="a long line"),
    ],
)
def test_the_last_words_are_the_last_line_that_is_not_blank(log: list[str], quoted: str) -> None:
    found = entry(outcome("failed", crash()), Logs(current=log))
    assert found["message"].endswith(f"; the last line of its log: {quoted}")
    assert found["log"] == log


def test_a_very_long_line_is_shortened_after_its_secrets_are_hidden() -> None:
    line = "x" * 8_190 + "hunter2-web" + "y" * 300_000
    found = entry(outcome("failed", crash()), Logs(current=[line]), Masker(["hunter2-web"]))
    assert found["log"] == ["x" * 8_190 + "**..."]


def test_the_sentence_quotes_the_exception_once_and_the_log_stays_whole() -> None:
    """A container's message is the end of its log, as Kubernetes takes it where a container writes none."""
    log = [*(f"Loading plugin {number}" for number in range(10)), "Traceback (most recent call last):", '  File "/app/manage.py", line 22']
    log += ["django.db.utils.OperationalError: connection failed: Connection refused", "\tIs the server running?", ""]
    finding = Finding(
        "JobFailed",
        exit_words({"exitCode": 1, "reason": "Error", "message": "\n".join(log)}),
        0,
        pod="web-a",
        container="main",
        exit_code=1,
    )
    found = entry(outcome("failed", finding), Logs(current=log))
    assert found["message"] == (
        "Deployment test/web failed, pod web-a, container main: ended with exit code 1: "
        "django.db.utils.OperationalError: connection failed: Connection refused Is the server running? (JobFailed)"
    )
    assert found["log"] == log


def test_a_secret_is_hidden_before_the_cause_becomes_one_line() -> None:
    message = f"starting\nValueError: cannot log in with two  spaces and\n{'x' * 990}two  spaces"
    finding = Finding("JobFailed", exit_words({"exitCode": 1, "message": message}), 0, pod="web-a", container="main", exit_code=1)
    found = entry(outcome("failed", finding), Logs(current=message.splitlines()), Masker(["two  spaces"]))
    assert "cannot log in with ****** and" in found["message"]
    assert "two" not in found["message"]


def test_a_timeout_reports_its_duration_and_the_obstacle() -> None:
    finding = Finding("ProbeFailing", "Readiness probe failed: HTTP probe failed with statuscode: 503", pod="web-a", container="main")
    assert entry(outcome("timeout", finding))["message"] == (
        "Deployment test/web is not ready after 4 s, pod web-a, container main: "
        "Readiness probe failed: HTTP probe failed with statuscode: 503 (ProbeFailing)"
    )


def test_a_failing_probe_is_reported_with_the_last_error_of_the_log() -> None:
    """The kubelet reports only the status of the response."""
    finding = Finding("ProbeFailing", "Readiness probe failed: HTTP probe failed with statuscode: 503", pod="beat-a", container="main")
    line = "[2026-11-30 10:00:00,000: ERROR/MainProcess] Beat sends no tasks: the broker is unavailable (ConnectionError)."
    request = '10.244.1.1 - - [30/Nov/2026:10:00:05 +0000] "GET /health/ready/ HTTP/1.1" 503 20'
    assert entry(outcome("timeout", finding), Logs(current=["beat: Starting...", line, request]))["message"].endswith(
        f"statuscode: 503 (ProbeFailing); the last error of its log: {line}"
    )


def test_a_timeout_reports_the_time_without_progress() -> None:
    found = entry(replace(outcome("timeout", Finding("NotReady", "1 of 2 pods are ready")), seconds=900.2, idle=600.04))
    assert (
        found["message"] == "Deployment test/web is not ready after 900 s and made no progress for 600 s: 1 of 2 pods are ready (NotReady)"
    )
    assert (found["seconds"], found["idle_seconds"]) == (900.2, 600.0)


def test_a_ready_target_has_no_reason_and_no_events() -> None:
    found = entry(outcome("ready"), events=[event()])
    assert found["message"] == "Deployment test/web is ready: 0 of 1 updated"
    assert (found["reason"], found["pod"], found["exit_code"], found["log"], found["events"]) == (None, None, None, [], [])


def test_the_log_comes_from_the_failed_instance() -> None:
    logs = Logs(current=["the next start"], previous=["the failure"])
    assert entry(outcome("failed", crash(restarted=True)), logs)["log"] == ["the failure"]


def test_the_other_instance_is_read_if_the_failed_one_has_no_log() -> None:
    logs = Logs(previous=["the failure"])
    assert entry(outcome("failed", crash()), logs)["log"] == ["the failure"]
    assert logs.asked == [("web-a", "main", False), ("web-a", "main", True)]


def test_an_unreadable_log_does_not_hide_the_verdict() -> None:
    found = entry(outcome("failed", crash()), Logs())
    assert (found["verdict"], found["log"]) == ("failed", [])


def test_a_job_that_is_complete_has_its_log() -> None:
    logs = Logs(current=["applied"])
    assert entry(outcome("ready", log_source=("job-a", "migrate")), logs)["log"] == ["applied"]
    assert logs.asked == [("job-a", "migrate", False)]


def test_no_log_is_read_if_no_lines_are_requested() -> None:
    logs = Logs(current=["applied"])
    assert report(outcome("failed", crash()), [], logs, 0, NO_MASK)["log"] == []
    assert logs.asked == []


def test_a_cause_of_several_lines_becomes_one_sentence() -> None:
    found = entry(outcome("failed", Finding("AdmissionRefused", "denied:\n  no owner\n", 0)))
    assert found["message"] == "Deployment test/web failed: denied: no owner (AdmissionRefused)"


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"data: {base64.b64encode(SECRET.encode()).decode()}",
        "postgres://shop:p%26ss%20%22w%C3%B6rd%22%2F7@db/shop",
        '{"password": "p&ss \\"w\\u00f6rd\\"/7"}',
    ],
    ids=["raw", "base64", "in a URL", "in JSON"],
)
def test_a_secret_is_hidden_in_each_of_its_forms(text: str) -> None:
    masked = Masker([SECRET])(text)
    assert "******" in masked
    for part in ("ss", "rd"):
        assert part not in masked.replace("password", "").replace("postgres", "")


def test_control_characters_in_logs_and_events_are_removed() -> None:
    finding = Finding("CrashLoop", "ended \x1b[2J", 0, pod="web-a", container="main", exit_code=1)
    found = entry(outcome("failed", finding), Logs(current=["one\x1b]0;x\x07", "\x1b[31mtwo\x1b[0m"]), Masker([]), [event("said \x9b2J")])
    assert found["log"] == ["one\ufffd]0;x\ufffd", "two"]
    assert not [character for character in str(found) if character < " " or "\x7f" <= character <= "\x9f"]
    assert found["events"][0]["message"] == "said \ufffd2J"


def test_each_line_of_a_secret_is_hidden() -> None:
    assert Masker(["-----BEGIN KEY-----\nQUJDREVG\n"])("loading QUJDREVG") == "loading ******"


def test_the_longest_of_overlapping_secrets_is_hidden_first() -> None:
    assert Masker(["gold", "gold-and-silver"])("gold-and-silver") == "******"


def test_a_value_too_short_for_a_secret_stays() -> None:
    assert Masker(["1", "", "abc"])("exit code 1 abc") == "exit code 1 abc"


def test_a_secret_is_hidden_in_log_cause_and_events_but_names_stay() -> None:
    finding = Finding("CrashLoop", "ended with exit code 1: hunter2-web", 0, pod="web-a", container="main", exit_code=1)
    found = entry(
        outcome("failed", finding), Logs(current=["login hunter2-web"]), Masker(["hunter2-web", "web-a"]), [event("said hunter2-web")]
    )
    assert "hunter2" not in str(found)
    assert (found["pod"], found["log"], found["events"][0]["message"]) == ("web-a", ["login ******"], "said ******")
    assert "pod web-a" in found["message"]


def event(message: str = "said", uid: str = "p-1", at: str = "2026-11-25T17:00:00Z") -> dict[str, Any]:
    return {
        "type": "Warning",
        "reason": "BackOff",
        "metadata": {"creationTimestamp": at},
        "involvedObject": {"kind": "Pod", "name": "web-a", "uid": uid},
        "message": message,
        "count": 3,
    }


def test_an_event_is_reported_with_its_object_count_and_time() -> None:
    assert entry(outcome("failed", crash()), events=[event()])["events"] == [
        {
            "type": "Warning",
            "reason": "BackOff",
            "object": "Pod/web-a",
            "message": "said",
            "count": 3,
            "last_seen": "2026-11-25T17:00:00+00:00",
        }
    ]


def test_only_the_newest_events_of_involved_objects_are_reported() -> None:
    mine = [event(str(second), at=f"2026-11-25T17:00:{second:02d}Z") for second in reversed(range(30))]
    found = newest_events([*mine, event("other", uid="p-2")], frozenset(["p-1"]))
    assert [item["message"] for item in found] == [str(second) for second in range(10, 30)]


def test_the_summary_lists_every_failure_and_every_target_without_a_verdict() -> None:
    entries = [entry(outcome("failed", crash())), entry(outcome("ready")), {**entry(outcome("pending")), "name": "other"}]
    assert summary(entries) == (
        "Deployment test/web failed, pod web-a, container main: ended with exit code 1 3 times (CrashLoop). "
        "No verdict yet: Deployment other"
    )


def test_the_summary_of_a_success_counts_the_ready_targets() -> None:
    assert summary([entry(outcome("ready")), entry(outcome("waiting_for_consumer"))]) == "1 of 2 ready, 1 waiting for a first consumer"
