#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_record

short_description: Record a deployed release in the cluster

version_added: 1.0.0

description:
  - Writes an immutable ConfigMap with the objects of a release, its image, the digests of the running containers, and who deployed it when.
    The content is compressed JSON. The name has a running number, such as C(release-0007).
  - Writes nothing if the newest record describes the same objects of the same release, unless a later deployment ended before it changed
    the tiers.
  - Leaves out the data of Secrets.
  - Reads the commit of the inventory with C(git), if O(inventory_directory) is in a git repository.
  - Fails if the record would have 1 MiB or more.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full
    details: Shows the name of the record.

options:
  namespace:
    description: Namespace of the record.
    type: str
    required: true
  labels:
    description: Labels of the record.
    type: dict
    required: true
  release:
    description: ID of the release.
    type: str
    required: true
  image:
    description: Image of the application.
    type: str
    required: true
  stages:
    description: For each stage, its manifests as YAML documents in a string, or as a list.
    type: dict
    required: true
  jobs:
    description: Manifests of the Jobs of the release, as YAML documents in a string, or as a list.
    type: raw
    default: []
  repeated:
    description:
      - Commands whose output all releases share, as the role P(jewelry_shop.platform.pre_deploy#role) has them. A rollback repeats them.
    type: list
    elements: dict
    default: []
  names:
    description: Names with a hash that the release uses, by purpose.
    type: dict
    default: {}
  rollouts:
    description: For each stage, the workloads to wait for.
    type: dict
    default: {}
  collection:
    description: Version of the collection. Empty for the version that runs.
    type: str
    default: ''
  user:
    description: Who deployed the release. Empty for the user who runs the module.
    type: str
    default: ''
  job:
    description: Number of the AWX job; empty for a run without AWX.
    type: str
    default: ''
  inventory_directory:
    description: Directory of the inventory; empty to record no commit.
    type: str
    default: ''
  checks:
    description: Number of checks of the release by severity.
    type: dict
    default: {}
  irreversible:
    description: Why the migrations of the release cannot be undone. A rollback to an earlier release is then rejected. Empty if they can.
    type: str
    default: ''
  rollback_of:
    description: The release that a rollback replaced; empty for a deployment.
    type: str
    default: ''
  rollback_to:
    description: Number of the record that a rollback restored; 0 for a deployment.
    type: int
    default: 0
  always:
    description: Whether to write a record even if the newest one describes the same objects of the same release.
    type: bool
    default: false

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Record the release
  jewelry_shop.platform.release_record:
    context: production
    namespace: jewelry-shop
    labels:
      app: jewelry-shop
    release: 3f2a9c0b1d
    image: registry.example.com/jewelry-shop:1.0.0
    stages:
      tiers: "{{ lookup('ansible.builtin.template', 'tiers.yaml.j2') }}"
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: success
  type: str
  sample: wrote the record release-0007
name:
  description: Name of the ConfigMap; empty if the newest record describes the same deployment.
  returned: success
  type: str
  sample: release-0007
"""

import getpass
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "namespace": {"type": "str", "required": True},
    "labels": {"type": "dict", "required": True},
    "release": {"type": "str", "required": True},
    "image": {"type": "str", "required": True},
    "stages": {"type": "dict", "required": True},
    "jobs": {"type": "raw", "default": []},
    "repeated": {"type": "list", "elements": "dict", "default": []},
    "names": {"type": "dict", "default": {}},
    "rollouts": {"type": "dict", "default": {}},
    "collection": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "job": {"type": "str", "default": ""},
    "inventory_directory": {"type": "str", "default": ""},
    "checks": {"type": "dict", "default": {}},
    "irreversible": {"type": "str", "default": ""},
    "rollback_of": {"type": "str", "default": ""},
    "rollback_to": {"type": "int", "default": 0},
    "always": {"type": "bool", "default": False},
    **FIELD_MANAGER_SPEC,
}
# Parameters that a record has as they are.
_COPIED = ("release", "image", "repeated", "names", "rollouts", "collection", "checks", "irreversible", "rollback_of", "rollback_to")


def write(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Write the record.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is not valid, the record is too large, or the cluster cannot be read or rejects the record.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.pods import seen_images
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import recorded_manifests
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.run import new_record
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.api import TakeoverApi

    params = module.params
    namespace = params["namespace"]
    api = TakeoverApi(auth(params))
    record = {
        **{option: params[option] for option in _COPIED},
        "stages": {stage: recorded_manifests(stage, manifests) for stage, manifests in params["stages"].items()},
        "jobs": recorded_manifests("jobs", params["jobs"]),
        "images": seen_images(api.listed("v1", "Pod", namespace, f"app={params['labels'].get('app', '')}")),
        "deployed_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "deployed_by": {"user": params["user"] or _user(), "job": params["job"]},
        "inventory": _commit(module._module, params["inventory_directory"]),
        "verdict": "passed",
    }
    config_map, warnings = new_record(api, record, namespace, params["field_manager"], params["labels"], params["always"])
    for warning in warnings:
        module.warn(warning)
    if not config_map:
        return {"msg": "the newest record describes this release", "name": "", "changed": False}
    name = config_map["metadata"]["name"]
    if not module.check_mode:
        api.apply(config_map, params["field_manager"])
    result: dict[str, Any] = {"msg": f"{'would write' if module.check_mode else 'wrote'} the record {name}", "name": name, "changed": True}
    if module._diff:
        result["diff"] = {"before": "", "after": f"ConfigMap {namespace}/{name}\n"}
    return result


def _user() -> str:
    try:
        return getpass.getuser()
    # A container may run as a UID without a name.
    except (KeyError, OSError, ImportError):
        return "unknown"


def _commit(module: AnsibleModule, directory: str) -> dict[str, Any]:
    git = module.get_bin_path("git") if directory else None
    if not git:
        return {"commit": "", "modified": False}
    # git ends with an error outside of a repository, and in a repository of another user.
    failed, commit, _errors = module.run_command([git, "-C", directory, "rev-parse", "HEAD"])
    if failed:
        return {"commit": "", "modified": False}
    failed, changes, _errors = module.run_command([git, "-C", directory, "status", "--porcelain", "--", "."])
    return {"commit": commit.strip(), "modified": bool(failed or changes.strip())}


def main() -> None:
    """Run the module."""
    run_module(SPEC, write, "25.3.0")


if __name__ == "__main__":
    main()
