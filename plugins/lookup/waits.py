# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The waits for rollouts of this run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waits
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Return the waits for rollouts of this run
description:
  - Returns what each task with M(jewelry_shop.platform.rollout) has found in this run of ansible-playbook, also before a rollback.
  - Reads a file on the control node. It does not connect to the cluster.
options:
  _terms:
    description: Names of hosts in the inventory.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the duration of each wait
  ansible.builtin.debug:
    msg: "{{ query('jewelry_shop.platform.waits', inventory_hostname) | map(attribute='seconds') }}"
"""

RETURN = r"""
_list:
  description: >-
    The waits, in the order in which they ended, each with RV(jewelry_shop.platform.rollout#module:started),
    RV(jewelry_shop.platform.rollout#module:seconds) and RV(jewelry_shop.platform.rollout#module:resources). A resource has its C(kind),
    C(namespace), C(name), C(verdict), C(seconds), C(reason) and C(replicas).
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.wait_journal import WaitJournal


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return the waits of each host.

        Args:
            terms: names of hosts in the inventory.
            variables: variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        return [wait for host in terms for wait in WaitJournal(host).waits()]
