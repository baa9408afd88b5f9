# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the descriptions of workloads."""

from __future__ import annotations

DOCUMENTATION = r"""
name: workloads
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Read the descriptions of workloads
description:
  - Reads the variable C(<role>_workload) of each role. The README of the role P(jewelry_shop.platform.workload#role) describes its form.
  - With O(application) it adds what all workloads share, and the settings that roles have alike, such as C(<role>_replicas).
  - A role with the setting C(<role>_groups) has a workload for each entry. Its description is resolved with the settings of the entry
    in place of those of the role, and with the name of the entry as C(<role>_name).
options:
  _terms:
    description: Names of roles. The prefix of a role's variables is the part after the last dot.
    type: list
    elements: str
    required: true
  keys:
    description: Keys to read. Other keys are not resolved. Not together with O(application).
    type: list
    elements: str
  application:
    description: What all pods with the application's image share, as in the variable C(platform_application).
    type: dict
  defaults:
    description: What all pods share, as in the variable C(platform_pod_defaults). Required with O(application).
    type: dict
"""

EXAMPLES = r"""
- name: Show the tiers
  ansible.builtin.debug:
    msg: "{{ query('jewelry_shop.platform.workloads', *tiers_roles, keys=['name']) }}"
"""

RETURN = r"""
_list:
  description: The description of each workload.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import resolved
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.complete import SETTINGS, complete_workload
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import named_groups, variables_of
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import checked, variable_prefix


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the descriptions of the workloads of each role.

        Args:
            terms: names of roles.
            variables: unresolved variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        return [description for role in terms for description in self._of_role(variable_prefix(role), variables or {})]

    def _of_role(self, role: str, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        groups = f"{role}_groups"
        if groups not in variables:
            return [self._described(role, variables, self._templar)]
        found = []
        for group in named_groups(_resolved(self._templar, variables[groups])):
            own = {**variables, **variables_of(role, group)}
            found.append(self._described(role, own, self._templar.copy_with_new_env(available_variables=own)))
        return found

    def _described(self, role: str, variables: Mapping[str, Any], templar: Any) -> dict[str, Any]:
        name = f"{role}_workload"
        if name not in variables:
            raise AnsibleError(f"The role {role} has no variable {name}, in which a role describes its workload.")
        keys, application = self.get_option("keys") or [], self.get_option("application")
        given = variables[name]
        # The other keys of a mapping are not resolved.
        given = {key: given[key] for key in keys if key in given} if keys and isinstance(given, Mapping) else given
        try:
            description = checked(name, _resolved(templar, given), keys)
            if not application:
                return description
            settings = {key: _resolved(templar, variables[f"{role}_{key}"]) for key in SETTINGS if f"{role}_{key}" in variables}
            return complete_workload(description, settings, application, self.get_option("defaults"))
        except ValueError as error:
            raise AnsibleError(f"{name}: {str(error).removeprefix(name).lstrip(': ')}.") from error


def _resolved(templar: Any, value: Any) -> Any:
    return resolved(templar.template(value))
