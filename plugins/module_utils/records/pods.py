# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images and health of the pods of workloads: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import controlled_by, is_ready, wanted_pods
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import leaving

Manifest = Mapping[str, Any]

WORKLOADS = ("Deployment", "StatefulSet")


def seen_images(pods: Iterable[Manifest]) -> list[dict[str, Any]]:
    """The images that running containers use.

    Args:
        pods: the pods of the platform. Pods that have ended or are being deleted do not count.

    Returns:
        For each component, container and image the digests that the nodes report, in order.
    """
    found: dict[tuple[str, str, str], set[str]] = {}
    for pod in pods:
        status = pod.get("status") or {}
        if status.get("phase") != "Running" or leaving(pod):
            continue
        component = (pod["metadata"].get("labels") or {}).get("component", "")
        wanted = {container["name"]: container["image"] for container in pod["spec"]["containers"]}
        for each in status.get("containerStatuses") or ():
            digests = found.setdefault((component, each["name"], wanted.get(each["name"], each["image"])), set())
            # A container that has not started yet has no image ID. Some runtimes report an ID without a digest.
            _repository, _at, digest = (each.get("imageID") or "").rpartition("@")
            digests |= {digest} - {""}
    return [
        {"component": component, "container": container, "image": image, "digests": sorted(digests)}
        for (component, container, image), digests in sorted(found.items())
    ]


def workload_states(workloads: Iterable[Manifest], replica_sets: Sequence[Manifest], pods: Sequence[Manifest]) -> list[dict[str, Any]]:
    """Replicas and pods of each workload.

    Args:
        workloads: the Deployments and StatefulSets of the platform.
        replica_sets: the ReplicaSets of its namespace.
        pods: the pods of its namespace.
    """
    return [_state(workload, replica_sets, pods) for workload in workloads]


def _state(workload: Manifest, replica_sets: Sequence[Manifest], pods: Sequence[Manifest]) -> dict[str, Any]:
    owners = controlled_by(workload, replica_sets) if workload["kind"] == "Deployment" else [workload]
    own = [pod for owner in owners for pod in controlled_by(owner, pods) if (pod.get("status") or {}).get("phase") != "Succeeded"]
    status = workload.get("status") or {}
    wanted, ready = wanted_pods(workload), int(status.get("readyReplicas") or 0)
    updated = int(status.get("updatedReplicas") or 0)
    return {
        "kind": workload["kind"],
        "name": workload["metadata"]["name"],
        "image": workload["spec"]["template"]["spec"]["containers"][0]["image"],
        "wanted": wanted,
        "ready": ready,
        "updated": updated,
        "healthy": ready >= wanted and updated >= wanted,
        "pods": [_pod(pod) for pod in sorted(own, key=lambda pod: str(pod["metadata"]["name"]))],
    }


def _pod(pod: Manifest) -> dict[str, Any]:
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or ()
    waiting = [reason for each in containers if (reason := ((each.get("state") or {}).get("waiting") or {}).get("reason"))]
    return {
        "name": pod["metadata"]["name"],
        "ready": is_ready(pod),
        "state": (waiting or [status.get("reason") or status.get("phase") or "Unknown"])[0],
        "restarts": sum(int(each.get("restartCount") or 0) for each in containers),
        "started": status.get("startTime") or "",
    }
