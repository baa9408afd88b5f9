# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Checks the variables of the host with the rules in module_utils/rules."""

from __future__ import annotations

DOCUMENTATION = r"""
name: findings
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Check variables with the rules of the collection
description:
  - Checks the variables of the host with tables of rules. Each rule has a condition and a message.
  - Resolves a variable only when a rule reads it. A message never contains the value of a secret.
options:
  _terms:
    description:
      - Names of tables.
      - V(settings) checks the settings together. V(plan) adds what the preflight read from the cluster.
      - V(existing) checks the existing Secrets and ConfigMaps that the preflight read.
      - V(named) checks that the inventory names a cluster. V(cluster) also checks that the cluster can be read and is the intended one.
      - >-
        V(awx), V(backup), V(deployer), V(export), V(history), V(images), V(remove), V(render), V(restart), V(restore), V(rollback) and
        V(scale) check what the role of that name needs.
      - >-
        V(permitted) checks the permissions that the playbook asked for. V(running) checks that a release is recorded and has the files of
        the settings. V(restored) checks that the named backup exists.
    type: list
    elements: str
    choices:
      - settings
      - plan
      - existing
      - named
      - cluster
      - permitted
      - running
      - restored
      - awx
      - backup
      - deployer
      - export
      - history
      - images
      - remove
      - render
      - restart
      - restore
      - rollback
      - scale
    required: true
"""

EXAMPLES = r"""
- name: Require that the inventory names a cluster
  ansible.builtin.assert:
    that: query('jewelry_shop.platform.findings', 'named') | length == 0
"""

RETURN = r"""
_list:
  description: The message of each rule that finds something, in the order of the rules.
  type: list
  elements: str
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleUndefinedVariable
from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.findings import FINDINGS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import resolved


class Variables(Mapping[str, Any]):
    """The variables of the host. Each is resolved once, when it is read first.

    Args:
        variables: the unresolved variables.
        templar: the templar of the lookup.
    """

    def __init__(self, variables: Mapping[str, Any], templar: Any) -> None:
        self._variables, self._templar = variables, templar
        self._resolved: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Resolve a variable.

        Args:
            name: its name.
        """
        if name not in self._resolved:
            self._resolved[name] = resolved(self._templar.template(self._variables[name]))
        return self._resolved[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._variables)

    def __len__(self) -> int:
        """Count the variables."""
        return len(self._variables)


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the findings of the tables.

        Args:
            terms: names of tables.
            variables: unresolved variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        values = Variables(variables or {}, self._templar)
        try:
            return [finding for name in terms for finding in FINDINGS[name](values)]
        except KeyError as error:
            raise AnsibleUndefinedVariable(f"{error} is undefined") from error
