# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of a release, based on the objects of its namespace (private to the collection).

Pure functions on objects as the API server returns them. A check is an error if the shop does not work as intended, and a warning if
an operator should look at it. All checks always run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import digest_of
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import (
    created_by,
    foreign_fields_sentence,
    sign_of_others,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import OUR_LABELS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.events import (
    METRICS_GRACE,
    Moment,
    current_warnings,
    endpoints_of,
    of_older_revision,
    pods_of,
    ready_addresses,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import exit_words, why_not_ready
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import (
    controlled_by,
    is_ready,
    newest_replica_set,
    wanted_pods,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.predicates import assess
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    READY,
    WAITING_FOR_CONSUMER,
    Manifest,
    Policy,
    Snapshot,
    Target,
    conditions,
    created,
    event_count,
    instant,
    is_true,
    leaving,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.log_lines import begins_traceback, is_error_line

OK, WARNING, ERROR = "ok", "warning", "error"

# A container that uses this part of its memory limit is close to it. At the limit the kernel kills it.
NEAR_LIMIT = Decimal("0.9")
_LONGEST_LINE = 300
# Kinds with their own number of replicas.
SCALED = ("Deployment", "StatefulSet")
_WITH_TEMPLATE = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Args:
        name: name of the check.
        subject: the checked object as kind/name.
        severity: OK, WARNING or ERROR.
        message: one sentence; may contain text from outside.
    """

    name: str
    subject: str
    severity: str
    message: str


def check_namespace(name: str, namespace: Manifest | None) -> Check:
    """The namespace exists and is not being deleted.

    Args:
        name: name of the namespace.
        namespace: the object; None if it does not exist.
    """
    subject = f"Namespace/{name}"
    if namespace is None:
        return Check("namespace", subject, ERROR, "does not exist")
    phase = (namespace.get("status") or {}).get("phase", "Active")
    return Check("namespace", subject, OK if phase == "Active" else ERROR, f"is {phase}")


def deployed_at(targets: Iterable[Target], snapshot: Snapshot) -> datetime:
    """Creation time of the newest revision of all workloads, which is the time of the release.

    Args:
        targets: workloads.
        snapshot: the objects of the namespace.
    """
    moments = [instant(None)]
    for target in targets:
        owner = snapshot.get(target.kind, target.name)
        if owner and target.kind == "Deployment":
            newest = newest_replica_set(owner, snapshot.all("ReplicaSet"))
            moments.append(created(newest or owner))
        elif owner:
            moments.append(created(owner))
    return max(moments)


def check_workloads(targets: Iterable[Target], snapshot: Snapshot, now: datetime, customer_facing: Iterable[str] = ()) -> Iterator[Check]:
    """Every replica of every workload is of the newest revision, has its image and is ready. Every claim is bound.

    Args:
        targets: workloads and claims.
        snapshot: the objects of the namespace.
        now: the present, in the cluster's time.
        customer_facing: names of the workloads that are required to serve customers.
    """
    policy = Policy(tolerated_failures=0, unschedulable_grace=0, began=now)
    for target in targets:
        name = "claim" if target.kind == "PersistentVolumeClaim" else "workload"
        assessment = assess(target, snapshot, policy)
        finding = assessment.finding
        fine = assessment.state in (READY, WAITING_FOR_CONSUMER)
        message = assessment.progress
        item = snapshot.get(target.kind, target.name)
        if fine and item and _is_at_zero(item):
            yield _check_at_zero(target, snapshot, target.name in customer_facing)
            continue
        if not fine and finding:
            where = "".join(f", {part} {value}" for part, value in (("pod", finding.pod), ("container", finding.container)) if value)
            message = f"{assessment.progress}{where}: {finding.message} ({finding.reason})"
        elif assessment.revision:
            message = f"revision {assessment.revision}, {assessment.progress}"
        yield Check(name, f"{target.kind}/{target.name}", OK if fine else ERROR, message)


def _is_at_zero(item: Manifest) -> bool:
    return item["kind"] in SCALED and wanted_pods(item) == 0


def _check_at_zero(target: Target, snapshot: Snapshot, customer_facing: bool) -> Check:
    subject = f"{target.kind}/{target.name}"
    autoscaler = next((each for each in snapshot.all("HorizontalPodAutoscaler") if _is_off_at_zero(each, target)), None)
    if autoscaler:
        name, least = autoscaler["metadata"]["name"], autoscaler["spec"].get("minReplicas") or 1
        words = (
            f"has 0 replicas, which disables HorizontalPodAutoscaler {name}. Start it with `kubectl --namespace {target.namespace} scale "
            f"{target.kind.lower()}/{target.name} --replicas={least}`, or set hpa_enabled of the tier or group to false to keep it at 0"
        )
        return Check("workload", subject, ERROR, words)
    if customer_facing:
        return Check("workload", subject, WARNING, "has 0 replicas, as set, so no customer is served")
    return Check("workload", subject, OK, "has 0 replicas, as set")


def _is_off_at_zero(autoscaler: Manifest, target: Target) -> bool:
    # An autoscaler of KEDA belongs to a ScaledObject, which scales up from 0 by itself.
    owned = any(each.get("controller") for each in autoscaler["metadata"].get("ownerReferences") or [])
    about = autoscaler["spec"]["scaleTargetRef"]
    return (about["kind"], about["name"]) == (target.kind, target.name) and not owned and autoscaler["spec"].get("minReplicas") != 0


def check_fields(targets: Iterable[Target], snapshot: Snapshot, field_manager: str, allowed: Collection[str] = ()) -> Iterator[Check]:
    """No field of a pod template belongs only to other field managers, and no other client set the volume of a claim.

    Args:
        targets: workloads and claims. Objects that this collection neither applied nor labelled are skipped.
        snapshot: the objects of the namespace.
        field_manager: the field manager of this collection.
        allowed: further field managers that may own fields of pod templates.
    """
    for target in targets:
        item = snapshot.get(target.kind, target.name)
        labels = (item["metadata"].get("labels") or {}) if item else {}
        if item is None or not (applied_fields(item, field_manager) or labels.items() >= OUR_LABELS.items()):
            continue
        subject = f"{target.kind}/{target.name}"
        if target.kind == "PersistentVolumeClaim":
            found = sign_of_others(item, field_manager)
        elif applied_fields(item, field_manager):
            found = foreign_fields_sentence(item, field_manager, allowed)
        else:
            found = created_by(item)
        if found:
            yield Check("fields", subject, ERROR, f"{found}. site.yml restores the fields of the inventory and reports the other fields")
        else:
            yield Check("fields", subject, OK, "no other field manager owns fields that determine the pods or the data")


def check_images(targets: Iterable[Target], snapshot: Snapshot) -> Iterator[Check]:
    """All replicas of a workload run exactly the same images, even if a tag was moved.

    Containers that an admission webhook added to the template's are ignored.

    Args:
        targets: workloads.
        snapshot: the objects of the namespace.
    """
    for target in targets:
        owner = snapshot.get(target.kind, target.name)
        if owner is None:
            continue
        pods = [pod for pod in pods_of(owner, snapshot) if is_ready(pod) and not leaving(pod)]
        running: dict[str, set[str]] = {container["name"]: set() for container in owner["spec"]["template"]["spec"]["containers"]}
        for pod in pods:
            for status in pod["status"].get("containerStatuses") or []:
                if status["name"] in running:
                    running[status["name"]].add(digest_of(status.get("imageID") or status.get("image") or ""))
        mixed = [f"container {name} runs {len(found)} different images" for name, found in running.items() if len(found) > 1]
        subject = f"{target.kind}/{target.name}"
        if mixed:
            yield Check("image", subject, ERROR, "; ".join(mixed))
        elif pods:
            yield Check("image", subject, OK, f"the same in {len(pods)} replicas: {target.image or _first_image(owner)}")


def _first_image(owner: Manifest) -> str:
    return str(owner["spec"]["template"]["spec"]["containers"][0]["image"])


def check_pods(snapshot: Snapshot, since: datetime) -> Iterator[Check]:
    """Pods are ready and do not restart. A finished pod of a Job is healthy.

    A failed pod of a workload has been replaced, and check_workloads counts the remaining ones. Pods without the label of the platform
    do not belong to the release. check_workloads covers pods of an older revision.

    Args:
        snapshot: the objects of the namespace.
        since: restarts and ends before this time are ignored.
    """
    for pod in sorted(snapshot.all("Pod"), key=lambda item: str(item["metadata"]["name"])):
        subject = f"Pod/{pod['metadata']['name']}"
        phase = (pod.get("status") or {}).get("phase")
        owner: Manifest = next((each for each in pod["metadata"].get("ownerReferences") or [] if each.get("controller")), {})
        of_a_job = owner.get("kind") == "Job"
        if phase == "Succeeded" or leaving(pod) or (phase == "Failed" and of_a_job):
            continue
        if of_older_revision(pod, snapshot) and (phase == "Failed" or is_ready(pod)):
            continue
        restarts = list(_restarts(pod, since))
        if phase == "Failed":
            yield Check("pod", subject, OK if _ended_before(pod, since) else WARNING, f"has ended: {_why_ended(pod)}")
        elif not is_ready(pod):
            # A Job's pod is never ready for long, and the Job has its own result.
            severity = OK if of_a_job else ERROR if _is_ours(pod) else WARNING
            yield Check("pod", subject, severity, f"is not ready: {why_not_ready(pod)}")
        elif restarts:
            yield Check("pod", subject, WARNING, "; ".join(restarts))
        else:
            yield Check("pod", subject, OK, "is ready")


def _is_ours(pod: Manifest) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get("app") == OUR_LABELS["app"])


def _ended_before(pod: Manifest, moment: datetime) -> bool:
    """Whether a pod ended before a moment; False if the time of its end is unknown."""
    status = pod["status"]
    ends = [(each.get("state") or {}).get("terminated") or {} for each in status.get("containerStatuses") or []]
    times = [*(end.get("finishedAt") for end in ends), *(each.get("lastTransitionTime") for each in status.get("conditions") or [])]
    return any(times) and max(instant(text) for text in times) < moment


def _why_ended(pod: Manifest) -> str:
    # The pod reports an eviction. Its containers report a failure.
    said = [str(pod["status"][key]).strip() for key in ("reason", "message") if pod["status"].get(key)]
    return ": ".join(said) or why_not_ready(pod)


def _restarts(pod: Manifest, since: datetime) -> Iterator[str]:
    for status in pod["status"].get("containerStatuses") or []:
        ended = (status.get("lastState") or {}).get("terminated")
        if ended and instant(ended.get("finishedAt")) >= since:
            times = status.get("restartCount", 1)
            yield f"container {status['name']} was restarted, {times} times in all: it {exit_words(ended)}"


def check_services(names: Iterable[str], snapshot: Snapshot) -> Iterator[Check]:
    """Every Service has a ready endpoint.

    Args:
        names: names of the Services.
        snapshot: the objects of the namespace, with Services and EndpointSlices.
    """
    for name in names:
        subject = f"Service/{name}"
        if snapshot.get("Service", name) is None:
            yield Check("service", subject, ERROR, "does not exist")
            continue
        ready = ready_addresses(name, snapshot)
        behind = _selected(snapshot.get("Service", name) or {}, snapshot)
        at_zero = [item for item in behind if _is_at_zero(item)]
        if ready:
            yield Check("service", subject, OK, f"{len(ready)} endpoints are ready")
        elif at_zero and len(at_zero) == len(behind):
            which = " and ".join(f"{item['kind']} {item['metadata']['name']}" for item in at_zero)
            yield Check("service", subject, OK, f"has no endpoint, because {which} has 0 replicas")
        else:
            count = len(endpoints_of(name, snapshot))
            yield Check("service", subject, ERROR, f"has no ready endpoint (0 of {count})")


def check_scaled_objects(snapshot: Snapshot, now: datetime) -> Iterator[Check]:
    """KEDA can read the triggers of every ScaledObject of the platform.

    Args:
        snapshot: the objects of the namespace.
        now: the present, in the cluster's time.
    """
    for item in snapshot.all("ScaledObject"):
        if not _is_ours(item):
            continue
        subject, ready = f"ScaledObject/{item['metadata']['name']}", conditions(item).get("Ready") or {}
        # KEDA first sets the status of a new object to Unknown, without a message.
        is_read = bool(ready.get("message") or ready.get("reason"))
        if is_true(item, "Ready"):
            spec = item["spec"]
            words = f"KEDA sets from {spec.get('minReplicaCount', 0)} to {spec.get('maxReplicaCount', 100)} replicas"
            yield Check("autoscaler", subject, OK, words)
        elif is_read:
            said = ": ".join(str(ready[key]).strip() for key in ("reason", "message") if ready.get(key))
            yield Check("autoscaler", subject, WARNING, f"KEDA cannot set the replicas: {said}")
        elif now - created(item) > METRICS_GRACE:
            yield Check("autoscaler", subject, WARNING, "KEDA has not read it. Check that its operator runs")


def _selected(service: Manifest, snapshot: Snapshot) -> list[Manifest]:
    """The workloads whose pods a Service selects."""
    selector: Mapping[str, str] = (service.get("spec") or {}).get("selector") or {}
    workloads = [item for kind in ("Deployment", "StatefulSet", "DaemonSet") for item in snapshot.all(kind)]
    labels = [(item, (item["spec"]["template"].get("metadata") or {}).get("labels") or {}) for item in workloads]
    return [item for item, has in labels if selector and selector.items() <= has.items()]


def check_no_metrics(status: int | None, message: str, namespace: Manifest, now: datetime) -> Check:
    """The check result if the memory usage cannot be read.

    Args:
        status: status code of the API server; None if there was no response.
        message: the message of the API server.
        namespace: the Namespace.
        now: the present, in the cluster's time.
    """
    # A missing metrics API and a missing permission to read it are part of the cluster's configuration.
    as_set_up = status in (403, 404)
    if as_set_up or now - created(namespace) < METRICS_GRACE:
        why = "the cluster has no metrics API (metrics.k8s.io)" if status == 404 else message
        return Check("memory", "PodMetrics", OK, f"memory usage was not checked: {why}")
    return Check("memory", "PodMetrics", WARNING, f"the metrics API does not respond, so memory usage was not checked: {message}")


def check_memory(pods: Iterable[Manifest], metrics: Iterable[Manifest]) -> Iterator[Check]:
    """No container is close to its memory limit, at which the kernel would kill it.

    Args:
        pods: the pods of the namespace.
        metrics: PodMetrics.
    """
    # Imported here, as Ansible's import sanity test requires.
    from kubernetes.utils.quantity import parse_quantity

    limits = {
        (pod["metadata"]["name"], container["name"]): container["resources"]["limits"]["memory"]
        for pod in pods
        for container in pod["spec"]["containers"]
        if ((container.get("resources") or {}).get("limits") or {}).get("memory")
    }
    highest = Decimal(0)
    near = []
    for item in metrics:
        for container in item.get("containers") or []:
            limit = limits.get((item["metadata"]["name"], container["name"]))
            if limit is None:
                continue
            part = parse_quantity(container["usage"]["memory"]) / parse_quantity(limit)
            highest = max(highest, part)
            if part >= NEAR_LIMIT:
                subject = f"Pod/{item['metadata']['name']}"
                near.append(Check("memory", subject, WARNING, f"container {container['name']} uses {part:.0%} of its limit of {limit}"))
    yield from near
    if not near:
        yield Check("memory", "PodMetrics", OK, f"at most {highest:.0%} of a limit is used")


def check_events(events: Iterable[Manifest], since: datetime, moment: Moment) -> Iterator[Check]:
    """Warning events since a moment that still apply, without duplicates.

    Args:
        events: the events of the namespace.
        since: the moment.
        moment: the objects of the events.
    """
    grouped: dict[tuple[str, str, str], int] = {}
    for event in current_warnings(events, since, moment):
        about = event["involvedObject"]
        key = (f"{about.get('kind')}/{about.get('name')}", str(event.get("reason")), " ".join(str(event.get("message") or "").split()))
        grouped[key] = grouped.get(key, 0) + event_count(event)
    for (subject, reason, message), count in sorted(grouped.items()):
        yield Check("event", subject, WARNING, f"{reason}{f' ({count} times)' if count > 1 else ''}: {message}")
    if not grouped:
        yield Check("event", "Events", OK, "no warnings")


def logs_to_search(snapshot: Snapshot) -> Iterator[tuple[str, Manifest]]:
    """Pod name and container specification of each log to search: those of running pods that are not being deleted.

    The specification is that of the template, because an admission webhook can change the probes in a pod. Containers that a webhook
    injected are skipped.

    Args:
        snapshot: the objects of the namespace.
    """
    for pod in snapshot.all("Pod"):
        if (pod.get("status") or {}).get("phase") == "Running" and not leaving(pod) and not of_older_revision(pod, snapshot):
            for container in _own_specifications(pod, snapshot):
                yield pod["metadata"]["name"], container


def _own_specifications(pod: Manifest, snapshot: Snapshot) -> list[Manifest]:
    """The containers in the template of a pod's controller; those of the pod if the controller is not among the objects."""
    owners = [owner for kind in _WITH_TEMPLATE for owner in snapshot.all(kind) if controlled_by(owner, [pod])]
    specification = owners[0]["spec"]["template"]["spec"] if owners else pod["spec"]
    names = {container["name"] for container in pod["spec"]["containers"]}
    return [container for container in specification["containers"] if container["name"] in names]


def check_log(pod: str, container: Manifest, lines: Sequence[str], mask: Callable[[str], str]) -> Check | None:
    """Error lines in a container's log; None if there are none.

    Args:
        pod: name of the pod.
        container: specification of the container.
        lines: the lines to search.
        mask: hides secrets. It is applied before a line is shortened, because a part of a secret is not recognized.
    """
    probes = _probed_paths(container)
    errors = [number for number, line in enumerate(lines) if is_error_line(line) and not _answers_a_probe(line, probes)]
    if not errors:
        return None
    last = " ".join(mask(_what_it_says(lines[errors[-1] :])).split())[:_LONGEST_LINE]
    return Check("log", f"Pod/{pod}", WARNING, f"container {container['name']} wrote {len(errors)} error lines, the last: {last}")


def _what_it_says(lines: Sequence[str]) -> str:
    """The first line, or the exception of the traceback that starts there."""
    ends = (line for line in lines[1:] if line.strip() and not line[0].isspace())
    return next(ends, lines[0]) if begins_traceback(lines[0]) else lines[0]


def _probed_paths(container: Manifest) -> set[str]:
    probes = (container.get(kind) or {} for kind in ("startupProbe", "readinessProbe", "livenessProbe"))
    return {(probe.get("httpGet") or {}).get("path", "") for probe in probes} - {""}


def _answers_a_probe(line: str, paths: set[str]) -> bool:
    """Whether a line only reports a failed probe: Django logs its response 503, and nginx that it did not reach Django.

    The pod's conditions and the kubelet's events already report failed probes.
    """
    failed = any(words in line for words in ("Service Unavailable", "connecting to upstream"))
    return failed and not paths.isdisjoint(word.strip("\"',:;()[]{}") for word in line.split())


def summary(checks: Sequence[Check]) -> str:
    """One sentence about all checks."""
    counts = {severity: sum(check.severity == severity for check in checks) for severity in (ERROR, WARNING, OK)}
    if not counts[ERROR]:
        return f"{counts[OK]} checks passed, {counts[WARNING]} warnings"
    errors = [f"{check.subject} {check.message}" for check in checks if check.severity == ERROR]
    return f"{counts[ERROR]} of {len(checks)} checks failed: {'; '.join(errors)}"
