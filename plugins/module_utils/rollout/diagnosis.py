# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What prevents a pod or a claim of the newest revision from becoming ready, and whether that is permanent (private to the collection).

Pure functions on objects as the API server returns them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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

# Seconds that a container without a readiness probe must run to count as ready: after its first start, and after a failure.
SETTLED = 5.0
SETTLED_AFTER_FAILURE = 10.0

# Seconds until the volume controller retries a claim without a class, or admission sees a new ServiceAccount.
CONTROLLER_DELAY = 20.0

# Seconds after which an error from before the wait counts without a new event, because it may already be fixed. The kubelet retries
# configuration within 20 s and image pulls within five minutes, and controllers retry later. Events of repeated failures are rate-limited.
STALE_PATIENCE = 60.0

# A node that an autoscaler announced this long before the wait may still join.
SCALE_UP = timedelta(seconds=60)

# Duration of failures after which provisioning has failed. A provisioner retries after 1, 2, 4, 8 ... seconds, and a slow one reports
# failures until its volume is created.
PROVISIONING_PATIENCE = timedelta(seconds=60)

# Seconds after its grace period for which a pod may still exist, because the kubelet kills its containers and unmounts its volumes. A pod
# on a node that does not respond stays until the node returns, or until the pod or the node is deleted.
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

# An error of the scheduler says nothing about the nodes. It may, for example, not know a new claim yet.
_SCHEDULER_TRIES_AGAIN = ("SchedulingGated", "SchedulerError")
_NODES_MAY_RETURN = re.compile(r"node\.(kubernetes|cloudprovider\.kubernetes)\.io/[\w-]+|were unschedulable", re.IGNORECASE)
# From 1.34 on the scheduler's message does not name the taint, so an unreachable node looks like a reserved one.
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

# gRPC codes with which a storage driver reports that it is busy and that the caller should retry.
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
    """Add to the policy the failures that the containers of older pods had when the wait began.

    Args:
        policy: contains the start of the wait.
        pods: the pods at the start of the wait.
    """
    older = [(pod["metadata"]["uid"], status) for pod in pods if created(pod) < policy.since for _init, status in _statuses(pod)]
    return replace(
        policy,
        failures_before={(uid, status["name"]): failure_count(status) for uid, status in older},
        served_before=frozenset((uid, status["name"]) for uid, status in older if _served(status, policy.began)),
    )


def _served(status: Manifest, moment: datetime) -> bool:
    """Whether a container was ready, and not only between two crashes."""
    running = (status.get("state") or {}).get("running")
    settled = running is None or (moment - instant(running.get("startedAt"))).total_seconds() >= SETTLED_AFTER_FAILURE
    return bool(status.get("ready")) and settled


def settling(pods: Iterable[Manifest], own: Collection[str], policy: Policy) -> Finding | None:
    """Whether pods are ready only because they have no readiness probe: such a container is ready whenever it runs.

    Args:
        pods: the pods of the newest revision, all ready.
        own: names of the containers in the template. The probe of an injected container is no evidence for them.
        policy: the limits of the wait.

    Returns:
        A finding whose certain_after is the time for which the pods must stay ready; None if they count as ready already.
    """
    statuses = [(pod, status) for pod in pods for init, status in _statuses(pod) if not init]
    return max((_settling(pod, status, own, policy) for pod, status in statuses), key=_time, default=None)


def _time(finding: Finding | None) -> float:
    return (finding.certain_after or 0.0) if finding else 0.0


def _settling(pod: Manifest, status: Manifest, own: Collection[str], policy: Policy) -> Finding | None:
    probes = {container["name"]: bool(container.get("readinessProbe")) for container in pod["spec"]["containers"]}
    evidence = any(probes[name] for name in own if name in probes)
    started = instant(((status.get("state") or {}).get("running") or {}).get("startedAt"))
    failures = failure_count(status) - policy.failures_before.get((pod["metadata"]["uid"], status["name"]), 0)
    seconds = SETTLED_AFTER_FAILURE if failures > 0 else SETTLED
    # While no container has failed, one with a readiness probe is sufficient evidence for the others in its pod.
    if (policy.began - started).total_seconds() >= seconds or probes.get(status["name"]) or (failures <= 0 and evidence):
        return None
    words = f"it has no readiness probe and must run for {seconds:.0f} s" + (f" after {failures} failures" if failures > 0 else "")
    return Finding("Settling", words, seconds, pod=pod["metadata"]["name"], container=status["name"], verdict=READY)


