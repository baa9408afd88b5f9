#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout

short_description: Wait for workloads, Jobs and claims, and report at once why one cannot become ready

version_added: 1.0.0

description:
  - Watches any number of Deployments, StatefulSets, DaemonSets, Jobs and PersistentVolumeClaims in parallel.
  - Succeeds when each resource is complete. A workload is complete when its controller has observed the newest generation, and every
    replica is of the newest revision, ready and available. No pod of an older revision may be left. A Job is complete with the
    condition Complete. A claim is complete when it is bound, or when its class waits for a first consumer and there is none yet.
  - Fails as soon as one resource has a permanent error, and names the object, the pod, the container and the cause. The other resources
    then have two more seconds to report theirs.
  - A container without a readiness probe is ready whenever it runs, also between two crashes. A workload without readiness probes
    therefore has to stay ready for 5 seconds. After a failure of a container without a probe it has to stay ready for 10 seconds.
  - Only the newest revision counts. An error older than the wait may already be fixed. It counts as permanent after a new event confirms
    it (the next image pull, pod creation or crash). Without a new event it counts after a minute, except for a crash loop. Pods, claims
    and other objects created in the 30 seconds before the wait belong to the change, with their events.
  - A container that was ready when the wait began may fail O(tolerated_failures) more times, regardless of earlier failures.
  - A workload is incomplete while a terminating pod of an older revision is ready or, with the strategy V(Recreate), has not ended.
    Otherwise such a pod may finish its work during its grace period.
  - For the strategy V(Recreate), a StatefulSet, a DaemonSet or a Job, a pod has to end before the next one starts. If it still exists 30
    seconds after its grace period (5 seconds if its node does not respond), the error is permanent. This module never deletes the pod.
  - Never changes anything, so check mode does the same as a run.
  - Waits for up to 90 seconds while the API server restarts.
  - Requires the permissions C(list) and C(watch) on the kinds in O(resources) and on C(pods), C(events), C(persistentvolumeclaims) and
    (for Deployments) C(replicasets), and C(get) on C(pods/log). Permission to list and watch C(storageclasses) is optional.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  resources:
    description: Resources to wait for.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the resource.
        type: str
        required: true
        choices: [Deployment, StatefulSet, DaemonSet, Job, PersistentVolumeClaim]
      name:
        description: Name of the resource.
        type: str
        required: true
      namespace:
        description: Namespace of the resource. By default O(namespace).
        type: str
      image:
        description:
          - Image that one container of the pod template must have.
          - An image that an admission webhook pinned to a digest, or whose registry it replaced by a mirror, still matches.
        type: str
      timeout:
        description: Seconds without progress after which the wait for this resource ends. By default O(timeout).
        type: float
  namespace:
    description: Namespace of the resources that do not set one.
    type: str
  timeout:
    description:
      - Seconds without progress after which the wait for a resource ends. The verdict then contains the last observed cause.
      - A new maximum of updated, ready or available replicas of the newest revision is progress. So is a smaller number of pods of older
        revisions. A pod makes progress when it is scheduled, completes an init container or starts a container for the first time.
        A Job makes progress when a pod succeeds or fails. A container in a crash loop that is briefly ready makes no further progress.
      - A Deployment also fails when it exceeds its own C(progressDeadlineSeconds).
    type: float
    default: 600
  total_timeout:
    description: Seconds from the start after which the wait for a resource ends even if it makes progress. V(0) sets no limit.
    type: float
    default: 0
  tolerated_failures:
    description: Number of times that a container may fail and restart. One more failure is a crash loop, which is a permanent error.
    type: int
    default: 2
  unschedulable_grace:
    description:
      - Seconds for which a pod must be unschedulable, or a full quota must reject it, before the error is permanent.
      - The time counts only while no pod of the namespace is terminating and no other resource is still rolling out. It does not count
        after a cluster autoscaler has announced a node. In a cluster with an autoscaler, allow time for this announcement.
    type: float
    default: 5
  log_lines:
    description: Number of log lines to return; V(0) for none.
    type: int
    default: 20
  mask:
    description:
      - Values to replace with V(******) in logs, events and causes, also in encoded form (base64, URL, HTML, JSON).
      - Values of fewer than four characters are not replaced.
    type: list
    elements: str
    default: []
  mask_secrets:
    description:
      - Secrets of O(namespace) whose values are masked in the same way, as V(NAME), or V(NAME/KEY) for the value of one key. The module
        reads these Secrets.
    type: list
    elements: str
    default: []
  progress_interval:
    description: Seconds after which the module repeats the list of resources that it waits for.
    type: float
    default: 10
  progress_path:
    description: File to which the module appends progress lines. The action plugin sets it in order to show the lines.
    type: path

