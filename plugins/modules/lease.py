#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease

short_description: Let only one run at a time change the platform

version_added: 1.0.0

description:
  - Acquires, releases or deletes a Lease of C(coordination.k8s.io/v1). A run acquires it before its first write and releases it at its end.
  - Fails if another run holds the Lease, and names the user, the place, the playbook and the time. M(jewelry_shop.platform.plan) reads
    the Lease before it plans, and can wait.
  - While the run lives, a process on the control node renews the Lease every third of O(duration). It ends within seconds after
    ansible-playbook has ended, for whatever reason. After a killed run the Lease expires, and the next run acquires it.
  - Without that process, the Lease lasts at least one hour and is renewed between the tasks. This applies to a connection other than
    local, to C(become), to an environment of the task, and if the kubernetes client is not installed for the Python of Ansible.
  - A run that holds the Lease renews it with O(state=held). That fails if another run acquired it, or if it was deleted.
  - The Lease has the times of the API server, so the clocks of control nodes can differ. All API servers of the cluster must have the same
    time within a third of O(duration).
  - The Lease is not a part of the platform, so the module never reports a change.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Neither reads nor writes the Lease.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none

options:
  namespace:
    description: Namespace of the Lease.
    type: str
    required: true
  name:
    description: Name of the Lease.
    type: str
    default: jewelry-shop-run
  state:
    description:
      - With V(held), the run acquires the Lease, or renews it if it holds it.
      - With V(released) and V(absent), the run releases or deletes the Lease if it holds it. A failure is a warning, because the Lease
        expires.
    type: str
    choices: [held, released, absent]
    default: held
  duration:
    description: Seconds after which the Lease expires without a renewal. At least 15.
    type: int
    default: 60
  expected_version:
    description:
      - Resource version of the Lease when the run made its plan, as RV(jewelry_shop.platform.plan#module:lease) returns it. If another run
        held the Lease since then, the module fails.
      - Empty if the Lease did not exist. Omit it if there is no plan.
    type: str
  labels:
    description: Labels of the Lease.
    type: dict
    default: {}
  identity:
    description: Unique name of the run. By default the name of the control node, of the directory of the process, and of the host.
    type: str
  holder:
    description: The run in the messages of other runs. By default the user, the control node or the job of AWX, and the playbook.
    type: str
  renew_only:
    description: Whether the run acquired the Lease before, so that it must not acquire it again. By default, the control node knows.
    type: bool

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Acquire the Lease
  jewelry_shop.platform.lease:
    context: production
    namespace: jewelry-shop
  register: lock

- name: Release the Lease
  jewelry_shop.platform.lease:
    context: production
    namespace: jewelry-shop
    state: released
  when: lock.acquired
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: holds Lease jewelry-shop/jewelry-shop-run
acquired:
  description: Whether the run holds the Lease now. False if the namespace does not exist, and in check mode.
  returned: success
  type: bool
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "default": "jewelry-shop-run"},
    "state": {"type": "str", "choices": ["held", "released", "absent"], "default": "held"},
    "duration": {"type": "int", "default": 60},
    "expected_version": {"type": "str"},
    "labels": {"type": "dict", "default": {}},
    "identity": {"type": "str"},
    "holder": {"type": "str"},
    "renew_only": {"type": "bool"},
    **FIELD_MANAGER_SPEC,
}
SHORTEST = 15


def change(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Acquire, renew, release or delete the Lease.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: the run cannot acquire the Lease, or has lost it.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import patiently
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.api import LeaseApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.run import Request, acquire, release, renew

    params = module.params
    name = f"Lease {params['namespace']}/{params['name']}"
    if not params["identity"]:
        raise PlatformError("identity is required where the action plugin of this module does not run", certain=True)
    if params["duration"] < SHORTEST:
        raise PlatformError(f"duration must be {SHORTEST} or more, got: {params['duration']}", certain=True)
    if module.check_mode:
        return {"msg": f"check mode does not acquire {name}", "changed": False, "acquired": False}
    api = LeaseApi(auth(params), params["namespace"], params["name"], params["field_manager"])
    if params["state"] != "held":
        try:
            done = release(api, params["identity"], delete=params["state"] == "absent")
        except PlatformError as error:
            module.warn(f"{error}. {name} was not released and expires in {params['duration']} s or less.")
            done = False
        return {"msg": f"{'no longer holds' if done else 'did not hold'} {name}", "changed": False, "acquired": False}
    if params["renew_only"]:
        patiently(lambda: renew(api, params["identity"]))
        return {"msg": f"holds {name}", "changed": False, "acquired": True}
    request = Request(
        params["identity"], params["holder"] or params["identity"], params["duration"], params["labels"], params["expected_version"]
    )
    acquired = acquire(api, request)
    return {
        "msg": f"holds {name}" if acquired else f"namespace {params['namespace']} does not exist yet",
        "changed": False,
        "acquired": acquired,
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, change, "25.3.0")


if __name__ == "__main__":
    main()
