#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prune

short_description: Remove the Jobs, ConfigMaps and Secrets that the last releases no longer need

version_added: 1.0.0

description:
  - Removes the ended Jobs of all releases but the current one and the newest others, then the immutable ConfigMaps and Secrets named by
    a hash of their content that nothing in the namespace refers to.
  - Whatever a Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision, CronJob, Job, Pod, ServiceAccount or Ingress that
    stays mentions, stays. So C(revisionHistoryLimit) of the workloads says how far one can go back.
  - Only what carries O(labels), was applied server-side by O(field_manager) and belongs to no other object is looked at.
  - An object is removed as it was read; one that changed meanwhile is left for the next call, one that is gone already is fine.
  - A refusal of the API server does not end the call. It is shown as a warning, with its object and in the cluster's words.
  - An API server that is away or too busy is asked again for up to 90 seconds.
  - The content of Secrets never leaves the cluster.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Judges the cluster as it is. What a rollout that is still to come will free is not foreseen.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full
    details: Shows names only.

options:
  namespace:
    description: Where to remove; nothing is removed where it does not exist.
    type: str
    required: true
  labels:
    description: Labels that each object to be removed carries.
    type: dict
    required: true
  release:
    description: The current release, whose Jobs stay.
    type: str
    required: true
  release_label:
    description: The label of a Job that holds its release.
    type: str
    default: jewelry-shop/release
  history:
    description: How many releases besides the current one keep their Jobs. A release is as new as its newest Job.
    type: int
    default: 5
  keep:
    description: Names of ConfigMaps and Secrets that stay in any case.
    type: list
    elements: str
    default: []
  minimum_age:
    description:
      - Seconds. What is younger stays, since another run may just have made it for workloads that it has yet to apply.
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
  description: What was removed; in check mode, what would be.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      returned: always
    namespace:
      description: Its namespace.
      type: str
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
refusals:
  description: A sentence for each refusal of the API server.
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
    """Remove what the options say.

    Args:
        module: the module, whose modes and parameters say what is asked for.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is out of range, or the cluster cannot be asked.
    """
    # Imported here, since they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.api import PruneApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import Rules
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.run import prune

    params = module.params
    for option in ("history", "minimum_age"):
        if params[option] < 0:
            raise PlatformError(f"{option} is {params[option]}, it has to be 0 or more", certain=True)
    if not params["labels"]:
        raise PlatformError("labels is empty, it has to hold at least one label", certain=True)
    outcome = prune(PruneApi(auth(params)), Rules(**{option: params[option] for option in SPEC}), module.check_mode)
    for refusal in outcome.refusals:
        module.warn(refusal)
    names = [subject(item) for item in outcome.removed]
    verb = "would remove" if module.check_mode else "removed"
    message = f"{verb} {', '.join(names) or 'nothing'}"
    result: dict[str, Any] = {
        "msg": f"{message}; refused: {len(outcome.refusals)}" if outcome.refusals else message,
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
