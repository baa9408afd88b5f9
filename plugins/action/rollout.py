# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows the progress of the module M(jewelry_shop.platform.rollout), because a module cannot print, and keeps the result for the report."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from ansible.utils.display import Display

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.in_process import InProcessAction
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.run_directory import run_directory
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.wait_journal import WaitJournal

display = Display()

# Seconds between two reads of the file that the module writes.
LOOK_AGAIN = 0.25


class ActionModule(InProcessAction):
    """Runs the module, and shows the lines that the module appends to a file.

    Both must be able to access the file. With a connection other than local, or another user, no progress is shown.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module.

        Args:
            tmp: unused.
            task_vars: variables of the host.
        """
        shared = self._connection.transport == "local" and not self._connection.become and not self._task.async_val
        if not shared or self._task.args.get("progress_path"):
            return super().run(tmp, task_vars)
        # One directory per host, because the worker of another host may end at the same time.
        with tempfile.TemporaryDirectory(prefix="rollout-", dir=run_directory()) as directory:
            path = Path(directory, "progress")
            path.touch()
            done = threading.Event()
            viewer = threading.Thread(target=_show, args=(path, self._task_host(task_vars), done), daemon=True)
            viewer.start()
            try:
                self._task.args["progress_path"] = str(path)
                return super().run(tmp, task_vars)
            finally:
                done.set()
                viewer.join()

    def run_module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module, keep its result for the report, and return it.

        Args:
            arguments: the task's arguments.
            task_vars: variables of the host.
        """
        result = super().run_module(arguments, task_vars)
        WaitJournal(self._task_host(task_vars)).add(result)
        return result

    @staticmethod
    def _task_host(task_vars: dict[str, Any] | None) -> str:
        return str((task_vars or {}).get("inventory_hostname", ""))


def _show(path: Path, host: str, done: threading.Event) -> None:
    """Show each line that is appended to a file, until done is set and the remaining lines are shown."""
    with path.open(encoding="utf-8") as file:
        rest = ""
        last = False
        while not last:
            last = done.wait(LOOK_AGAIN)
            *lines, rest = (rest + file.read()).split("\n")
            for line in lines:
                display.display(f"  [{host}] {line}")
