# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges the settings of all roles of the collection at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.plugins.action import ActionBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils._manifests import environment_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils._settings import (
    resolved,
    scalar_problems,
    setting_problems,
    template_problems,
    unknown_settings,
)

ROLES = Path(__file__).parents[2] / "roles"


class ActionModule(ActionBase):
    """Resolves each variable that a role declares, and holds it against its specification."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge them.

        Args:
            tmp: not used any more.
            task_vars: variables of the host, not resolved yet.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        _result, arguments = self.validate_argument_spec({"environments": {"type": "list", "elements": "str", "default": []}})
        variables = task_vars or {}
        options = self._options()
        result.update(
            changed=False,
            problems=list(self._problems(variables, options, arguments["environments"])),
            warnings=unknown_settings(self._written(variables), options, [path.name for path in ROLES.iterdir()]),
        )
        return result

    def _options(self) -> dict[str, dict[str, Any]]:
        """Read the specification of each setting, by its name."""
        return {
            name: option
            for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))
            for name, option in self._loader.load_from_file(str(path))["argument_specs"]["main"]["options"].items()
        }

    def _written(self, variables: dict[str, Any]) -> set[str]:
        """Name the variables of inventory and command line: without play and task there are no others but what tasks found out."""
        manager = self._task.get_variable_manager()
        name = variables["inventory_hostname"]
        found_out = manager._nonpersistent_fact_cache.get(name, {})
        return set(manager.get_vars(host=manager._inventory.get_host(name), include_hostvars=False)) - set(found_out)

    def _problems(self, variables: dict[str, Any], options: dict[str, dict[str, Any]], environments: list[str]) -> Iterator[str]:
        for name, option in options.items():
            if name in variables:
                yield from self._problems_of(name, variables[name], option, name in environments)

    def _problems_of(self, name: str, value: Any, option: dict[str, Any], is_environment: bool) -> list[str]:
        try:
            given = resolved(self._templar.template(value))
        except AnsibleUndefinedVariable as error:
            # A default may be made of what only a later task finds out.
            return [] if value == option.get("default") else [_sentence(name, error)]
        except AnsibleError as error:
            return [_sentence(name, error)]
        problems = setting_problems(name, given, option)
        if not problems:
            is_template = self._templar.is_template(value)
            problems = template_problems(name, given, option) if is_template else scalar_problems(name, value, option)
        if is_environment and not problems:
            problems = [f"{name}.{each}" for each in environment_problems(given)]
        return problems


def _sentence(name: str, error: AnsibleError) -> str:
    return f"{name}: {' '.join(str(error).split())}"
