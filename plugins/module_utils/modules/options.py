# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of several modules: authentication of kubernetes.core, field managers and values to hide (private to the collection)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

FIELD_MANAGER_SPEC: dict[str, Any] = {"field_manager": {"type": "str", "default": "jewelry_shop.platform"}}
# Values to hide, and names of Secrets whose values are hidden.
MASK_SPEC: dict[str, Any] = {
    "mask": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "mask_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
}
ALLOWED_SPEC: dict[str, Any] = {"allowed_field_managers": {"type": "list", "elements": "str", "default": []}}


def with_auth(options: Mapping[str, Any]) -> dict[str, Any]:
    """An argument spec with the authentication options.

    Args:
        options: the module's own options.
    """
    return {**copy.deepcopy(AUTH_ARG_SPEC), **options}


def auth(params: Mapping[str, Any]) -> dict[str, Any]:
    """The authentication options among a module's parameters."""
    return {option: params[option] for option in AUTH_ARG_SPEC}
