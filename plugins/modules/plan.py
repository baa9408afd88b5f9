#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan

short_description: Report what applying manifests would change and what the cluster would reject, before anything is written

version_added: 1.0.0

description:
  - Applies the manifests of several stages server-side as a dry run, in one call, and compares the results with the cluster. It never
    writes anything.
  - A rejection (a missing permission, an immutable field, a webhook, an unknown kind) does not end the call. All rejections are
    returned together, each with its object and the message of the cluster.
  - For each workload whose pods would change, it also creates a pod as a dry run. The API server accepts a Deployment even if a quota,
    a LimitRange, Pod Security or a webhook will reject its pods. This check is skipped without the permission to create pods.
  - A rejection by a quota, a LimitRange or Pod Security is ignored if an earlier stage of the same run changes that object.
  - Plans the removal of objects of the O(owned) kinds that have the labels of the collection but are not among the manifests.
  - Objects of a namespace that does not exist yet count as to be created. So do custom resources whose definition comes earlier in
    the same call.
  - Reports workloads that another installation created, because applying them would fail or mix the two installations. With
    O(take_over) they count as to be adopted, as M(jewelry_shop.platform.take_over) does it.
  - Reports each field of a pod template that only another field manager owns, because server-side apply keeps it. Reports each
    ConfigMap or Secret with a hash in its name whose content O(field_manager) did not apply. Unless O(take_over) is set, also reports
    each claim that O(field_manager) did not apply, or whose volume another client set.
  - Compares Secrets by name, labels and annotations. Pass them without O(ignore:data), under names that contain a hash of the data.
    The data stays on the control node and in the cluster.
  - Retries for up to 90 seconds while the API server is unavailable or overloaded. With O(cluster) the API server has to answer first.
  - With O(cluster) the same call reads the version, identity, storage classes and ingress classes of the cluster, the Jobs, and the
    permissions of the user. It also finds autoscalers and disruption budgets of other sources that act on the planned workloads, and
    what others in the namespace would lose. If a Deployment mounts a claim with ReadWriteOnce, it also reads the nodes, if the user may
    list them, and warns if several of them can run the pods.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.field_manager
  - jewelry_shop.platform.allowed_field_managers

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
    details: Nothing is written in either mode. In check mode RV(ignore:changed) reports whether applying would change something.
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full
    details: In check mode only. Shows what would change.

