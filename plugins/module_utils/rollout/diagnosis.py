# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a pod or a claim of the newest revision from coming up, and whether that is certain (private to the collection).

Pure functions on objects as the API server returns them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    READY,
    Finding,
    Manifest,
    Policy,
    Snapshot,
    conditions,
    created,
    event_began,
    event_count,
    event_time,
    instant,
    is_true,
    leaving,
    most_certain,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.last_words import cause_lines

# Seconds that a container without a readiness probe must run to count as serving, from its first start and after a failure.
SETTLED = 5.0
SETTLED_AFTER_FAILURE = 10.0

# Seconds that the volume controller may take to look again at a claim without a class, or admission for a new ServiceAccount.
CONTROLLER_DELAY = 20.0

# Seconds for which what was so before the wait must stay so: it may have been mended a moment ago. The kubelet tries configuration again
# within 20 s, pulls within five minutes, controllers later still; but of long rows of failures the API server is told ever fewer.
STALE_PATIENCE = 60.0

# A node that was announced so long before the wait may still come.
SCALE_UP = timedelta(seconds=60)

# For how long a provisioner has to fail: it tries again after 1, 2, 4, 8 ... seconds, and a slow one fails until its volume is made.
PROVISIONING_PATIENCE = timedelta(seconds=60)

# Seconds past its grace period for which a pod may stay: the kubelet kills its containers and unmounts its volumes. One whose node does
# not answer stays until the node is back or somebody removes one of the two.
OVERDUE = 30.0
OVERDUE_ON_LOST_NODE = 5.0

