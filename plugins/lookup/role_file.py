# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads files and renders templates of the collection's roles."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_file
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Read a file, or render a template, of a role of this collection
description:
  - Ansible looks for files in the role whose task runs. A variable is resolved when a task of any role uses it, so it has to name the role.
  - A path below C(templates) is rendered, as P(ansible.builtin.template#lookup) does. Other files are read.
options:
  _terms:
    description: Paths below C(roles) of this collection, such as C(celery/files/platform_beat.py).
    type: list
    elements: str
    required: true
  template_vars:
    description: Further variables of a template.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show a file of the role celery
  ansible.builtin.debug:
    msg: "{{ lookup('jewelry_shop.platform.role_file', 'celery/files/platform_beat.py') }}"
"""

RETURN = r"""
_list:
  description: The content of each file.
  type: list
  elements: str
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

ROLES = Path(__file__).parents[2] / "roles"


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the content of each file.

        Args:
            terms: paths below the roles of this collection.
            variables: unresolved variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        return [content for path in terms for content in self._read(path, variables)]

    def _read(self, path: str, variables: Mapping[str, Any] | None) -> list[str]:
        name, options = ("template", {"template_vars": self.get_option("template_vars")}) if "/templates/" in path else ("file", {})
        lookup = lookup_loader.get(f"ansible.builtin.{name}", loader=self._loader, templar=self._templar)
        content: list[str] = lookup.run([str(ROLES / path)], variables, **options)
        return content
