# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of the API server, based on that of kubernetes.core (private to the collection)."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
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
    "Certificate": "/apis/cert-manager.io/v1/namespaces/{namespace}/certificates",
    "CertificateRequest": "/apis/cert-manager.io/v1/namespaces/{namespace}/certificaterequests",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "ControllerRevision": "/apis/apps/v1/namespaces/{namespace}/controllerrevisions",
    "CronJob": "/apis/batch/v1/namespaces/{namespace}/cronjobs",
    "DaemonSet": "/apis/apps/v1/namespaces/{namespace}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
    "Event": "/api/v1/namespaces/{namespace}/events",
    "ExternalSecret": "/apis/external-secrets.io/v1/namespaces/{namespace}/externalsecrets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses",
    "Job": "/apis/batch/v1/namespaces/{namespace}/jobs",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
    "PersistentVolumeClaim": "/api/v1/namespaces/{namespace}/persistentvolumeclaims",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "PodMetrics": "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods",
    "ReplicaSet": "/apis/apps/v1/namespaces/{namespace}/replicasets",
    "ScaledObject": "/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "StatefulSet": "/apis/apps/v1/namespaces/{namespace}/statefulsets",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
}
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
# A watch is renewed after this many seconds, so that a silently broken connection is detected.
WATCH_SECONDS = 30
# Bytes of the newest part of a log that are kept, and bytes that are read to get there. A container runtime splits lines after
# 16 KiB, so the 1000 lines that the role validate searches can have 16 MiB.
LOG_BYTES = 4 << 20
LOG_BYTES_READ = 32 << 20
_CHUNK = 65536
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

# Seconds for which an unavailable API server is retried, and the first and the longest delay between two attempts.
OUTAGE = 90.0
FIRST_RETRY = 0.25
LAST_RETRY = 4.0

_FINAL_STATUSES = (400, 401, 403, 404)
_TOO_MANY_REQUESTS, _SERVER_ERRORS = 429, 500
_TRANSPORTS = ("urllib3", "websocket")
_TRANSPORT_NOISE = re.compile(r"<[^<>]*>: |HTTPS?Connection\([^)]*\): ")


def patiently(ask: Callable[[], T]) -> T:
    """Call a function, and retry while the API server is unavailable or overloaded, for example during a restart.

    Do not use it for the first request of a run: a wrong address would be reported only after OUTAGE.

    Args:
        ask: the request. It must be safe to repeat: a read, a dry run, or an idempotent write.

    Raises:
        PlatformError: raised by the request; the last one if the API server is unavailable for longer than OUTAGE seconds.
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
    """The API path of a kind, or of one object.

    Args:
        kind: a key of PATHS.
        namespace: the namespace.
        name: name of the object; empty for the kind.
    """
    path = PATHS[kind].format(namespace=namespace)
    return f"{path}/{name}" if name else path


class ExpiredError(Exception):
    """The resource version to watch from is too old. List again."""


@dataclass(frozen=True)
class Listing:
    """The objects of a kind, the resource version to watch from, and the time of the API server."""

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
        """The file descriptor of this end. The caller has to close it."""
        descriptor: int = self._forward.socket(self._port).detach()
        return descriptor

    def error(self) -> str | None:
        """The error that the kubelet reported for the port, or None."""
        said: str | None = self._forward.error(self._port)
        return said

    def abort(self) -> None:
        """Close the connection to the API server. This ends the library's thread even if the pod sends data continuously."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._forward.websocket.sock, socket.SHUT_RDWR)


def forget_clients(directory: Path) -> None:
    """Make the next client of a forked process a new one.

    A client reads the certificates of its kubeconfig from temporary files whenever it connects. The process that wrote these files deletes
    them when it ends, also while its forks run.

    Args:
        directory: where new clients write temporary files. Somebody else removes it.
    """
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client
    from kubernetes.config import kube_config

    # Both libraries keep what they made, and neither has a function to forget it.
    client._pool.clear()
    kube_config._temp_files.clear()
    tempfile.tempdir = str(directory)


