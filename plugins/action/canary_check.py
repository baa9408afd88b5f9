# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shows the progress of the module M(jewelry_shop.platform.canary_check)."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.action.rollout import ActionModule as Rollout


class ActionModule(Rollout):
    """Runs the module, and shows the lines that it appends to a file."""
