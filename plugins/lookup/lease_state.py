# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What this run knows about its Lease."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lease_state
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Find out whether this run holds its Lease
description:
  - Reads a file on the control node, so that a task can check it before each write. It does not connect to the cluster.
  - The renewal by M(jewelry_shop.platform.lease) is overdue if the API server was unavailable for two thirds of the duration of the Lease,
    or if another run holds the Lease, or if the Lease was deleted.
options:
  _terms:
    description: Names of hosts in the inventory.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Renew the Lease of this run if its renewal is overdue
  jewelry_shop.platform.lease:
    context: production
    namespace: jewelry-shop
  when: lookup('jewelry_shop.platform.lease_state', inventory_hostname) == 'overdue'
"""

RETURN = r"""
_list:
  description: For each host, V(none) if this run did not acquire the Lease or has released it, else V(held) or V(overdue).
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.lease_mark import LeaseMark


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Find out the state of each Lease.

        Args:
            terms: names of hosts in the inventory.
            variables: variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        return [LeaseMark(host).state() for host in terms]