seealso:
  - module: kubernetes.core.k8s_info
  - module: jewelry_shop.platform.health_check

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Wait for two tiers
  jewelry_shop.platform.rollout:
    namespace: jewelry-shop
    resources:
      - kind: Deployment
        name: django
        image: registry.example.com/shop:1.4.0
      - kind: Deployment
        name: celery-worker
        timeout: 900

- name: Wait for the migration and show its log
  jewelry_shop.platform.rollout:
    namespace: jewelry-shop
    resources:
      - kind: Job
        name: migrate-1-4-0
    mask: "{{ platform_secrets.values() }}"
  register: migration
"""

RETURN = r"""
msg:
  description: One sentence for each resource that failed, with its pod, container and cause.
  returned: always
  type: str
  sample: >-
    Deployment jewelry-shop/django failed, pod django-5d9c7b6f4-x2x7p, container django: image registry.example.com/shop:1.4.1 was not
    found: failed to resolve reference: not found (ImageNotFound)
started:
  description: Time at which the wait began, in UTC, by the clock of the machine that runs the module.
  returned: when the wait began
  type: str
  sample: "2026-11-25T17:00:00.250+00:00"
seconds:
  description: Duration of the wait in seconds.
  returned: when the wait began
  type: float
  sample: 41.3
resources:
  description: An entry for each entry of O(resources), in the same order.
  returned: when the wait began
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the resource.
      returned: always
      type: str
      sample: Deployment
    name:
      description: Name of the resource.
      returned: always
      type: str
      sample: django
    namespace:
      description: Namespace of the resource.
      returned: always
      type: str
      sample: jewelry-shop
    verdict:
      description:
        - V(ready), V(waiting_for_consumer) (a claim), V(failed) or V(timeout).
        - V(pending) means that the resource had no verdict when another resource failed.
      returned: always
      type: str
      sample: failed
    seconds:
      description: Seconds from the start of the wait to the verdict.
      returned: always
      type: float
      sample: 4.2
    idle_seconds:
      description: Seconds without progress, if that ended the wait.
      returned: always
      type: float
      sample: 600.0
    revision:
      description: Revision number of a Deployment, revision hash of a StatefulSet, template generation of a DaemonSet, or null.
      returned: always
      type: str
      sample: "7"
    replicas:
      description:
        - Number of replicas that are V(wanted), and of the newest revision V(updated), V(ready) and V(available).
        - For a Job these are the wanted completions, the pods, the ready pods and the succeeded pods.
      returned: always
      type: dict
      sample: {"wanted": 3, "updated": 1, "ready": 0, "available": 0}
    reason:
      description:
        - The cause. Null if the resource is ready.
        - "Permanent at once: V(NotFound) (the object does not exist), V(ImageMismatch), V(ImageNotFound), V(ImageAccessDenied),
          V(InvalidImageName), V(CrashLoop) (beyond O(tolerated_failures)), V(MissingConfiguration) (ConfigMap, Secret or key),
          V(ContainerConfigError), V(LimitRangeViolated), V(PodSecurityViolated), V(AdmissionRefused), V(ClaimLost),
          V(ClaimNotProvisioned) (at once if its class can never provision it, else after its provisioner has failed for a minute without
          reporting that it is busy), V(ProgressDeadlineExceeded), V(JobFailed), V(JobDeadlineExceeded), V(JobEvicted) (its pod was evicted,
          preempted or deleted while it ran), V(JobStopped) (by another run of the playbook), V(StuckTerminating) (a pod does not end)."
        - "Permanent if it lasts: V(Unschedulable), V(QuotaExceeded), V(ClaimNotFound), V(Paused) (for 5 seconds),
          V(SidecarRunsOn) (the containers of a Job's template have ended, and an injected container still runs after 5 seconds, or after
          15 if they succeeded)."
        - "Never permanent, so the verdict is V(timeout): V(NotObserved) (by the controller), V(BeingDeleted),
          V(NodeNotReady), V(Suspended), V(PodsMissing), V(NotReady), V(Settling), V(ProbeFailing), V(OldPodsLeft), V(BlockedByOldPod),
          V(ImageUnavailable) (registry not reached), V(ContainerNotCreated), V(SandboxNotCreated), V(VolumeNotMounted), V(ClaimNotBound),
          V(JobNotComplete).
          Reasons of the first two groups also come with V(timeout) if it is not confirmed that they last or belong to this change."
      returned: always
      type: str
      sample: ImageNotFound
    message:
      description: The verdict and its cause in one sentence.
      returned: always
      type: str
      sample: "Deployment jewelry-shop/django is ready: 3 of 3 updated, 3 ready, 3 available"
    pod:
      description: Pod of the cause, or null.
      returned: always
      type: str
      sample: django-5d9c7b6f4-x2x7p
    container:
      description: Container or init container of the cause, or null.
      returned: always
      type: str
      sample: django
    exit_code:
      description: Exit code of the container's last failure, or null.
      returned: always
      type: int
      sample: 3
    log:
      description:
        - The last log lines of the failed container instance.
        - For a completed Job, the last log lines of the succeeded pod.
      returned: always
      type: list
      elements: str
      sample: ["Applying shop.0005_require_sku_index_task_runs... OK"]
    events:
      description: The newest events of the object, its newest revision and their pods. Only with V(failed) and V(timeout).
      returned: always
      type: list
      elements: dict
      contains:
        type:
          description: V(Normal) or V(Warning).
          returned: always
          type: str
          sample: Warning
        reason:
          description: Reason of the event.
          returned: always
          type: str
          sample: Failed
        object:
          description: Kind and name of the object.
          returned: always
          type: str
          sample: Pod/django-5d9c7b6f4-x2x7p
        message:
          description: Message of the event.
          returned: always
          type: str
          sample: "Error: ErrImagePull"
        count:
          description: Number of occurrences.
          returned: always
          type: int
          sample: 2
        last_seen:
          description: Time of the last occurrence.
          returned: always
          type: str
          sample: "2026-11-25T17:00:00+00:00"
