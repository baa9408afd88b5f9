# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of this collection in Ansible's own worker process (private to the collection).

Starting Python, unpacking the module's zip and importing the kubernetes client takes longer than the work of these modules. A run would
do so several times. The worker process is a fork that ends with its task, so changes that a module makes to it do not persist.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from typing import Any

from ansible.module_utils import basic
from ansible.plugins.action import ActionBase

try:
    from ansible.module_utils.common.json import Direction, get_module_decoder
except ImportError:  # before ansible-core 2.19, a module's result was plain JSON
    DECODER = None
else:
    DECODER = get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER)

# Ansible loads an action plugin before it forks a worker, so all later workers inherit these imports.
with contextlib.suppress(ImportError):
    importlib.import_module("kubernetes.dynamic")
    importlib.import_module("ansible_collections.kubernetes.core.plugins.module_utils.k8s.client")

MODULES = "ansible_collections.jewelry_shop.platform.plugins.modules"


class InProcessAction(ActionBase):
    """Runs the module of the task's name: in this process if the result is the same, else like any other module."""

    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module.

        Args:
            tmp: unused.
            task_vars: variables of the host.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        result.update(self.run_module({**self._task.args}, task_vars or {}))
        return result

    def runs_here(self, task_vars: dict[str, Any]) -> bool:
        """Whether the module would run on the control node, as this user, with this interpreter and in this environment.

        Args:
            task_vars: variables of the host.
        """
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter"))
        return self.has_the_connection_of_the_module() and not self._task.async_val and interpreter == sys.executable

    def has_the_connection_of_the_module(self) -> bool:
        """Whether this process connects to the cluster as the module does: from the control node, as this user, in this environment."""
        return (
            self._connection.transport == "local"
            and not self._connection.become
            and not any(self._task.environment or ())
            and "kubernetes.dynamic" in sys.modules
        )

    def run_module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module, and return its result.

        Args:
            arguments: the task's arguments.
            task_vars: variables of the host.
        """
        if not self.runs_here(task_vars):
            result: dict[str, Any] = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val)
            return result
        module = importlib.import_module(f"{MODULES}.{self._task.resolved_action.rpartition('.')[2]}")
        self._update_module_args(self._task.resolved_action, arguments, task_vars)
        # str() decrypts a vaulted value.
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, default=str).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            module.main()
        found: dict[str, Any] = json.loads(printed.getvalue(), cls=DECODER)
        return found