class Cluster:
    """Reads and writes objects by the API paths of their kinds, and opens port-forward streams. Thread-safe.

    The first call opens the connection, so that a temporarily unavailable API server can be retried.

    Args:
        auth: the authentication options of kubernetes.core, by their names in a task.
    """

    def __init__(self, auth: Mapping[str, Any]) -> None:
        self._auth = dict(auth)
        self._lock = threading.Lock()
        self._k8s: Any = None

    def _connect(self) -> Any:
        # Imported here, like the kubernetes library below, because the import takes longer than a check that needs no cluster.
        from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client

        with self._lock:
            if self._k8s is None:
                self._k8s = get_api_client(**self._auth)
            return self._k8s

    def _request(
        self, path: str, query: Mapping[str, Any], timeout: float | tuple[float, float], method: str = "GET", **options: Any
    ) -> Any:
        # The response is urllib3's. Conversion to the library's types would take longer than the request.
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
        """The document in the response, and the response headers.

        Args:
            subject: the requested object, for messages.
            path: path of the request.
            query: query parameters of the request.
            method: HTTP method of the request.
            timeout: seconds for the whole request, or for connecting and between two parts of the response.
            hides_content: whether to omit the messages of the API server, which may repeat the object.
            options: further options of the kubernetes library's request.

        Raises:
            PlatformError: the request failed; contains the error message of the cluster.
        """
        # Loading a kubeconfig, credential plugins and the transport raise errors of many libraries without a common base class.
        try:
            reply = self._request(path, query or {}, timeout or (CONNECT_TIMEOUT, READ_TIMEOUT), method, **options)
            return json.loads(reply.data), reply.headers
        except Exception as error:
            raise as_platform_error(subject, error, hides_content=hides_content) from error

    def get(self, kind: str, namespace: str, name: str, timeout: float) -> dict[str, Any]:
        """Read one object.

        Args:
            kind: a key of PATHS.
            namespace: namespace of the object.
            name: name of the object.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: the object cannot be read; names it and contains the error message of the cluster.
        """
        found: dict[str, Any] = self._answer(f"{kind} {namespace}/{name}", path_of(kind, namespace, name), timeout=timeout)[0]
        return found

    def get_with_time(self, kind: str, namespace: str, name: str, timeout: float) -> tuple[dict[str, Any], datetime]:
        """Read one object, and the time of the API server.

        Args:
            kind: a key of PATHS.
            namespace: namespace of the object.
            name: name of the object.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: the object cannot be read; names it and contains the error message of the cluster.
        """
        found, headers = self._answer(f"{kind} {namespace}/{name}", path_of(kind, namespace, name), timeout=timeout)
        return found, server_time(headers)

    def list_objects(
        self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False, timeout: float | None = None
    ) -> Listing:
        """List a kind.

        Args:
            kind: a key of PATHS.
            namespace: the namespace.
            selector: as in the API's labelSelector parameter; empty for all objects.
            metadata_only: whether to request only the metadata of the objects.
            timeout: seconds to wait for the API server; None for the default of other requests.

        Raises:
            PlatformError: the kind cannot be listed; contains the error message of the cluster.
        """
        query = {"labelSelector": selector} if selector else {}
        headers = {"Accept": METADATA_ONLY} if metadata_only else {}
        subject = f"{kind}s of namespace {namespace}"
        content, answered = self._answer(subject, path_of(kind, namespace), query, timeout=timeout, header_params=headers)
        # An empty metadata list has null here.
        items = [{**item, "kind": kind} for item in content["items"] or ()]
        version = (content.get("metadata") or {}).get("resourceVersion", "")
        return Listing(items, version, server_time(answered))

    def watch_objects(self, kind: str, namespace: str, resource_version: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield type and object of each change, until the API server ends the watch after WATCH_SECONDS.

        Args:
            kind: a key of PATHS.
            namespace: the namespace.
            resource_version: the resource version to start after.

        Raises:
            ExpiredError: the resource version is too old.
            PlatformError: the watch failed; contains the error message of the cluster.
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
        """Read a Namespace; None if it does not exist.

        Args:
            name: name of the Namespace.

        Raises:
            PlatformError: the Namespace cannot be read; contains the error message of the cluster.
        """
        try:
            found: dict[str, Any] = self._answer(f"namespace {name}", f"/api/v1/namespaces/{name}")[0]
        except NotFoundError:
            return None
        return found

    def log(self, namespace: str, pod: str, container: str, previous: bool, lines: int, since: datetime | None = None) -> list[str]:
        """Read the newest lines of a container's log.

        Args:
            namespace: namespace of the pod.
            pod: name of the pod.
            container: name of the container.
            previous: whether to read the log of the previous container instance.
            lines: maximum number of lines. The result has fewer if they exceed LOG_BYTES.
            since: read only lines that were written after this time.

        Raises:
            PlatformError: the log cannot be read.
        """
        # No limitBytes, because the API server counts it from the oldest line and would cut off the newest ones.
        query = {"container": container, "previous": str(previous).lower()}
        if since:
            query["sinceTime"] = since.isoformat(timespec="seconds").replace("+00:00", "Z")
        path = f"{path_of('Pod', namespace, pod)}/log"
        deadline = Deadline(READ_TIMEOUT)
        try:
            # The transport has no timeout for a response as a whole, so a slow one could block its reader indefinitely.
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
                    # Close the connection: unread data would be mixed with the next response.
                    reply.close()
                    break
            if size <= LOG_BYTES_READ or lines <= 1:
                # Drop a cut line, because the mask does not recognize a secret that is cut in two.
                return _without_first_part(kept).decode("utf-8", "replace") if size > len(kept) else kept.decode("utf-8", "replace")
            lines = max(1, lines // 4)

    def list(self, kind: str, namespace: str, selector: str, timeout: float) -> list[dict[str, Any]]:
        """List the objects of a kind that match a label selector.

        Args:
            kind: a key of PATHS.
            namespace: namespace of the objects.
            selector: as in the API's labelSelector parameter.
            timeout: seconds to wait for the API server.

        Raises:
            PlatformError: the objects cannot be listed; contains the error message of the cluster.
        """
        return self.list_objects(kind, namespace, selector, timeout=timeout).items

    def port_forward(self, namespace: str, pod: str, port: int) -> PodStream:
        """Open a port-forward stream to a pod. Blocks until the API server responds.

        Does not use kubernetes.stream.portforward, which temporarily replaces a method of a client that other threads use, and whose
        import takes longer than all checks.

        Args:
            namespace: namespace of the pod.
            pod: name of the pod.
            port: the port in the pod.

        Raises:
            PlatformError: the API server rejects the request or is unavailable.
        """
        from kubernetes.stream.ws_client import portforward_call

        try:
            configuration = self._connect().configuration
            credentials = configuration.auth_settings().values()
            headers = {entry["key"]: entry["value"] for entry in credentials if entry["in"] == "header"}
            url = f"{configuration.host}/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
            return PodStream(portforward_call(configuration, "GET", url, headers=headers, query_params=[("ports", str(port))]), port)
        except Exception as error:
            # 404 is not final: a missing pod has been replaced, and the next read shows the new one.
            raise as_platform_error(f"port-forward to pod {namespace}/{pod}", error, final=(401, 403)) from error


def server_time(headers: Mapping[str, str]) -> datetime:
    """The time of the API server at a response; the time of this computer if the response does not have it.

    Args:
        headers: the headers of the response.
    """
    date = headers.get("Date")
    return parsedate_to_datetime(date) if date else datetime.now(timezone.utc)


def _without_first_part(text: bytearray) -> bytearray:
    """The part after the first line of a text, or after its first word if it has only one line."""
    for separator in (b"\n", b" "):
        _first, found, rest = text.partition(separator)
        if found and rest.strip():
            return rest
    return bytearray()


def _lines(reply: Any) -> Iterator[bytes]:
    """Yield complete lines of a response as they arrive."""
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
    """Convert an error of the client libraries to a PlatformError.

    Args:
        subject: the requested object.
        error: the raised error.
        final: status codes for which a retry is useless.
        hides_content: whether to omit the messages of the API server, which may repeat the object.
    """
    if type(error).__name__ == "ResourceNotFoundError":
        return UnknownKindError(f"{subject}: the API server does not serve this kind and apiVersion", certain=True)
    # The stream functions hide the original error behind an ApiException without a status.
    chain = [item for item in (error, error.__cause__, error.__context__) if item]
    for item in chain:
        status, words = _status_and_words(item)
        if status:
            # A webhook that does not respond also causes a 500, but is not a temporary error.
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
