# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the secrets that a run generated."""

from __future__ import annotations

DOCUMENTATION = r"""
name: generated_secrets
author: Jewelry Shop Platform Team (@jewelry-shop)
version_added: 1.0.0
short_description: Read the secrets that a run generated
description:
  - Reads the secrets of the provider V(generated) from their directory on the control node. It writes nothing.
options:
  _terms:
    description: Directories.
    type: list
    elements: path
    required: true
  names:
    description: Names of the files. In upper case, these are the names of the environment variables.
    type: list
    elements: str
    required: true
  placeholder:
    description: Value of a secret that was not generated yet.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show how many secrets were generated
  ansible.builtin.debug:
    msg: "{{ lookup('jewelry_shop.platform.generated_secrets', '/srv/secrets', names=['redis_password'], placeholder='') | length }}"
"""

RETURN = r"""
_list:
  description: The secrets of each directory, by the name of their environment variable.
  type: list
  elements: dict
"""

import pathlib
from collections.abc import Mapping
from typing import Any

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, str]]:
        """Read the secrets of each directory.

        Args:
            terms: directories.
            variables: variables of the host.
            kwargs: the options.
        """
        self.set_options(var_options=variables, direct=kwargs)
        names, placeholder = self.get_option("names"), self.get_option("placeholder")
        # The file lookup decrypts vaulted files.
        read = lookup_loader.get("ansible.builtin.file", loader=self._loader, templar=self._templar)
        return [
            {
                name.upper(): read.run([str(file)], variables)[0] if file.is_file() else placeholder
                for name in names
                for file in [pathlib.Path(directory).expanduser() / name]
            }
            for directory in terms
        ]
