# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Renders templates and reports those that cannot be rendered."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rendered_templates
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Render templates, and report those that cannot be rendered
description:
  - Renders templates as P(ansible.builtin.template#lookup) does. Returns the reason for a failure instead of raising an error, so that the
    problems of all settings are reported together.
options:
  _terms:
    description: Paths of templates.
    type: list
    elements: path
    required: true
"""

EXAMPLES = r"""
- name: Show the templates that cannot be rendered
  ansible.builtin.debug:
    msg: "{{ query('jewelry_shop.platform.rendered_templates', '/srv/objects.yaml.j2') | selectattr('problem') }}"
"""

RETURN = r"""
_list:
  description: For each template, in order, the rendered C(content) and the C(problem). One of them is empty.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase
from jinja2 import UndefinedError


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, str]]:
        """Return the content or the problem of each template.

        Args:
            terms: paths of the templates.
            variables: unresolved variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        template = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)

        def render(path: str) -> dict[str, str]:
            if not self.find_file_in_search_path(variables, "templates", path, ignore_missing=True):
                return {"content": "", "problem": f"{path} does not exist on the control node"}
            try:
                # The result may be a marker for an undefined variable, which raises its error only when it is read.
                return {"content": str(template.run([path], variables)[0]), "problem": ""}
            except (AnsibleError, UndefinedError) as error:
                return {"content": "", "problem": f"{path} cannot be rendered: {' '.join(str(error).split())}"}

        return [render(path) for path in terms]
