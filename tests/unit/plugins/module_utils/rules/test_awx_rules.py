# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What configure_awx.yml rejects."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import awx
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.findings import FINDINGS

RULE = "DTSTART;TZID=UTC:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1"
VALID: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/shop.git",
    "awx_environments": [{"name": "staging", "credentials": ["a"]}, {"name": "production", "credentials": ["b"]}],
    "awx_notifications": [],
    "awx_workflow_environments": ["staging", "production"],
    "awx_schedules": [{"name": "nightly", "template": "validate", "rrule": RULE}],
    "awx_actions": [{"name": "validate"}, {"name": "backup"}],
}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, []),
        ({"awx_schedules": [{"name": "a", "template": "backup", "rrule": RULE.replace(";TZID=UTC", ""), "environments": []}]}, []),
        (
            {"awx_project_url": ""},
            ["awx_project_url is not set: set it to the URL of the Git repository with the playbooks and the inventories."],
        ),
        (
            {"awx_environments": [], "awx_workflow_environments": []},
            ["awx_environments is empty: name at least one environment."],
        ),
        (
            {"awx_environments": [{"name": "a", "credentials": ["c"]}] * 2, "awx_workflow_environments": ["a"]},
            ["awx_environments names a more than once. Give each environment a name of its own."],
        ),
        (
            {"awx_notifications": [{"name": "chat"}, {"name": "chat"}]},
            ["awx_notifications names chat more than once. Give each notification a name of its own."],
        ),
        (
            {"awx_environments": [{"name": "staging", "credentials": []}], "awx_workflow_environments": []},
            ["awx_environments: staging has no credentials. Name the credentials with the token of the cluster and with the secrets."],
        ),
        (
            {"awx_workflow_environments": ["stagin"]},
            ["awx_workflow_environments names an environment that awx_environments does not have: stagin; did you mean staging?"],
        ),
        (
            {"awx_schedules": [{"name": "a", "template": "validate", "environments": ["test"], "rrule": RULE}]},
            ["awx_schedules names an environment that awx_environments does not have: test."],
        ),
        (
            {"awx_schedules": [{"name": "a", "template": "upgrade", "rrule": RULE}]},
            ["awx_schedules names an unknown job template: upgrade."],
        ),
        *(
            (
                {"awx_schedules": [{"name": "a", "template": "backup", "rrule": rrule}]},
                [
                    f"awx_schedules has the rule '{rrule}', which AWX rejects. Write start, frequency and interval, such as "
                    "DTSTART;TZID=UTC:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1."
                ],
            )
            for rrule in ("daily", "RRULE:FREQ=DAILY;INTERVAL=1", "DTSTART:20260101T030000Z RRULE:FREQ=DAILY")
        ),
    ],
)
def test_findings(values: dict[str, Any], expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awx, "is_installed", lambda _collection: True)
    assert FINDINGS["awx"]({**VALID, **values}) == expected


def test_a_missing_collection_is_found() -> None:
    assert not awx.is_installed("nobody.nothing")
    assert not awx.is_installed("jewelry_shop.nothing")
    assert awx.is_installed("jewelry_shop.platform")
