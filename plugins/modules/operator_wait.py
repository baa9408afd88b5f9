#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: operator_wait

short_description: Wait until operators have created the Secrets of ExternalSecrets and Certificates

version_added: 1.0.0

description:
  - Waits until the condition C(Ready) of each object is true for its current generation.
  - Fails with the message of the operator as soon as the operator reports a failure that stays for O(grace) seconds.
  - A failure from before the last change of the object by O(field_manager) counts only after the operator reports it again, or after
    60 seconds.
  - A Certificate whose issuer does not exist is a failure, although cert-manager waits for the issuer.
  - Retries for up to 90 seconds while the API server is unavailable or overloaded.
  - Never changes anything, so check mode does the same as a run.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only
  - jewelry_shop.platform.field_manager

options:
  namespace:
    description: Namespace of the objects.
    type: str
    required: true
  external_secrets:
    description: Names of ExternalSecrets of C(external-secrets.io/v1).
    type: list
    elements: str
    default: []
  certificates:
    description: Names of Certificates of C(cert-manager.io/v1).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait for all objects together.
    type: float
    default: 300
  grace:
    description: Seconds for which a failure must stay before the module fails. 0 fails at the first report.
    type: float
    default: 5

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Wait until the Secret of the application exists
  jewelry_shop.platform.operator_wait:
    context: production
    namespace: jewelry-shop
    external_secrets: [application]
    certificates: [nginx-certificate]
    timeout: 120
"""

RETURN = r"""
msg:
  description: One sentence. After a failure, it names the object and contains the words of the operator.
  returned: always
  type: str
  sample: >-
    ExternalSecret jewelry-shop/application is not ready: SecretSyncedError: could not get secret data from provider: SecretStore "vault"
    not found (platform_external_secret_store and platform_external_secret_data)
"""

import math
import time
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "external_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "certificates": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 300},
    "grace": {"type": "float", "default": 5},
    **FIELD_MANAGER_SPEC,
}


def wait_for(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Wait for the objects.

    Args:
        module: the module with its parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is out of range, an object is not ready, or the API server rejects a request or is unavailable.
    """
    # Imported here, because it imports the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.operators.rules import CERTIFICATE, EXTERNAL_SECRET
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.operators.wait import Clock, Limits, wait

    params = module.params
    for option in ("timeout", "grace"):
        if not (params[option] >= 0 and math.isfinite(params[option])):
            raise PlatformError(f"{option} must not be negative, it is {params[option]}", certain=True)
    objects = {EXTERNAL_SECRET: params["external_secrets"], CERTIFICATE: params["certificates"]}
    limits = Limits(params["timeout"], params["grace"], params["field_manager"])
    wait(Cluster(auth(params)), params["namespace"], objects, limits, Clock(time.monotonic, time.sleep))
    names = ", ".join(f"{kind} {name}" for kind, names in objects.items() for name in names)
    return {"changed": False, "msg": f"ready: {names or 'nothing to wait for'}"}


def main() -> None:
    """Run the module."""
    run_module(SPEC, wait_for, "25.3.0")


if __name__ == "__main__":
    main()
