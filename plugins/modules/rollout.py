#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout

short_description: Wait for workloads, Jobs and claims, and say at once why one will not come up

version_added: 1.0.0

description:
  - Watches any number of Deployments, StatefulSets, DaemonSets, Jobs and PersistentVolumeClaims at once.
  - Succeeds when each of them is done. For a workload this means that its controller has seen the newest generation, that every
    replica is of the newest revision, ready and available, and that no pod of an older revision is left. For a Job it means
    Complete. For a claim it means bound, or that its class waits for a first consumer and there is none yet.
  - Fails as soon as the outcome of one is certain, and names the object, the pod, the container and the cause. The others then get
    two more seconds to show theirs.
  - A container without a readiness probe is ready whenever it runs, also between two crashes. A workload whose pods have no readiness
    probe is therefore believed when it has been ready for 5 seconds, and one with a container that has failed and has none for 10.
  - Only what belongs to the newest revision counts. What was in its way before the wait began may just have been mended, and is certain
    when the cluster says so again (the next try to pull an image or to create a pod, the next crash) or, but for a crash loop, after a
    minute. A pod, a claim or another object that was created in the 30 seconds before the wait belongs to the change, with all that is
    said about it.
  - A container that served when the wait began may fail O(tolerated_failures) times more, whatever it did before.
  - A pod of an older revision that is on its way out counts as left for as long as it is ready and, if the strategy is V(Recreate),
    until it has ended. Otherwise it may end its work for as long as its grace period lasts.
  - A pod that has to go before the next one may come (strategy V(Recreate), a StatefulSet, a DaemonSet, a Job) and that is still there 30
    seconds after its grace period, or 5 if its node does not answer, is a certain failure. It is never deleted here.
  - Nothing is ever changed, so check mode does the same as a run.
  - An API server that restarts is waited for up to 90 seconds.
  - Needs the permissions C(list) and C(watch) on the kinds asked for and on C(pods), C(events), C(persistentvolumeclaims) and (for
    Deployments) C(replicasets), and C(get) on C(pods/log). Where C(storageclasses) may be listed and watched, it helps.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  resources:
    description: What to wait for.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Its kind.
        type: str
        required: true
        choices: [Deployment, StatefulSet, DaemonSet, Job, PersistentVolumeClaim]
      name:
        description: Its name.
        type: str
        required: true
      namespace:
        description: Its namespace. By default O(namespace).
        type: str
      image:
        description:
          - The image that one of the containers of its pod template must have.
          - One that an admission webhook has pinned to a digest, with or without its tag, is still the same.
        type: str
      timeout:
        description: Seconds without progress after which it is given up. By default O(timeout).
        type: float
  namespace:
    description: Namespace of the resources that name none.
    type: str
  timeout:
    description:
      - Seconds without progress after which a resource is given up. The verdict then tells what was last seen in its way.
      - Progress is a new maximum of the replicas of the newest revision that are updated, ready or available, fewer pods of older
        revisions than before, a pod that is scheduled, completes an init container or starts a container for the first time, and a Job's
        pod that succeeds or fails. A crash loop that is ready for a moment makes no further progress.
      - A Deployment also fails when it exceeds its own C(progressDeadlineSeconds).
    type: float
    default: 600
  total_timeout:
    description: Seconds from the start of the wait after which a resource is given up although it makes progress. V(0) sets no limit.
    type: float
    default: 0
  tolerated_failures:
    description: How often a container may fail and be started again. One failure more is a crash loop and certain.
    type: int
    default: 2
  unschedulable_grace:
    description:
      - Seconds that a pod without a place, or a refusal by a full quota, must last to be certain.
      - The time counts only while no pod of the namespace is ending and no other resource is still on its way. It does not count
        when a cluster autoscaler has announced a node. Where there is one, allow for the time that it takes to do so.
    type: float
    default: 5
  log_lines:
    description: How many lines of a log are returned, V(0) for none.
    type: int
    default: 20
  mask:
    description:
      - Values that are replaced by V(******) in logs, events and causes, also where they are encoded (base64, URL, HTML, JSON).
      - Values of fewer than four characters are left alone.
    type: list
    elements: str
    default: []
  mask_secrets:
    description: Names of Secrets of O(namespace) whose values are hidden in the same way; the module reads them.
    type: list
    elements: str
    default: []
  progress_interval:
    description: Seconds after which what is still waited for is told again.
    type: float
    default: 10
  progress_path:
    description: A file to which a line is appended for each thing to tell. The action plugin sets it, to show the lines.
    type: path

seealso:
  - module: kubernetes.core.k8s_info
  - module: jewelry_shop.platform.health_check

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Wait for two tiers at once
  jewelry_shop.platform.rollout:
    namespace: jewelry-shop
    resources:
      - kind: Deployment
        name: django
        image: registry.example.com/shop:1.4.0
      - kind: Deployment
        name: celery-worker
        timeout: 900

