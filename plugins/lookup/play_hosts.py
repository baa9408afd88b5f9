# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The hosts of a play of this collection, unless the run has an option that the play does not support."""

from __future__ import annotations

DOCUMENTATION = r"""
name: play_hosts
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Select the hosts of a play, and reject unsupported options
description:
  - Returns the pattern for C(hosts) of a play. Ansible resolves it before the first task, so it can reject options that skip tasks, such as
    C(--start-at-task).
  - Fails with one sentence if the run has an unsupported option, or a tag that the playbook does not have.
options:
  _terms:
    description: Not used.
    required: false
  group:
    description: Group of the inventory that the play configures.
    type: str
    default: platform
  stages:
    description: Whether the tags of the playbook are the stages of C(site.yml). Otherwise the playbook has no tags.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Deploy the platform
  hosts: "{{ lookup('jewelry_shop.platform.play_hosts', stages=true) }}"
"""

RETURN = r"""
_raw:
  description:
    - The name of the group, or all hosts if the run selects no host of the group.
    - Ansible ends a run without hosts with exit code 0, so a task of the play has to report it.
  type: list
  elements: str
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import split_host_pattern
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.options import options_of, rejected_option

COLLECTION = Path(__file__).resolve().parents[2]


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the pattern.

        Args:
            terms: unused.
            variables: variables of the play.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        rejected = rejected_option(options_of(context.CLIARGS, self.get_option("stages"), COLLECTION))
        if rejected:
            raise AnsibleLookupError(rejected)
        del terms
        values = variables or {}
        hostnames = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        selected = hostnames.run(_patterns(values.get("ansible_limit") or "all"), variables)
        group = self.get_option("group")
        return [group if {*selected} & {*values["groups"].get(group, ())} else "all:localhost"]


def _patterns(limit: str) -> list[str]:
    """The patterns of C(--limit). C(@FILE) stands for the lines of a file, which Ansible has already read."""
    parts = split_host_pattern(limit)
    lines = [Path(part[1:]).read_text().splitlines() if part.startswith("@") else [part] for part in parts]
    return [line.strip() for each in lines for line in each if line.strip()]
