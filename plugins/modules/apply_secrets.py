#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apply_secrets

short_description: Apply Secrets without showing their content

version_added: 1.0.0

description:
  - Applies Secrets server-side, one after another, as M(kubernetes.core.k8s) does, and forces conflicts.
  - Reports a rejection with its status, reason and field path. Omits the messages and warnings of the API server, because they may
    repeat the content.
  - Retries for up to 90 seconds while the API server is unavailable.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: none
    details: Show the change with M(jewelry_shop.platform.plan) and the manifests without their content.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none
    details: A diff would show the content.

options:
  manifests:
    description: Manifests of kind Secret with a namespace.
    type: list
    elements: dict
    required: true

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Apply the password of the database
  jewelry_shop.platform.apply_secrets:
    context: production
    manifests:
      - apiVersion: v1
        kind: Secret
        metadata:
          name: postgresql-secrets
          namespace: jewelry-shop
        data:
          POSTGRES_PASSWORD: "{{ postgres_password | b64encode }}"
  no_log: true
"""

RETURN = r"""
secrets:
  description: The Secrets that changed, by namespace and name.
  returned: success
  type: list
  elements: str
  sample: [jewelry-shop/postgresql-secrets]
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import manifest_values
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import MaskingModule

SPEC = {
    "manifests": {"type": "list", "elements": "dict", "required": True, "no_log": True},
    **FIELD_MANAGER_SPEC,
}


class SecretsModule(MaskingModule):
    """Hides the values of the manifests. Values such as the kind are not secret and stay visible."""

    option = "manifests"


def apply(params: Mapping[str, Any], manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply the Secrets.

    Args:
        params: the module's parameters.
        manifests: the Secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is not a Secret, or the API server rejects one or is unavailable.
    """
    # Imported here, because it imports the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.api import TakeoverApi

    for number, manifest in enumerate(manifests, start=1):
        if manifest.get("kind") != "Secret" or not {"name", "namespace"} <= (manifest.get("metadata") or {}).keys():
            raise PlatformError(f"manifest {number} is not a Secret with a name and a namespace", certain=True)
    api = TakeoverApi(auth(params))
    changed = []
    for manifest in manifests:
        before = api.read(manifest)
        after = api.apply(manifest, params["field_manager"])
        if before is None or before["metadata"].get("resourceVersion") != after["metadata"].get("resourceVersion"):
            changed.append(f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}")
    return {"changed": bool(changed), "secrets": changed}


def main() -> None:
    """Run the module."""
    manifests: list[dict[str, Any]] = []

    def take_manifests(params: dict[str, Any]) -> list[str]:
        manifests.extend(params.pop("manifests"))
        return manifest_values(manifests)

    run_module(
        SPEC,
        lambda module, _mask: apply(module.params, manifests),
        "25.3.0",
        module_class=SecretsModule,
        supports_check_mode=False,
        take_secrets=take_manifests,
    )


if __name__ == "__main__":
    main()
