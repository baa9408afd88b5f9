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
    within = case.expect.pop("message", None)
    assert {key: actual[key] for key in case.expect} == case.expect, found
    assert within is None or within in actual["message"], found


def documented_reasons() -> set[str]:
    text = rollout.RETURN[rollout.RETURN.index("    reason:\n") : rollout.RETURN.index("    message:\n")]
    return set(re.findall(r"V\(([A-Z]\w+)\)", text))


def test_every_documented_reason_has_a_case_and_every_case_a_documented_reason() -> None:
    shown = {case.expect.get("reason") for case in CASES} - {None}
    assert shown == documented_reasons()


@pytest.mark.parametrize("reason", sorted({str(case.expect["reason"]) for case in CASES if case.expect.get("certain_after") is not None}))
def test_every_certain_reason_has_a_neighbour_that_is_not_yet_certain(reason: str) -> None:
    tables = {case.identifier.partition(":")[0] for case in CASES if case.expect.get("reason") == reason}
    neighbours = [
        case
        for case in CASES
        if case.identifier.partition(":")[0] in tables
        and (case.expect.get("certain_after", 0) is None or case.expect.get("state") == "ready")
    ]
    assert neighbours
