#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_history

short_description: List the recorded releases, and compare two of them

version_added: 1.0.0

description:
  - Reads the records that M(jewelry_shop.platform.release_record) wrote. It never writes anything.
  - Compares the objects of two releases field by field. The data of Secrets is not in the records.
  - A ConfigMap with the label of records that O(field_manager) did not write is ignored. A warning names it.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the records.
    type: str
    required: true
  from_release:
    description: Number or ID of the first release to compare. Empty to compare no releases. Requires O(to_release).
    type: str
    default: ''
  to_release:
    description: Number or ID of the second release to compare. Empty to compare no releases. Requires O(from_release).
    type: str
    default: ''
  newest:
    description: Whether to return the newest record as a whole, with its objects.
    type: bool
    default: false
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
- name: Compare two releases
  jewelry_shop.platform.release_history:
    context: production
    namespace: jewelry-shop
    from_release: "6"
    to_release: "7"
  register: history
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: success
  type: str
  sample: "6 records"
records:
  description: The records without their objects, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: Running number.
      type: int
      returned: always
    release:
      description: ID of the release.
      type: str
      returned: always
    image:
      description: Image of the application.
      type: str
      returned: always
    images:
      description: For each component, container and image the digests that the nodes reported.
      type: list
      elements: dict
      returned: always
    config_maps:
      description: Names of the ConfigMaps.
      type: list
      elements: str
      returned: always
    secrets:
      description: Names of the Secrets.
      type: list
      elements: str
      returned: always
    deployed_at:
      description: Time in UTC.
      type: str
      returned: always
      sample: "2026-11-30T20:00:00Z"
    deployed_by:
      description: C(user), and C(job) of AWX.
      type: dict
      returned: always
    inventory:
      description: C(commit) of the inventory, and whether it was C(modified) since.
      type: dict
      returned: always
    collection:
      description: Version of the collection.
      type: str
      returned: always
    verdict:
      description: Verdict of the validation.
      type: str
      returned: always
    rollback_of:
      description: The release that a rollback replaced; empty for a deployment.
      type: str
      returned: always
    rollback_to:
      description: Number of the record that a rollback restored, or that a deployment repeated; 0 otherwise.
      type: int
      returned: always
    irreversible:
      description: Why the migrations cannot be undone; empty if they can.
      type: str
      returned: always
newest:
  description: The newest record with its objects, without the data of Secrets. Empty if there is no record.
  returned: when O(newest) is true
  type: dict
differences:
  description: The fields in which the two releases differ.
  returned: when O(from_release) and O(to_release) are given
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name. A hash in the name is shown as V(*).
      type: str
      returned: always
    path:
      description: The field; empty if only one release has the object.
      type: str
      returned: always
      sample: spec.template.spec.containers[name=django].image
    change:
      description: One of V(added), V(removed), V(changed).
      type: str
      returned: always
    before:
      description: Value in O(from_release), other values than strings as JSON.
      type: str
      returned: always
    after:
      description: Value in O(to_release), other values than strings as JSON.
      type: str
      returned: always
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, MASK_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import secrets_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, MaskingModule, take_mask

SPEC = {
    "namespace": {"type": "str", "required": True},
    "from_release": {"type": "str", "default": ""},
    "to_release": {"type": "str", "default": ""},
    "newest": {"type": "bool", "default": False},
    **MASK_SPEC,
    **FIELD_MANAGER_SPEC,
}


def read(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Read the records.

    Args:
        module: the module with its parameters.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: only one release to compare is given, a release has no record, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.differences import release_differences
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import find_record, manifests_of, summary
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.run import read_records

    params = module.params
    compared = [params["from_release"], params["to_release"]]
    if any(compared) and not all(compared):
        raise PlatformError("from_release and to_release belong together: set both, or none of them", certain=True)
    mask.hide(secrets_to_mask(params))
    records, warnings = read_records(PlanApi(auth(params)), params["namespace"], params["field_manager"])
    for warning in warnings:
        module.warn(warning)
    result: dict[str, Any] = {"records": [summary(record) for record in records], "msg": f"{len(records)} records", "changed": False}
    if params["newest"]:
        result["newest"] = records[0] if records else {}
    if all(compared):
        before, after = (manifests_of(find_record(records, wanted)) for wanted in compared)
        result["differences"] = [{key: mask(value) for key, value in each.items()} for each in release_differences(before, after)]
        result["msg"] = f"{len(result['differences'])} differences"
    return result


def main() -> None:
    """Run the module."""
    run_module(SPEC, read, "25.3.0", module_class=MaskingModule, take_secrets=take_mask)


if __name__ == "__main__":
    main()