options:
  stages:
    description: Manifests to plan, in the order in which they would be applied.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the stage.
        type: str
        required: true
      manifests:
        description: YAML documents as a string, a manifest, or a list of manifests.
        type: raw
        required: true
  unplanned:
    description: Further manifests, in the form of O(stages[].manifests). They are not planned, but their objects are not to be removed.
    type: raw
    default: []
  records:
    description:
      - ConfigMaps in which earlier runs recorded the objects of a stage, in C(data.objects), in the form of the filter
        P(jewelry_shop.platform.object_identities#filter). Recorded objects that are not among the manifests are to be removed.
      - A record is used only if O(field_manager) applied its list. A recorded object is removed only if O(field_manager) applied it with
        the labels of O(identity). For an object in the namespace of the record without any of these labels it is sufficient that
        O(field_manager) applied it.
      - Secrets, C(default), C(kube-*) and Namespaces that O(field_manager) did not create are never removed.
      - A warning names each recorded object that stays.
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
    description: Labels that identify objects of this platform outside its namespace. See O(records).
    type: dict
    default: {}
  removals:
    description:
      - Further objects to remove. RV(untrusted) reports objects that O(field_manager) did not apply with the labels, and the namespaces
        C(default) and C(kube-*).
      - Recorded objects (O(records)) in a Namespace that is to be removed are omitted, because they are removed with it.
    type: list
    elements: dict
    default: []
    suboptions:
      stage:
        description: Name of the stage that removes the object.
        type: str
        required: true
      api_version:
        description: API version of the object.
        type: str
        required: true
      kind:
        description: Kind of the object.
        type: str
        required: true
      namespace:
        description: Namespace of the object; empty for a cluster-scoped object.
        type: str
        default: ''
      name:
        description: Name of the object.
        type: str
        required: true
      labels:
        description: Labels that the object must have, applied by O(field_manager).
        type: dict
        default: {}
  owned:
    description:
      - Kinds of which the collection keeps only the objects in the manifests. Other objects with its labels that O(field_manager) applied
        are to be removed. Objects that O(field_manager) did not apply stay. Kinds that the cluster does not serve are ignored.
    type: list
    elements: dict
    default: []
    suboptions:
      stage:
        description: Name of the stage that removes the objects.
        type: str
        required: true
      api_version:
        description: API version of the kind.
        type: str
        required: true
      kind:
        description: Kind of the objects.
        type: str
        required: true
      namespace:
        description: Namespace of the objects.
        type: str
        required: true
  take_over:
    description: Plan for M(jewelry_shop.platform.take_over), so that existing objects of another installation are not problems.
    type: bool
    default: false
  cluster:
    description: Also read the cluster, and plan only if it is the expected cluster.
    type: dict
    suboptions:
      api_host:
        description: Expected address of the API server, such as C(https://203.0.113.5:6443); empty for any.
        type: str
        default: ''
      uid:
        description: Expected UID of the namespace C(kube-system); empty for any.
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
      lease:
        description:
          - Name of the Lease that M(jewelry_shop.platform.lease) acquires before the first write; empty to ignore other runs.
          - If another run holds it, the module plans nothing. In check mode, it warns and plans.
        type: str
        default: ''
      lease_wait:
        description: Seconds to wait until the Lease is free, before anything is planned. Check mode does not wait.
        type: int
        default: 0
      permissions:
        description:
          - Permissions that the user needs, as the filter P(jewelry_shop.platform.needed_permissions#filter) lists them.
          - RV(refusals) omits rejections of the dry run that are caused by one of these permissions.
        type: list
        elements: dict
        default: []
        suboptions:
          group:
            description: API group of the resource; empty for the core group.
            type: str
            default: ''
          resource:
            description: Plural name of the resource, optionally with a subresource, such as C(pods/log).
            type: str
            required: true
          verbs:
            description: Required verbs, as in a Role.
            type: list
            elements: str
            required: true
          name:
            description: Name of the object; empty for all objects of the resource.
            type: str
            default: ''
          cluster_wide:
            description: Whether the resource is cluster-scoped. Permissions for other resources are needed in O(cluster.namespace).
            type: bool
            default: false
          without:
            description: >-
              What a run does without the permission, for a warning. Empty for a required permission, which RV(forbidden) lists if it is
              missing.
            type: str
            default: ''

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Plan the changes
  jewelry_shop.platform.plan:
    context: production
    stages:
      - name: storage
        manifests: "{{ lookup('ansible.builtin.template', 'claims.yaml.j2') }}"
  register: plan

- name: Stop before the first write if the cluster would reject something
  ansible.builtin.assert:
    that: plan.refusals | length == 0
    fail_msg: "{{ plan.refusals | join(' ') }}"
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "22 objects: 1 to change, 21 unchanged"
objects:
  description: The planned action for each manifest, in order, and the objects to remove.
  returned: success
  type: list
  elements: dict
  contains:
    stage:
      description: Name of the stage.
      type: str
      returned: always
    api_version:
      description: API version of the object.
      type: str
      returned: always
    kind:
      description: Kind of the object.
      type: str
      returned: always
    namespace:
      description: Namespace of the object; empty for a cluster-scoped object.
      type: str
      returned: always
    name:
      description: Name of the object.
      type: str
      returned: always
    action:
      description: One of V(create), V(change), V(take_over), V(remove), V(none), V(refused).
      type: str
      returned: always
    secrets:
      description: Names of the Secrets that the live workload's containers use in C(env) and C(envFrom), in the order of the containers.
      type: list
      elements: str
      returned: always
import_tags:
  description: The tags on the import of the playbook that runs the task, which each of its tasks has.
  returned: success
  type: list
  elements: str
handovers:
  description:
    - Workloads whose manifest leaves the replicas to an autoscaler, if O(field_manager) still owns C(spec.replicas) or the workload is
      to be created. Another field manager has to apply the replicas first. Otherwise the API server sets them to 1.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the workload.
      type: str
      returned: always
    namespace:
      description: Namespace of the workload.
      type: str
      returned: always
    name:
      description: Name of the workload.
      type: str
      returned: always
    replicas:
      description: Current number of replicas; null if the workload is to be created.
      type: int
      returned: always
differing:
  description: Names of the stages with objects to create, change, adopt or remove, or with rejections.
  returned: success
  type: list
  elements: str
  sample: [tiers]
refusals:
  description: A sentence for each object that the cluster rejects.
  returned: success
  type: list
  elements: str
  sample: ['PersistentVolumeClaim shop/media-pvc: persistentvolumeclaims is forbidden: exceeded quota: storage']
untrusted:
  description:
    - A sentence for each object with content that another client wrote and that applying would keep.
    - Also a sentence for each of O(removals) that does not belong to this platform.
  returned: success
  type: list
  elements: str
  sample: ["Deployment shop/django: spec.template.spec.containers[name=miner] is set by the field manager kubectl-patch"]
foreign:
  description: A sentence for each workload and claim that is not managed by this collection; empty with O(take_over).
  returned: success
  type: list
  elements: str
  sample: ["Deployment shop/django: its selector contains managed-by=kustomize (commonLabels of kustomize) and is immutable"]
taking_over:
  description: Whether objects are to be adopted.
  returned: success
  type: bool
left_behind:
  description: The ConfigMaps and Secrets that nothing uses after the workloads of another installation are adopted.
  returned: success
  type: list
  elements: str
  sample: ["ConfigMap shop/django-config", "Secret shop/django-secrets"]
cluster:
  description: The cluster.
  returned: when O(cluster) is given
  type: dict
  contains:
    host:
      description: Address of the API server.
      type: str
      returned: always
    version:
      description: Kubernetes version.
      type: str
      returned: always
      sample: 1.34.4
    uid:
      description: UID of the namespace C(kube-system); empty if the user may not read it.
      type: str
      returned: always
    storage_classes:
      description: The provisioner of each storage class, by name.
      type: dict
      returned: if the user may list them, else null
      sample: {"nfs": "nfs.csi.k8s.io"}
    ingress_classes:
      description: The controller of each ingress class, by name.
      type: dict
      returned: if the user may list them, else null
      sample: {"nginx": "k8s.io/ingress-nginx"}
lease:
  description: The Lease.
  returned: when O(cluster.lease) is given and the cluster is the expected one
  type: dict
  contains:
    resource_version:
      description: Resource version of the Lease; empty if the Lease does not exist or the user may not read it.
      type: str
      returned: always
    held:
      description: A sentence that names the run that holds the Lease; empty if the Lease is free or has expired.
      type: str
      returned: always
forbidden:
  description: Required permissions of O(cluster.permissions) that are missing, as a verb and a resource.
  returned: when O(cluster) is given
  type: list
  elements: str
  sample: [list endpointslices.discovery.k8s.io]
other_autoscalers:
  description:
    - HorizontalPodAutoscalers that scale a planned workload, but do not come from the stage of the workload. The only autoscaler of a
      workload whose manifest leaves out the replicas is not listed.
  returned: when O(cluster) is given and there are manifests
  type: list
  elements: dict
  contains:
    name: &name
      description: Name of the object.
      type: str
      returned: always
    namespace: &namespace
      description: Namespace of the object.
      type: str
      returned: always
    owner: &owner
      description: Kind and name of the object that controls it, such as a ScaledObject of KEDA; empty if there is none.
      type: str
      returned: always
    stage: &stage
      description: Stage that applies the object; empty if no stage applies it.
      type: str
      returned: always
    target:
      description: Kind and name of the workload.
      type: str
      returned: always
    own:
      description: The autoscaler of the same workload in its stage; empty if there is none.
      type: str
      returned: always
other_budgets:
  description: >-
    PodDisruptionBudgets that select pods of planned workloads, but do not come from their stage, if the pods have a budget of their stage
    too. Kubernetes evicts no pod that has two budgets.
  returned: when O(cluster) is given and there are manifests
  type: list
  elements: dict
  contains:
    name: *name
    namespace: *namespace
    owner: *owner
    stage: *stage
    targets:
      description: Kind and name of each selected workload.
      type: list
      elements: str
      returned: always
    own:
      description: Budgets of the same pods in the stage of the workloads.
      type: list
      elements: str
      returned: always
cut_off_pods:
  description: Pods that do not belong to the platform and that the API server would not allow under the Pod Security level of the plan.
  returned: when O(cluster) is given and there are manifests
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pod.
      type: str
      returned: always
    namespace:
      description: Namespace of the pod.
      type: str
      returned: always
    enforced:
      description: Level that the run would enforce in the namespace.
      type: str
      returned: always
    needed:
      description: Strictest level that allows the pod.
      type: str
      returned: always
lost_ports:
  description: Services to be adopted that would lose ports.
  returned: when O(cluster) is given and there are manifests
  type: list
  elements: dict
  contains:
    name:
      description: Name of the Service.
      type: str
      returned: always
    namespace:
      description: Namespace of the Service.
      type: str
      returned: always
    ports:
      description: The ports.
      type: list
      elements: int
      returned: always
limit_ranges:
  description: The LimitRanges of O(cluster.namespace); empty if the user may not list them.
  returned: when O(cluster) is given and there are manifests
  type: list
  elements: dict
  contains:
    name:
      description: Name of the LimitRange.
      type: str
      returned: always
    limits:
      description: The entries for containers.
      type: list
      elements: dict
      returned: always
jobs:
  description: The Jobs of O(cluster.job_selector), in the form of the filter P(jewelry_shop.platform.job_states#filter).
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
    "unplanned": {"type": "raw", "default": []},
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
            "lease": {"type": "str", "default": ""},
            "lease_wait": {"type": "int", "default": 0},
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
    """Read the cluster and plan.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: a manifest is not valid, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import lacking, permissions, warning
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.commands import job_states
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.observed import observed
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.limit_ranges import limit_ranges
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan import changes
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.nodes import claims_of_one_node, several_nodes
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.others import find_others
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
        is_meant = meant["api_host"] in ("", facts["host"]) and meant["uid"] in ("", facts["uid"])
        if meant["lease"] and is_meant:
            result["lease"] = observed(api, meant["namespace"], meant["lease"])
            held = result["lease"]["held"]
            if held and not module.check_mode:
                return {**result, "msg": held, "changed": False}
            if held:
                module.warn(held)
        wanted = permissions(meant["permissions"])
        lacked = api.forbidden(meant["namespace"], wanted) if wanted else []
        result["forbidden"] = [str(each) for each in lacked if not each.without]
        foregone = warning([each for each in lacked if each.without], meant["namespace"])
        if foregone:
            module.warn(foregone)
        # If the Jobs cannot be listed, the missing permission is reported with the other missing permissions.
        jobs = [] if "list jobs.batch" in result["forbidden"] else api.jobs(meant["namespace"], meant["job_selector"])
        result["jobs"] = job_states(jobs, params["field_manager"])
        if not is_meant:
            stages, owned, removals, records = [], [], [], {}
    entries, warnings = plan(
        api, stages, params["field_manager"], records, owned, params["take_over"],
        params["allowed_field_managers"], params["identity"], removals,
        unplanned=changes.read_manifests("unplanned", params["unplanned"]),
    )  # fmt: skip
    mounting = claims_of_one_node(manifest for _stage, manifests in stages for manifest in manifests) if meant else {}
    spread = several_nodes(mounting, api.nodes()) if mounting else ""
    for each in [*warnings, spread] if spread else warnings:
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
    # Only a preflight passes the cluster. It rejects a run before the first write.
    if meant and entries:
        # The run replaces these.
        replaced_limits = {entry.manifest["metadata"]["name"] for entry in entries if entry.manifest["kind"] == "LimitRange"}
        listed = [each for each in api.listed("v1", "LimitRange", meant["namespace"]) if each["metadata"]["name"] not in replaced_limits]
        result |= {**find_others(api, entries), "limit_ranges": limit_ranges(listed)}
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
