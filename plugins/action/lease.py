# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module M(jewelry_shop.platform.lease), and renews the Lease until the run ends."""

from __future__ import annotations

import getpass
import json
import os
import socket
from functools import partial
from pathlib import Path
from typing import Any

from ansible import context
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import forget_clients
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.api import LeaseApi
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import description
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.run import renew
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth, with_auth
from ansible_collections.jewelry_shop.platform.plugins.modules.lease import SPEC
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.background import run_in_background, start_of
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.in_process import InProcessAction
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.lease_mark import LeaseMark
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.lease_renewal import Run, keep_renewing
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.run_directory import run_directory
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.wait_journal import WaitJournal

# Seconds that a Lease lasts if only the tasks of the run renew it.
UNATTENDED = 3600


class ActionModule(InProcessAction):
    """Runs the module, and starts the renewal."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module.

        Args:
            tmp: unused.
            task_vars: variables of the host.
        """
        variables = task_vars or {}
        arguments = self._task.args
        host = str(variables.get("inventory_hostname", ""))
        mark = LeaseMark(host)
        arguments.setdefault("identity", mark.identity)
        arguments.setdefault("holder", _description(variables))
        arguments.setdefault("renew_only", mark.is_set())
        attended = self.has_the_connection_of_the_module()
        checked = ArgumentSpecValidator(with_auth(SPEC)).validate(json.loads(json.dumps(arguments, default=str)))
        if checked.error_messages:
            return super().run(tmp, task_vars)  # which reports them
        params = checked.validated_parameters
        held = params["state"] == "held"
        if not held:
            mark.clear()
        elif not arguments["renew_only"]:
            # A playbook can import two runs for the same host.
            WaitJournal(host).clear()
        if held and not attended:
            arguments["duration"] = params["duration"] = max(UNATTENDED, params["duration"])
        result = super().run(tmp, task_vars)
        if held and result.get("acquired"):
            # A later call replaces the renewal of an earlier one.
            token = mark.set(params["duration"])
            if attended:
                _start_renewal(params, mark, token)
        return result


def _start_renewal(params: dict[str, Any], mark: LeaseMark, token: str) -> None:
    # Ansible runs this in a process of the task, whose parent is ansible-playbook.
    run_in_background(partial(_renew, params, Run(os.getppid(), start_of(os.getppid()), mark, token)))


def _renew(params: dict[str, Any], run: Run) -> None:
    # The process of the task ends before this one.
    forget_clients(run_directory())
    api = LeaseApi(auth(params), params["namespace"], params["name"], params["field_manager"])
    keep_renewing(run, partial(renew, api, params["identity"]), params["duration"] / 3)


def _description(variables: dict[str, Any]) -> str:
    playbooks = " ".join(Path(str(each)).name for each in context.CLIARGS.get("args") or ())
    return description(_user(), socket.gethostname(), playbooks, variables)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container can run with a user id that has no name
        return f"user id {os.getuid()}"
