# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.modules import rollout
from rollout_tables import Case, cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.identifier)
def test_the_tables(case: Case) -> None:
    found = case.assess()
    actual: dict[str, Any] = {
        "state": found.state,
        "revision": found.revision,
        "progress": found.progress,
        "replicas": [found.replicas.wanted, found.replicas.updated, found.replicas.ready, found.replicas.available],
        "log_source": list(found.log_source) if found.log_source else None,
        **{
            key: getattr(found.finding, key, None)
            for key in ("reason", "message", "certain_after", "capacity", "pod", "container", "exit_code", "restarted")
        },
    }
    actual["whole_message"] = actual["message"]
    within = case.expect.pop("message", None)
    assert {key: actual[key] for key in case.expect} == case.expect, found
    assert within is None or within in actual["message"], found


def documented_reasons() -> set[str]:
    text = rollout.RETURN[rollout.RETURN.index("    reason:\n") : rollout.RETURN.index("    message:\n")]
    return set(re.findall(r"V\(([A-Z]\w+)\)", text))


def test_every_documented_reason_has_a_case_and_every_case_a_documented_reason() -> None:
    shown = {case.expect.get("reason") for case in CASES} - {None}
    assert shown == documented_reasons()


# What the same objects say when one thing differs, of reasons that are certain whenever they occur.
NEIGHBOURS = {
    "ClaimLost": "claim: it is bound",
    "ClaimNotFound": "unschedulable: its claim exists by now",
    "ImageMismatch": "deployment: the image is as asked",
    "InvalidImageName": "image_pull: neither the state nor an event names a cause",
    "JobStopped": "job_stopped: it is about to be stopped",
    "NotFound": "deployment: done",
    "Paused": "deployment: it is paused after its rollout",
    "ProgressDeadlineExceeded": "deployment: the deadline was exceeded before this change",
}


def table(case: Case) -> str:
    return case.identifier.partition(":")[0]


def certain(case: Case) -> float:
    after = case.expect["certain_after"]
    return float("inf") if after is None else float(after)


@pytest.mark.parametrize("reason", sorted({str(case.expect["reason"]) for case in CASES if case.expect.get("certain_after") is not None}))
def test_every_permanent_reason_has_a_case_that_is_not_yet_permanent(reason: str) -> None:
    """The same reason in the same table, certain later or never; or a case of that table without the reason."""
    cases_of_reason = [case for case in CASES if case.expect.get("reason") == reason and "certain_after" in case.expect]
    later = [
        other for case in cases_of_reason for other in cases_of_reason if table(other) == table(case) and certain(other) > certain(case)
    ]
    if reason in NEIGHBOURS:
        assert not later, f"{reason} needs no entry in NEIGHBOURS"
        [neighbour] = [case for case in CASES if case.identifier == NEIGHBOURS[reason]]
        assert table(neighbour) in {table(case) for case in cases_of_reason}
        assert neighbour.expect.get("reason") != reason
        assert neighbour.expect.get("state") == "ready" or neighbour.expect["certain_after"] is None
    else:
        assert later