_NAMES = re.compile(r'"[^"]*"|https?://\S+')
_RPC_PREFIX = re.compile(r"rpc error: code = \w+ desc = ")
_NETWORK = re.compile(
    r"dial tcp|connection refused|connection reset|no such host|server misbehaving|timeout|timed out|deadline exceeded|TLS handshake"
    r"|x509|\bEOF\b|network is unreachable|no route to host|too ?many ?requests|\b(429|50\d)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"denied|unauthorized|forbidden|insufficient_scope|authentication required|no basic auth|\b40[13]\b", re.IGNORECASE)
_NO_SUCH_IMAGE = re.compile(r"code = NotFound|not found|manifest unknown|name unknown|does not exist|\b404\b", re.IGNORECASE)

_MISSING_CONFIG = re.compile(
    r"(configmaps?|secrets?) \"[^\"]+\" not found|couldn't find key|references non-existent (config|secret) key", re.IGNORECASE
)
_KUBELET_CACHE = re.compile(r"failed to sync|timed out|not registered|deadline exceeded|connection refused|etcdserver", re.IGNORECASE)

_NODES_MAY_RETURN = re.compile(r"node\.(kubernetes|cloudprovider\.kubernetes)\.io/[\w-]+|were unschedulable", re.IGNORECASE)
# From 1.34 on the scheduler no longer says which taint: a node that is away looks like one that is reserved.
_ONLY_TAINTS = re.compile(
    r"0/\d+ nodes are available: \d+ node\(s\) had untolerated taint(\(s\)| \{[^}]*\})\W*(no new claims to deallocate\W*)?$"
)
_OTHER_PODS_IN_THE_WAY = re.compile(
    r"Insufficient|Too many pods|free ports|anti-affinity|topology spread|volume node affinity|max volume count", re.IGNORECASE
)
_CLAIM_MISSING = re.compile(r'persistentvolumeclaim "(?P<name>[^"]+)" not found')
_NEVER_PROVISIONED = re.compile(
    r"storageclass\S* \"[^\"]*\" not found|only supports?\b|not supported|unsupported|InvalidArgument|no volume plugin matched",
    re.IGNORECASE,
)

# By these codes of gRPC a storage driver says that it is busy, and wants to be asked again.
_PASSING_PROVISIONING = re.compile(
    r"code = (DeadlineExceeded|Aborted|Unavailable|ResourceExhausted)\b|context deadline exceeded"
    r"|operation with the given volume \S+( \S+)? already exists",
    re.IGNORECASE,
)

_LIMIT_RANGE = re.compile(r"(maximum|minimum) \S+ usage per|max limit to request ratio", re.IGNORECASE)
_PASSING_REFUSAL = re.compile(
    r"failed calling webhook|connection refused|timeout|timed out|deadline exceeded|internal error|etcdserver|try again"
    r"|object has been modified",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"forbidden|denied|invalid|violates|must specify|being terminated", re.IGNORECASE)


def failure_count(status: Manifest) -> int:
    """How often a container has ended although it should run.

    Args:
        status: an entry of containerStatuses or initContainerStatuses.
    """
    state = status.get("state") or {}
    waiting = (state.get("waiting") or {}).get("reason")
    ended = state.get("terminated") or waiting in ("CrashLoopBackOff", "RunContainerError")
    return int(status.get("restartCount") or 0) + (1 if ended else 0)


def with_past(policy: Policy, pods: Iterable[Manifest]) -> Policy:
    """The policy with what the containers of older pods had behind them when the wait began.

    Args:
        policy: knows when that was.
        pods: as they were then.
    """
    older = [(pod["metadata"]["uid"], status) for pod in pods if created(pod) < policy.since for _init, status in _statuses(pod)]
    return replace(
        policy,
        failures_before={(uid, status["name"]): failure_count(status) for uid, status in older},
        served_before=frozenset((uid, status["name"]) for uid, status in older if _served(status, policy.began)),
    )


def _served(status: Manifest, moment: datetime) -> bool:
    """Whether a container did what it should, and not only between two crashes."""
    running = (status.get("state") or {}).get("running")
    settled = running is None or (moment - instant(running.get("startedAt"))).total_seconds() >= SETTLED_AFTER_FAILURE
    return bool(status.get("ready")) and settled


def settling(pods: Iterable[Manifest], policy: Policy) -> Finding | None:
    """Whether pods are ready only because nothing asks them: a container without a readiness probe is ready whenever it runs.

    Args:
        pods: the pods of the newest revision, all ready.
        policy: what counts.

    Returns:
        A finding whose time to be certain is how long they must go on like this to be believed; None if they are.
    """
    return max((_settling(pod, status, policy) for pod in pods for init, status in _statuses(pod) if not init), key=_time, default=None)


def _time(finding: Finding | None) -> float:
    return (finding.certain_after or 0.0) if finding else 0.0


def _settling(pod: Manifest, status: Manifest, policy: Policy) -> Finding | None:
    probes = {container["name"]: bool(container.get("readinessProbe")) for container in pod["spec"]["containers"]}
    started = instant(((status.get("state") or {}).get("running") or {}).get("startedAt"))
    failures = failure_count(status) - policy.failures_before.get((pod["metadata"]["uid"], status["name"]), 0)
    seconds = SETTLED_AFTER_FAILURE if failures > 0 else SETTLED
    # While no container has failed, one that is asked speaks for those beside it.
    if (policy.began - started).total_seconds() >= seconds or probes.get(status["name"]) or (failures <= 0 and any(probes.values())):
        return None
    words = f"it has no readiness probe and must run for {seconds:.0f} s" + (f" after {failures} failures" if failures > 0 else "")
    return Finding("Settling", words, seconds, pod=pod["metadata"]["name"], container=status["name"], verdict=READY)


def diagnose_pod(pod: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    """What keeps a pod from being ready, or None if nothing is known.

    Args:
        pod: a pod of the newest revision that is not on its way out.
        snapshot: with the events and claims of its namespace.
        policy: what counts, and when it is certain.
    """
    scheduled = conditions(pod).get("PodScheduled")
    if not pod["spec"].get("nodeName"):
        claims = [diagnose_claim(claim, snapshot, policy) for claim in _claims(pod, snapshot)]
        return most_certain([*claims, _not_scheduled(pod, scheduled, snapshot, policy)])
    if node_is_lost(pod):
        # What the kubelet last said of its containers is out of date.
        return Finding("NodeNotReady", f"node {pod['spec']['nodeName']}, on which it runs, does not answer", pod=pod["metadata"]["name"])
    findings = [_diagnose_container(pod, init, status, snapshot, policy) for init, status in _statuses(pod)]
    return most_certain([*findings, _volume_not_mounted(pod, snapshot, policy), _probe_failing(pod, snapshot)])


def _statuses(pod: Manifest) -> Iterator[tuple[bool, Manifest]]:
    status = pod.get("status") or {}
    for container in status.get("initContainerStatuses") or []:
        yield True, container
    for container in status.get("containerStatuses") or []:
        yield False, container


def _certain_after(hopeless: bool, fresh: bool) -> float | None:
    """When something is certain: never, at once, or after a while where it was so before the wait and nobody said it again."""
    return None if not hopeless else 0.0 if fresh else STALE_PATIENCE


# --- what the status of a pod alone says --------------------------------------------------------------------------------------


def why_not_ready(pod: Manifest) -> str:
    """The nearest cause in a pod's status for its not being ready, in the cluster's words where it has some.

    For a check that reads no events and gives no verdict of its own. A wait asks diagnose_pod.
    """
    found = conditions(pod)
    scheduled = found.get("PodScheduled")
    if scheduled and scheduled["status"] == "False":
        return f"not scheduled: {scheduled.get('message') or scheduled.get('reason')}"
    for init, status in _statuses(pod):
        if cause := _container_cause(status, init):
            return f"{'init ' if init else ''}container {status['name']}: {cause}"
    for condition in found.values():
        if condition["status"] == "False" and condition["type"] not in ("Ready", "ContainersReady") and condition.get("message"):
            return f"{condition['type']} is false: {condition['message']}"
    ready = found.get("Ready") or {}
    phase = (pod.get("status") or {}).get("phase", "unknown")
    return str(ready.get("message") or ready.get("reason") or f"its phase is {phase}")


def _exit(terminated: Manifest | None) -> str:
    if not terminated:
        return ""
    words = [f"exit code {terminated.get('exitCode')}"]
    if terminated.get("reason") not in (None, "Error", "Completed"):
        words.insert(0, str(terminated["reason"]))
    return ", ".join(words)


def _container_cause(container: Manifest, init: bool) -> str:
    state = container.get("state") or {}
    waiting, terminated = state.get("waiting"), state.get("terminated")
    last = _exit((container.get("lastState") or {}).get("terminated"))
    if waiting and waiting.get("reason") not in (None, "PodInitializing"):
        words = [waiting["reason"], waiting.get("message") or ""]
        if waiting["reason"] == "CrashLoopBackOff":
            words = [waiting["reason"], last and f"it ended with {last}", f"restarted {container.get('restartCount', 0)} times"]
        return ", ".join(word for word in words if word)
    if terminated and not (init and terminated.get("exitCode") == 0):
        return f"ended with {_exit(terminated)}"
    if init:
        return "still running" if "running" in state and not container.get("started") else ""
    if "running" in state and not container.get("ready"):
        return "running but not ready" + (f" (restarted after {last})" if last else "")
    return ""


# --- before a pod has a node -----------------------------------------------------------------------------------------------


def _claims(pod: Manifest, snapshot: Snapshot) -> list[Manifest]:
    names = [
        volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"].get("volumes") or [] if volume.get("persistentVolumeClaim")
    ]
    return [claim for claim in (snapshot.get("PersistentVolumeClaim", name) for name in names) if claim]


def _not_scheduled(pod: Manifest, scheduled: Manifest | None, snapshot: Snapshot, policy: Policy) -> Finding | None:
    if not scheduled or scheduled["status"] != "False":
        return None
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    message = str(scheduled.get("message") or scheduled.get("reason") or "no node was chosen")
    nodes = re.split(r"\s*preemption:", message)[0]
    missing = _CLAIM_MISSING.search(nodes)
    if missing:
        return Finding("ClaimNotFound", f"there is no PersistentVolumeClaim {missing['name']}", policy.unschedulable_grace, pod=name)
    scale_up = [event for event in snapshot.events(uid, "TriggeredScaleUp", "Nominated") if event_time(event) >= policy.began - SCALE_UP]
    passing = (
        scheduled.get("reason") == "SchedulingGated" or "unbound" in nodes or _NODES_MAY_RETURN.search(nodes) or _ONLY_TAINTS.match(nodes)
    )
    if scale_up or passing:
        return Finding("Unschedulable", message, pod=name)
    return Finding("Unschedulable", message, policy.unschedulable_grace, bool(_OTHER_PODS_IN_THE_WAY.search(nodes)), pod=name)


def diagnose_claim(claim: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    """What keeps a claim from being bound, or None if nothing is known.

    Args:
        claim: a PersistentVolumeClaim.
        snapshot: with the events of its namespace.
        policy: what counts, and when it is certain.
    """
    metadata, phase = claim["metadata"], (claim.get("status") or {}).get("phase")
    subject = f"claim {metadata['name']}"
    if phase == "Lost":
        return Finding("ClaimLost", f"{subject} has lost its volume {claim['spec'].get('volumeName')}", 0)
    if phase == "Bound":
        return None
    storage_class = claim["spec"].get("storageClassName")
    subject = f"{subject} of class {storage_class}" if storage_class else f"{subject} without a class"
    failures = snapshot.events(metadata["uid"], "ProvisioningFailed", "FailedBinding")
    at_work = snapshot.events(metadata["uid"], "ExternalProvisioning")
    if not failures:
        return Finding("ClaimNotBound", f"{subject}: {at_work[0]['message']}") if at_work else None
    last = failures[0]
    message = f"{subject}: {last['message']}"
    # A provisioner that is at work again may succeed; what it failed with last is the best that is known.
    if at_work and event_time(at_work[0]) > event_time(last):
        return Finding("ClaimNotProvisioned", message)
    fresh = policy.is_fresh(claim, [event_time(last)])
    if last["reason"] == "FailedBinding":
        delay = CONTROLLER_DELAY if fresh else STALE_PATIENCE
        return Finding("ClaimNotProvisioned", message, delay if "no storage class is set" in last["message"] else None)
    return Finding("ClaimNotProvisioned", message, _certain_after(_provisioning_is_hopeless(failures, policy), fresh))


def _provisioning_is_hopeless(failures: Sequence[Manifest], policy: Policy) -> bool:
    """Whether a provisioner's failures will go on, given the newest first."""
    lasting = [event for event in failures if not _PASSING_PROVISIONING.search(event["message"])]
    if failures[0] not in lasting:
        return False
    if _NEVER_PROVISIONED.search(failures[0]["message"]):
        return True
    since = min(event_began(event) for event in lasting)
    return sum(map(event_count, lasting)) > policy.tolerated_failures and event_time(failures[0]) - since >= PROVISIONING_PATIENCE


# --- containers -----------------------------------------------------------------------------------------------------------


def _diagnose_container(pod: Manifest, init: bool, status: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    waiting = (status.get("state") or {}).get("waiting") or {}
    diagnose: dict[str, Callable[[], Finding]] = {
        "ErrImagePull": lambda: _pull_failed(pod, status, waiting, snapshot, policy),
        "ImagePullBackOff": lambda: _pull_failed(pod, status, waiting, snapshot, policy),
        "ErrImageNeverPull": lambda: _never_pulled(pod, status, waiting, snapshot, policy),
        "InvalidImageName": lambda: _about(pod, status, "InvalidImageName", f"{status.get('image')} is no image name", 0),
        "CreateContainerConfigError": lambda: _config_error(pod, status, waiting, snapshot, policy),
        "CreateContainerError": lambda: _about(pod, status, "ContainerNotCreated", str(waiting.get("message"))),
    }
    if waiting.get("reason") in diagnose:
        return diagnose[waiting["reason"]]()
    return _crash(pod, init, status, snapshot, policy)


def _about(pod: Manifest, status: Manifest, reason: str, message: str, certain_after: float | None = None) -> Finding:
    return Finding(reason, message, certain_after, pod=pod["metadata"]["name"], container=status["name"])


def _events_of(pod: Manifest, status: Manifest, snapshot: Snapshot, reason: str, beginning: str = "") -> list[Manifest]:
    return [
        event
        for event in snapshot.events(pod["metadata"]["uid"], reason)
        if f"{{{status['name']}}}" in event["involvedObject"].get("fieldPath", "") and event.get("message", "").startswith(beginning)
    ]


def _never_pulled(pod: Manifest, status: Manifest, waiting: Manifest, snapshot: Snapshot, policy: Policy) -> Finding:
    fresh = policy.is_fresh(pod, map(event_time, _events_of(pod, status, snapshot, "ErrImageNeverPull")))
    return _about(pod, status, "ImageNotFound", f"{waiting.get('message')}, and its pull policy is Never", _certain_after(True, fresh))


def _pull_failed(pod: Manifest, status: Manifest, waiting: Manifest, snapshot: Snapshot, policy: Policy) -> Finding:
    events = _events_of(pod, status, snapshot, "Failed", "Failed to pull image")
    # Before Kubernetes 1.31 ImagePullBackOff does not tell the cause; the event does.
    words = str(waiting.get("message") or "")
    cause = events[0]["message"] if events and waiting["reason"] == "ImagePullBackOff" and "ErrImagePull" not in words else words
    image = status.get("image") or ""
    reason = image_pull_reason(cause, image)
    text = _RPC_PREFIX.sub("", cause).removeprefix(f'Back-off pulling image "{image}": ErrImagePull: ')
    # The pod's status may be a moment behind its events.
    same = [event_time(event) for event in events if image_pull_reason(event["message"], image) == reason]
    certain_after = _certain_after(reason != "ImageUnavailable", policy.is_fresh(pod, same))
    verb = {"ImageNotFound": "was not found", "ImageAccessDenied": "may not be pulled"}.get(reason, "cannot be pulled yet")
    return _about(pod, status, reason, f"image {image} {verb}: {text}", certain_after)


def image_pull_reason(cause: str, image: str) -> str:
    """Whether a failed pull can still succeed by itself.

    Args:
        cause: what the kubelet says.
        image: the image; its name and tag may look like an error.

    Returns:
        ImageNotFound, ImageAccessDenied, or ImageUnavailable if it can.
    """
    text = _NAMES.sub("", cause)
    text = text.replace(image, "") if image else text
    for pattern, reason in ((_NETWORK, "ImageUnavailable"), (_DENIED, "ImageAccessDenied"), (_NO_SUCH_IMAGE, "ImageNotFound")):
        if pattern.search(text):
            return reason
    return "ImageUnavailable"


def _config_error(pod: Manifest, status: Manifest, waiting: Manifest, snapshot: Snapshot, policy: Policy) -> Finding:
    message = str(waiting.get("message") or "")
    reason = "MissingConfiguration" if _MISSING_CONFIG.search(message) else "ContainerConfigError"
    fresh = policy.is_fresh(pod, map(event_time, _events_of(pod, status, snapshot, "Failed", f"Error: {message}")))
    return _about(pod, status, reason, message, _certain_after(not _KUBELET_CACHE.search(message), fresh))


def _crash(pod: Manifest, init: bool, status: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    state, restarts = (status.get("state") or {}, pod["spec"].get("restartPolicy", "Always") == "Always")
    finished = (init or not restarts) and (state.get("terminated") or {}).get("exitCode") == 0
    failures = failure_count(status)
    if not failures or finished or (status.get("ready") and not init):
        return None
    last = last_end(status)
    # A Job counts the failures of its pods itself.
    certain = restarts and failures > policy.tolerated((pod["metadata"]["uid"], status["name"])) and "running" not in state
    words = f"{'init container ' if init else ''}{exit_words(last, failures)}"
    if last.get("exitCode") in (137, 143):
        killed = [event for event in _events_of(pod, status, snapshot, "Unhealthy") if not event["message"].startswith("Readiness")]
        words += f", after: {killed[0]['message'].strip()}" if killed else ""
    return Finding(
        "CrashLoop",
        words,
        _certain_after(certain, fresh=True),
        pod=pod["metadata"]["name"],
        container=status["name"],
        exit_code=last.get("exitCode"),
        restarted="running" in state,
    )


def last_end(status: Manifest) -> Any:
    """The terminated state of a container, or of its last instance; empty if none has ended."""
    return (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated") or {}


def exit_words(terminated: Manifest, times: int = 1) -> str:
    """How a container ended, in words; a message of several lines keeps them, so that secrets in it are still recognized.

    Args:
        terminated: the terminated state of a container.
        times: how often it has ended.
    """
    code, reason = terminated.get("exitCode"), terminated.get("reason")
    # Of a container that writes no message it is the end of its log: up to 80 lines.
    message = cause_lines(str(terminated.get("message") or ""))
    words = f"ended with exit code {code}"
    if reason == "OOMKilled":
        words = f"was killed because it exceeded its memory limit (OOMKilled, exit code {code})"
    elif reason not in (None, "Error", "Completed"):
        words += f" ({reason})"
    words += f", {times} times" if times > 1 else ""
    return f"{words}: {message}" if message else words


# --- a pod on its node that no container explains ----------------------------------------------------------------------------


def _volume_not_mounted(pod: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    if (pod.get("status") or {}).get("phase") != "Pending" or any(
        "running" in (status.get("state") or {}) for _init, status in _statuses(pod)
    ):
        return None
    for event in snapshot.events(pod["metadata"]["uid"], "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"):
        message = str(event.get("message"))
        missing = event["reason"] == "FailedMount" and _MISSING_CONFIG.search(message)
        certain_after = _certain_after(bool(missing), policy.is_fresh(pod, [event_time(event)]))
        reason = (
            "MissingConfiguration"
            if missing
            else ("SandboxNotCreated" if event["reason"] == "FailedCreatePodSandBox" else "VolumeNotMounted")
        )
        return Finding(reason, message, certain_after, pod=pod["metadata"]["name"])
    return None


def _probe_failing(pod: Manifest, snapshot: Snapshot) -> Finding | None:
    if is_true(pod, "Ready"):
        return None
    for _init, status in _statuses(pod):
        if "running" not in (status.get("state") or {}) or status.get("ready"):
            continue
        events = _events_of(pod, status, snapshot, "Unhealthy")
        if events:
            return _about(pod, status, "ProbeFailing", events[0]["message"].strip())
    return None


# --- pods that have to go ----------------------------------------------------------------------------------------------------


def node_is_lost(pod: Manifest) -> bool:
    """Whether the control plane has lost the node of a pod."""
    status, found = pod.get("status") or {}, conditions(pod)
    ready, containers_ready = found.get("Ready") or {}, found.get("ContainersReady") or {}
    # The node controller changes Ready alone; the kubelet keeps the two in step, but for readiness gates.
    by_controller = ready.get("status") == "False" and containers_ready.get("status") == "True" and not pod["spec"].get("readinessGates")
    return status.get("reason") == "NodeLost" or ready.get("status") == "Unknown" or by_controller


def is_overdue(pod: Manifest, policy: Policy) -> bool:
    """Whether a pod that is being deleted will not go by itself."""
    if not leaving(pod):
        return False
    disrupted = conditions(pod).get("DisruptionTarget") or {}
    lost = node_is_lost(pod) or disrupted.get("reason") == "DeletionByTaintManager"
    # Its deletionTimestamp includes its grace period.
    seconds = (policy.present - instant(pod["metadata"]["deletionTimestamp"])).total_seconds()
    return seconds >= (OVERDUE_ON_LOST_NODE if lost else OVERDUE)


def diagnose_leaving(pods: Iterable[Manifest], policy: Policy) -> Finding | None:
    """What keeps pods from going that have to, or None if nothing is known.

    Nothing here ever deletes one: of some, such as the scheduler, there must never be two.

    Args:
        pods: pods that are being deleted and have not ended.
        policy: what counts, and the present.
    """
    ordered = sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))
    return most_certain(_diagnose_leaving(pod, policy) for pod in ordered)


def _diagnose_leaving(pod: Manifest, policy: Policy) -> Finding | None:
    overdue, name, node = is_overdue(pod, policy), pod["metadata"]["name"], pod["spec"].get("nodeName")
    if not overdue and not node_is_lost(pod):
        return None
    namespace = f" --namespace {pod['metadata']['namespace']}" if pod["metadata"].get("namespace") else ""
    finalizers = pod["metadata"].get("finalizers")
    where = f"its node {node} does not answer" if node_is_lost(pod) else f"its node {node} has not ended it"
    message = f"it is being deleted and should have gone by {pod['metadata']['deletionTimestamp']}, but {where}"
    message += f" (finalizers: {', '.join(finalizers)})" if finalizers else ""
    message += (
        f". It may still run there. When node {node} is certainly off: kubectl delete pod {name}{namespace} --force --grace-period=0, "
        f"or remove the node: kubectl delete node {node}"
    )
    return Finding("StuckTerminating", message, 0 if overdue else None, pod=name)


def steps_of(pod: Manifest) -> int:
    """How many steps of its start a pod has made. Crashes undo none."""
    steps = 1 if pod["spec"].get("nodeName") else 0
    for init, status in _statuses(pod):
        state = status.get("state") or {}
        steps += bool("running" in state or "terminated" in state or status.get("restartCount"))
        steps += init and (state.get("terminated") or {}).get("exitCode") == 0
    return steps


# --- pods that were never created --------------------------------------------------------------------------------------------


def refusal_reason(message: str) -> str:
    """The word of the vocabulary for the API server's refusal of a pod."""
    if "exceeded quota" in message:
        return "QuotaExceeded"
    if _PASSING_REFUSAL.search(message) or "error looking up service account" in message:
        return "AdmissionRefused"
    if _LIMIT_RANGE.search(message):
        return "LimitRangeViolated"
    return "PodSecurityViolated" if "violates PodSecurity" in message else "AdmissionRefused"


def diagnose_refusal(message: str, fresh: bool, policy: Policy) -> Finding:
    """Why the API server does not let a controller create pods.

    Args:
        message: the API server's words, from a condition or event FailedCreate.
        fresh: whether it was said since this change.
        policy: what counts, and when it is certain.
    """
    reason = refusal_reason(message)
    if reason == "QuotaExceeded":
        grace = policy.unschedulable_grace if fresh else max(policy.unschedulable_grace, STALE_PATIENCE)
        return Finding(reason, message, grace, capacity=True)
    if _PASSING_REFUSAL.search(message):
        return Finding(reason, message)
    if "error looking up service account" in message:
        return Finding(reason, message, CONTROLLER_DELAY if fresh else STALE_PATIENCE)
    return Finding(reason, message, _certain_after(bool(_REFUSED.search(message)), fresh))
