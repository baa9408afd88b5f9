#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unblock

short_description: Stop Jobs and delete pods that a failed release left and that cannot succeed

version_added: 1.0.0

description:
  - Stops the Jobs in O(failed_jobs), whose failure is known to a run although the cluster still tries to start them.
  - With O(stuck_jobs), stops the Jobs of all releases that cannot finish, for example because an image does not exist. A running Job, or
    a Job whose pod may still start, continues, because another run may wait for it.
  - Deletes pods of O(stateful_sets) that are of an older revision, are not ready, and have no running container. A StatefulSet does not
    replace such a pod, even if the newer revision fixes it.
  - Stops a Job with a deadline of one second. Its pod ends. The Job stays with the condition C(Failed), the reason C(DeadlineExceeded)
    and the cause in the annotation C(jewelry-shop/stopped). Its log is deleted with its pod.
  - Suspended Jobs stay as they are.
  - Changes only objects that O(field_manager) applied server-side.
  - The module does not fail because of the cluster. A rejection by the API server, or an API server that is unavailable for more than
    90 seconds, is a warning.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Evaluates the current state of the cluster. It does not predict which pods would block a StatefulSet after it is applied.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none

options:
  namespace:
    description: Namespace of the Jobs and StatefulSets.
    type: str
    required: true
  labels:
    description: Labels that a Job must have to be stopped.
    type: dict
    required: true
  failed_jobs:
    description: Jobs to stop at once, by name. Each value is the cause of the failure, in one sentence without secrets.
    type: dict
    default: {}
  stuck_jobs:
    description: Whether to stop Jobs that cannot finish.
    type: bool
    default: false
  release_label:
    description: Label that a Job must have for O(stuck_jobs) to apply.
    type: str
    default: jewelry-shop/release
  stateful_sets:
    description: Names of StatefulSets whose pods may be deleted.
    type: list
    elements: str
    default: []
  unschedulable_grace:
    description: Seconds that a run waits for a node or a quota. A Job that has waited a minute longer than this cannot finish.
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
  description: The stopped Jobs; in check mode the Jobs to stop.
  returned: success
  type: list
  elements: dict
  contains: &ended
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
    because:
      description: The cause.
      type: str
      returned: always
deleted:
  description: The deleted pods; in check mode the pods to delete.
  returned: success
  type: list
  elements: dict
  contains: *ended
rejections:
  description: A sentence for each object that could not be stopped, deleted or read.
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
    """Stop the Jobs and delete the pods that the parameters select.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: labels is empty.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.api import UnblockApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock.run import Request, unblock

    params = module.params
    if not params["labels"]:
        raise PlatformError("labels must contain at least one label", certain=True)
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
        "msg": "; ".join(parts) or "no Job to stop and no pod to delete",
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
