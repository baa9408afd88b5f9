#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_rollback

short_description: Read what a rollback restores, and whether it is possible

version_added: 1.0.0

description:
  - Reads the record of an earlier release and returns its objects. It never writes anything.
  - Compares the newest record with the cluster by a server-side dry run, to find out whether its release runs. Objects outside of
    the pods do not count if another client changed them, such as replicas or an autoscaler.
  - RV(problems) is not empty if a newer release has migrations that cannot be undone, or if a Secret or ConfigMap that the release needs
    does not exist any more. The image is not checked, because its registry may be reachable from the nodes only.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the records.
    type: str
    required: true
  selector:
    description: Label selector of the Deployments.
    type: str
    default: app=jewelry-shop
  to_release:
    description:
      - Number or ID of the release to restore.
      - Empty for the last successfully deployed release before the running one.
      - Empty for the newest record if the cluster differs from it, or if a later deployment ended before it changed the tiers.
    type: str
    default: ''
  owned:
    description:
      - Kinds of which the collection keeps only the objects in a release, each with C(stage), C(api_version), C(kind) and C(namespace).
      - An object of these kinds that the newest record does not have is a difference, such as a tier that a failed deployment added.
    type: list
    elements: dict
    default: []
  failed:
    description: Whether the run that asks has failed after it changed the tiers. Then the newest record is restored.
    type: bool
    default: false
  irreversible:
    description:
      - Why the migrations of the last deployment cannot be undone, if it has no record; empty if they can.
      - It does not count if the Deployments have the images and the configuration of the newest record and no later deployment has begun.
    type: str
    default: ''

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Read the last release
  jewelry_shop.platform.release_rollback:
    context: production
    namespace: jewelry-shop
  register: rollback
"""

RETURN = r"""
msg:
  description: Which release runs, which one is restored, and why.
  returned: success
  type: str
  sample: What runs is release 8c1de02f4a (number 7). Restoring release 3f2a9c0b1d (number 6), the last release before it.
problems:
  description: A sentence for each reason why the rollback is impossible.
  returned: success
  type: list
  elements: str
record:
  description:
    - The restored record. Its C(stages) have the stages that are not rolled back from the newest record.
    - C(jobs), C(names), C(rollouts), C(repeated) and the other content is that of M(jewelry_shop.platform.release_record).
  returned: success
  type: dict
recorded:
  description:
    - C(stages) and C(rollouts) for the record of the rollback. Those of RV(record) also have replicas for a Deployment that an autoscaler
      scales and that does not exist, and no images of data services.
  returned: success
  type: dict
rolled_back:
  description: Names of the stages that are rolled back.
  returned: success
  type: list
  elements: str
replaced:
  description: Number of the record whose release runs, such as V(0007). V(a release without a record) if a later deployment has begun.
  returned: success
  type: str
unfinished:
  description:
    - Kind, namespace and name of the ConfigMaps and Jobs of a deployment that ended before it changed the tiers.
    - These objects are newer than the newest record and belong to another release.
  returned: success
  type: list
  elements: str
  sample: [Job jewelry-shop/migrate-5d0c7e91aa]
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "str", "default": "app=jewelry-shop"},
    "to_release": {"type": "str", "default": ""},
    "owned": {"type": "list", "elements": "dict", "default": []},
    "failed": {"type": "bool", "default": False},
    "irreversible": {"type": "str", "default": ""},
    **FIELD_MANAGER_SPEC,
}


def read(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Read the record to restore.

    Args:
        module: the module with its parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: there is no such record, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import OwnedKind
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records import rollback
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.run import differing, left_over, read_records

    params = module.params
    namespace, selector, wanted, field_manager = params["namespace"], params["selector"], params["to_release"], params["field_manager"]
    api = PlanApi(auth(params))
    records, warnings = read_records(api, namespace, field_manager)
    for warning in warnings:
        module.warn(warning)
    differs: list[dict[str, str]] = []
    begun: list[str] = []
    if records and not params["failed"]:
        differs = differing(api, records[0], [OwnedKind(**each) for each in params["owned"]], field_manager)
        begun = left_over(api, records[0], namespace, selector, field_manager)
    newest_runs = not (params["failed"] or differs or begun)
    restored = rollback.target(records, wanted, newest_runs)
    missing = [(kind, name) for kind, name in rollback.needed(restored) if api.read(_named(kind, name, namespace)) is None]
    missing += [(each["kind"], each["metadata"]["name"]) for each in rollback.unrestored(restored) if api.read(each) is None]
    # A change of limits runs no migrations. A deployment that ended before the tiers may have run them.
    migrated = params["failed"] or begun or any(rollback.runs_other_code(line) for line in differs)
    found = [
        rollback.refusal(records, restored, params["irreversible"] if migrated else ""),
        rollback.missing_sentence(restored, missing, namespace),
    ]
    stages = rollback.restored_stages(restored, records[0])
    names = [each["metadata"]["name"] for each in api.listed("apps/v1", "Deployment", namespace, selector)]
    return {
        "problems": [each for each in found if each],
        "record": {
            **restored,
            "rollouts": rollback.expected_rollouts(restored, records[0]),
            "stages": {**stages, "tiers": rollback.with_first_replicas(stages["tiers"], names)},
        },
        "recorded": {"stages": stages, "rollouts": rollback.restored_rollouts(restored, records[0])},
        "rolled_back": list(rollback.ROLLED_BACK),
        "replaced": f"{records[0]['number']:04d}" if newest_runs else "a release without a record",
        "unfinished": begun,
        "msg": rollback.reason(records[0], restored, wanted, params["failed"], [rollback.described(line) for line in differs], begun),
        "changed": False,
    }


def _named(kind: str, name: str, namespace: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def main() -> None:
    """Run the module."""
    run_module(SPEC, read, "25.3.0")


if __name__ == "__main__":
    main()
