# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules share that judge who wrote the pod templates of workloads."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation for C(extends_documentation_fragment)."""

    DOCUMENTATION = r"""
options:
  allowed_field_managers:
    description:
      - Names of further field managers that may own fields of a pod template, such as C(reloader).
      - A field that only another field manager owns is a finding, since applying leaves it as it is. The annotation
        C(kubectl.kubernetes.io/restartedAt) is none.
    type: list
    elements: str
    default: []
"""
