# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_check

short_description: Validate the settings of all roles of the collection

version_added: 1.0.0

description:
  - Resolves each variable that a role of the collection declares and that the task can read. Validates it against the argument
    specification of the role. Defaults that depend on results of later tasks are skipped.
  - A variable that cannot be resolved or has the wrong type does not end the call. All problems are returned together.
  - A value of a secret setting that cannot be resolved ends the call at once. The message has its name but not its value.
  - Warns about each variable of the inventory or the command line whose name begins with the name of a role and that no role declares.
    The warning contains the most similar declared name.
  - Runs on the control node. It connects to nothing and changes nothing.

extends_documentation_fragment:
  - jewelry_shop.platform.read_only

options:
  environments:
    description:
      - Names of variables whose entries become environment variables.
      - Keys must be valid variable names. Values must be strings, numbers or booleans within the limits of Linux and Kubernetes.
    type: list
    elements: str
    default: []
  files:
    description:
      - Names of variables whose entries become files of a Secret, with base64 contents.
      - Keys must be valid file names, and the contents together must not exceed 1 MiB.
    type: list
    elements: str
    default: []
  quantities:
    description: Names of variables with a Kubernetes quantity, such as V(10Gi), or with the C(resources) of a container.
    type: list
    elements: str
    default: []

  workloads:
    description:
      - Names of the roles that describe a workload in the variable C(<role>_workload). It must have no unknown key.
      - C(<role>_env) is one of O(environments), and C(<role>_resources) one of O(quantities).
    type: list
    elements: str
    default: []

attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the control node.
    support: full

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Validate the settings
  jewelry_shop.platform.settings_check:
    environments: [platform_config, platform_secrets]
  register: settings

- name: Require valid settings
  ansible.builtin.assert:
    that: settings.problems | length == 0
    fail_msg: "{{ settings.problems | join('. ') }}."
"""

RETURN = r"""
problems:
  description: A sentence for each problem, without a full stop. Each begins with the name of the variable.
  returned: always
  type: list
  elements: str
  sample: ["django_replicas is of type str and we were unable to convert to int: \"'many'\" cannot be converted to an int"]
"""
