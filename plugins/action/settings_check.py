# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates the settings of all roles of the collection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.values import (
    environment_problems,
    environment_sizes,
    file_problems,
    file_sizes,
    size_problems,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import quantity_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import (
    resolved,
    scalar_problems,
    setting_problems,
    template_problems,
    unknown_settings,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.secret import unresolved_secrets
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import group_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import unknown_keys, variable_prefix
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.secret_templates import resolver

ROLES = Path(__file__).parents[2] / "roles"
KINDS = ("environments", "files", "quantities")


class ActionModule(ActionBase):
    """Resolves each variable that a role declares, and validates it against its specification."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the settings.

        Args:
            tmp: unused.
            task_vars: unresolved variables of the host.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        lists = (*KINDS, "workloads")
        _result, arguments = self.validate_argument_spec({name: {"type": "list", "elements": "str", "default": []} for name in lists})
        variables = task_vars or {}
        options = self._options()
        secrets = [name for name, option in options.items() if option.get("no_log") and name in variables]
        unresolved = [problem for name in secrets for problem in unresolved_secrets(name, variables[name], resolver(self._templar))]
        if unresolved:
            # Fail at once: each later task that reads such a value would fail with a message that shows the value.
            result.update(failed=True, changed=False, problems=unresolved, msg=f"secrets that cannot be resolved: {len(unresolved)}")
            return result
        roles = [variable_prefix(role) for role in arguments["workloads"]]
        kinds = {name: kind for kind in KINDS for name in arguments[kind]}
        kinds |= {f"{role}_{end}": kind for role in roles for end, kind in (("env", "environments"), ("resources", "quantities"))}
        # The name of a role outside this collection may begin with the name of a role of this collection.
        others = tuple(f"{role}_" for role in roles if not (ROLES / role).is_dir())
        written = {name for name in self._written(variables) if not name.startswith(others)}
        result.update(
            changed=False,
            problems=[
                *_workload_problems(roles, variables),
                *self._problems(variables, options, kinds),
                *(problem for role in roles for problem in self._group_problems(role, variables, options, kinds)),
            ],
            # AWX adds variables such as awx_job_id to each job.
            warnings=unknown_settings(written, options, [path.name for path in ROLES.iterdir() if path.name != "awx"]),
        )
        return result

    def _options(self) -> dict[str, dict[str, Any]]:
        """Read the specification of each setting, by name."""
        return {
            name: option
            for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))
            for name, option in yaml_load(path.read_text())["argument_specs"]["main"]["options"].items()
        }

    def _written(self, variables: dict[str, Any]) -> set[str]:
        """Names of the variables from the inventory and the command line: the variables without play and task, minus facts of tasks."""
        manager = self._task.get_variable_manager()
        name = variables["inventory_hostname"]
        found_out = manager._nonpersistent_fact_cache.get(name, {})
        return set(manager.get_vars(host=manager._inventory.get_host(name), include_hostvars=False)) - set(found_out)

    def _problems(self, variables: dict[str, Any], options: dict[str, dict[str, Any]], kinds: dict[str, str]) -> list[str]:
        found = [
            (problem, variables[name] == option.get("default"))
            for name, option in options.items()
            if name in variables
            for problem in self._problems_of(name, variables[name], option, kinds.get(name, ""))
        ]
        # A default derives from other settings, so their problems are the cause.
        return [problem for problem, is_default in found if not is_default] or [problem for problem, _is_default in found]

    def _group_problems(self, role: str, variables: dict[str, Any], options: dict[str, dict[str, Any]], kinds: dict[str, str]) -> list[str]:
        """Validate the settings of the groups of a role as those of the role."""
        setting = f"{role}_groups"
        if setting not in options or setting not in variables:
            return []
        try:
            groups = self._templar.template(variables[setting])
        except AnsibleError:
            # Reported with the setting.
            return []
        known = {name.removeprefix(f"{role}_"): name for name in options if name.startswith(f"{role}_") and name != setting}
        problems = []
        for group in (each for each in groups if isinstance(each, Mapping)) if isinstance(groups, list) else ():
            problems += group_problems(role, group, known)
            for key, name in known.items():
                if key in group:
                    place = f"{setting}[{group.get('name')}].{key}"
                    if options[name].get("type") == "list" and isinstance(group[key], str):
                        problems.append(f"{place} must be a list but is a string; write it in brackets")
                        continue
                    problems += self._problems_of(place, group[key], options[name], kinds.get(name, ""))
        return problems

    def _problems_of(self, name: str, value: Any, option: dict[str, Any], kind: str) -> list[str]:
        try:
            given = resolved(self._templar.template(value))
        except AnsibleUndefinedVariable as error:
            # A default may depend on the result of a later task.
            return [] if value == option.get("default") else [_sentence(name, error)]
        except AnsibleError as error:
            return [_sentence(name, error)]
        problems = setting_problems(name, given, option)
        if not problems:
            is_template = self._templar.is_template(value)
            problems = template_problems(name, given, option) if is_template else scalar_problems(name, value, option)
        return problems or _problems_of_kind(name, given, kind)


def _workload_problems(roles: list[str], variables: dict[str, Any]) -> list[str]:
    missing = [
        f"{role}_workload, which describes the workload of the role {role}, is not set"
        for role in roles
        if f"{role}_workload" not in variables
    ]
    described = [f"{role}_workload" for role in roles if isinstance(variables.get(f"{role}_workload"), dict)]
    return missing + [problem for name in described for problem in unknown_keys(name, variables[name])]


def _problems_of_kind(name: str, given: Any, kind: str) -> list[str]:
    if kind == "quantities":
        return quantity_problems(name, given)
    if kind == "environments":
        entries, sizes = environment_problems(given), environment_sizes(given)
    elif kind == "files":
        entries, sizes = file_problems(given), file_sizes(given)
    else:
        return []
    return [f"{name}.{each}" for each in entries] or [f"{name} {each}" for each in size_problems(sizes)]


def _sentence(name: str, error: AnsibleError) -> str:
    return f"{name}: {' '.join(str(error).split())}"
