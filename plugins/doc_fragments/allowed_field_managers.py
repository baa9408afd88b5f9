# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation for modules that check the field managers of pod templates."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation for C(extends_documentation_fragment)."""

    DOCUMENTATION = r"""
options:
  allowed_field_managers:
    description:
      - Names of other field managers that may own fields of a pod template, such as C(reloader).
      - The module reports each field that only a field manager outside this list owns, because applying does not change such a field.
      - The annotation C(kubectl.kubernetes.io/restartedAt) is always allowed.
    type: list
    elements: str
    default: []
"""
