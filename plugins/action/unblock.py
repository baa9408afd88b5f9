# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module M(jewelry_shop.platform.unblock) in Ansible's worker process where possible, and shows what it stopped."""

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.in_process import InProcessAction

display = Display()


class ActionModule(InProcessAction):
    """Runs the module."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module.

        Args:
            tmp: unused.
            task_vars: variables of the host.
        """
        result = super().run(tmp, task_vars)
        # Ansible does not show the message of a changed task. With failed_jobs, the cause of a failed Job ends the run and is shown then.
        if result.get("changed") and not self._task.args.get("failed_jobs"):
            display.display(f"  [{(task_vars or {}).get('inventory_hostname', '')}] {result['msg']}")
        return result