def diagnose_pod(pod: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    """What prevents a pod from being ready, or None if that is unknown.

    Args:
        pod: a pod of the newest revision that is not being deleted.
        snapshot: contains the events and claims of its namespace.
        policy: the limits of the wait, and when an error is permanent.
    """
    scheduled = conditions(pod).get("PodScheduled")
    if not pod["spec"].get("nodeName"):
        claims = [diagnose_claim(claim, snapshot, policy) for claim in _claims(pod, snapshot)]
        return most_certain([*claims, _not_scheduled(pod, scheduled, snapshot, policy)])
    if node_is_lost(pod):
        # The kubelet's last report about the containers is out of date.
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
    """When an error is permanent: never, at once, or after a while if it is older than the wait and no new event confirms it."""
    return None if not hopeless else 0.0 if fresh else STALE_PATIENCE


# --- from the status of a pod only ------------------------------------------------------------------------------------------


def why_not_ready(pod: Manifest) -> str:
    """The most direct cause in a pod's status for not being ready, with the message of the cluster if there is one.

    For a check that reads no events and gives no verdict. A wait uses diagnose_pod.
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
        return Finding("ClaimNotFound", f"PersistentVolumeClaim {missing['name']} does not exist", policy.unschedulable_grace, pod=name)
    scale_up = [event for event in snapshot.events(uid, "TriggeredScaleUp", "Nominated") if event_time(event) >= policy.began - SCALE_UP]
    passing = (
        scheduled.get("reason") in _SCHEDULER_TRIES_AGAIN
        or "unbound" in nodes
        or _NODES_MAY_RETURN.search(nodes)
        or _ONLY_TAINTS.match(nodes)
    )
    if scale_up or passing:
        return Finding("Unschedulable", message, pod=name)
    return Finding("Unschedulable", message, policy.unschedulable_grace, bool(_OTHER_PODS_IN_THE_WAY.search(nodes)), pod=name)


def diagnose_claim(claim: Manifest, snapshot: Snapshot, policy: Policy) -> Finding | None:
    """What prevents a claim from being bound, or None if that is unknown.

    Args:
        claim: a PersistentVolumeClaim.
        snapshot: contains the events of its namespace.
        policy: the limits of the wait, and when an error is permanent.
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
    # The provisioner is retrying and may succeed. Its last failure is the best known cause.
    if at_work and event_time(at_work[0]) > event_time(last):
        return Finding("ClaimNotProvisioned", message)
    fresh = policy.is_fresh(claim, [event_time(last)])
    if last["reason"] == "FailedBinding":
        delay = CONTROLLER_DELAY if fresh else STALE_PATIENCE
        return Finding("ClaimNotProvisioned", message, delay if "no storage class is set" in last["message"] else None)
    return Finding("ClaimNotProvisioned", message, _certain_after(_provisioning_is_hopeless(failures, policy), fresh))


def _provisioning_is_hopeless(failures: Sequence[Manifest], policy: Policy) -> bool:
    """Whether a provisioner's failures, newest first, are permanent."""
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
        "InvalidImageName": lambda: _about(pod, status, "InvalidImageName", f"{status.get('image')} is not a valid image name", 0),
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
    # Before Kubernetes 1.31 the message of ImagePullBackOff does not contain the cause, but the event does.
    words = str(waiting.get("message") or "")
    cause = events[0]["message"] if events and waiting["reason"] == "ImagePullBackOff" and "ErrImagePull" not in words else words
    image = status.get("image") or ""
    reason = image_pull_reason(cause, image)
    text = _RPC_PREFIX.sub("", cause).removeprefix(f'Back-off pulling image "{image}": ErrImagePull: ')
    # The pod's status may lag behind its events.
    same = [event_time(event) for event in events if image_pull_reason(event["message"], image) == reason]
    certain_after = _certain_after(reason != "ImageUnavailable", policy.is_fresh(pod, same))
    verb = {"ImageNotFound": "was not found", "ImageAccessDenied": "cannot be pulled (access denied)"}.get(reason, "cannot be pulled yet")
    return _about(pod, status, reason, f"image {image} {verb}: {text}", certain_after)


def image_pull_reason(cause: str, image: str) -> str:
    """Whether a failed pull can succeed on a retry.

    Args:
        cause: the message of the kubelet.
        image: the image, because its name and tag may look like an error.

    Returns:
        ImageNotFound, ImageAccessDenied, or ImageUnavailable for a temporary error.
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
    # The Job controller counts the failures of a Job's pods itself.
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
    """The terminated state of a container, or of its previous instance; empty if none has ended."""
    return (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated") or {}


def exit_words(terminated: Manifest, times: int = 1) -> str:
    """How a container ended, in words. A message of several lines keeps its line breaks, so that secrets in it are still recognized.

    Args:
        terminated: the terminated state of a container.
        times: how often it has ended.
    """
    code, reason = terminated.get("exitCode"), terminated.get("reason")
    # Without a termination message this is the end of the container's log: up to 80 lines.
    message = cause_lines(str(terminated.get("message") or ""))
    words = f"ended with exit code {code}"
    if reason == "OOMKilled":
        words = f"was killed because it exceeded its memory limit (OOMKilled, exit code {code})"
    elif reason not in (None, "Error", "Completed"):
        words += f" ({reason})"
    words += f", {times} times" if times > 1 else ""
    return f"{words}: {message}" if message else words


# --- problems of a scheduled pod that no container status explains -----------------------------------------------------------


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


# --- terminating pods --------------------------------------------------------------------------------------------------------


def node_is_lost(pod: Manifest) -> bool:
    """Whether the control plane has lost contact with the node of a pod."""
    status, found = pod.get("status") or {}, conditions(pod)
    ready, containers_ready = found.get("Ready") or {}, found.get("ContainersReady") or {}
    # The node controller changes only Ready. The kubelet keeps Ready and ContainersReady equal, except for readiness gates.
    by_controller = ready.get("status") == "False" and containers_ready.get("status") == "True" and not pod["spec"].get("readinessGates")
    return status.get("reason") == "NodeLost" or ready.get("status") == "Unknown" or by_controller


def is_overdue(pod: Manifest, policy: Policy) -> bool:
    """Whether a pod that is being deleted will not end without help."""
    if not leaving(pod):
        return False
    disrupted = conditions(pod).get("DisruptionTarget") or {}
    lost = node_is_lost(pod) or disrupted.get("reason") == "DeletionByTaintManager"
    # The deletionTimestamp includes the grace period.
    seconds = (policy.present - instant(pod["metadata"]["deletionTimestamp"])).total_seconds()
    return seconds >= (OVERDUE_ON_LOST_NODE if lost else OVERDUE)


def diagnose_leaving(pods: Iterable[Manifest], policy: Policy) -> Finding | None:
    """What prevents terminating pods from ending, or None if that is unknown.

    This code never deletes a pod: of some workloads, such as the scheduler, two pods must never run.

    Args:
        pods: pods that are being deleted and have not ended.
        policy: the limits of the wait, and the present time.
    """
    ordered = sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))
    return most_certain(_diagnose_leaving(pod, policy) for pod in ordered)


def _diagnose_leaving(pod: Manifest, policy: Policy) -> Finding | None:
    overdue, name, node = is_overdue(pod, policy), pod["metadata"]["name"], pod["spec"].get("nodeName")
    if not overdue and not node_is_lost(pod):
        return None
    namespace = f" --namespace {pod['metadata']['namespace']}" if pod["metadata"].get("namespace") else ""
    finalizers = pod["metadata"].get("finalizers")
    where = f"node {node} does not respond" if node_is_lost(pod) else f"node {node} has not stopped it"
    message = f"its deletion was due at {pod['metadata']['deletionTimestamp']}, but {where}"
    message += f" (finalizers: {', '.join(finalizers)})" if finalizers else ""
    message += (
        f". The pod may still run there. Shut down node {node} first, then run: kubectl delete pod {name}{namespace} --force "
        f"--grace-period=0, or: kubectl delete node {node}"
    )
    return Finding("StuckTerminating", message, 0 if overdue else None, pod=name)


def steps_of(pod: Manifest) -> int:
    """Number of steps that a pod has completed during its start. Crashes do not reduce it."""
    steps = 1 if pod["spec"].get("nodeName") else 0
    for init, status in _statuses(pod):
        state = status.get("state") or {}
        steps += bool("running" in state or "terminated" in state or status.get("restartCount"))
        steps += init and (state.get("terminated") or {}).get("exitCode") == 0
    return steps


# --- pods that were never created --------------------------------------------------------------------------------------------


def refusal_reason(message: str) -> str:
    """The documented reason for the API server's rejection of a pod."""
    if "exceeded quota" in message:
        return "QuotaExceeded"
    if _PASSING_REFUSAL.search(message) or "error looking up service account" in message:
        return "AdmissionRefused"
    if _LIMIT_RANGE.search(message):
        return "LimitRangeViolated"
    return "PodSecurityViolated" if "violates PodSecurity" in message else "AdmissionRefused"


def diagnose_refusal(message: str, fresh: bool, policy: Policy) -> Finding:
    """Why the API server rejects the pods of a controller.

    Args:
        message: the message of the API server, from a condition or an event FailedCreate.
        fresh: whether the message is newer than this change.
        policy: the limits of the wait, and when an error is permanent.
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
