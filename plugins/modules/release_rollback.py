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
      - Empty for the last successfully deployed release before the running one. If the running release has no record, such as a failed one,
        this is the newest record.
    type: str
    default: ''
  failed:
    description: Whether the run that asks has failed after it changed the tiers. Then the newest record is restored.
    type: bool
    default: false
  irreversible:
    description: Why the migrations of a running release without a record cannot be undone; empty if they can.
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
  description: One sentence.
  returned: success
  type: str
  sample: restores release 3f2a9c0b1d (number 6)
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
  description: The record that was the newest one, as C(release-0007); a failed release as its message names it.
  returned: success
  type: str
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "str", "default": "app=jewelry-shop"},
    "to_release": {"type": "str", "default": ""},
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
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records import rollback
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.run import read_records

    params = module.params
    namespace = params["namespace"]
    api = PlanApi(auth(params))
    records, warnings = read_records(api, namespace, params["field_manager"])
    for warning in warnings:
        module.warn(warning)
    deployments = api.listed("apps/v1", "Deployment", namespace, params["selector"])
    newest_runs = bool(records) and not params["failed"] and rollback.is_running(records[0], deployments)
    restored = rollback.target(records, params["to_release"], newest_runs)
    missing = [(kind, name) for kind, name in rollback.needed(restored) if api.read(_named(kind, name, namespace)) is None]
    missing += [(each["kind"], each["metadata"]["name"]) for each in rollback.unrestored(restored) if api.read(each) is None]
    found = [
        rollback.refusal(records, restored, "" if newest_runs else params["irreversible"]),
        rollback.missing_sentence(restored, missing, namespace),
    ]
    stages = rollback.restored_stages(restored, records[0])
    names = [each["metadata"]["name"] for each in deployments]
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
        "msg": f"restores release {restored['release']} (number {restored['number']})",
        "changed": False,
    }


def _named(kind: str, name: str, namespace: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def main() -> None:
    """Run the module."""
    run_module(SPEC, read, "25.3.0")


if __name__ == "__main__":
    main()
