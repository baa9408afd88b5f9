# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an object is complete, by kind (private to the collection).

Pure functions on objects as the API server returns them. ASSESS maps kinds to functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.containers import (
    failed_container,
    held_pods,
    last_end,
    main_container,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.ends import (
    PODS_BEHIND,
    eviction,
    failed_condition,
    own_limit,
    stopped,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import is_same_image
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import (
    diagnose_claim,
    diagnose_leaving,
    diagnose_pod,
    diagnose_refusal,
    exit_words,
    settling,
    steps_of,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import (
    REVISION_ANNOTATION,
    REVISION_LABEL,
    controlled_by,
    is_ready,
    newest_replica_set,
    own_containers,
    wanted_pods,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    PENDING,
    READY,
    WAITING_FOR_CONSUMER,
    Assessment,
    Finding,
    Manifest,
    Policy,
    Replicas,
    Snapshot,
    Target,
    conditions,
    created,
    event_time,
    instant,
    is_true,
    leaving,
    most_certain,
)

# The DaemonSet controller sets these on the DaemonSet and its pods, so the permission to read ControllerRevisions is not needed.
_DAEMON_SET_GENERATION = "deprecated.daemonset.template.generation"
_POD_TEMPLATE_GENERATION = "pod-template-generation"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"

# Seconds for which a Deployment must be paused before that is an error, because an operator may be about to resume it.
PAUSED = 5.0

# Kinds to watch in a namespace for each kind, in addition to Pods and Events.
WATCHED = {
    "Deployment": ("Deployment", "ReplicaSet", "PersistentVolumeClaim"),
    "StatefulSet": ("StatefulSet", "PersistentVolumeClaim"),
    "DaemonSet": ("DaemonSet", "PersistentVolumeClaim"),
    "Job": ("Job", "PersistentVolumeClaim"),
    "PersistentVolumeClaim": ("PersistentVolumeClaim", "StorageClass"),
}


def assess(target: Target, snapshot: Snapshot, policy: Policy) -> Assessment:
    """Assess the state of a target.

    Args:
        target: the object to wait for.
        snapshot: the objects of its namespace.
        policy: the limits of the wait, and when an error is permanent.
    """
    item = snapshot.get(target.kind, target.name)
    if item is None:
        return Assessment(
            PENDING, "does not exist", Finding("NotFound", f"there is no {target.kind} {target.name} in namespace {target.namespace}", 0)
        )
    if leaving(item):
        return Assessment(
            PENDING, "is being deleted", Finding("BeingDeleted", "it is being deleted"), involved=frozenset([item["metadata"]["uid"]])
        )
    wrong_image = _wrong_image(target, item)
    if wrong_image:
        return Assessment(PENDING, "has another image", wrong_image)
    return ASSESS[target.kind](item, snapshot, policy)


def _wrong_image(target: Target, item: Manifest) -> Finding | None:
    if not target.image or "template" not in item["spec"]:
        return None
    pod = item["spec"]["template"]["spec"]
    images = [container["image"] for container in [*pod["containers"], *(pod.get("initContainers") or [])]]
    if any(is_same_image(image, target.image) for image in images):
        return None
    return Finding("ImageMismatch", f"no container of its template has the image {target.image} (it has {', '.join(images)})", 0)


def _observed(item: Manifest) -> bool:
    return int((item.get("status") or {}).get("observedGeneration") or 0) >= int(item["metadata"].get("generation") or 0)


def _not_observed(item: Manifest) -> Assessment:
    generation = item["metadata"].get("generation")
    finding = Finding("NotObserved", f"its controller has not yet seen generation {generation}")
    return Assessment(PENDING, f"generation {generation} is not yet observed", finding, involved=frozenset([item["metadata"]["uid"]]))


def _uids(items: Iterable[Manifest]) -> frozenset[str]:
    return frozenset(item["metadata"]["uid"] for item in items)


def _claims_of(pods: Iterable[Manifest], snapshot: Snapshot) -> list[Manifest]:
    names = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in pods
        for volume in pod["spec"].get("volumes") or []
        if volume.get("persistentVolumeClaim")
    }
    return [claim for claim in snapshot.all("PersistentVolumeClaim") if claim["metadata"]["name"] in names]


def _diagnose(pods: Iterable[Manifest], snapshot: Snapshot, policy: Policy) -> Finding | None:
    """The finding of the pods, in the order of their names, so that the result is stable."""
    ordered = sorted((pod for pod in pods if not is_ready(pod)), key=lambda pod: str(pod["metadata"]["name"]))
    return most_certain(diagnose_pod(pod, snapshot, policy) for pod in ordered)


def _refusal(owner: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    """The newest result of creating a pod for this owner, if it was a rejection."""
    for event in snapshot.events(owner["metadata"]["uid"], "FailedCreate", "SuccessfulCreate"):
        if event["reason"] == "SuccessfulCreate":
            return None
        return diagnose_refusal(event["message"], policy.is_fresh(owner, [event_time(event)]), policy)
    return None


def _pods_missing(pods: Sequence[Manifest], replicas: Replicas) -> Finding | None:
    if len(pods) < replicas.wanted:
        return Finding("PodsMissing", f"{len(pods)} of {replicas.wanted} pods of the newest revision exist")
    return (
        Finding("NotReady", f"{replicas.ready} of {replicas.wanted} pods are ready, {replicas.available} available")
        if replicas.available < replicas.wanted
        else None
    )


def _steps(revision: str | None, replicas: Replicas, older: Sequence[Manifest], newest: Iterable[Manifest]) -> dict[str, int]:
    """The progress of a workload. A new revision starts from zero."""
    counts = {"updated": replicas.updated, "ready": replicas.ready, "available": replicas.available}
    # Summed over all pods, because a pod that is replaced repeatedly makes no progress.
    counts |= {"older": -len(older), "pods": sum(map(steps_of, newest))}
    return {f"{revision} {name}": count for name, count in counts.items()}


def _state(done: bool, finding: Finding | None) -> str:
    return READY if done and finding is None else PENDING


def _progress(replicas: Replicas, older: int = 0) -> str:
    text = f"{replicas.updated} of {replicas.wanted} updated, {replicas.ready} ready, {replicas.available} available"
    return f"{text}, {older} of an older revision left" if older else text


# --- Deployment ---------------------------------------------------------------------------------------------------------------


def assess_deployment(item: Manifest, snapshot: Snapshot, policy: Policy) -> Assessment:
    """A Deployment: complete when the newest ReplicaSet has all replicas available and no older pod is left.

    An older pod is left if it is not being deleted or is still ready. With the strategy Recreate it is left until it has ended. An older
    pod that is no longer ready may finish its work during its grace period.
    """
    newest = newest_replica_set(item, snapshot.all("ReplicaSet"))
    revision = (item["metadata"].get("annotations") or {}).get(REVISION_ANNOTATION)
    wanted = wanted_pods(item)
    # The watches of the two kinds are not synchronized. A ReplicaSet with another revision number is not the observed one.
    if not _observed(item) or ((newest is None or _revision(newest) != revision) and wanted):
        if item["spec"].get("paused"):
            return Assessment(PENDING, "is paused", _paused(item), revision, Replicas(wanted))
        return _not_observed(item)
    status, counts = item.get("status") or {}, (newest or {}).get("status") or {}
    replicas = Replicas(wanted, *(int(counts.get(key) or 0) for key in ("replicas", "readyReplicas", "availableReplicas")))
    pods = [pod for pod in controlled_by(newest, snapshot.all("Pod")) if not leaving(pod) and not _is_over(pod)] if newest else []
    older, in_the_way = _older_pods(item, newest, snapshot), _in_the_way(item, newest, snapshot)
    settled = int(status.get("replicas") or 0) == int(status.get("updatedReplicas") or 0) == wanted
    # The pods may be out of date, and a crash loop is not over when its container runs for a moment.
    done = (
        settled
        and not older
        and sum(is_ready(pod) for pod in pods) >= wanted
        and replicas.updated == wanted
        and replicas.available >= wanted
        and int(status.get("availableReplicas") or 0) >= wanted
    )
    finding = settling(pods, own_containers(item), policy) if done else None
    if not done:
        refusal = _replica_set_refusal(newest, snapshot, policy) if newest else None
        finding = most_certain(
            [
                refusal,
                diagnose_leaving(in_the_way, policy),
                _diagnose(pods, snapshot, policy),
                _deadline_exceeded(item, newest, policy),
                _paused(item) if int(status.get("updatedReplicas") or 0) < wanted or older else None,
                _left(in_the_way) if _recreates(item) else None,
                _pods_missing(pods, replicas),
                _left(older),
            ]
        )
    involved = _uids([item, *([newest] if newest else []), *pods, *in_the_way, *_claims_of(pods, snapshot)])
    steps = _steps(revision, replicas, older, pods)
    return Assessment(_state(done, finding), _progress(replicas, len(older)), finding, revision, replicas, involved, steps=steps)


def _revision(replica_set: Manifest) -> str | None:
    number: str | None = (replica_set["metadata"].get("annotations") or {}).get(REVISION_ANNOTATION)
    return number


def _is_over(pod: Manifest) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _older_pods(item: Manifest, newest: Manifest | None, snapshot: Snapshot) -> list[Manifest]:
    older = [replica_set for replica_set in controlled_by(item, snapshot.all("ReplicaSet")) if replica_set is not newest]
    pods = [pod for replica_set in older for pod in controlled_by(replica_set, snapshot.all("Pod"))]
    return [pod for pod in pods if not _is_over(pod) and (_recreates(item) or not leaving(pod) or is_ready(pod))]


def _recreates(item: Manifest) -> bool:
    return bool((item["spec"].get("strategy") or {}).get("type") == "Recreate")


def _in_the_way(item: Manifest, newest: Manifest | None, snapshot: Snapshot) -> list[Manifest]:
    """Pods that are being deleted and that the rollout waits for.

    With Recreate the controller creates the next ReplicaSet after all of them have ended. Until then the newest ReplicaSet is the old one.
    """
    none_yet = newest and _recreates(item) and not (item.get("status") or {}).get("updatedReplicas")
    of_newest = controlled_by(newest, snapshot.all("Pod")) if newest and none_yet else []
    return _ending([*_older_pods(item, newest, snapshot), *of_newest])


def _ending(pods: Iterable[Manifest]) -> list[Manifest]:
    return [pod for pod in pods if leaving(pod) and not _is_over(pod)]


def _replica_set_refusal(replica_set: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    failure = conditions(replica_set).get("ReplicaFailure")
    if not failure or failure["status"] != "True":
        return None
    # The controller does not update the condition after the first failure. Events report the later ones.
    again = [event for event in snapshot.events(replica_set["metadata"]["uid"], "FailedCreate") if event_time(event) >= policy.began]
    message = str(again[0]["message"] if again else failure.get("message"))
    fresh = policy.is_fresh(replica_set, [instant(failure.get("lastTransitionTime")), *map(event_time, again)])
    return diagnose_refusal(message, fresh, policy)


def _deadline_exceeded(item: Manifest, newest: Manifest | None, policy: Policy) -> Finding | None:
    progressing = conditions(item).get("Progressing") or {}
    if progressing.get("status") != "False" or progressing.get("reason") != "ProgressDeadlineExceeded" or newest is None:
        return None
    about_newest = f'"{newest["metadata"]["name"]}"' in str(progressing.get("message"))
    # A change of the replicas alone keeps the condition of an earlier rollout.
    if not about_newest or instant(progressing.get("lastTransitionTime")) < policy.began:
        return None
    return Finding("ProgressDeadlineExceeded", f"it made no progress for {item['spec'].get('progressDeadlineSeconds')} s", 0)


def _left(older: Sequence[Manifest]) -> Finding | None:
    names = ", ".join(sorted(pod["metadata"]["name"] for pod in older))
    return Finding("OldPodsLeft", f"pods of an older revision are left: {names}") if older else None


def _paused(item: Manifest) -> Finding | None:
    if not item["spec"].get("paused"):
        return None
    namespace = f" --namespace {item['metadata']['namespace']}" if item["metadata"].get("namespace") else ""
    command = f"kubectl rollout resume deployment/{item['metadata']['name']}{namespace}"
    return Finding("Paused", f"the Deployment is paused, so its pods are not replaced. To resume it: {command}", PAUSED)


# --- StatefulSet and DaemonSet --------------------------------------------------------------------------------------------------


def assess_stateful_set(item: Manifest, snapshot: Snapshot, policy: Policy) -> Assessment:
    """A StatefulSet: complete when all pods that its strategy updates are of the update revision and available."""
    if not _observed(item):
        return _not_observed(item)
    status, strategy = (item.get("status") or {}, item["spec"].get("updateStrategy") or {})
    wanted, revision = wanted_pods(item), status.get("updateRevision")
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    to_update = 0 if strategy.get("type") == "OnDelete" else max(0, wanted - partition)
    every_pod = controlled_by(item, snapshot.all("Pod"))
    pods, ending = [pod for pod in every_pod if not leaving(pod)], _ending(every_pod)
    newest = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) == revision]
    older = [pod for pod in pods if pod not in newest]
    ready = int(status.get("readyReplicas") or 0)
    # Before Kubernetes 1.25 availableReplicas is only set with a feature gate.
    available = min(ready, int(status.get("availableReplicas", ready) or 0))
    replicas = Replicas(wanted, len(newest), sum(is_ready(pod) for pod in newest), min(available, sum(is_ready(pod) for pod in newest)))
    complete = int(status.get("updatedReplicas") or 0) >= to_update or status.get("currentRevision") == revision
    done = (
        complete
        and len(newest) >= to_update
        and int(status.get("replicas") or 0) == wanted == len(pods) == sum(is_ready(pod) for pod in pods)
        and min(ready, available) >= wanted
    )
    finding = settling(newest, own_containers(item), policy) if done else None
    if not done:
        last = _pods_missing(newest, replicas) if to_update else None
        finding = most_certain(
            [
                _refusal(item, snapshot, policy),
                diagnose_leaving(ending, policy),
                _diagnose(newest, snapshot, policy),
                _blocked(older, snapshot, policy),
                last,
            ]
        )
    return Assessment(
        _state(done, finding),
        _progress(replicas, len(older) if to_update == wanted else 0),
        finding,
        revision,
        replicas,
        _uids([item, *newest, *ending, *_claims_of(newest, snapshot)]),
        steps=_steps(revision, replicas, older, newest),
    )


def _blocked(older: Sequence[Manifest], snapshot: Snapshot, policy: Policy) -> Finding | None:
    """A StatefulSet replaces a pod only when the pods before it are ready, even if the new revision would fix them."""
    broken = _diagnose(older, snapshot, policy)
    if broken is None:
        return None
    return Finding(
        "BlockedByOldPod",
        f"this pod of an older revision is not ready and blocks the rollout. Delete it. Cause: {broken.message}",
        pod=broken.pod,
        container=broken.container,
    )


def assess_daemon_set(item: Manifest, snapshot: Snapshot, policy: Policy) -> Assessment:
    """A DaemonSet: complete when every eligible node has an updated and available pod."""
    if not _observed(item):
        return _not_observed(item)
    status, wanted = item.get("status") or {}, wanted_pods(item)
    replicas = Replicas(wanted, *(int(status.get(key) or 0) for key in ("updatedNumberScheduled", "numberReady", "numberAvailable")))
    on_delete = (item["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    generation = (item["metadata"].get("annotations") or {}).get(_DAEMON_SET_GENERATION)
    every_pod = controlled_by(item, snapshot.all("Pod"))
    pods, ending = [pod for pod in every_pod if not leaving(pod)], _ending(every_pod)
    newest = [pod for pod in pods if _is_of_generation(pod, generation)]
    older = [pod for pod in ending if is_ready(pod) and not _is_of_generation(pod, generation)]
    updated = on_delete or (replicas.updated >= wanted and not older)
    done = updated and sum(is_ready(pod) for pod in pods) >= wanted and min(replicas.ready, replicas.available) >= wanted
    finding = settling(newest, own_containers(item), policy) if done else None
    if not done:
        finding = most_certain(
            [
                _refusal(item, snapshot, policy),
                diagnose_leaving(ending, policy),
                _diagnose(newest, snapshot, policy),
                _left(older),
                _pods_missing(newest, replicas),
            ]
        )
    involved = _uids([item, *newest, *ending, *_claims_of(newest, snapshot)])
    steps = _steps(generation, replicas, older, newest)
    return Assessment(_state(done, finding), _progress(replicas), finding, generation, replicas, involved, steps=steps)


def _is_of_generation(pod: Manifest, generation: str | None) -> bool:
    return generation in (None, (pod["metadata"].get("labels") or {}).get(_POD_TEMPLATE_GENERATION))


# --- Job ------------------------------------------------------------------------------------------------------------------------


def assess_job(item: Manifest, snapshot: Snapshot, policy: Policy) -> Assessment:
    """A Job: complete with the condition Complete, failed with the condition Failed or if its pod can never start."""
    status, spec = item.get("status") or {}, item["spec"]
    pods = sorted(controlled_by(item, snapshot.all("Pod")), key=created, reverse=True)
    wanted = int(spec.get("completions") or spec.get("parallelism") or 1)
    succeeded, failed = (int(status.get("succeeded") or 0), int(status.get("failed") or 0))
    replicas = Replicas(wanted, len(pods), int(status.get("ready") or 0), succeeded)
    progress = f"{succeeded} of {wanted} succeeded, {failed} failed, {int(status.get('active') or 0)} active"
    source = _log_source(item, pods)
    done = is_true(item, "Complete")
    failed_because = stopped(item) or eviction(item, pods, snapshot) or _job_failed(item, pods)
    finding = None if done else most_certain([failed_because, *_job_obstacles(item, pods, snapshot, policy)])
    steps = {
        "ready": replicas.ready,
        "succeeded": succeeded,
        "failed": failed,
        "pods": sum(steps_of(pod) for pod in pods if not _is_over(pod)),
    }
    return Assessment(READY if done else PENDING, progress, finding, None, replicas, _uids([item, *pods]), source, steps)


def _job_obstacles(item: Manifest, pods: Sequence[Manifest], snapshot: Snapshot, policy: Policy) -> list[Finding | None]:
    if item["spec"].get("suspend"):
        return [Finding("Suspended", "the Job is suspended")]
    running = [pod for pod in pods if not leaving(pod) and not _is_over(pod)]
    refusal = None if running else _refusal(item, snapshot, policy)
    stuck = None if running else diagnose_leaving(_ending(pods), policy)
    obstacles = [refusal, stuck, *held_pods(item, running), _diagnose(running, snapshot, policy)]
    return [*obstacles, Finding("JobNotComplete", "it has not completed")]


def _log_source(item: Manifest, pods: Sequence[Manifest]) -> tuple[str, str] | None:
    """Pod and container whose log to read, given the newest pod first. Prefers a pod that succeeded."""
    chosen = next((pod for pod in pods if (pod.get("status") or {}).get("phase") == "Succeeded"), next(iter(pods), None))
    return (chosen["metadata"]["name"], main_container(item, chosen)) if chosen else None


def _job_failed(item: Manifest, pods: Sequence[Manifest]) -> Finding | None:
    failed = failed_condition(item)
    if failed is None:
        return None
    reason = "JobDeadlineExceeded" if failed.get("reason") == "DeadlineExceeded" else "JobFailed"
    limit = item["spec"].get("activeDeadlineSeconds")
    too_long = f"it ran longer than {limit} s" if reason == "JobDeadlineExceeded" else ""
    found = failed_container(item, pods)
    if found is None:
        # The pods may be out of date.
        pod_name, container_name = _log_source(item, pods) or (None, None)
        words = too_long or f"{failed.get('reason')}: {failed.get('message')}"
        return Finding(reason, words, PODS_BEHIND, pod=pod_name, container=container_name)
    pod, container = found
    words = " and ".join(part for part in (too_long, own_limit(pod), exit_words(last_end(container))) if part)
    return Finding(reason, words, 0, pod=pod["metadata"]["name"], container=container["name"], exit_code=last_end(container)["exitCode"])


# --- PersistentVolumeClaim ------------------------------------------------------------------------------------------------------


def assess_claim(item: Manifest, snapshot: Snapshot, policy: Policy) -> Assessment:
    """A claim: complete when it is bound, or when its class waits for a first consumer and there is none yet."""
    phase, uid = ((item.get("status") or {}).get("phase") or "Pending", item["metadata"]["uid"])
    involved = frozenset([uid])
    if phase == "Bound":
        return Assessment(READY, "is bound", involved=involved)
    finding = diagnose_claim(item, snapshot, policy)
    if phase == "Pending" and (finding is None or finding.certain_after is None) and _waits_for_consumer(item, snapshot, bool(finding)):
        return Assessment(WAITING_FOR_CONSUMER, "waits for its first consumer", involved=involved)
    return Assessment(PENDING, f"is {phase.lower()}", finding or Finding("ClaimNotBound", f"it is {phase}"), involved=involved)


def _waits_for_consumer(item: Manifest, snapshot: Snapshot, tried: bool) -> bool:
    selected = _SELECTED_NODE in (item["metadata"].get("annotations") or {})
    used = item in _claims_of((pod for pod in snapshot.all("Pod") if not leaving(pod)), snapshot)
    if used and (selected or tried):
        return False
    storage_class = next(
        (found for found in snapshot.all("StorageClass") if found["metadata"]["name"] == item["spec"].get("storageClassName")), None
    )
    if storage_class:
        return bool(storage_class.get("volumeBindingMode") == "WaitForFirstConsumer")
    # Classes are cluster-scoped, and the user may not be able to read them. The volume controller reports the same in an event.
    return bool(snapshot.events(item["metadata"]["uid"], "WaitForFirstConsumer"))


ASSESS: dict[str, Callable[[Manifest, Snapshot, Policy], Assessment]] = {
    "Deployment": assess_deployment,
    "StatefulSet": assess_stateful_set,
    "DaemonSet": assess_daemon_set,
    "Job": assess_job,
    "PersistentVolumeClaim": assess_claim,
}
