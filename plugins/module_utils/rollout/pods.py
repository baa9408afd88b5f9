# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods determine the health of a workload (private to the collection).

Pure functions on objects as the API server returns them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import why_not_ready
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, conditions, is_true, leaving

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
REVISION_LABEL = "controller-revision-hash"
DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container"


@dataclass(frozen=True)
class Pod:
    """The part of a result about one pod; reason is why it is not ready."""

    name: str
    uid: str
    node: str | None
    ready: bool
    reason: str | None
    revision: str | None
    image: str | None


def own_containers(workload: Manifest) -> list[str]:
    """Names of the containers in a workload's template. An admission webhook can inject further ones into its pods."""
    return [container["name"] for container in workload["spec"]["template"]["spec"]["containers"]]


def label_selector(workload: Manifest) -> str:
    """The selector of a workload in the form of the API's labelSelector parameter."""
    selector = workload["spec"].get("selector") or {}
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, operator = expression["key"], expression["operator"]
        if operator in ("In", "NotIn"):
            terms.append(f"{key} {operator.lower()} ({','.join(expression['values'])})")
        else:
            terms.append(key if operator == "Exists" else f"!{key}")
    return ",".join(terms)


def wanted_pods(workload: Manifest) -> int:
    """Number of pods that a workload should have."""
    if workload["kind"] == "DaemonSet":
        return int((workload.get("status") or {}).get("desiredNumberScheduled") or 0)
    replicas = workload["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def controlled_by(owner: Manifest, candidates: Sequence[Manifest]) -> list[Manifest]:
    """The objects whose controller is the owner."""
    uid = owner["metadata"]["uid"]
    return [
        item
        for item in candidates
        if any(ref.get("controller") and ref["uid"] == uid for ref in item["metadata"].get("ownerReferences") or [])
    ]


def _revision_number(item: Manifest) -> int:
    text = (item["metadata"].get("annotations") or {}).get(REVISION_ANNOTATION, "")
    return int(text) if text.isdecimal() else 0


def newest_replica_set(deployment: Manifest, replica_sets: Sequence[Manifest]) -> Manifest | None:
    """The ReplicaSet of a Deployment's newest revision, or None if it does not exist yet."""
    return max(controlled_by(deployment, replica_sets), key=_revision_number, default=None)


def newest_revision(workload: Manifest, replica_sets: Sequence[Manifest]) -> str | None:
    """The number of a Deployment's newest revision; None for other kinds, whose pods have the revision in a label."""
    newest = newest_replica_set(workload, replica_sets)
    return str(_revision_number(newest)) if newest else None


def _is_active(pod: Manifest) -> bool:
    # As the controllers count: a pod that ended, such as an evicted one, has been replaced.
    ended = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    return not ended and not leaving(pod)


def newest_pods(workload: Manifest, replica_sets: Sequence[Manifest], pods: Sequence[Manifest]) -> list[Manifest]:
    """The pods of a workload's newest revision that have not ended and are not being deleted.

    For a StatefulSet with rolling updates these are the pods of its update revision. If pods of several revisions may stay
    permanently (a partition, OnDelete, a DaemonSet), all pods count.

    Args:
        workload: a Deployment, StatefulSet or DaemonSet.
        replica_sets: ReplicaSets of its namespace that match its selector (Deployments only).
        pods: pods of its namespace that match its selector.
    """
    alive = [pod for pod in pods if _is_active(pod)]
    if workload["kind"] == "Deployment":
        newest = newest_replica_set(workload, replica_sets)
        return controlled_by(newest, alive) if newest else []
    owned = controlled_by(workload, alive)
    strategy = workload["spec"].get("updateStrategy") or {}
    revision = (workload.get("status") or {}).get("updateRevision")
    partition = (strategy.get("rollingUpdate") or {}).get("partition")
    if workload["kind"] != "StatefulSet" or strategy.get("type") == "OnDelete" or partition or not revision:
        return owned
    return [pod for pod in owned if (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) == revision]


def stalled(workload: Manifest, missing: bool) -> str | None:
    """Why a workload cannot create its pods, in the words of the cluster, or None.

    Args:
        workload: as the API server returns it.
        missing: whether fewer pods are ready than required. Only then are the conditions checked.
    """
    status = workload.get("status") or {}
    generation = workload["metadata"].get("generation") or 0
    if (status.get("observedGeneration") or 0) < generation:
        return f"its controller has not yet seen generation {generation}"
    if not missing:
        return None
    for kind, bad in (("ReplicaFailure", "True"), ("Progressing", "False")):
        condition = conditions(workload).get(kind)
        if condition and condition["status"] == bad:
            return str(condition.get("message") or condition.get("reason"))
    return None


def _containers(spec: Manifest) -> list[Manifest]:
    return [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]


def port_number(workload: Manifest, port: str, container: str | None = None) -> int:
    """The number of a container port.

    Args:
        workload: the workload whose pod template declares the port.
        port: a number, or a port's name.
        container: the container to search; None for all containers.

    Raises:
        PlatformError: no container declares a port with that name.
    """
    if port.isdecimal():
        return int(port)
    containers = [item for item in _containers(workload["spec"]["template"]["spec"]) if container in (None, item["name"])]
    if not containers:
        raise PlatformError(f"it has no container {container}", certain=True)
    named = {item["name"]: int(item["containerPort"]) for entry in containers for item in entry.get("ports") or [] if item.get("name")}
    if port not in named:
        names = ", ".join(sorted(named)) or "none"
        raise PlatformError(f"it has no container port named {port} (named ports: {names})", certain=True)
    return named[port]


def is_ready(pod: Manifest) -> bool:
    """Whether the pod's condition Ready is true."""
    return is_true(pod, "Ready")


def describe(pod: Manifest, revision: str | None, container: str | None, own: Collection[str] = ()) -> Pod:
    """The part of a result about one pod.

    Args:
        pod: as the API server returns it.
        revision: the revision of the pod; None to use the label of the pod.
        container: the container whose image is returned; None for the default container.
        own: names of the containers in the template. The first one is the default if the pod names none.
    """
    metadata, spec = pod["metadata"], pod["spec"]
    main = container or (metadata.get("annotations") or {}).get(DEFAULT_CONTAINER_ANNOTATION)
    images = {item["name"]: item.get("image") for item in spec["containers"]}
    first = next((name for name in own if name in images), next(iter(images)))
    ready = is_ready(pod)
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        node=spec.get("nodeName"),
        ready=ready,
        reason=None if ready else why_not_ready(pod),
        revision=revision or (metadata.get("labels") or {}).get(REVISION_LABEL),
        image=images.get(main) or images[first],
    )
