# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of the API server, over kubernetes.core's (private to the collection)."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, bounded_call
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    BY_STATUS,
    NotFoundError,
    PlatformError,
    UnknownKindError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.rejections import rejection

T = TypeVar("T")

PATHS = {
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "ControllerRevision": "/apis/apps/v1/namespaces/{namespace}/controllerrevisions",
    "CronJob": "/apis/batch/v1/namespaces/{namespace}/cronjobs",
    "DaemonSet": "/apis/apps/v1/namespaces/{namespace}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
    "Event": "/api/v1/namespaces/{namespace}/events",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses",
    "Job": "/apis/batch/v1/namespaces/{namespace}/jobs",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "PodMetrics": "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods",
    "ReplicaSet": "/apis/apps/v1/namespaces/{namespace}/replicasets",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
}
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
# A watch is renewed this often, so that a connection which died silently is noticed.
WATCH_SECONDS = 30
# The newest part of a log that is kept, and how much is read to get there. A container runtime splits lines after 16 KiB, so the
# 1000 lines that validate searches can have 16 MiB.
LOG_BYTES = 4 << 20
LOG_BYTES_READ = 32 << 20
_CHUNK = 65536
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

# How long the API server may be away, and how long to wait before asking again, at first and at most; in seconds.
OUTAGE = 90.0
FIRST_RETRY = 0.25
LAST_RETRY = 4.0

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


def path_of(kind: str, namespace: str, name: str = "") -> str:
    """The path of a kind, or of one object.

    Args:
        kind: a key of PATHS.
        namespace: where.
        name: of the object; empty for the kind.
    """
    path = PATHS[kind].format(namespace=namespace)
    return f"{path}/{name}" if name else path


class ExpiredError(Exception):
    """The resource version to watch from is too old: list again."""


