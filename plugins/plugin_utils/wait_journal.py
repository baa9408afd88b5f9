# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waits for rollouts of one run, which several tasks make and the report shows (private to the collection).

The variable with the result of a wait holds the last wait only. The journal is a file in the directory of the run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.details import Wait, wait_entry
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.run_directory import file_of_host


class WaitJournal:
    """The journal of one host.

    Args:
        host: name of the host in the inventory.
    """

    def __init__(self, host: str) -> None:
        self._path = file_of_host("waits", host)

    def add(self, result: Mapping[str, Any]) -> None:
        """Add the result of a wait. A wait that did not begin is not added.

        Args:
            result: result of M(jewelry_shop.platform.rollout).
        """
        if "started" in result:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(wait_entry(result))}\n")

    def clear(self) -> None:
        """Begin a new journal."""
        self._path.unlink(missing_ok=True)

    def waits(self) -> list[Wait]:
        """The waits, in the order in which they ended."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]
