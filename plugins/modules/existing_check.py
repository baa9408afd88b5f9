#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: existing_check

short_description: Check existing Secrets and ConfigMaps without showing their content

version_added: 1.0.0

description:
  - Checks that Secrets and ConfigMaps exist, have the required keys, and that their values are long enough. The module reads the values
    and does not return them.
  - Returns a revision of each key, which changes with its value. Use it as an annotation of pods that must roll after a change.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the objects.
    type: str
    required: true
  objects:
    description: Secrets and ConfigMaps to check.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the object.
        type: str
        choices: [Secret, ConfigMap]
        default: Secret
      name:
        description: Name of the object.
        type: str
        required: true
      settings:
        description: Names of the settings that name the object. They end each problem.
        type: str
        required: true
      optional:
        description: Whether the object may be missing, for example because an operator creates it later in the run.
        type: bool
        default: false
      keys:
        description: Required keys.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the key.
            type: str
            required: true
          min_length:
            description: Minimum number of characters of the value.
            type: int
            default: 1
          url_safe:
            description: Whether the value becomes a part of a URL without encoding.
            type: bool
            default: false

requirements:
  - python >= 3.9
  - kubernetes >= 24.2.0

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Check the Secret of another operator
  jewelry_shop.platform.existing_check:
    context: production
    namespace: jewelry-shop
    objects:
      - name: shop-from-vault
        settings: platform_existing_secret
        keys:
          - name: DJANGO_SECRET_KEY
            min_length: 50
  register: existing
"""

RETURN = r"""
problems:
  description: A sentence for each problem, without a full stop and without any content.
  returned: always
  type: list
  elements: str
  sample: [Secret jewelry-shop/shop-from-vault has no key DJANGO_SECRET_KEY (platform_existing_secret)]
revisions:
  description: The revision of each key, by V(KIND/NAME) of the object. It changes with the value and if the object is recreated.
  returned: always
  type: dict
  sample: {Secret/shop-from-vault: {DJANGO_SECRET_KEY: 1f0c9a2be4}}
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

KEY = {
    "name": {"type": "str", "required": True},
    "min_length": {"type": "int", "default": 1},
    "url_safe": {"type": "bool", "default": False},
}
OBJECT = {
    "kind": {"type": "str", "choices": ["Secret", "ConfigMap"], "default": "Secret"},
    "name": {"type": "str", "required": True},
    "settings": {"type": "str", "required": True},
    "optional": {"type": "bool", "default": False},
    "keys": {"type": "list", "elements": "dict", "default": [], "no_log": False, "options": KEY},
}
SPEC = {
    "namespace": {"type": "str", "required": True},
    "objects": {"type": "list", "elements": "dict", "required": True, "options": OBJECT},
}


def judge(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Read the objects and check them.

    Args:
        module: the module with its parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: the API server did not respond.
    """
    # Imported here, because it imports the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import check_object

    params = module.params
    cluster = Cluster(auth(params))
    checked = [(each, *check_object(cluster, params["namespace"], each)) for each in params["objects"]]
    return {
        "changed": False,
        "problems": [problem for _each, problems, _revisions in checked for problem in problems],
        "revisions": {f"{each['kind']}/{each['name']}": revisions for each, _problems, revisions in checked},
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, judge, "24.2.0")


if __name__ == "__main__":
    main()
