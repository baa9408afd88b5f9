# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who holds a Lease, and what a run writes into it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease import rules

NOW = datetime(2026, 11, 30, 20, 15, 2, tzinfo=timezone.utc)
WRITTEN = {"metadata": {"name": "a", "resourceVersion": "7", "labels": {"team": "b"}}, "spec": {"leaseTransitions": 3}}
HELD: dict[str, Any] = rules.acquired(WRITTEN, "control_1", "anna, host control, playbook site.yml", {"app": "jewelry-shop"}, 60, NOW)


def lease(**spec: Any) -> dict[str, Any]:
    return {**HELD, "spec": {**HELD["spec"], **spec}}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_holder_is_named_with_the_time_that_is_left() -> None:
    assert str(rules.holder(HELD, at(12.5))) == (
        "anna, host control, playbook site.yml, since 2026-11-30 20:15:02 UTC. Without a renewal, the Lease expires in 48 s"
    )


@pytest.mark.parametrize(
    ("found", "seconds", "is_held"),
    [
        pytest.param(None, 0, False, id="no Lease"),
        pytest.param({"metadata": {}}, 0, False, id="a Lease without a specification"),
        pytest.param(HELD, 0, True, id="just renewed"),
        pytest.param(HELD, 59.9, True, id="before its end"),
        pytest.param(HELD, 60, False, id="expired"),
        pytest.param(rules.renewed(HELD, at(50)), 100, True, id="renewed"),
        pytest.param(rules.released(HELD), 0, False, id="released"),
        pytest.param(HELD, -60, True, id="an API server whose clock is late"),
        pytest.param(HELD, -61, False, id="a renewal in the future"),
        pytest.param(lease(renewTime="yesterday"), 0, False, id="not a time"),
        pytest.param(lease(renewTime=None), 0, False, id="no time"),
        pytest.param(lease(renewTime="2026-11-30T20:15:02"), 0, False, id="a time without a zone"),
        pytest.param(lease(leaseDurationSeconds=None), 0, False, id="no duration"),
    ],
)
def test_a_lease_is_held_until_it_expires(found: Any, seconds: float, is_held: bool) -> None:
    assert (rules.holder(found, at(seconds)) is not None) is is_held


def test_an_acquisition_keeps_what_others_wrote_and_counts() -> None:
    assert HELD["metadata"] == {
        "name": "a",
        "resourceVersion": "7",
        "labels": {"team": "b", "app": "jewelry-shop"},
        "annotations": {"jewelry-shop/held-by": "anna, host control, playbook site.yml"},
    }
    assert HELD["spec"] == {
        "holderIdentity": "control_1",
        "leaseDurationSeconds": 60,
        "acquireTime": "2026-11-30T20:15:02.000000Z",
        "renewTime": "2026-11-30T20:15:02.000000Z",
        "leaseTransitions": 4,
    }


def test_a_description_of_others_cannot_control_the_terminal_and_is_short() -> None:
    found = rules.holder({**HELD, "metadata": {"annotations": {rules.HELD_BY: "\x1b]0;title\x07\n" + "x" * 500}}}, NOW)
    assert found is not None
    assert "\x1b" not in found.description
    assert "\n" not in found.description
    assert len(found.description) < 250


@pytest.mark.parametrize(
    ("variables", "playbook", "expected"),
    [
        ({}, "site.yml", "anna, host control, playbook site.yml"),
        ({}, "", "anna, host control"),
        (
            {"awx_job_id": 4711, "awx_job_template_name": "Deploy", "awx_user_name": "eva"},
            "site.yml",
            "eva, AWX job 4711 (Deploy), playbook site.yml",
        ),
        ({"tower_job_id": "12"}, "site.yml", "anna, AWX job 12, playbook site.yml"),
    ],
)
def test_a_run_is_described_by_user_place_and_playbook(variables: dict[str, Any], playbook: str, expected: str) -> None:
    assert rules.description("anna", "control", playbook, variables) == expected
