# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two kinds of check: a URL, and every pod of a workload (private to the collection)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, bounded_call
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.endpoint import Workload
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.port_forward import Forwarder, PodDialer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.prober import NOT_TRIED, Prober, Record, in_threads
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import dial_direct
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import (
    Manifest,
    Pod,
    describe,
    label_selector,
    newest_pods,
    newest_revision,
    own_containers,
    port_number,
    stalled,
    wanted_pods,
)


class ClusterReader(Forwarder, Protocol):
    """The functions of the cluster that are used here."""

    def get(self, kind: str, namespace: str, name: str, timeout: float) -> Manifest:
        """Return one object, or raise PlatformError."""

    def list(self, kind: str, namespace: str, selector: str, timeout: float) -> Sequence[Manifest]:
        """Return objects, or raise PlatformError."""


class Check(Protocol):
    """A check. The runner repeats it until it has no reason or is final."""

    final: bool

    def round(self) -> None:
        """Retry everything that is not healthy yet."""

    def reason(self) -> str | None:
        """Why the check is unhealthy, or None."""

    def result(self) -> dict[str, Any]:
        """The entry in the module's result."""


class UrlCheck:
    """The check of a URL."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober
        self._record = Record()
        self.final = False

    def round(self) -> None:
        """Send the request once."""
        self._prober.attempt(self._record, dial_direct)

    def reason(self) -> str | None:
        """Why the URL is unhealthy, or None."""
        return self._record.reason

    def result(self) -> dict[str, Any]:
        """The entry in the module's result."""
        endpoint = self._prober.endpoint
        return {"name": endpoint.name, "url": endpoint.request.url, "connected": self._record.connected, **self._record.result()}


@dataclass
class _PodRecord:
    pod: Pod
    record: Record = field(default_factory=Record)

    def reason(self) -> str | None:
        where = f"pod {self.pod.name}" + (f" on node {self.pod.node}" if self.pod.node else "")
        return f"{where}: {self.record.reason}" if self.record.reason else None

    def result(self) -> dict[str, Any]:
        pod = self.pod
        return {
            "pod": pod.name,
            "node": pod.node,
            "ready": pod.ready,
            **self.record.result(),
            "revision": pod.revision,
            "image": pod.image,
        }


class WorkloadCheck:
    """The check of every ready pod of a workload's newest revision. Each round reads the pods again."""

    def __init__(self, prober: Prober, workload: Workload, cluster: ClusterReader) -> None:
        self._prober = prober
        self._workload = workload
        self._cluster = cluster
        self._pods: list[_PodRecord] = []
        self._wanted = 0
        self._rounds = 0
        self._error: str | None = NOT_TRIED
        self.final = False

    def round(self) -> None:
        """Read the pods, and send the request to each ready pod that was not healthy yet."""
        deadline = Deadline(self._prober.settings.request_timeout, self._prober.deadline)
        try:
            port = self._look_up(deadline)
        except PlatformError as error:
            self._error, self.final = str(error), error.certain
        except TimeoutError:
            # The end of the run interrupted this read, so the result of an earlier round is more useful.
            if not (deadline.cut_short and self._rounds):
                self._error = f"{self._workload}: no answer from the API server within {deadline.seconds:g} s"
        else:
            due = [entry for entry in self._pods if entry.pod.ready and entry.record.reason]
            in_threads([partial(self._attempt, entry, port) for entry in due], self._prober.deadline)
            certain = [entry.record.reason for entry in due if entry.record.certain]
            if certain:  # a missing permission, which is the same for all pods
                self._error, self.final = certain[0], True
        self._rounds += 1

    def _attempt(self, entry: _PodRecord, port: int) -> None:
        dialer = PodDialer(self._cluster, self._workload.namespace, entry.pod.name, port)
        self._prober.attempt(entry.record, dialer)

    def _look_up(self, deadline: Deadline) -> int:
        """Read the workload's state and return the port number."""
        found, sets, pods = bounded_call(partial(self._read, deadline), deadline)
        try:
            port = port_number(found, self._workload.port, self._workload.container)
        except PlatformError as error:
            raise PlatformError(f"{self._workload}: {error}", error.certain) from error
        revision = newest_revision(found, sets)
        own = own_containers(found)
        described = [describe(pod, revision, self._workload.container, own) for pod in newest_pods(found, sets, pods)]
        self._pods = [self._take_in(pod) for pod in sorted(described, key=lambda pod: pod.name)]
        least = self._prober.endpoint.min_pods
        self._wanted = wanted_pods(found) if least is None else least
        problem = stalled(found, missing=self._ready < self._wanted)
        self._error = f"{self._workload}: {problem}" if problem else None
        return port

    def _read(self, deadline: Deadline) -> tuple[Manifest, Sequence[Manifest], Sequence[Manifest]]:
        workload, cluster = self._workload, self._cluster
        found = cluster.get(workload.kind, workload.namespace, workload.name, deadline.require())
        selector = label_selector(found)
        sets: Sequence[Manifest] = []
        if workload.kind == "Deployment":
            sets = cluster.list("ReplicaSet", workload.namespace, selector, deadline.require())
        return found, sets, cluster.list("Pod", workload.namespace, selector, deadline.require())

    def _take_in(self, pod: Pod) -> _PodRecord:
        entry = next((known for known in self._pods if known.pod.uid == pod.uid), None) or _PodRecord(pod)
        if not pod.ready:
            entry.record.reason = f"not ready: {pod.reason}"
        elif not entry.pod.ready:
            entry.record.reason = NOT_TRIED
        entry.pod = pod
        return entry

    @property
    def _ready(self) -> int:
        return sum(entry.pod.ready for entry in self._pods)

    def reason(self) -> str | None:
        """Why the workload is unhealthy, or None."""
        if self.final:
            return self._error
        problems = [self._error] if self._error else []
        missing = self._ready < self._wanted
        if missing:
            problems.append(f"{self._ready} of {self._wanted} wanted pods are ready")
        problems += [reason for entry in self._pods if (entry.pod.ready or missing) and (reason := entry.reason())]
        return "; ".join(problems) or None

    def result(self) -> dict[str, Any]:
        """The entry in the module's result."""
        workload, reason = self._workload, self.reason()
        tried = [entry.record for entry in self._pods if entry.pod.ready]
        statuses = {record.status for record in tried}
        elapsed = [record.elapsed for record in tried if record.elapsed is not None]
        return {
            "name": self._prober.endpoint.name,
            "workload": {"kind": workload.kind, "namespace": workload.namespace, "name": workload.name, "port": workload.port},
            "healthy": reason is None,
            "wanted": self._wanted,
            "ready": self._ready,
            "pods": [entry.result() for entry in self._pods],
            "status": statuses.pop() if len(statuses) == 1 else None,
            "elapsed": round(max(elapsed), 3) if elapsed else None,
            "attempts": self._rounds,
            "reason": reason,
        }
