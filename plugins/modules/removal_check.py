#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: removal_check

short_description: List what a removal of the platform deletes from its namespace, and what stays

version_added: 1.0.0

description:
  - Lists the objects of all kinds in the namespace that the API server serves and the user may list. Reads only their metadata, except for
    claims.
  - An object is to be removed if O(field_manager) applied it server-side with O(labels), or if O(recorded) lists it. All other objects
    stay. RV(stays) has the reason.
  - A claim stays unless O(volumes) names it. A claim that the cluster created for a StatefulSet of the platform counts as a claim of the
    platform.
  - Omits objects that the cluster removes with their owner, such as ReplicaSets and pods, and objects that controllers create in each
    namespace, such as the ConfigMap C(kube-root-ca.crt).
  - Tries each deletion in a dry run. RV(problems) has the rejections.
  - Retries for up to 90 seconds while the API server is unavailable or overloaded.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the platform. The lists are empty if it does not exist.
    type: str
    required: true
  labels:
    description: Labels that an object of the platform has, applied by O(field_manager). The label C(app) is required.
    type: dict
    required: true
  identity:
    description: Labels of the additional objects, applied by O(field_manager). An object with them is to be removed too.
    type: dict
    default: {}
  recorded:
    description:
      - Further additional objects to remove, in their order, with C(api_version), C(kind), C(namespace) (empty for a cluster-scoped object)
        and C(name).
      - Namespaces, and volumes outside O(namespace), stay.
    type: list
    elements: dict
    default: []
  volumes:
    description: Names of the claims to remove; V(all) for each claim of the platform.
    type: list
    elements: str
    default: []
  with_namespace:
    description: Whether the Namespace is to be removed too. RV(problems) then reports what prevents it.
    type: bool
    default: false

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: List what a removal deletes
  jewelry_shop.platform.removal_check:
    context: production
    namespace: jewelry-shop
    labels:
      app: jewelry-shop
      app.kubernetes.io/managed-by: ansible
      environment: production
    volumes: [backups-pvc]
"""

RETURN = r"""
goes:
  description: The objects to remove, in the order of their deletion.
  returned: success
  type: list
  elements: dict
  contains:
    api_version: &api_version
      description: API version of the object.
      type: str
      returned: always
    kind: &kind
      description: Kind of the object.
      type: str
      returned: always
    namespace: &namespace
      description: Namespace of the object; empty for a cluster-scoped object.
      type: str
      returned: always
    name: &name
      description: Name of the object.
      type: str
      returned: always
    subject: &subject
      description: Kind and name of the object, and the capacity of a claim.
      type: str
      returned: always
      sample: PersistentVolumeClaim media-pvc with 50Gi
stays:
  description: The other objects.
  returned: success
  type: list
  elements: dict
  contains:
    api_version: *api_version
    kind: *kind
    namespace: *namespace
    name: *name
    subject: *subject
    reason:
      description: Why the object stays.
      type: str
      returned: always
      sample: it was created by the field manager kubectl-create, not by this collection
lines:
  description: Both lists for the user, and the kinds that the user may not list.
  returned: success
  type: list
  elements: str
  sample: ['Goes:', '  Deployment django', 'Stays:', '  Namespace shop: remove_namespace is false']
problems:
  description: A sentence for each reason that prevents the removal.
  returned: success
  type: list
  elements: str
  sample: ['remove_volumes names media, but namespace shop has the claims media-pvc; did you mean media-pvc?']
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "labels": {"type": "dict", "required": True},
    "identity": {"type": "dict", "default": {}},
    "recorded": {"type": "list", "elements": "dict", "default": []},
    "volumes": {"type": "list", "elements": "str", "default": []},
    "with_namespace": {"type": "bool", "default": False},
    **FIELD_MANAGER_SPEC,
}


def check(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """List the objects of the namespace.

    Args:
        module: the module with its parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: the labels are incomplete, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.api import RemovalApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.rules import Removal
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.run import list_removal

    params = module.params
    if not params["labels"].get("app"):
        raise PlatformError("labels must contain the label app", certain=True)
    found = list_removal(RemovalApi(auth(params)), Removal(**{name: params[name] for name in SPEC}))
    return {
        "changed": False,
        "goes": [_shown(each) for each in found.goes],
        "stays": [{**_shown(each), "reason": each.reason} for each in found.stays],
        "lines": found.lines,
        "problems": found.problems,
    }


def _shown(judged: Any) -> dict[str, str]:
    item, metadata = judged.item, judged.item["metadata"]
    place = {"namespace": metadata.get("namespace") or "", "name": metadata["name"]}
    return {"api_version": item["apiVersion"], "kind": item["kind"], **place, "subject": judged.subject}


def main() -> None:
    """Run the module."""
    run_module(SPEC, check, "25.3.0")


if __name__ == "__main__":
    main()
