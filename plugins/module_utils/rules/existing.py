# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of the existing Secrets and ConfigMaps that the settings name."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Values


def existing_object_findings(v: Values) -> list[str]:
    """The problems of the existing objects. The module existing_check adds the settings to each.

    Args:
        v: the variables.
    """
    checked = v.get("preflight_existing") or {}
    if checked.get("skipped"):
        return []
    # Without a result of its own, the module failed.
    return [f"{problem}." for problem in checked.get("problems", [checked["msg"]] if "msg" in checked else [])]
