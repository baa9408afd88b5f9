# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_check

short_description: Judge the settings of all roles of the collection at once

version_added: 1.0.0

description:
  - Resolves each variable that a role of the collection declares and that is visible to the task, and holds it against the role's
    argument specification. A default that is made of what only a later task finds out is left out.
  - A variable that cannot be resolved, or is of another type than declared, does not end the call; all problems come together.
  - A value of a secret setting that cannot be resolved ends the call at once, with its name and without its value.
  - A variable of the inventory or the command line that begins with the name of a role, and that no role declares, is warned about
    together with the nearest name that one does.
  - Runs on the controller, connects to nothing and changes nothing.

extends_documentation_fragment:
  - jewelry_shop.platform.read_only

options:
  environments:
    description:
      - Names of variables whose entries become environment variables.
      - Keys have to be names of variables, and values strings, numbers or booleans, within the limits of Linux and Kubernetes.
    type: list
    elements: str
    default: []
  files:
    description:
      - Names of variables whose entries become files of a Secret, with their contents in base64.
      - Keys have to be names of files, and the contents have at most 1 MiB together.
    type: list
    elements: str
    default: []
  quantities:
    description: Names of variables that are a quantity of Kubernetes, such as V(10Gi), or the C(resources) of a container.
    type: list
    elements: str
    default: []

attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Judge the settings
  jewelry_shop.platform.settings_check:
    environments: [platform_config, platform_secrets]
  register: settings

- name: Require that none is wrong
  ansible.builtin.assert:
    that: settings.problems | length == 0
    fail_msg: "{{ settings.problems | join('. ') }}."
"""

RETURN = r"""
problems:
  description: A sentence for each problem, without a full stop; each begins with the variable's name.
  returned: always
  type: list
  elements: str
  sample: ["django_replicas is of type str and we were unable to convert to int: \"'many'\" cannot be converted to an int"]
"""
