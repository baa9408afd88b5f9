# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hides secrets in text from outside: logs, events, errors (private to the collection)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

MASK = "******"
# A shorter text is found in too much that is no secret.
SHORTEST_MASKED = 4


class Masker:
    """Hides values in text from outside, also where they are encoded.

    Args:
        values: what to hide.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for text in (value, *value.splitlines()) for form in _forms(text.strip())}
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST_MASKED), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with the values replaced."""
        # Not by a regular expression: to compile one of a secret file of 1 MB takes 10 s.
        for form in self._forms:
            text = text.replace(form, MASK)
        return text


def _forms(value: str) -> set[str]:
    if len(value) < SHORTEST_MASKED:
        return set()
    return {value, base64.b64encode(value.encode()).decode().rstrip("="), quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1]}


class MaskingModule(AnsibleModule):
    """Leaves hiding the values of its option mask to the module: Ansible would cut them out of names and numbers too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        credentials = {self.params[option] for option, spec in AUTH_ARG_SPEC.items() if spec.get("no_log")}
        self.no_log_values.difference_update(set(self.params["mask"]) - credentials)
