#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prune

short_description: Remove the records, Jobs, ConfigMaps and Secrets that the last releases no longer need

version_added: 1.0.0

description:
  - Removes the records of M(jewelry_shop.platform.release_record) and the finished Jobs of all releases except the current one and the
    newest earlier ones. Then removes immutable ConfigMaps and Secrets with a hash of their content in the name that neither a remaining
    record nor an object in the namespace refers to.
  - Keeps objects that a remaining Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision, CronJob, Job, Pod, ServiceAccount
    or Ingress refers to. The C(revisionHistoryLimit) of the workloads therefore limits how far a rollback can go.
  - Considers only objects with O(labels) that O(field_manager) applied server-side and that have no owner reference.
  - Removes an object only if it is unchanged since it was read. A changed object stays until the next call. A missing object is ignored.
  - A rejection by the API server does not end the call. A warning shows it with the object and the message of the cluster.
  - Retries for up to 90 seconds while the API server is unavailable or overloaded.
  - The content of Secrets stays in the cluster.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Evaluates the current state of the cluster. It does not predict what a later rollout will release.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full
    details: Shows names only.

options:
  namespace:
    description: Namespace of the objects. Nothing is removed if it does not exist.
    type: str
    required: true
  labels:
    description: Labels that an object must have to be removed.
    type: dict
    required: true
  release:
    description: The current release. Its Jobs stay.
    type: str
    required: true
  release_label:
    description: Label of a Job with the name of its release.
    type: str
    default: jewelry-shop/release
  history:
    description:
      - Number of releases besides the current one that stay. The records determine which releases these are. If there are fewer records,
        the Jobs determine the others. Then the newest Job of a release determines its age.
    type: int
    default: 5
  keep:
    description: Names of ConfigMaps and Secrets that always stay.
    type: list
    elements: str
    default: []
  minimum_age:
    description:
      - Seconds. Younger objects stay, because another run may have created them for workloads that it applies later.
    type: int
    default: 3600

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Remove what the last three releases no longer need
  jewelry_shop.platform.prune:
    context: production
    namespace: jewelry-shop
    labels:
      app: jewelry-shop
      app.kubernetes.io/managed-by: ansible
    release: 3f2a9c0b1d
    history: 3
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: success
  type: str
  sample: "removed Job shop/migrate-3f2a9c0b1d, ConfigMap shop/django-config-4b7t9g2hm5"
removed:
  description: The removed objects; in check mode the objects to remove.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
      returned: always
    namespace:
      description: Namespace of the object.
      type: str
      returned: always
    name:
      description: Name of the object.
      type: str
      returned: always
refusals:
  description: A sentence for each rejection by the API server.
  returned: success
  type: list
  elements: str
  sample: ['Job shop/migrate-3f2a9c0b1d: jobs.batch "migrate-3f2a9c0b1d" is forbidden: User "deployer" cannot delete resource "jobs"']
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "labels": {"type": "dict", "required": True},
    "release": {"type": "str", "required": True},
    "release_label": {"type": "str", "default": "jewelry-shop/release"},
    "history": {"type": "int", "default": 5},
    "keep": {"type": "list", "elements": "str", "default": []},
    "minimum_age": {"type": "int", "default": 3600},
    **FIELD_MANAGER_SPEC,
}


def remove(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Remove the objects that the parameters select.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is out of range, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.api import PruneApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import Rules
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.run import prune

    params = module.params
    for option in ("history", "minimum_age"):
        if params[option] < 0:
            raise PlatformError(f"{option} must be 0 or more, it is {params[option]}", certain=True)
    if not params["labels"]:
        raise PlatformError("labels must contain at least one label", certain=True)
    outcome = prune(PruneApi(auth(params)), Rules(**{option: params[option] for option in SPEC}), module.check_mode)
    for refusal in outcome.refusals:
        module.warn(refusal)
    names = [subject(item) for item in outcome.removed]
    verb = "would remove" if module.check_mode else "removed"
    message = f"{verb} {', '.join(names) or 'nothing'}"
    result: dict[str, Any] = {
        "msg": f"{message}; rejected: {len(outcome.refusals)}" if outcome.refusals else message,
        "changed": bool(names),
        "removed": [
            {"kind": item["kind"], "namespace": item["metadata"]["namespace"], "name": item["metadata"]["name"]} for item in outcome.removed
        ],
        "refusals": outcome.refusals,
    }
    if module._diff:
        result["diff"] = {"before": "".join(f"{name}\n" for name in names), "after": ""}
    return result


def main() -> None:
    """Run the module."""
    run_module(SPEC, remove, "25.3.0")


if __name__ == "__main__":
    main()
