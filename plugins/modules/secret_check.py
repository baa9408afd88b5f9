#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_check

short_description: Check an existing Secret without showing its content

version_added: 1.0.0

description:
  - Checks that a Secret has the required keys and that their values are long enough. The module reads the values and does not return
    them.
  - Returns a revision that changes with each write to the Secret. Use it as an annotation of pods that must roll after a change.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the Secret.
    type: str
    required: true
  name:
    description: Name of the Secret.
    type: str
    required: true
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

requirements:
  - python >= 3.9
  - kubernetes >= 24.2.0

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Check the Secret of another operator
  jewelry_shop.platform.secret_check:
    context: production
    namespace: jewelry-shop
    name: shop-from-vault
    keys:
      - name: DJANGO_SECRET_KEY
        min_length: 50
  register: secret
"""

RETURN = r"""
problems:
  description: A sentence for each problem, without a full stop and without any content.
  returned: always
  type: list
  elements: str
  sample: [Secret jewelry-shop/shop-from-vault has no key DJANGO_SECRET_KEY]
revision:
  description: Changes with each write to the Secret; empty if the Secret does not exist.
  returned: always
  type: str
  sample: "48213"
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "keys": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,
        "options": {"name": {"type": "str", "required": True}, "min_length": {"type": "int", "default": 1}},
    },
}


def judge(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Read the Secret and check it.

    Args:
        module: the module with its parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: the Secret cannot be read.
    """
    # Imported here, because it imports the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import key_problems, read_secret

    params = module.params
    subject = f"Secret {params['namespace']}/{params['name']}"
    secret = read_secret(Cluster(auth(params)), params["namespace"], params["name"])
    if secret is None:
        return {"problems": [f"{subject} does not exist"], "revision": "", "changed": False}
    metadata = secret["metadata"]
    return {
        "problems": key_problems(subject, secret.get("data") or {}, params["keys"]),
        "changed": False,
        "revision": f"{metadata['uid'].partition('-')[0]}-{metadata['resourceVersion']}",
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, judge, "24.2.0")


if __name__ == "__main__":
    main()
