# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module M(jewelry_shop.platform.plan) in Ansible's worker process where possible, and waits for another run."""

from __future__ import annotations

import time
from typing import Any

from ansible.playbook.task import Task
from ansible.utils.display import Display

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.in_process import InProcessAction

display = Display()

# Seconds between two looks at the Lease, and between two lines on the screen.
LOOK_AGAIN = 3.0
SHOW_AGAIN = 30.0


class ActionModule(InProcessAction):
    """Runs the module, again and again while another run holds the Lease and the wait is not over."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module.

        Args:
            tmp: unused.
            task_vars: variables of the host.
        """
        result = super().run(tmp, task_vars)
        deadline = Deadline(_seconds(self._task.args)) if _is_held(result) and not self._task.check_mode else Deadline(0)
        show = Deadline(0)
        while _is_held(result) and deadline.remaining():
            if not show.remaining():
                host = (task_vars or {}).get("inventory_hostname", "")
                display.display(f"  [{host}] {result['lease']['held']} Waiting for up to {deadline.remaining():.0f} s.")
                show = Deadline(SHOW_AGAIN)
            time.sleep(min(LOOK_AGAIN, deadline.remaining()))
            result = super().run(tmp, task_vars)
        return {**result, "import_tags": import_tags(self._task)}


def import_tags(task: Task) -> list[str]:
    """The tags that the play of a task has from the playbook that imports it, in order.

    Args:
        task: a task that has no tags of its own except C(always).
    """
    return sorted({*task.tags} - {"always"})


def _is_held(result: dict[str, Any]) -> bool:
    return bool((result.get("lease") or {}).get("held"))


def _seconds(arguments: dict[str, Any]) -> float:
    # The module has checked the type.
    return float(arguments["cluster"].get("lease_wait") or 0)
