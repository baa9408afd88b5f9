# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The Lease of one namespace, as an API server keeps it: with resource versions, which every replacement must name."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from http_server import Handler, reply

PLACE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
NAME = "jewelry-shop-run"


class KeptLease:
    """The Lease, and what was written to it.

    Args:
        namespace: namespace of the Lease.
    """

    def __init__(self, namespace: str) -> None:
        self.lease: dict[str, Any] | None = None
        # The holder after each write; None after the deletion.
        self.holders: list[str | None] = []
        self.written = threading.Condition()
        # Called after each read.
        self.after_read: Callable[[], object] = lambda: None
        # The number of writes that a route can wait for.
        self.expected = 0
        self._version = 0
        self.routes: dict[str, Any] = {PLACE.format(namespace): self._collection, f"{PLACE.format(namespace)}/{NAME}": self._one}

    def keep(self, lease: dict[str, Any] | None) -> None:
        """Write the Lease as another client does."""
        with self.written:
            self._version += 1
            if lease is not None:
                lease = {**lease, "metadata": {**lease["metadata"], "uid": "lease-1", "resourceVersion": str(self._version)}}
            self.lease = lease
            self.holders.append(((lease.get("spec") or {}).get("holderIdentity") or "") if lease else None)
            self.written.notify_all()

    def wait_for_writes(self, number: int) -> bool:
        """Wait until there were so many writes."""
        return self._wait(lambda: number)

    def wait_for_expected_writes(self) -> bool:
        """Wait until there were as many writes as expected, even if the expectation changes."""
        return self._wait(lambda: self.expected)

    def _wait(self, number: Callable[[], int]) -> bool:
        with self.written:
            return self.written.wait_for(lambda: len(self.holders) >= number(), timeout=120)

    def _collection(self, handler: Handler) -> None:
        body = json.loads(handler.server.requests[-1].body)
        if self.lease is not None:
            reply({"kind": "Status", "code": 409, "message": f'leases "{NAME}" already exists'}, 409)(handler)
            return
        self.keep(body)
        reply(self.lease, 201)(handler)

    def _one(self, handler: Handler) -> None:
        body = handler.server.requests[-1].body
        content = json.loads(body) if body else {}
        if self.lease is None:
            reply({"kind": "Status", "code": 404, "message": f'leases "{NAME}" not found'}, 404)(handler)
            return
        named = content.get("preconditions") or content.get("metadata") or {}
        if handler.command != "GET" and named["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            reply({"kind": "Status", "code": 409, "message": "the object has been modified"}, 409)(handler)
            return
        if handler.command == "PUT":
            self.keep(content)
        if handler.command == "DELETE":
            self.keep(None)
        reply(self.lease or {"kind": "Status", "status": "Success"})(handler)
        if handler.command == "GET":
            self.after_read()