@dataclass(frozen=True)
class Listing:
    """The objects of a kind, the version to watch from, and the API server's clock."""

    items: list[dict[str, Any]]
    resource_version: str
    server_time: datetime


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
    """Reads and writes objects by the paths of their kinds, and opens port-forward streams. Several threads may use it.

    The connection is made with the first call, so that an API server that is away for a moment can be asked again.

    Args:
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def __init__(self, auth: Mapping[str, Any]) -> None:
        self._auth = dict(auth)
        self._lock = threading.Lock()
        self._k8s: Any = None

    def _connect(self) -> Any:
        # Imported here, and the kubernetes library below, since it takes longer than a check that needs no cluster.
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client

        with self._lock:
            if self._k8s is None:
                self._k8s = get_api_client(**self._auth)
            return self._k8s

    def _request(
        self, path: str, query: Mapping[str, Any], timeout: float | tuple[float, float], method: str = "GET", **options: Any
    ) -> Any:
        # The reply is urllib3's response: the library's own types would cost more than the request.
        return self._connect().client.request(
            method, path, query_params=list(query.items()), serialize=False, _request_timeout=timeout, **options
        )

    def _answer(
        self,
        subject: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        method: str = "GET",
        timeout: float | tuple[float, float] | None = None,
        hides_content: bool = False,
        **options: Any,
    ) -> tuple[Any, Any]:
        """The document that the API server answers with, and the headers.

        Args:
            subject: what is asked for, as messages name it.
            path: of the request.
            query: of the request.
            method: of the request.
            timeout: seconds for all of it, or to connect and between two parts of the answer.
            hides_content: whether the words of the API server, which may repeat the object, are left out.
            options: of the kubernetes library's request.

        Raises:
            PlatformError: there is none; says why in the cluster's words.
        """
        # Loading a kubeconfig, credential plugins and the transport raise errors of many libraries without a common base.
        try:
            reply = self._request(path, query or {}, timeout or (CONNECT_TIMEOUT, READ_TIMEOUT), method, **options)
            return json.loads(reply.data), reply.headers
        except Exception as error:
            raise as_platform_error(subject, error, hides_content=hides_content) from error

    def get(self, kind: str, namespace: str, name: str, timeout: float) -> dict[str, Any]:
        """One object.

        Args:
            kind: a key of PATHS.
            namespace: its namespace.
            name: its name.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: it cannot be had; names it and says why in the cluster's words.
        """
        found: dict[str, Any] = self._answer(f"{kind} {namespace}/{name}", path_of(kind, namespace, name), timeout=timeout)[0]
        return found

    def list_objects(
        self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False, timeout: float | None = None
    ) -> Listing:
        """List a kind.

        Args:
            kind: a key of PATHS.
            namespace: where.
            selector: as in the API's labelSelector parameter; empty for all.
            metadata_only: whether only the metadata of the objects leaves the cluster.
            timeout: seconds to wait for the API server, if not those of other requests.

        Raises:
            PlatformError: it cannot be had; says why in the cluster's words.
        """
        query = {"labelSelector": selector} if selector else {}
        headers = {"Accept": METADATA_ONLY} if metadata_only else {}
        subject = f"{kind}s of namespace {namespace}"
        content, answered = self._answer(subject, path_of(kind, namespace), query, timeout=timeout, header_params=headers)
        date = answered.get("Date")
        # A list of metadata without entries has null there.
        items = [{**item, "kind": kind} for item in content["items"] or ()]
        version = (content.get("metadata") or {}).get("resourceVersion", "")
        return Listing(items, version, parsedate_to_datetime(date) if date else datetime.now(timezone.utc))

    def watch_objects(self, kind: str, namespace: str, resource_version: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield type and object of each change, until the API server ends the watch, as it does every WATCH_SECONDS.

        Args:
            kind: a key of PATHS.
            namespace: where.
            resource_version: after which version.

        Raises:
            ExpiredError: that version is too old.
            PlatformError: the watch broke; says why in the cluster's words.
        """
        query = {"watch": "true", "resourceVersion": resource_version, "allowWatchBookmarks": "true", "timeoutSeconds": WATCH_SECONDS}
        try:
            reply = self._request(path_of(kind, namespace), query, (CONNECT_TIMEOUT, WATCH_SECONDS + CONNECT_TIMEOUT))
            for line in _lines(reply):
                change = json.loads(line)
                if change["type"] == "ERROR":
                    raise ExpiredError
                yield change["type"], {**change["object"], "kind": kind}
        except ExpiredError:
            raise
        except Exception as error:
            if getattr(error, "status", None) == 410:
                raise ExpiredError from error
            raise as_platform_error(f"watch of {kind}s of namespace {namespace}", error) from error

    def namespace(self, name: str) -> dict[str, Any] | None:
        """The namespace, or None if there is none.

        Args:
            name: its name.

        Raises:
            PlatformError: it cannot be had; says why in the cluster's words.
        """
        try:
            found: dict[str, Any] = self._answer(f"namespace {name}", f"/api/v1/namespaces/{name}")[0]
        except NotFoundError:
            return None
        return found

    def log(self, namespace: str, pod: str, container: str, previous: bool, lines: int, since: datetime | None = None) -> list[str]:
        """The newest lines of a container's log.

        Args:
            namespace: the pod's namespace.
            pod: its name.
            container: its container.
            previous: of the instance before the current one.
            lines: how many at most; fewer where they are longer than LOG_BYTES together.
            since: only what was written after this moment.

        Raises:
            PlatformError: it cannot be had.
        """
        # No limitBytes: the API server counts it from the oldest of these lines, so that it would cut the newest off.
        query = {"container": container, "previous": str(previous).lower()}
        if since:
            query["sinceTime"] = since.isoformat(timespec="seconds").replace("+00:00", "Z")
        path = f"{path_of('Pod', namespace, pod)}/log"
        deadline = Deadline(READ_TIMEOUT)
        try:
            # By itself, a response that trickles could hold its reader forever.
            text = bounded_call(partial(self._newest, path, query, lines, deadline), deadline)
        except Exception as error:
            raise as_platform_error(f"log of pod {namespace}/{pod}", error) from error
        return text.splitlines()

    def _newest(self, path: str, query: Mapping[str, Any], lines: int, deadline: Deadline) -> str:
        while True:
            reply = self._request(path, {**query, "tailLines": lines}, (CONNECT_TIMEOUT, deadline.require()))
            kept, size = bytearray(), 0
            for chunk in reply.stream(_CHUNK, decode_content=False):
                deadline.require()
                kept += chunk
                size += len(chunk)
                del kept[: max(0, len(kept) - LOG_BYTES)]
                if size > LOG_BYTES_READ:
                    # What is left unread cannot be told from the next response on the same connection.
                    reply.close()
                    break
            if size <= LOG_BYTES_READ or lines <= 1:
                # The mask of secrets would not recognise one that is cut in two.
                return _without_first_part(kept).decode("utf-8", "replace") if size > len(kept) else kept.decode("utf-8", "replace")
            lines = max(1, lines // 4)

    def list(self, kind: str, namespace: str, selector: str, timeout: float) -> list[dict[str, Any]]:
        """The objects of a kind that a label selector picks.

        Args:
            kind: a key of PATHS.
            namespace: their namespace.
            selector: as in the API's labelSelector parameter.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: they cannot be listed; says why in the cluster's words.
        """
        return self.list_objects(kind, namespace, selector, timeout=timeout).items

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


def _without_first_part(text: bytearray) -> bytearray:
    """What follows the first line of a text, or its first word if it has one line only."""
    for separator in (b"\n", b" "):
        _first, found, rest = text.partition(separator)
        if found and rest.strip():
            return rest
    return bytearray()


def _lines(reply: Any) -> Iterator[bytes]:
    """Whole lines of a response, as they arrive."""
    rest: bytes | None = b""
    for chunk in reply.stream(amt=None, decode_content=False):
        *whole, rest = ((rest or b"") + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())


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
    if type(error).__name__ == "ResourceNotFoundError":
        return UnknownKindError(f"{subject}: the cluster knows no such kind and apiVersion", certain=True)
    # The stream functions hide what happened behind an ApiException without a status.
    chain = [item for item in (error, error.__cause__, error.__context__) if item]
    for item in chain:
        status, words = _status_and_words(item)
        if status:
            # It answers 500 for a webhook that does not, which is no matter of a moment.
            away = (status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS) and "failed calling webhook" not in (words or "")
            if hides_content:
                words = rejection(status, getattr(item, "body", None))
            kind = BY_STATUS.get(status, PlatformError)
            return kind(f"{subject}: {words or f'the API server answered with status {status}'}", status in final, status, away)
    text = " ".join(_TRANSPORT_NOISE.sub("", str(getattr(error, "reason", None) or error)).split())
    if any(isinstance(item, OSError) or type(item).__module__.partition(".")[0] in _TRANSPORTS for item in chain):
        return PlatformError(f"{subject}: the API server cannot be reached: {text or type(error).__name__}", away=True)
    if type(error).__name__ in ("CoreException", "ConfigException"):
        return PlatformError(f"{subject}: {text}", certain=True)
    if hides_content:
        return PlatformError(f"{subject}: {type(error).__name__}")
    return PlatformError(f"{subject}: {type(error).__name__}: {text}")