"""

import math
import time
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import MASK_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.feed import Feed
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.report import newest_events, report, summary
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import FAILED, TIMEOUT, Policy, Target
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.wait import Wait, sources
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import secrets_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, MaskingModule, take_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.progress import progress_writer

RESOURCE_SPEC = {
    "kind": {"type": "str", "required": True, "choices": ["Deployment", "StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim"]},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "image": {"type": "str"},
    "timeout": {"type": "float"},
}
SPEC = {
    "resources": {"type": "list", "elements": "dict", "required": True, "options": RESOURCE_SPEC},
    "namespace": {"type": "str"},
    "timeout": {"type": "float", "default": 600},
    "total_timeout": {"type": "float", "default": 0},
    "tolerated_failures": {"type": "int", "default": 2},
    "unschedulable_grace": {"type": "float", "default": 5},
    "log_lines": {"type": "int", "default": 20},
    **MASK_SPEC,
    "progress_interval": {"type": "float", "default": 10},
    "progress_path": {"type": "path"},
}


def read_targets(params: dict[str, Any]) -> list[Target]:
    """Validate the options and fill in the defaults of the resources.

    Args:
        params: the module's parameters.

    Raises:
        PlatformError: an option is out of range, or a namespace is missing; the message names it.
    """
    for option, may_be_zero in (
        ("timeout", False),
        ("total_timeout", True),
        ("progress_interval", False),
        ("unschedulable_grace", True),
        ("tolerated_failures", True),
        ("log_lines", True),
    ):
        value = params[option]
        if not ((value > 0 or (may_be_zero and value == 0)) and math.isfinite(value)):
            raise PlatformError(f"{option} must {'not be negative' if may_be_zero else 'be more than 0'}, it is {value}", certain=True)
    targets = []
    for entry in params["resources"]:
        namespace = entry["namespace"] or params["namespace"]
        timeout = params["timeout"] if entry["timeout"] is None else entry["timeout"]
        if not namespace:
            raise PlatformError(f"{entry['kind']} {entry['name']} needs a namespace, its own or the module's", certain=True)
        if not (timeout > 0 and math.isfinite(timeout)):
            raise PlatformError(f"the timeout of {entry['kind']} {entry['name']} must be more than 0, it is {timeout}", certain=True)
        total = params["total_timeout"] or math.inf
        targets.append(Target(entry["kind"], entry["name"], namespace, entry["image"] or None, timeout, total))
    return targets


def wait_for(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Wait, and report the result.

    Args:
        module: the module with its parameters.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is wrong, or the API server rejects a request or is unavailable for too long.
    """
    began, params = time.monotonic(), module.params
    mask.hide(secrets_to_mask(params))
    targets = read_targets(params)
    progress = progress_writer(params["progress_path"], mask)
    api = Cluster(auth(params))
    started = datetime.now(timezone.utc)
    policy = Policy(params["tolerated_failures"], params["unschedulable_grace"], started)
    with closing(Feed(api, sources(targets), optional=("StorageClass",))) as feed:
        wait = Wait(targets, policy, feed, time.monotonic, progress, params["progress_interval"])
        outcomes = wait.run()
    entries = [
        report(outcome, newest_events(wait.events(outcome.target.namespace), outcome.assessment.involved), api, params["log_lines"], mask)
        for outcome in outcomes
    ]
    return {
        "msg": summary(entries),
        "resources": entries,
        "started": started.isoformat(timespec="milliseconds"),
        "seconds": round(time.monotonic() - began, 1),
        "changed": False,
        "failed": any(entry["verdict"] in (FAILED, TIMEOUT) for entry in entries),
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, wait_for, "", module_class=MaskingModule, take_secrets=take_mask)


if __name__ == "__main__":
    main()
