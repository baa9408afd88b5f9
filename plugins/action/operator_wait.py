# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module M(jewelry_shop.platform.operator_wait) in Ansible's worker process where possible."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    """Runs the module."""
