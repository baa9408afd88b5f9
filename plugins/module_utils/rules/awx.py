# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the playbook that configures AWX."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest

# AWX rejects other rules.
_RRULE = re.compile(r"DTSTART(;TZID=[\w/+-]+)?:\d{8}T\d{6}Z? RRULE:(?=\S*FREQ=)(?=\S*INTERVAL=)\S+")


def is_installed(collection: str) -> bool:
    """Whether ansible-playbook finds a collection.

    Args:
        collection: its name.
    """
    try:
        return importlib.util.find_spec(f"ansible_collections.{collection}") is not None
    except ModuleNotFoundError:
        # There is no collection of this namespace.
        return False


def _environments(v: Values) -> list[str]:
    return [each["name"] for each in v["awx_environments"]]


def _unknown(names: Iterable[str], known: list[str]) -> str:
    return next((f"{name}{nearest(name, known)}" for name in names if name not in known), "")


def _twice(v: Values, variable: str) -> str:
    names = [each["name"] for each in v[variable]]
    return ", ".join(sorted({name for name in names if names.count(name) > 1}))


AWX = (
    Rule(
        lambda _v: not is_installed("awx.awx"),
        "The collection awx.awx is not installed. Install it with ansible-galaxy collection install awx.awx.",
    ),
    Rule(
        lambda v: not v["awx_project_url"],
        "awx_project_url is not set: set it to the URL of the Git repository with the playbooks and the inventories.",
    ),
    Rule(lambda v: not v["awx_environments"], "awx_environments is empty: name at least one environment."),
    Rule(lambda v: _twice(v, "awx_environments"), "awx_environments names {} more than once. Give each environment a name of its own."),
    Rule(lambda v: _twice(v, "awx_notifications"), "awx_notifications names {} more than once. Give each notification a name of its own."),
    Rule(
        lambda v: ", ".join(each["name"] for each in v["awx_environments"] if not each["credentials"]),
        "awx_environments: {} has no credentials. Name the credentials with the token of the cluster and with the secrets.",
    ),
    Rule(
        lambda v: _unknown(v["awx_workflow_environments"], _environments(v)),
        "awx_workflow_environments names an environment that awx_environments does not have: {}",
    ),
    Rule(
        lambda v: _unknown((name for each in v["awx_schedules"] for name in each.get("environments") or ()), _environments(v)),
        "awx_schedules names an environment that awx_environments does not have: {}",
    ),
    Rule(
        lambda v: _unknown((each["template"] for each in v["awx_schedules"]), [each["name"] for each in v["awx_actions"]]),
        "awx_schedules names an unknown job template: {}",
    ),
    Rule(
        lambda v: next((each["rrule"] for each in v["awx_schedules"] if not _RRULE.fullmatch(each["rrule"])), ""),
        "awx_schedules has the rule '{}', which AWX rejects. Write start, frequency and interval, such as "
        "DTSTART;TZID=UTC:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1.",
    ),
)
