# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads secret settings for the mask, even if their templates fail."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret_settings
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: List the values of settings that must be masked
description:
  - Lists all strings and numbers of variables, without duplicates. Use the result as the option C(mask) of the modules of this collection.
  - Ignores errors in templates, because an error message could show the values.
  - A string with a template is returned both unresolved and resolved.
  - Leaves out references to Secrets, ConfigMaps and fields of the pod.
options:
  _terms:
    description: Names of variables. An undefined variable has no values.
    type: list
    elements: str
    required: true
  files:
    description: Names of variables with contents in base64. The result has each content in base64 and, if it is UTF-8, also decoded.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show how many values must be masked
  ansible.builtin.debug:
    msg: "{{ query('jewelry_shop.platform.secret_settings', 'platform_secrets') | length }}"
"""

RETURN = r"""
_list:
  description: The values.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import is_reference
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import values_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.secret import values_or_templates
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.secret_templates import resolver


def _without_references(value: Any) -> Any:
    """A setting without references. The names of existing objects are not secret, and messages need them."""
    return {key: each for key, each in value.items() if not is_reference(each)} if isinstance(value, Mapping) else value


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the values of the variables.

        Args:
            terms: names of variables.
            variables: unresolved variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        resolve = resolver(self._templar)

        def read(names: list[str]) -> list[list[Any]]:
            return [values_or_templates(_without_references((variables or {}).get(name)), resolve) for name in names]

        return values_to_mask(read(terms), read(self.get_option("files")))
