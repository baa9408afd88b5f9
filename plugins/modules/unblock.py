#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unblock

short_description: End what a failed release left behind and what cannot succeed any more

version_added: 1.0.0

description:
  - Stops the Jobs in O(failed_jobs), whose failure a run already knows, although the cluster still tries to start them.
  - With O(stuck_jobs), stops the Jobs of all releases that cannot finish, such as one whose image does not exist. A Job that runs, or
    whose pod may still start, goes on, since another run may wait for it.
  - Deletes the pods of O(stateful_sets) that are of an older revision, are not ready, and in which no container runs. A StatefulSet does
    not replace such a pod, even where the newer revision fixes it.
  - A Job is stopped by a deadline of one second. Its pod ends, and the Job stays as evidence with the condition C(Failed), the reason
    C(DeadlineExceeded) and the cause in the annotation C(jewelry-shop/stopped). Its log is gone with its pod.
  - A Job that is suspended stays as it is.
  - Only what was applied server-side by O(field_manager) is changed.
  - The module does not fail because of the cluster. A rejection by the API server, or an API server that is unavailable for more than
    90 seconds, is shown as a warning.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Judges the cluster as it is. What applying a StatefulSet would leave in the way is not foreseen.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none

options:
  namespace:
    description: Namespace of the Jobs and StatefulSets.
    type: str
    required: true
  labels:
    description: Labels that each Job to be stopped carries.
    type: dict
    required: true
  failed_jobs:
    description: Why each Job failed that is to be stopped at once, in one sentence without secrets, by the name of the Job.
    type: dict
    default: {}
  stuck_jobs:
    description: Whether Jobs that cannot finish are stopped.
    type: bool
    default: false
  release_label:
    description: The label that a Job carries to be stopped by O(stuck_jobs).
    type: str
    default: jewelry-shop/release
  stateful_sets:
    description: Names of StatefulSets whose pods may be deleted.
    type: list
    elements: str
    default: []
  unschedulable_grace:
    description: Seconds for which runs wait for a node or for a quota. A Job that has waited a minute longer than this cannot finish.
    type: float
    default: 5

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Stop the Jobs of failed releases
  jewelry_shop.platform.unblock:
    context: production
    namespace: jewelry-shop
    labels:
      app: jewelry-shop
      app.kubernetes.io/managed-by: ansible
    stuck_jobs: true

- name: Let a repaired StatefulSet replace its broken pod
  jewelry_shop.platform.unblock:
    context: production
    namespace: jewelry-shop
    labels:
      app: jewelry-shop
      app.kubernetes.io/managed-by: ansible
    stateful_sets: [redis]
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: success
  type: str
  sample: "stopped Job shop/migrate-3f2a9c0b1d (ImageNotFound: image registry.example.com/shop:1.4.1 was not found)"
stopped:
  description: The Jobs that were stopped; in check mode, that would be.
  returned: success
  type: list
  elements: dict
  contains: &ended
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
    because:
      description: Why.
      type: str
      returned: always
deleted:
  description: The pods that were deleted; in check mode, that would be.
  returned: success
  type: list
  elements: dict
  contains: *ended
rejections:
  description: A sentence for each object that could not be ended, or for what could not be read.
  returned: success
  type: list
  elements: str
  sample: ['Pod shop/redis-0: pods "redis-0" is forbidden: User "deployer" cannot delete resource "pods"']
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.rules import Obstacle

SPEC = {
    "namespace": {"type": "str", "required": True},
    "labels": {"type": "dict", "required": True},
    "failed_jobs": {"type": "dict", "default": {}},
    "stuck_jobs": {"type": "bool", "default": False},
    "release_label": {"type": "str", "default": "jewelry-shop/release"},
    "stateful_sets": {"type": "list", "elements": "str", "default": []},
    "unschedulable_grace": {"type": "float", "default": 5},
    **FIELD_MANAGER_SPEC,
}


def end(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """End what the options say.

    Args:
        module: the module, whose modes and parameters say what is asked for.

    Returns:
        The module's result.

    Raises:
        PlatformError: labels is empty.
    """
    # Imported here, since they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.api import UnblockApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.run import Request, unblock

    params = module.params
    if not params["labels"]:
        raise PlatformError("labels is empty, it has to hold at least one label", certain=True)
    outcome = unblock(
        UnblockApi(auth(params)),
        Request(
            namespace=params["namespace"],
            selector=",".join(f"{key}={value}" for key, value in params["labels"].items()),
            field_manager=params["field_manager"],
            failed={name: str(because) for name, because in params["failed_jobs"].items()},
            stuck_jobs=params["stuck_jobs"],
            release_label=params["release_label"],
            stateful_sets=params["stateful_sets"],
            unschedulable_grace=params["unschedulable_grace"],
            check_mode=module.check_mode,
        ),
    )
    for rejection in outcome.rejections:
        module.warn(rejection)
    would = "would have " if module.check_mode else ""
    parts = [
        f"{would}{verb} " + ", ".join(f"{subject(each.item)} ({each.because})" for each in ended)
        for verb, ended in (("stopped", outcome.stopped), ("deleted", outcome.deleted))
        if ended
    ]
    return {
        "msg": "; ".join(parts) or "nothing is in the way",
        "changed": bool(parts),
        "stopped": _entries(outcome.stopped),
        "deleted": _entries(outcome.deleted),
        "rejections": outcome.rejections,
    }


def _entries(obstacles: Iterable[Obstacle]) -> list[dict[str, str]]:
    return [
        {
            "kind": each.item["kind"],
            "namespace": each.item["metadata"]["namespace"],
            "name": each.item["metadata"]["name"],
            "because": each.because,
        }
        for each in obstacles
    ]


def main() -> None:
    """Run the module."""
    run_module(SPEC, end, "25.3.0")


if __name__ == "__main__":
    main()
