# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods that a change would create, and which rejection of a pod is permanent: pure functions (private to the collection).

The API server accepts a workload even if it will later reject its pods because of a quota, LimitRange or Pod Security.
"""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import refusal_reason
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import is_true

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
# Further permanent rejections: a quota for a resource that the pod does not set, and OpenShift's SecurityContextConstraints.
_BY_POLICY = ("failed quota:", "unable to validate against any security context constraint")


def new_pod(live: Manifest | None, applied: Manifest) -> Manifest | None:
    """The pod that the workload's controller would create.

    Args:
        live: the live workload; None if it does not exist.
        applied: the workload as it would be, with the defaults of the API server.

    Returns:
        None if the change creates no pods.
    """
    if applied["kind"] not in _WORKLOADS or not _brings_pods(live, applied):
        return None
    template, metadata = applied["spec"]["template"], applied["metadata"]
    described = {key: value for key, value in (template.get("metadata") or {}).items() if key in ("labels", "annotations")}
    # The StatefulSet controller adds the volumes of the claims.
    claims = [
        {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": f"{claim['metadata']['name']}-{metadata['name']}-0"}}
        for claim in applied["spec"].get("volumeClaimTemplates") or ()
    ]
    volumes = [*(template["spec"].get("volumes") or ()), *claims]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**described, "generateName": f"{metadata['name']}-", "namespace": metadata["namespace"]},
        "spec": {**template["spec"], **({"volumes": volumes} if volumes else {})},
    }


def _replicas(workload: Manifest) -> int:
    replicas: int = workload["spec"].get("replicas", 1)
    return replicas


def _brings_pods(live: Manifest | None, applied: Manifest) -> bool:
    if live is None:
        return _replicas(applied) > 0
    rolls = live["spec"]["template"] != applied["spec"]["template"] and _replicas(applied) > 0
    return rolls or _replicas(applied) > _replicas(live) or _lacks_pods(live, applied)


def _lacks_pods(live: Manifest, applied: Manifest) -> bool:
    """Whether the controller still has to create pods. After rejections it retries at growing intervals."""
    status = live.get("status") or {}
    if not status or live["kind"] == "Job":
        return False
    return status.get("replicas", 0) < _replicas(applied) or is_true(live, "ReplicaFailure")


def comes_before_old_ones_go(live: Manifest | None, applied: Manifest) -> bool:
    """Whether a new pod runs beside the old ones, so that a full quota rejects it permanently.

    Args:
        live: the live workload; None if it does not exist.
        applied: the workload as it would be, with the defaults of the API server.
    """
    if live is None or _replicas(applied) > _replicas(live) or _lacks_pods(live, applied):
        return True
    rolling = applied["spec"].get("strategy", {}).get("rollingUpdate") or {}
    return "maxUnavailable" in rolling and _unavailable(rolling["maxUnavailable"], _replicas(live)) == 0


def _unavailable(allowed: int | str, replicas: int) -> int:
    # Rounded down, as the Deployment controller does.
    return int(allowed[:-1]) * replicas // 100 if isinstance(allowed, str) else allowed


def is_certain(refusal: str, before_old_ones_go: bool) -> bool:
    """Whether the pods of the controller would be rejected as well.

    Other rejections depend on the user or are temporary: a missing permission to create pods, a ServiceAccount that the change
    creates, a webhook that is unavailable or does not support dry runs.

    Args:
        refusal: the message of the API server.
        before_old_ones_go: whether the pod runs beside the old ones.
    """
    reason = refusal_reason(refusal)
    if reason == "QuotaExceeded":
        return before_old_ones_go
    by_policy = any(words in refusal for words in _BY_POLICY) or ("admission webhook" in refusal and "denied the request" in refusal)
    return reason in ("LimitRangeViolated", "PodSecurityViolated") or by_policy
