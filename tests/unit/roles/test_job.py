"""When a run repeats a command."""

from __future__ import annotations

from typing import Any

import pytest


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
