#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: take_over

short_description: Apply manifests, and take over what another install made of the same objects

version_added: 1.0.0

description:
  - Applies manifests server-side, one after another, as M(kubernetes.core.k8s) does. On the way it takes over the objects that
    C(kubectl apply), with or without kustomize, made under the same names.
  - A Deployment or StatefulSet of another install is deleted without its pods, which go on serving, and made anew at once; the new one
    adopts them and replaces them by its own strategy. One whose strategy is C(Recreate) is deleted with its pods, since they must never
    run twice; the new one is made when they have ended.
  - Of every other object the fields that C(kubectl apply) holds are handed over, so that what the manifest does not state goes.
    PersistentVolumeClaims keep their volumes.
  - Everything is planned before the first write, as M(jewelry_shop.platform.plan) does it; if something would be refused, nothing is
    written. A run that ends half-way is mended by the next one.
  - An API server that is away or too busy is asked again for up to 90 seconds.
  - Where nothing is to be taken over it applies, and nothing else.

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
    description: YAML documents as a text, a manifest, or a list of manifests; Secrets have no place here.
    type: raw
    required: true
  timeout:
    description: Seconds to wait until a workload that is deleted is gone.
    type: float
    default: 600

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Apply the tiers over an install by kustomize
  jewelry_shop.platform.take_over:
    context: production
    manifests: "{{ lookup('ansible.builtin.template', 'tiers.yaml.j2') }}"
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "12 objects: 4 to create, 8 to take over"
objects:
  description: What was done with each manifest, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    api_version:
      description: Its apiVersion.
      type: str
      returned: always
    kind:
      description: Its kind.
      type: str
      returned: always
    namespace:
      description: Its namespace; empty for an object without one.
      type: str
      returned: always
    name:
      description: Its name.
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
        module: the module, whose modes and parameters say what is asked for.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is none, or the cluster refuses something or cannot be asked.
    """
    # Imported here, since they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan import changes
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import plan
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.api import TakeoverApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.run import take_over

    params = module.params
    manifests = changes.read_manifests("take_over", params["manifests"])
    secrets = [changes.subject(manifest) for manifest in manifests if manifest["kind"] == "Secret"]
    if secrets:
        raise PlatformError(f"{', '.join(secrets)}: a Secret is not applied here, where its content would be lost", certain=True)
    api = TakeoverApi(auth(params))
    planned, warnings = plan(
        api, [("", manifests)], params["field_manager"], take_over=True, allowed_field_managers=params["allowed_field_managers"]
    )
    for warning in warnings:
        module.warn(warning)
    # What goes with a workload is not this module's to remove.
    entries = [entry for entry in planned if entry.action != changes.REMOVE]
    refusals = [entry.refusal for entry in entries if entry.refusal]
    if refusals:
        raise PlatformError(f"nothing was changed, since the cluster would refuse: {'; '.join(refusals)}", certain=True)
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
