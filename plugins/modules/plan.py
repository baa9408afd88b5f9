#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan

short_description: Say what applying manifests would change and what the cluster would refuse, before anything is written

version_added: 1.0.0

description:
  - Applies the manifests of any number of stages server-side as a dry run, all in one call, and compares the outcome with what is
    there. Nothing is ever written.
  - A refusal (a missing permission, an immutable field, a webhook's no, an unknown kind) does not end the call; all of them come
    together, each with its object and in the cluster's words.
  - A pod of each workload whose pods would change is tried too, since the API server takes a Deployment whose pods a quota, a
    LimitRange, Pod Security or a webhook will keep out. Without the permission to create pods this is left out.
  - What a quota, a LimitRange or Pod Security keeps out now is no refusal where an earlier stage changes them.
  - An object of one of the O(owned) kinds that bears the collection's labels and is not among the manifests any more is to be removed.
  - What belongs into a namespace that does not exist yet counts as to be created. So does a custom resource whose definition comes
    earlier in the same call.
  - A workload that another install made is named, since applying it would be refused or mix the two; with O(take_over) it counts as to
    be taken over, as M(jewelry_shop.platform.take_over) does it.
  - A field of a pod template that only another field manager owns survives each apply, and is named. So is a ConfigMap or Secret under a
    name with a hash whose content O(field_manager) did not apply, and, unless O(take_over) is set, a claim that O(field_manager) did not
    apply or whose volume somebody else chose.
  - Secrets are compared by name, labels and annotations. Give them without O(ignore:data), under names that carry a hash of it; their
    content leaves neither the controller nor the cluster.
  - An API server that is away or too busy is asked again for up to 90 seconds; where O(cluster) is given, it has to answer first.
  - Where O(cluster) is given, the cluster's version, identity, storage and ingress classes, the Jobs and what the credential may do are
    read in the same call.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.allowed_field_managers

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Nothing is written in either mode; in check mode RV(ignore:changed) says whether applying would change something.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full
    details: Only in check mode, where what would change is shown.

options:
  stages:
    description: What would be applied, in order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the stage.
        type: str
        required: true
      manifests:
        description: YAML documents as a text, a manifest, or a list of manifests.
        type: raw
        required: true
  records:
    description:
      - ConfigMaps in which earlier runs recorded the objects of a stage, in C(data.objects), as the filter
        P(jewelry_shop.platform.object_identities#filter) makes it. What they list and the manifests leave out is to be removed.
      - A record is believed where O(field_manager) applied its list. What it lists is removed where O(field_manager) applied it with the
        labels of O(identity). An object in the namespace of the record that has none of these labels needs only to be applied by
        O(field_manager).
      - A Secret, a Namespace that somebody else created, C(default) and C(kube-*) are never removed.
      - A warning names each object that stays.
    type: list
    elements: dict
    default: []
    suboptions:
      stage:
        description: Name of the stage.
        type: str
        required: true
      namespace:
        description: Namespace of the ConfigMap.
        type: str
        required: true
      name:
        description: Name of the ConfigMap.
        type: str
        required: true
  identity:
    description: Labels of this platform, by which its objects outside of its namespace are known. See O(records).
    type: dict
    default: {}
  removals:
    description:
      - Further objects that are to be removed. One that O(field_manager) did not apply with the labels is in RV(untrusted), and so are the
        namespaces C(default) and C(kube-*).
      - What O(records) list in a Namespace that is to be removed is left out, since it goes with it.
    type: list
    elements: dict
    default: []
    suboptions:
      stage:
        description: Name of the stage that removes it.
        type: str
        required: true
      api_version:
        description: Its apiVersion.
        type: str
        required: true
      kind:
        description: Its kind.
        type: str
        required: true
      namespace:
        description: Its namespace; empty for an object without one.
        type: str
        default: ''
      name:
        description: Its name.
        type: str
        required: true
      labels:
        description: Labels that it has to carry, applied by O(field_manager).
        type: dict
        default: {}
  owned:
    description:
      - Kinds of which the collection keeps no object but those of the manifests. Another one with its labels, applied in the name of
        O(field_manager), is to be removed; one that somebody made by hand is left alone. A kind that the cluster does not know has none.
    type: list
    elements: dict
    default: []
    suboptions:
      stage:
        description: Name of the stage that removes them.
        type: str
        required: true
      api_version:
        description: Their apiVersion.
        type: str
        required: true
      kind:
        description: Their kind.
        type: str
        required: true
      namespace:
        description: Their namespace.
        type: str
        required: true
  take_over:
    description: Plan for M(jewelry_shop.platform.take_over), so that what another install made is no problem.
    type: bool
    default: false
  cluster:
    description: Read the cluster too, and plan only if it is the one that is meant.
    type: dict
    suboptions:
      api_host:
        description: Address that the cluster has to have, such as C(https://203.0.113.5:6443); empty for any.
        type: str
        default: ''
      uid:
        description: Uid that its namespace C(kube-system) has to have; empty for any.
        type: str
        default: ''
      namespace:
        description: Namespace of the Jobs.
        type: str
        required: true
      job_selector:
        description: Label selector of the Jobs.
        type: str
        required: true
      permissions:
        description:
          - Permissions that the credential needs, as the filter P(jewelry_shop.platform.needed_permissions#filter) lists them.
          - A rejection of a dry run that is about one of them is left out of RV(refusals).
        type: list
        elements: dict
        default: []
        suboptions:
          group:
            description: API group of the resource; empty for the core group.
            type: str
            default: ''
          resource:
            description: Its plural, perhaps with a subresource, such as C(pods/log).
            type: str
            required: true
          verbs:
            description: What has to be allowed, as in a Role.
            type: list
            elements: str
            required: true
          name:
            description: Name of the object; empty for all objects of the resource.
            type: str
            default: ''
          cluster_wide:
            description: Whether the resource belongs to no namespace. The others are needed in O(cluster.namespace).
            type: bool
            default: false
          without:
            description: >-
              What a run does without the permission, for a warning. Empty for a permission that a run cannot do without; it is listed in
              RV(forbidden) where it is missing.
            type: str
            default: ''

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: See what would change
  jewelry_shop.platform.plan:
    context: production
    stages:
      - name: storage
        manifests: "{{ lookup('ansible.builtin.template', 'claims.yaml.j2') }}"
  register: plan

- name: Stop before the first write if the cluster would refuse something
  ansible.builtin.assert:
    that: plan.refusals | length == 0
    fail_msg: "{{ plan.refusals | join(' ') }}"
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "22 objects: 1 to change, 21 as they should be"
objects:
  description: What applying each manifest would do, in their order, and what is to be removed.
  returned: success
  type: list
  elements: dict
  contains:
    stage:
      description: Name of its stage.
      type: str
      returned: always
    api_version:
      description: Its apiVersion.
      type: str
      returned: always
    kind:
      description: Its kind.
      type: str
      returned: always
    namespace:
      description: Its namespace; empty for an object without one.
      type: str
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
    action:
      description: One of V(create), V(change), V(take_over), V(remove), V(none), V(refused).
      type: str
      returned: always
    secrets:
      description: Names of the Secrets that the environment of the live workload's pods comes from, in the order of its containers.
      type: list
      elements: str
      returned: always
handovers:
  description:
    - Workloads whose manifest leaves the number of replicas to an autoscaler, while O(field_manager) still owns it, or that are still
      to be created. Another field manager has to apply the number before it is left out, else the API server sets it to 1.
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
    replicas:
      description: How many there are; null for one that is still to be created.
      type: int
      returned: always
differing:
  description: Names of the stages in which something is to be created, changed, taken over or removed, or is refused.
  returned: success
  type: list
  elements: str
  sample: [tiers]
refusals:
  description: A sentence for each object that the cluster refuses.
  returned: success
  type: list
  elements: str
  sample: ['PersistentVolumeClaim shop/media-pvc: persistentvolumeclaims is forbidden: exceeded quota: storage']
untrusted:
  description:
    - A sentence for each object with content that others wrote and that applying would leave as it is, and for each of O(removals) that is
      not this platform's.
  returned: success
  type: list
  elements: str
  sample: ["Deployment shop/django: spec.template.spec.containers[name=miner] is set by the field manager kubectl-patch"]
foreign:
  description: A sentence for each workload that another install made, and for each claim of others; empty with O(take_over).
  returned: success
  type: list
  elements: str
  sample: ["Deployment shop/django: its selector holds managed-by=kustomize, as kustomize's commonLabels do, and cannot be changed"]
taking_over:
  description: Whether something is to be taken over.
  returned: success
  type: bool
left_behind:
  description: The ConfigMaps and Secrets that nothing uses any more once the workloads of another install are taken over.
  returned: success
  type: list
  elements: str
  sample: ["ConfigMap shop/django-config", "Secret shop/django-secrets"]
cluster:
  description: The cluster that was asked.
  returned: when O(cluster) is given
  type: dict
  contains:
    host:
      description: Address of its API server.
      type: str
      returned: always
    version:
      description: Version of Kubernetes.
      type: str
      returned: always
      sample: 1.34.4
    uid:
      description: Uid of its namespace C(kube-system); empty where the credential may not read it.
      type: str
      returned: always
    storage_classes:
      description: The provisioner of each of its storage classes, by their names.
      type: dict
      returned: where the credential may list them, else it is null
      sample: {"nfs": "nfs.csi.k8s.io"}
    ingress_classes:
      description: The controller of each of its ingress classes, by their names.
      type: dict
      returned: where the credential may list them, else it is null
      sample: {"nginx": "k8s.io/ingress-nginx"}
forbidden:
  description: What of O(cluster.permissions) the credential lacks and a run cannot do without, as a verb and a resource.
  returned: when O(cluster) is given
  type: list
  elements: str
  sample: [list endpointslices.discovery.k8s.io]
jobs:
  description: The Jobs of O(cluster.job_selector), as the filter P(jewelry_shop.platform.job_states#filter) gives them.
  returned: when O(cluster) is given
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import ALLOWED_SPEC, FIELD_MANAGER_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module

SPEC = {
    "stages": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": {"type": "str", "required": True}, "manifests": {"type": "raw", "required": True}},
    },
    "records": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("stage", "namespace", "name")},
    },
    "owned": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("stage", "api_version", "kind", "namespace")},
    },
    "identity": {"type": "dict", "default": {}},
    "removals": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            **{name: {"type": "str", "required": True} for name in ("stage", "api_version", "kind", "name")},
            "namespace": {"type": "str", "default": ""},
            "labels": {"type": "dict", "default": {}},
        },
    },
    **FIELD_MANAGER_SPEC,
    **ALLOWED_SPEC,
    "take_over": {"type": "bool", "default": False},
    "cluster": {
        "type": "dict",
        "options": {
            "api_host": {"type": "str", "default": ""},
            "uid": {"type": "str", "default": ""},
            "namespace": {"type": "str", "required": True},
            "job_selector": {"type": "str", "required": True},
            "permissions": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "group": {"type": "str", "default": ""},
                    "resource": {"type": "str", "required": True},
                    "verbs": {"type": "list", "elements": "str", "required": True},
                    "name": {"type": "str", "default": ""},
                    "cluster_wide": {"type": "bool", "default": False},
                    "without": {"type": "str", "default": ""},
                },
            },
        },
    },
}


