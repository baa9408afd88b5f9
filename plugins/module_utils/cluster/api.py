# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists, watches and logs as raw JSON, over kubernetes.core's client (private to the collection)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import as_platform_error
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, bounded_call

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


class ExpiredError(Exception):
    """The resource version to watch from is too old: list again."""


@dataclass(frozen=True)
class Listing:
    """The objects of a kind, the version to watch from, and the API server's clock."""

    items: list[dict[str, Any]]
    resource_version: str
    server_time: datetime


class ClusterApi:
    """Reads from the API server; may be used by several threads.

    Args:
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def __init__(self, auth: Mapping[str, Any]) -> None:
        self._auth = dict(auth)
        self._lock = threading.Lock()
        self._client: Any = None

    def _request(self, path: str, query: Mapping[str, Any], read_timeout: float, method: str = "GET", **options: Any) -> Any:
        with self._lock:
            if self._client is None:
                self._client = get_api_client(**self._auth).client
        # The reply is urllib3's response: the library's own types would cost more than the request.
        return self._client.request(
            method, path, query_params=list(query.items()), serialize=False, _request_timeout=(CONNECT_TIMEOUT, read_timeout), **options
        )

    def list_objects(self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False) -> Listing:
        """List a kind.

        Args:
            kind: a key of PATHS.
            namespace: where.
            selector: as in the API's labelSelector parameter; empty for all.
            metadata_only: whether only the metadata of the objects leaves the cluster.

        Raises:
            PlatformError: it cannot be had; says why in the cluster's words.
        """
        try:
            query = {"labelSelector": selector} if selector else {}
            headers = {"Accept": METADATA_ONLY} if metadata_only else {}
            reply = self._request(PATHS[kind].format(namespace=namespace), query, READ_TIMEOUT, header_params=headers)
            content, date = json.loads(reply.data), reply.headers.get("Date")
        except Exception as error:  # of several libraries without a common base
            raise as_platform_error(f"{kind}s of namespace {namespace}", error) from error
        # A list of metadata without entries has null there.
        items = [{**item, "kind": kind} for item in content["items"] or ()]
        return Listing(
            items, content["metadata"].get("resourceVersion", ""), parsedate_to_datetime(date) if date else datetime.now(timezone.utc)
        )

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
            reply = self._request(PATHS[kind].format(namespace=namespace), query, WATCH_SECONDS + CONNECT_TIMEOUT)
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
            found: dict[str, Any] = json.loads(self._request(f"/api/v1/namespaces/{name}", {}, READ_TIMEOUT).data)
        except Exception as error:  # of several libraries without a common base
            if getattr(error, "status", None) == 404:
                return None
            raise as_platform_error(f"namespace {name}", error) from error
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
        path = f"{PATHS['Pod'].format(namespace=namespace)}/{pod}/log"
        deadline = Deadline(READ_TIMEOUT)
        try:
            # By itself, a response that trickles could hold its reader forever.
            text = bounded_call(partial(self._newest, path, query, lines, deadline), deadline)
        except Exception as error:
            raise as_platform_error(f"log of pod {namespace}/{pod}", error) from error
        return text.splitlines()

    def _newest(self, path: str, query: Mapping[str, Any], lines: int, deadline: Deadline) -> str:
        while True:
            reply = self._request(path, {**query, "tailLines": lines}, deadline.require())
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
