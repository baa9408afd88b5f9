# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the test tables for the predicates of rollout.

A table is a YAML file: its first document names the target, the moment and the cases, the others are objects as a cluster returned
them. A case is what is expected of these objects, or of them with a few changes, so that what is certain and what is not yet
certain stand side by side. Keys of a case:

- name: what it shows.
- expect: what the assessment has to say; "message" is a text within the finding's message and "whole_message" all of it, a key that is
  missing is not looked at.
- change: a list of {of: kind/name, set: {dotted path: value}}; the value null takes the key away.
- without: kinds, or kind/name, of objects that are left out.
- add: further objects.
- policy: other values of the policy.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.predicates import assess
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Assessment, Policy, Snapshot, Target, instant

TABLES = Path(__file__).parent / "module_utils" / "rollout" / "tables"
UNKNOWN_KEYS = "unknown keys in a table"


@dataclass(frozen=True)
class Case:
    """One case of a table; its identifier is table and name."""

    identifier: str
    target: Target
    policy: Policy
    objects: list[dict[str, Any]]
    expect: dict[str, Any]

    def assess(self) -> Assessment:
        return assess(self.target, Snapshot(self.objects), self.policy)


def cases() -> list[Case]:
    """The cases of all tables."""
    return [case for path in sorted(TABLES.glob("*.yaml")) for case in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    table, *objects = yaml.safe_load_all(path.read_text())
    for case in table["cases"]:
        rest = {key: value for key, value in case.items() if key not in ("name", "expect", "change", "without", "add", "policy")}
        assert not rest, f"{UNKNOWN_KEYS}: {path.name}: {sorted(rest)}"
        target = {"namespace": "test", "image": None, "timeout": 600.0, **table["target"], **case["expect"].pop("target", {})}
        policy = {
            "tolerated_failures": 2,
            "unschedulable_grace": 5.0,
            # The wait begins when the objects were read, unless a case says otherwise.
            "began": table["read"],
            **case.get("policy", {}),
        }
        policy["began"] = instant(policy["began"])
        policy["now"] = instant(policy["now"]) if "now" in policy else None
        if "failures_before" in policy:
            policy["failures_before"] = {(uid, name): count for uid, name, count in policy["failures_before"]}
        if "served_before" in policy:
            policy["served_before"] = frozenset((uid, name) for uid, name in policy["served_before"])
        changed = _changed(copy.deepcopy(objects), case)
        yield Case(f"{path.stem}: {case['name']}", Target(**target), Policy(**policy), changed, case["expect"])


def _changed(objects: list[dict[str, Any]], case: dict[str, Any]) -> list[dict[str, Any]]:
    without = case.get("without", [])
    kept = [item for item in objects if not {item["kind"], _identity(item)} & set(without)]
    for change in case.get("change", []):
        found = [item for item in kept if _identity(item) == change["of"]]
        assert found, f"{case['name']}: nothing to change: {change['of']}"
        for item in found:
            for path, value in change["set"].items():
                _set(item, path, copy.deepcopy(value))
    return [*kept, *copy.deepcopy(case.get("add", []))]


def _identity(item: dict[str, Any]) -> str:
    """Kind and name; of an Event kind and reason, since its name says nothing."""
    return f"{item['kind']}/{item['reason'] if item['kind'] == 'Event' else item['metadata']['name']}"


def _set(item: Any, path: str, value: Any) -> None:
    *steps, last = path.replace("\\.", "\0").split(".")
    steps, last = [step.replace("\0", ".") for step in steps], last.replace("\0", ".")
    for step in steps:
        item = item[int(step)] if isinstance(item, list) else item.setdefault(step, {})
    if isinstance(item, list):
        item[int(last)] = value
    elif value is None:
        del item[last]
    else:
        item[last] = value
