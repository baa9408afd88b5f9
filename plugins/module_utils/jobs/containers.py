# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which containers of a Job's pod are in its template, and which were injected (private to the collection).

A pod ends only when all of its containers have ended. An injected container that does not end keeps the pod, and so the Job, running.
Native sidecars (init containers with restartPolicy Always) do not, because the kubelet ends them after the other containers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import exit_words, last_end
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import DEFAULT_CONTAINER_ANNOTATION, own_containers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Finding, Manifest

# Seconds that injected containers have to end by themselves. A proxy that is asked to quit drains its connections first; Istio's proxy
# does so for 5 s (terminationDrainDuration).
AFTER_FAILURE = 5.0
AFTER_SUCCESS = 15.0


def main_container(job: Manifest, pod: Manifest) -> str:
    """The container with the most relevant log: the default container of the pod, else the first one of the Job's template."""
    default: str | None = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER_ANNOTATION)
    own = own_containers(job)
    names = [container["name"] for container in pod["spec"]["containers"]]
    return default or next((name for name in names if name in own), names[0])


def failed_container(job: Manifest, pods: Sequence[Manifest]) -> tuple[Manifest, Manifest] | None:
    """The first pod with a failed container, and the status of that container."""
    template = job["spec"]["template"]["spec"]
    own = {*own_containers(job), *(init["name"] for init in template.get("initContainers") or [])}
    for pod in pods:
        status = pod.get("status") or {}
        sidecars = {init["name"] for init in pod["spec"].get("initContainers") or [] if init.get("restartPolicy") == "Always"}
        # Sidecars are stopped when the other containers have ended, mostly with a non-zero exit code.
        containers = sorted(
            [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])],
            key=lambda container: container["name"] in sidecars or container["name"] not in own,
        )
        for container in containers:
            if last_end(container).get("exitCode"):
                return pod, container
    return None


def held_pods(job: Manifest, pods: Sequence[Manifest]) -> Iterator[Finding]:
    """Findings about injected containers that keep a pod running after its work has ended.

    Args:
        job: the Job of the pods.
        pods: the pods that have not ended.
    """
    for pod in pods:
        finding = _held(job, pod)
        if finding:
            yield finding


def _held(job: Manifest, pod: Manifest) -> Finding | None:
    own, statuses = own_containers(job), (pod.get("status") or {}).get("containerStatuses") or []
    ours = [status for status in statuses if status["name"] in own]
    running = [status["name"] for status in statuses if "running" in (status.get("state") or {})]
    injected = [name for name in running if name not in own]
    # With restartPolicy OnFailure the kubelet restarts a failed container.
    final = [status for status in ours if _ended(status) and (_never_restarts(pod) or not _exit_code(status))]
    failed = next((status for status in final if _exit_code(status)), None)
    if injected and len(final) == len(own):
        message = (
            f"{exit_words(_ended(failed or final[0]))}, but the injected {_listed(injected)} still {_verb(injected, 'runs', 'run')}, so "
            "the Job never finishes: disable the injection for Jobs with job_labels or job_annotations"
        )
        return _about(pod, failed or final[0], "SidecarRunsOn", message, AFTER_FAILURE if failed else AFTER_SUCCESS)
    if failed and running and _is_last_try(job):
        message = f"{exit_words(_ended(failed))}, while {_listed(running)} still {_verb(running, 'runs', 'run')}"
        return _about(pod, failed, "JobFailed", message, AFTER_FAILURE)
    return None


def _never_restarts(pod: Manifest) -> bool:
    return bool(pod["spec"].get("restartPolicy") == "Never")


def _ended(status: Manifest) -> Any:
    return (status.get("state") or {}).get("terminated")


def _exit_code(status: Manifest) -> int:
    return int((_ended(status) or {}).get("exitCode") or 0)


def _is_last_try(job: Manifest) -> bool:
    """Whether the next failed pod makes the Job fail."""
    spec = job["spec"]
    if "podFailurePolicy" in spec or "backoffLimitPerIndex" in spec:
        return False
    limit = spec.get("backoffLimit")
    return int((job.get("status") or {}).get("failed") or 0) >= (6 if limit is None else int(limit))


def _listed(names: Sequence[str]) -> str:
    return f"container{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _verb(names: Sequence[str], one: str, several: str) -> str:
    return several if len(names) > 1 else one


def _about(pod: Manifest, status: Manifest, reason: str, message: str, certain_after: float) -> Finding:
    return Finding(
        reason, message, certain_after, pod=pod["metadata"]["name"], container=status["name"], exit_code=_ended(status).get("exitCode")
    )