def make_plan(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Read and plan.

    Args:
        module: the module, whose modes and parameters say what is asked for.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is none, or the cluster cannot be asked.
    """
    # Imported here, since they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import lacking, permissions, warning
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.commands import job_states
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan import changes
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import Removal
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import OwnedKind, plan
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.scaling import handovers
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.rules import left_behind

    params = module.params
    stages = [(stage["name"], changes.read_manifests(stage["name"], stage["manifests"])) for stage in params["stages"]]
    owned = [OwnedKind(**each) for each in params["owned"]]
    records = {each["stage"]: _named({**each, "api_version": "v1", "kind": "ConfigMap"}) for each in params["records"]}
    removals = [Removal(each["stage"], _named(each), each["labels"]) for each in params["removals"]]
    api = PlanApi(auth(params))
    result: dict[str, Any] = {}
    meant = params["cluster"]
    if meant:
        facts = api.facts()
        result["cluster"] = facts
        wanted = permissions(meant["permissions"])
        lacked = api.forbidden(meant["namespace"], wanted) if wanted else []
        result["forbidden"] = [str(each) for each in lacked if not each.without]
        foregone = warning([each for each in lacked if each.without], meant["namespace"])
        if foregone:
            module.warn(foregone)
        # Where they cannot be listed, that is named with all else that is missing.
        jobs = [] if "list jobs.batch" in result["forbidden"] else api.jobs(meant["namespace"], meant["job_selector"])
        result["jobs"] = job_states(jobs, params["field_manager"])
        if meant["api_host"] not in ("", facts["host"]) or meant["uid"] not in ("", facts["uid"]):
            stages, owned, removals, records = [], [], [], {}
    entries, warnings = plan(
        api, stages, params["field_manager"], records, owned, params["take_over"],
        params["allowed_field_managers"], params["identity"], removals,
    )  # fmt: skip
    for each in warnings:
        module.warn(each)
    result["objects"] = [{"stage": entry.stage, **changes.shown(entry), "secrets": list(entry.secrets)} for entry in entries]
    result["handovers"] = handovers(entries)
    result["differing"] = changes.differing_stages(entries)
    named = result.get("forbidden", ())
    result["refusals"] = [entry.refusal for entry in entries if entry.refusal and lacking(entry.refusal) not in named]
    result["untrusted"] = [entry.untrusted for entry in entries if entry.untrusted]
    result["foreign"] = [f"{entry.subject}: {entry.foreign}" for entry in entries if entry.foreign]
    result["taking_over"] = any(entry.action == changes.TAKE_OVER for entry in entries)
    replaced = [entry for entry in entries if entry.replaces]
    result["left_behind"] = left_behind((entry.replaces for entry in replaced), (entry.manifest for entry in replaced))
    result["msg"] = changes.summary(entries)
    result["changed"] = module.check_mode and any(entry.action in changes.WRITES for entry in entries)
    if module.check_mode and module._diff:
        result["diff"] = changes.diffs(entries)
    return result


def _named(each: dict[str, Any]) -> dict[str, Any]:
    place = {"namespace": each["namespace"]} if each["namespace"] else {}
    return {"apiVersion": each["api_version"], "kind": each["kind"], "metadata": {"name": each["name"], **place}}


def main() -> None:
    """Run the module."""
    run_module(SPEC, make_plan, "25.3.0")


if __name__ == "__main__":
    main()
