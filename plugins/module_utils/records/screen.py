# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records, their differences and the status of a platform as tables (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.table import table

_LONGEST_VALUE = 60


def history_screen(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Format the records of releases as a table.

    Args:
        records: Records, as M(jewelry_shop.platform.release_history) returns them.

    Returns:
        Lines of the table, newest release first.

    Example:
        {{ history.records | jewelry_shop.platform.history_screen }}
    """
    if not records:
        return ["There are no records of releases. The next successful run of site.yml writes the first one."]
    rows = [("NUMBER", "RELEASE", "IMAGE", "DEPLOYED AT", "BY", "COMMIT", "VERDICT")]
    rows += [
        (
            str(each["number"]), each["release"], each["image"], each["deployed_at"], _by(each["deployed_by"]),
            _commit(each["inventory"]), _verdict(each),
        )
        for each in records
    ]  # fmt: skip
    return table(rows)


def _by(who: Mapping[str, str]) -> str:
    return f"{who['user']} (AWX job {who['job']})" if who.get("job") else who["user"]


def _commit(inventory: Mapping[str, Any]) -> str:
    commit = inventory.get("commit") or ""
    return f"{commit[:12]}{' (modified)' if inventory.get('modified') else ''}" if commit else "-"


def _verdict(record: Mapping[str, Any]) -> str:
    notes = [_repeats(record)] if record["rollback_to"] else []
    notes += [f"irreversible: {record['irreversible']}"] if record["irreversible"] else []
    return "; ".join([record["verdict"], *notes])


def _repeats(record: Mapping[str, Any]) -> str:
    repeated = f"{record['rollback_to']:04d}"
    return f"rollback of {record['rollback_of']} to {repeated}" if record["rollback_of"] else f"{repeated} deployed again"


def differences_screen(differences: Sequence[Mapping[str, str]]) -> list[str]:
    """Format the differences between two releases.

    Args:
        differences: Differences, as M(jewelry_shop.platform.release_history) returns them.

    Returns:
        Lines with the objects, and below them the fields.

    Example:
        {{ history.differences | jewelry_shop.platform.differences_screen }}
    """
    if not differences:
        return ["The two releases have the same objects."]
    lines, last = [], ""
    for each in differences:
        if each["object"] != last:
            lines.append(each["object"] if each["path"] else f"{each['object']}: {each['change']}")
            last = each["object"]
        if each["path"]:
            lines.append(f"  {each['path']}: {_change(each)}")
    return lines


def _change(each: Mapping[str, str]) -> str:
    if each["change"] == "added":
        return f"added: {_short(each['after'])}"
    if each["change"] == "removed":
        return f"removed: {_short(each['before'])}"
    return f"{_short(each['before'])} -> {_short(each['after'])}"


def _short(value: str) -> str:
    line = " ".join(value.split()) or '""'
    return line if len(line) <= _LONGEST_VALUE else f"{line[:_LONGEST_VALUE]}..."


def status_screen(status: Mapping[str, Any]) -> list[str]:
    """Format the status of a platform.

    Args:
        status: Status, as M(jewelry_shop.platform.release_status) returns it.

    Returns:
        Lines with the release, the workloads with their pods, and the drift.

    Example:
        {{ status | jewelry_shop.platform.status_screen }}
    """
    record = status["record"]
    lines = (
        [
            f"Release {record['release']} (number {record['number']}), image {record['image']}, since {record['deployed_at']}, "
            f"deployed by {_by(record['deployed_by'])}."
        ]
        if record
        else ["There is no record of the running release."]
    )
    rows = [("WORKLOAD", "READY", "UPDATED", "IMAGE")]
    rows += [
        (f"{each['kind']}/{each['name']}", f"{each['ready']}/{each['wanted']}", f"{each['updated']}/{each['wanted']}", each["image"])
        for each in status["workloads"]
    ]
    pods = [("POD", "READY", "STATE", "RESTARTS", "STARTED")]
    pods += [
        (pod["name"], "yes" if pod["ready"] else "no", pod["state"], str(pod["restarts"]), pod["started"] or "-")
        for each in status["workloads"]
        for pod in each["pods"]
    ]
    return [*lines, "", *table(rows), "", *table(pods), "", *_drift(status["drift"])]


def _drift(drift: Sequence[Mapping[str, str]]) -> list[str]:
    if not drift:
        return ["No drift: the cluster has what the inventory describes."]
    count = f"{len(drift)} {'difference' if len(drift) == 1 else 'differences'}"
    first = f"Drift: {count} from the inventory. site.yml applies the inventory again."
    return [first, *(f"- {_drifted(each)}" for each in drift)]


def _drifted(each: Mapping[str, str]) -> str:
    if each["drift"] == "missing":
        return f"{each['object']}: does not exist"
    if each["drift"] == "unexpected":
        return f"{each['object']}: exists, but is not in the inventory"
    if each["drift"] == "rejected":
        return f"{each['object']}: the comparison was rejected: {each['reason'].removeprefix(each['object'] + ': ')}"
    if not each["path"]:
        return f"{each['object']}: differs"
    who = f"field manager {each['manager']} at {each['time'] or 'an unknown time'}" if each["manager"] else "field was removed"
    return f"{each['object']}: {each['path']} is {_short(each['found'])}, expected {_short(each['expected'])} ({who})"
