#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_status

short_description: Report what runs, its health, and what differs from the manifests

version_added: 1.0.0

description:
  - Applies the manifests of several stages server-side as a dry run, and reports each field that differs, with the field manager that wrote
    it and the time. It never writes anything.
  - A field that no manifest sets is not reported.
  - Compares Secrets by name, labels and annotations. Pass them without C(data).
  - Reads the newest record that M(jewelry_shop.platform.release_record) wrote, and the pods of the workloads.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the platform.
    type: str
    required: true
  selector:
    description: Label selector of the workloads.
    type: str
    default: app=jewelry-shop
  stages:
    description: Expected manifests, in the order in which they would be applied.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the stage.
        type: str
        required: true
      manifests:
        description: YAML documents as a string, a manifest, or a list of manifests.
        type: raw
        required: true
  owned:
    description: Kinds of which only the objects in the manifests are expected, as in O(jewelry_shop.platform.plan#module:owned).
    type: list
    elements: dict
    default: []
  mask:
    description: Values that must not be shown.
    type: list
    elements: str
    default: []
  mask_secrets:
    description: Names of Secrets in O(namespace) whose values must not be shown.
    type: list
    elements: str
    default: []

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Find what was changed by hand
  jewelry_shop.platform.release_status:
    context: production
    namespace: jewelry-shop
    stages:
      - name: tiers
        manifests: "{{ lookup('ansible.builtin.template', 'tiers.yaml.j2') }}"
  register: status
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: success
  type: str
  sample: "1 difference, 4 of 4 workloads are healthy"
record:
  description:
    - The newest record without its objects, as in RV(jewelry_shop.platform.release_history#module:records). Empty if there is no record.
  returned: success
  type: dict
workloads:
  description: The workloads with their pods.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the workload.
      type: str
      returned: always
    name:
      description: Name of the workload.
      type: str
      returned: always
    image:
      description: Image of the first container.
      type: str
      returned: always
    wanted:
      description: Number of replicas in the specification.
      type: int
      returned: always
    ready:
      description: Number of ready replicas.
      type: int
      returned: always
    updated:
      description: Number of replicas of the newest revision.
      type: int
      returned: always
    healthy:
      description: Whether all replicas are ready and of the newest revision.
      type: bool
      returned: always
    pods:
      description: C(name), C(ready), C(state), C(restarts) and C(started) of each pod.
      type: list
      elements: dict
      returned: always
drift:
  description: The differences between the cluster and the manifests.
  returned: success
  type: list
  elements: dict
  contains:
    stage:
      description: Name of the stage.
      type: str
      returned: always
    object:
      description: Kind, namespace and name.
      type: str
      returned: always
    drift:
      description:
        - V(different) for a field with another value.
        - V(missing) for an object that does not exist.
        - V(unexpected) for an object of O(owned) that is not in the manifests.
        - V(rejected) for an object that cannot be compared. C(reason) has the cause.
      type: str
      returned: always
    path:
      description: The field; empty for an object as a whole.
      type: str
      returned: always
    expected:
      description: Value in the manifest, other values than strings as JSON.
      type: str
      returned: always
    found:
      description: Value in the cluster, other values than strings as JSON. Empty if the field does not exist.
      type: str
      returned: always
    manager:
      description: Field manager that wrote the value. Empty if the field does not exist.
      type: str
      returned: always
    time:
      description: Time of the last change by this field manager, in UTC.
      type: str
      returned: always
    reason:
      description: Why the object cannot be compared.
      type: str
      returned: always
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, MASK_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import secrets_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, MaskingModule, take_mask

SPEC = {
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "str", "default": "app=jewelry-shop"},
    "stages": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": {"type": "str", "required": True}, "manifests": {"type": "raw", "required": True}},
    },
    "owned": {"type": "list", "elements": "dict", "default": []},
    **MASK_SPEC,
    **FIELD_MANAGER_SPEC,
}


def report(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Read the cluster and compare.

    Args:
        module: the module with its parameters.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is not valid, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import read_manifests
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import OwnedKind, plan
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.drift import drift
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.pods import WORKLOADS, workload_states
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import summary
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.run import read_records

    params = module.params
    namespace, selector, field_manager = params["namespace"], params["selector"], params["field_manager"]
    mask.hide(secrets_to_mask(params))
    api = PlanApi(auth(params))
    stages = [(stage["name"], read_manifests(stage["name"], stage["manifests"])) for stage in params["stages"]]
    owned = [OwnedKind(**each) for each in params["owned"]]
    entries, warnings = plan(api, stages, field_manager, owned=owned, only_compares=True)
    records, ignored = read_records(api, namespace, field_manager)
    for warning in [*warnings, *ignored]:
        module.warn(mask(warning))
    found = drift(entries)
    workloads = [each for kind in WORKLOADS for each in api.listed("apps/v1", kind, namespace, selector)]
    states = workload_states(workloads, api.listed("apps/v1", "ReplicaSet", namespace), api.listed("v1", "Pod", namespace, selector))
    healthy = sum(each["healthy"] for each in states)
    return {
        "record": summary(records[0]) if records else {},
        "workloads": states,
        "drift": [{key: mask(value) for key, value in line.items()} for line in found],
        "msg": f"{len(found)} {'difference' if len(found) == 1 else 'differences'}, {healthy} of {len(states)} workloads are healthy",
        "changed": False,
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, report, "25.3.0", module_class=MaskingModule, take_secrets=take_mask)


if __name__ == "__main__":
    main()
