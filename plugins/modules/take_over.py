#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: take_over

short_description: Apply manifests, and adopt existing objects of another installation

version_added: 1.0.0

description:
  - Applies manifests server-side, one after another, as M(kubernetes.core.k8s) does. Adopts existing objects of the same names that
    C(kubectl apply), with or without kustomize, created.
  - Deletes a Deployment or StatefulSet of another installation without its pods, which continue to serve, and recreates it at once. The
    new workload adopts the pods and replaces them according to its own strategy. A workload with the strategy C(Recreate) is deleted
    with its pods, because they must never run twice, and recreated after they have ended.
  - For all other objects, transfers ownership of the fields that C(kubectl apply) owns, so that fields that are not in the manifest are
    removed. PersistentVolumeClaims keep their volumes.
  - Plans everything before the first write, as M(jewelry_shop.platform.plan) does. If the cluster would reject something, nothing is
    written. The next run completes an interrupted run.
  - Retries for up to 90 seconds while the API server is unavailable or overloaded.
  - If there is nothing to adopt, the module only applies.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.allowed_field_managers

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full

options:
  manifests:
    description: YAML documents as a string, a manifest, or a list of manifests. Secrets are not allowed.
    type: raw
    required: true
  timeout:
    description: Seconds to wait for the deletion of a workload.
    type: float
    default: 600

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Apply the tiers over an installation by kustomize
  jewelry_shop.platform.take_over:
    context: production
    manifests: "{{ lookup('ansible.builtin.template', 'tiers.yaml.j2') }}"
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "12 objects: 4 to create, 8 to adopt"
objects:
  description: The action for each manifest, in order.
  returned: success
  type: list
  elements: dict
  contains:
    api_version:
      description: API version of the object.
      type: str
      returned: always
    kind:
      description: Kind of the object.
      type: str
      returned: always
    namespace:
      description: Namespace of the object; empty for a cluster-scoped object.
      type: str
      returned: always
    name:
      description: Name of the object.
      type: str
      returned: always
    action:
      description: One of V(create), V(change), V(take_over), V(none).
      type: str
      returned: always
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import ALLOWED_SPEC, FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "manifests": {"type": "raw", "required": True},
    **FIELD_MANAGER_SPEC,
    **ALLOWED_SPEC,
    "timeout": {"type": "float", "default": 600},
}


def apply(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Plan and apply.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is not valid, or the cluster rejects something or cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan import changes
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import plan
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.api import TakeoverApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.run import take_over

    params = module.params
    manifests = changes.read_manifests("take_over", params["manifests"])
    secrets = [changes.subject(manifest) for manifest in manifests if manifest["kind"] == "Secret"]
    if secrets:
        raise PlatformError(f"{', '.join(secrets)}: this module does not apply Secrets; use apply_secrets", certain=True)
    api = TakeoverApi(auth(params))
    planned, warnings = plan(
        api, [("", manifests)], params["field_manager"], take_over=True, allowed_field_managers=params["allowed_field_managers"]
    )
    for warning in warnings:
        module.warn(warning)
    # This module does not remove the other objects of a workload.
    entries = [entry for entry in planned if entry.action != changes.REMOVE]
    refusals = [entry.refusal for entry in entries if entry.refusal]
    if refusals:
        raise PlatformError(f"nothing was changed, because the cluster would reject: {'; '.join(refusals)}", certain=True)
    untrusted = [entry.untrusted for entry in entries if entry.untrusted]
    if untrusted:
        raise PlatformError(f"nothing was changed: {'; '.join(untrusted)}", certain=True)
    if not module.check_mode:
        wanted = [entry.manifest for entry in entries if entry.action in changes.WRITES]
        take_over(api, wanted, params["field_manager"], params["timeout"])
    result: dict[str, Any] = {
        "msg": changes.summary(entries),
        "changed": any(entry.action in changes.WRITES for entry in entries),
        "objects": [changes.shown(entry) for entry in entries],
    }
    if module._diff:
        result["diff"] = changes.diffs(entries)
    return result


def main() -> None:
    """Run the module."""
    run_module(SPEC, apply, "25.3.0")


if __name__ == "__main__":
    main()