- name: Wait for the migration, and show what it wrote
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
seconds:
  description: How long all of them were waited for.
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
      description: Its kind.
      returned: always
      type: str
      sample: Deployment
    name:
      description: Its name.
      returned: always
      type: str
      sample: django
    namespace:
      description: Its namespace.
      returned: always
      type: str
      sample: jewelry-shop
    verdict:
      description:
        - V(ready), V(waiting_for_consumer) (a claim), V(failed) or V(timeout).
        - V(pending) is what had no verdict yet when another resource failed.
      returned: always
      type: str
      sample: failed
    seconds:
      description: When the verdict was reached, in seconds from the start of the wait.
      returned: always
      type: float
      sample: 4.2
    idle_seconds:
      description: For how many seconds it had made no progress, if it was given up for that.
      returned: always
      type: float
      sample: 600.0
    revision:
      description: Number of a Deployment's revision, hash of a StatefulSet's, template generation of a DaemonSet, or none.
      returned: always
      type: str
      sample: "7"
    replicas:
      description:
        - How many replicas are V(wanted), and how many of the newest revision are V(updated), V(ready) and V(available).
        - Of a Job how many completions are wanted, pods exist, are ready, and have succeeded.
      returned: always
      type: dict
      sample: {"wanted": 3, "updated": 1, "ready": 0, "available": 0}
    reason:
      description:
        - What is in its way. None for what is ready.
        - "Certain at once: V(NotFound) (the object does not exist), V(ImageMismatch), V(ImageNotFound), V(ImageAccessDenied),
          V(InvalidImageName), V(CrashLoop) (beyond O(tolerated_failures)), V(MissingConfiguration) (ConfigMap, Secret or key),
          V(ContainerConfigError), V(LimitRangeViolated), V(PodSecurityViolated), V(AdmissionRefused), V(ClaimLost),
          V(ClaimNotProvisioned) (at once if its class will never do it, else when its provisioner has failed for a minute without saying
          that it is busy), V(ProgressDeadlineExceeded), V(JobFailed), V(JobDeadlineExceeded), V(JobEvicted) (its pod was evicted, preempted
          or deleted while it ran), V(JobStopped) (by another run of the playbook), V(StuckTerminating) (a pod that should have gone)."
        - "Certain when it lasts: V(Unschedulable), V(QuotaExceeded), V(ClaimNotFound), V(Paused) (for 5 seconds),
          V(SidecarRunsOn) (the containers of a Job's template have ended, and one that was injected beside them has not for 5 seconds,
          or 15 if they succeeded)."
        - "Never certain, so that they come with the verdict V(timeout): V(NotObserved) (by the controller), V(BeingDeleted),
          V(NodeNotReady), V(Suspended), V(PodsMissing), V(NotReady), V(Settling), V(ProbeFailing), V(OldPodsLeft), V(BlockedByOldPod),
          V(ImageUnavailable) (registry not reached), V(ContainerNotCreated), V(SandboxNotCreated), V(VolumeNotMounted), V(ClaimNotBound),
          V(JobNotComplete).
          Some of those above come with V(timeout) too, while it is not certain that they are lasting or belong to this change."
      returned: always
      type: str
      sample: ImageNotFound
    message:
      description: The verdict and its cause in one sentence.
      returned: always
      type: str
      sample: "Deployment jewelry-shop/django is ready: 3 of 3 updated, 3 ready, 3 available"
    pod:
      description: The pod that the cause is about, or none.
      returned: always
      type: str
      sample: django-5d9c7b6f4-x2x7p
    container:
      description: The container, or init container, that the cause is about, or none.
      returned: always
      type: str
      sample: django
    exit_code:
      description: Exit code of the container's last failure, or none.
      returned: always
      type: int
      sample: 3
    log:
      description:
        - The last lines that the failed container wrote, of the instance that failed.
        - Of a Job that is complete, the last lines of the pod that succeeded.
      returned: always
      type: list
      elements: str
      sample: ["Applying shop.0005_require_sku_index_task_runs... OK"]
    events:
      description: The newest events about the object, its newest revision and their pods. Only with V(failed) and V(timeout).
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
          description: The event's reason.
          returned: always
          type: str
          sample: Failed
        object:
          description: Kind and name of what it is about.
          returned: always
          type: str
          sample: Pod/django-5d9c7b6f4-x2x7p
        message:
          description: The event's message.
          returned: always
          type: str
          sample: "Error: ErrImagePull"
        count:
          description: How often it happened.
          returned: always
          type: int
          sample: 2
        last_seen:
          description: When it happened last.
          returned: always
          type: str
          sample: "2026-11-25T17:00:00+00:00"
"""

import math
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.feed import Feed
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.report import newest_events, report, summary
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import FAILED, TIMEOUT, Policy, Target
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.wait import Wait, sources
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import secrets_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, MaskingModule, take_mask

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
    "mask": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "mask_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "progress_interval": {"type": "float", "default": 10},
    "progress_path": {"type": "path"},
}


def read_targets(params: dict[str, Any]) -> list[Target]:
    """Check the options and fill in the defaults of the resources.

    Args:
        params: the module's parameters.

    Raises:
        PlatformError: an option is out of its range, or a namespace is missing; names it.
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


def progress_writer(path: str | None, mask: Callable[[str], str]) -> Callable[[str], None]:
    """What to do with lines that tell the progress.

    Args:
        path: the file they are appended to; None drops them.
        mask: hides secrets.

    Raises:
        PlatformError: the file cannot be written.
    """
    if not path:
        return lambda _line: None
    file = Path(path)
    try:
        file.touch()
    except OSError as error:
        raise PlatformError(f"progress_path {path} cannot be written: {error.strerror}", certain=True) from error

    def append(line: str) -> None:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{mask(line)}\n")

    return append


def wait_for(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Wait, and tell how it ended.

    Args:
        module: the module, whose parameters say what is asked for.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is wrong, or the API server refuses or is away too long.
    """
    began, params = time.monotonic(), module.params
    mask.hide(secrets_to_mask(params))
    targets = read_targets(params)
    progress = progress_writer(params["progress_path"], mask)
    api = Cluster(auth(params))
    policy = Policy(params["tolerated_failures"], params["unschedulable_grace"], datetime.now(timezone.utc))
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
        "seconds": round(time.monotonic() - began, 1),
        "changed": False,
        "failed": any(entry["verdict"] in (FAILED, TIMEOUT) for entry in entries),
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, wait_for, "", module_class=MaskingModule, take_secrets=take_mask)


if __name__ == "__main__":
    main()
