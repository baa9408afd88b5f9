# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster as this collection's modules see it, over kubernetes.core's client (private to the collection)."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    PlatformError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.rejections import rejection

T = TypeVar("T")

# How long the API server may be away, and how long to wait before asking again, at first and at most; in seconds.
OUTAGE = 90.0
FIRST_RETRY = 0.25
LAST_RETRY = 4.0

API_VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Pod": "v1",
    "Secret": "v1",
}
_FINAL_STATUSES = (400, 401, 403, 404)
_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500
_TRANSPORTS = ("urllib3", "websocket")
_TRANSPORT_NOISE = re.compile(r"<[^<>]*>: |HTTPS?Connection\([^)]*\): ")


def patiently(ask: Callable[[], T]) -> T:
    """Ask the API server, and ask again while it is away or too busy, as when it restarts.

    Not for the first request of a run: an address that was never right would be told only after OUTAGE.

    Args:
        ask: may be called more than once: a read, a dry run, or a write that does not matter twice.

    Raises:
        PlatformError: as asked; that of the last time if the API server has been away for too long.
    """
    deadline, delay = Deadline(OUTAGE), FIRST_RETRY
    while True:
        try:
            return ask()
        except PlatformError as error:
            if not error.away or deadline.remaining() < delay:
                raise
        time.sleep(delay)
        delay = min(LAST_RETRY, delay * 2)


class PodStream:
    """A stream to one port of a pod.

    Args:
        forward: the kubernetes library's PortForward, whose thread copies between the API server and a pair of sockets.
        port: the port in the pod.
    """

    def __init__(self, forward: Any, port: int) -> None:
        self._forward = forward
        self._port = port

    def detach(self) -> int:
        """The file descriptor of this end, which the caller has to close from then on."""
        descriptor: int = self._forward.socket(self._port).detach()
        return descriptor

    def error(self) -> str | None:
        """What the kubelet said about the port, or None."""
        said: str | None = self._forward.error(self._port)
        return said

    def abort(self) -> None:
        """Cut the connection to the API server, which ends the library's thread even while the pod floods it."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._forward.websocket.sock, socket.SHUT_RDWR)


class Cluster:
    """Reads objects and opens port-forward streams.

    The connection is made with the first call, so that an API server that is away for a moment can be asked again; a lock
    guards that and the discovery of resources, which kubernetes.core's client does not protect against threads.

    Args:
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def __init__(self, auth: Mapping[str, Any]) -> None:
        self._auth = dict(auth)
        self._lock = threading.Lock()
        self._k8s: Any = None
        self._resources: dict[str, Any] = {}

    def _connect(self) -> Any:
        # Imported here, and the kubernetes library below, since it takes longer than a check that needs no cluster.
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client

        with self._lock:
            if self._k8s is None:
                self._k8s = get_api_client(**self._auth)
            return self._k8s

    def _resource(self, kind: str) -> Any:
        client = self._connect()
        with self._lock:
            if kind not in self._resources:
                self._resources[kind] = client.resource(kind, API_VERSIONS[kind])
            return self._resources[kind]

    def get(self, kind: str, namespace: str, name: str, timeout: float) -> dict[str, Any]:
        """One object.

        Args:
            kind: a key of API_VERSIONS.
            namespace: its namespace.
            name: its name.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: it cannot be had; names it and says why in the cluster's words.
        """
        return self._read(f"{kind} {namespace}/{name}", kind, timeout, name=name, namespace=namespace)

    def list(self, kind: str, namespace: str, selector: str, timeout: float) -> list[dict[str, Any]]:
        """The objects of a kind that a label selector picks.

        Args:
            kind: a key of API_VERSIONS.
            namespace: their namespace.
            selector: as in the API's labelSelector parameter.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: they cannot be listed; says why in the cluster's words.
        """
        found = self._read(f"{kind}s of namespace {namespace}", kind, timeout, namespace=namespace, label_selector=selector)
        items: list[dict[str, Any]] = found["items"]
        return items

    def _read(self, subject: str, kind: str, timeout: float, **params: Any) -> dict[str, Any]:
        # Loading a kubeconfig, credential plugins and the transport raise errors of many libraries without a common base.
        try:
            resource = self._resource(kind)
            answer: dict[str, Any] = self._k8s.get(resource, _request_timeout=timeout, **params).to_dict()
        except Exception as error:
            raise as_platform_error(subject, error) from error
        return answer

    def port_forward(self, namespace: str, pod: str, port: int) -> PodStream:
        """Open a port-forward stream to a pod; blocks for as long as the API server lets it.

        This leaves out kubernetes.stream.portforward: that replaces a method of its client for the time of the call, which other
        threads use, and takes a class whose import alone takes longer than all checks.

        Args:
            namespace: the pod's namespace.
            pod: the pod's name.
            port: the port in the pod.

        Raises:
            PlatformError: the API server refuses or cannot be reached.
        """
        from kubernetes.stream.ws_client import portforward_call

        try:
            configuration = self._connect().configuration
            credentials = configuration.auth_settings().values()
            headers = {entry["key"]: entry["value"] for entry in credentials if entry["in"] == "header"}
            url = f"{configuration.host}/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
            return PodStream(portforward_call(configuration, "GET", url, headers=headers, query_params=[("ports", str(port))]), port)
        except Exception as error:
            # A pod that is not there has been replaced, which the next look will show.
            raise as_platform_error(f"port-forward to pod {namespace}/{pod}", error, final=(401, 403)) from error


def _status_and_words(error: BaseException) -> tuple[int | None, str | None]:
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    body = getattr(error, "body", None) or getattr(error, "resp_body", None)
    try:
        words = json.loads(body or "")["message"]
    except (TypeError, ValueError, KeyError):
        words = getattr(error, "reason", None) if status else None
    return status, str(words) if words else None


def as_platform_error(
    subject: str, error: BaseException, final: Collection[int] = _FINAL_STATUSES, hides_content: bool = False
) -> PlatformError:
    """Say what an error of the client libraries means.

    Args:
        subject: what was asked for.
        error: what was raised.
        final: status codes after which asking again is of no use.
        hides_content: whether the words of the API server, which may repeat the object, are left out.
    """
    # The stream functions hide what happened behind an ApiException without a status.
    chain = [item for item in (error, error.__cause__, error.__context__) if item]
    for item in chain:
        status, words = _status_and_words(item)
        if status:
            # It answers 500 for a webhook that does not, which is no matter of a moment.
            away = (status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS) and "failed calling webhook" not in (words or "")
            if hides_content:
                words = rejection(status, getattr(item, "body", None))
            return PlatformError(f"{subject}: {words or f'the API server answered with status {status}'}", status in final, status, away)
    text = " ".join(_TRANSPORT_NOISE.sub("", str(getattr(error, "reason", None) or error)).split())
    if any(isinstance(item, OSError) or type(item).__module__.partition(".")[0] in _TRANSPORTS for item in chain):
        return PlatformError(f"{subject}: the API server cannot be reached: {text or type(error).__name__}", away=True)
    if type(error).__name__ in ("CoreException", "ConfigException"):
        return PlatformError(f"{subject}: {text}", certain=True)
    if hides_content:
        return PlatformError(f"{subject}: {type(error).__name__}")
    return PlatformError(f"{subject}: {type(error).__name__}: {text}")
