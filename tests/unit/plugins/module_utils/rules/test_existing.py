# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the preflight reports of existing Secrets and ConfigMaps."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.existing import existing_object_findings


@pytest.mark.parametrize(
    ("values", "findings"),
    [
        pytest.param({}, [], id="no task"),
        pytest.param({"preflight_existing": {"problems": ["a (b)", "c (d)"]}}, ["a (b).", "c (d)."], id="problems"),
        pytest.param({"preflight_existing": {"problems": []}}, [], id="no problem"),
        pytest.param({"preflight_existing": {"failed": True, "msg": "no answer"}}, ["no answer."], id="not read"),
        pytest.param({"preflight_existing": {"skipped": True}}, [], id="skipped"),
    ],
)
def test_each_problem_of_an_existing_object_is_a_finding(values: dict[str, Any], findings: list[str]) -> None:
    assert existing_object_findings(values) == findings
