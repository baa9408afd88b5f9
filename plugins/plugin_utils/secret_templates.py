# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolves the templates of secret settings (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.secret import UnresolvedError


def resolver(templar: Any) -> Callable[[str], Any]:
    """Return a function that resolves the templates in a string. It raises UnresolvedError without the original message.

    Args:
        templar: the templar of the plugin that reads the setting.
    """

    def resolve(text: str) -> Any:
        try:
            return templar.template(text)
        except (AnsibleError, TypeError, ValueError) as error:
            raise UnresolvedError from error

    return resolve
