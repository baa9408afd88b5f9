# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Objects as an API server returns them, and a fake cluster that contains some of them."""

from __future__ import annotations

import copy
import socket
import threading
from collections.abc import Callable
from typing import Any

import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError

Manifest = dict[str, Any]

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: django
  namespace: jewelry-shop
  uid: d-1
  generation: 4
  annotations: {deployment.kubernetes.io/revision: "2"}
spec:
  replicas: 3
  selector: {matchLabels: {app: jewelry-shop, component: django}}
  template:
    spec:
      containers:
        - name: django
          image: 127.0.0.1:5001/shop:2
          ports:
            - {name: http, containerPort: 8000, protocol: TCP}
            - {containerPort: 9000, protocol: TCP}
        - name: exporter
          image: 127.0.0.1:5001/exporter:1
          ports: [{name: metrics, containerPort: 9113, protocol: TCP}]
status:
  observedGeneration: 4
  replicas: 3
  conditions:
    - {type: Available, status: "True", reason: MinimumReplicasAvailable}
    - {type: Progressing, status: "True", reason: NewReplicaSetAvailable}
"""

REPLICA_SETS = """
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata:
    name: django-aaaa
    uid: rs-9
    annotations: {deployment.kubernetes.io/revision: "9"}
    ownerReferences: [{kind: Deployment, name: django, uid: d-1, controller: true}]
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata:
    name: django-bbbb
    uid: rs-10
    annotations: {deployment.kubernetes.io/revision: "10"}
    ownerReferences: [{kind: Deployment, name: django, uid: d-1, controller: true}]
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata:
    name: another-cccc
    uid: rs-11
    annotations: {deployment.kubernetes.io/revision: "11"}
    ownerReferences: [{kind: Deployment, name: another, uid: d-2, controller: true}]
"""

STATEFUL_SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgresql, namespace: jewelry-shop, uid: s-1, generation: 1}
spec:
  replicas: 1
  selector: {matchLabels: {app: jewelry-shop, component: postgresql}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}
  template: {spec: {containers: [{name: postgresql, image: pg, ports: [{name: postgresql, containerPort: 5432}]}]}}
status: {observedGeneration: 1, currentRevision: postgresql-old, updateRevision: postgresql-new}
"""

DAEMON_SET = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: jewelry-shop, uid: ds-1, generation: 1}
spec:
  selector: {matchLabels: {app: agent}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}
  template: {spec: {containers: [{name: agent, image: agent}]}}
status: {observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 3}
"""


def load(text: str) -> Any:
    """A fresh copy of a document."""
    return yaml.safe_load(text)


def pod(name: str, owner: str = "rs-10", ready: bool = True, **metadata: Any) -> Manifest:
    """A pod of the Deployment's newest revision, unless another owner is given."""
    state: Manifest = {"running": {"startedAt": "2026-11-25T16:00:00Z"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "ownerReferences": [{"uid": owner, "controller": True, "kind": "ReplicaSet", "name": "django-bbbb"}],
            **metadata,
        },
        "spec": {
            "nodeName": "worker",
            "containers": [
                {"name": "django", "image": "127.0.0.1:5001/shop:2"},
                {"name": "exporter", "image": "127.0.0.1:5001/exporter:1"},
            ],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": str(ready), **({} if ready else {"reason": "ContainersNotReady"})},
            ],
            "containerStatuses": [{"name": "django", "ready": ready, "restartCount": 0, "state": state, "lastState": {}}],
        },
    }


class Stream:
    """A stand-in for the client layer's stream, over a socket pair and a real connection."""

    def __init__(self, port: int, said: str | None = None) -> None:
        self._near, far = socket.socketpair()
        self._said = said
        self._server: socket.socket | None = None
        self.aborted = False
        self.closed = threading.Event()
        if said:
            far.close()
            return
        self._server = socket.create_connection(("127.0.0.1", port))
        for source, target in ((far, self._server), (self._server, far)):
            threading.Thread(target=_copy, args=(source, target, self.closed), daemon=True).start()

    def detach(self) -> int:
        return self._near.detach()

    def error(self) -> str | None:
        return self._said

    def abort(self) -> None:
        self.aborted = True
        if self._server:
            self._server.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket, closed: threading.Event) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
    closed.set()


class NothingToTakeOver:
    """Part of a stand-in for what a plan asks: nothing of another install is there, and nothing to remove."""

    def ours(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        raise AssertionError(f"nobody owns {api_version} {kind} in {namespace} here")

    def dry_run_patch(self, patch: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        raise AssertionError(f"{patch} is nobody else's")

    def dry_run_delete(self, live: Manifest, policy: str) -> None:
        raise AssertionError(f"{live} is nobody else's")


class StandInCluster:
    """A stand-in for the client layer.

    Args:
        workload: what get() returns, or the error it raises.
        pods: what list() returns for pods; called each time.
        ports: port of this machine behind each pod.
    """

    def __init__(self, workload: Manifest | PlatformError, pods: Callable[[], list[Manifest]], ports: dict[str, int]) -> None:
        self.workload, self._pods, self._ports = workload, pods, ports
        self.gets = 0
        self.forwarded: list[tuple[str, int]] = []
        self.streams: list[Stream] = []
        self.said: dict[str, str] = {}
        self.refusal: PlatformError | None = None

    def get(self, _kind: str, _namespace: str, _name: str, _timeout: float) -> Manifest:
        self.gets += 1
        if isinstance(self.workload, PlatformError):
            raise self.workload
        return copy.deepcopy(self.workload)

    def list(self, kind: str, _namespace: str, _selector: str, _timeout: float) -> list[Manifest]:
        found: list[Manifest] = load(REPLICA_SETS) if kind == "ReplicaSet" else self._pods()
        return found

    def port_forward(self, namespace: str, pod: str, port: int) -> Stream:
        self.forwarded.append((f"{namespace}/{pod}", port))
        if self.refusal:
            raise self.refusal
        self.streams.append(Stream(self._ports.get(pod, 0), self.said.get(pod)))
        return self.streams[-1]
