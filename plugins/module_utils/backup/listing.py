# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backups in the output of a Job: pure functions (private to the collection)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.table import table

Backup = dict[str, Any]

LATEST = "latest"
# The time in UTC. It is also the name of the directory, so it contains no slash.
ID = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def backups_in(log: Iterable[str]) -> list[Backup]:
    """Read the descriptions of backups in the output of a Job.

    Args:
        log: Lines of the log. Each C(backup.json) is one line. Other lines are ignored.

    Returns:
        The descriptions, in the order of the lines.

    Example:
        {{ platform_rolled_out.resources[0].log | jewelry_shop.platform.backups_in }}
    """
    return [found for found in map(_description, log) if found]


def _description(line: str) -> Backup | None:
    try:
        found = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and ID.fullmatch(str(found.get("id"))) and isinstance(found.get("files"), dict) else None


def named_backup(backups: Sequence[Backup], wanted: str) -> Backup:
    """Find the backup with an ID.

    Args:
        backups: Backups, the newest first.
        wanted: The ID, or V(latest) for the first one.

    Returns:
        The backup, or an empty mapping if no backup has this ID.

    Example:
        {{ restore_found | jewelry_shop.platform.named_backup('latest') }}
    """
    return next((each for each in backups if wanted in (LATEST, each["id"])), {})


def backups_screen(backups: Sequence[Backup]) -> list[str]:
    """Format backups as a table.

    Args:
        backups: Backups, as P(jewelry_shop.platform.backups_in#filter) returns them.

    Returns:
        Lines of the table, in the order of the backups.

    Example:
        {{ restore_found | jewelry_shop.platform.backups_screen }}
    """
    if not backups:
        return ["There are no backups. Make one with playbooks/backup.yml."]
    rows = [("BACKUP", "STARTED", "RELEASE", "DATABASE", "UPLOADS", "DURATION")]
    return table([*rows, *(_row(each) for each in backups)])


def _row(backup: Backup) -> tuple[str, ...]:
    sizes = [_size(backup["files"].get(name)) for name in ("database.dump", "media.tar")]
    return (backup["id"], str(backup.get("start", "-")), str(backup.get("release", "-")), *sizes, f"{backup.get('seconds', '-')} s")


def _size(file: Mapping[str, Any] | None) -> str:
    if not file:
        return "-"
    size, unit = float(file["bytes"]), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
