# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation for modules that read or apply the objects of a field manager."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation for C(extends_documentation_fragment)."""

    DOCUMENTATION = r"""
options:
  field_manager:
    description: Name of the field manager that applies the objects. It takes ownership of fields that conflict.
    type: str
    default: jewelry_shop.platform
requirements:
  - python >= 3.9
  - kubernetes >= 25.3.0
"""
