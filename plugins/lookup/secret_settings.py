# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads secret settings for the mask, even if their templates fail."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret_settings
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Read settings that must be masked
description:
  - Reads variables and ignores errors in their templates, because an error message could show the values.
  - A string with a template is returned both unresolved and resolved.
options:
  _terms:
    description: Names of variables. An undefined variable has no values.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show how many values must be masked
  ansible.builtin.debug:
    msg: "{{ query('jewelry_shop.platform.secret_settings', 'platform_secrets') | flatten | length }}"
"""

RETURN = r"""
_list:
  description: A list of values for each variable.
  type: list
  elements: list
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.secret import values_or_templates
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.secret_templates import resolver


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[list[Any]]:
        """Return the values of each variable.

        Args:
            terms: names of variables.
            variables: unresolved variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        return [values_or_templates((variables or {}).get(name), resolver(self._templar)) for name in terms]
