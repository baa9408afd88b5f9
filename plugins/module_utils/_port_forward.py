# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dialer that reaches a pod through the API server (private to the collection)."""

from __future__ import annotations

import time
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils._deadline import (
    Deadline,
    DeadlineSocket,
    StageTimeoutError,
    bounded_call,
)


class Forwarder(Protocol):
    """What opens the streams: the client layer, or a stand-in for it."""

    def port_forward(self, namespace: str, pod: str, port: int) -> Any:
        """Return a PortForward of the kubernetes library, or raise PlatformError."""


class PodDialer:
    """Opens connections to one port of one pod and closes them all at the end of its with block.

    Args:
        cluster: opens the streams.
        namespace: the pod's namespace.
        pod: the pod's name.
        port: the port in the pod.

    Attributes:
        seconds: time spent on opening streams, which is not the pod's.
    """

    def __init__(self, cluster: Forwarder, namespace: str, pod: str, port: int) -> None:
        self._cluster, self._namespace, self._pod, self._port = cluster, namespace, pod, port
        self._streams: list[Any] = []
        self._sockets: list[DeadlineSocket] = []
        self.seconds = 0.0

    def __enter__(self) -> PodDialer:
        return self

    def __exit__(self, *_error: object) -> None:
        for closable in (*self._sockets, *self._streams):
            closable.close()

    def __call__(self, _host: str, _port: int, deadline: Deadline) -> DeadlineSocket:
        """Open a stream; wherever the URL points, it leads to the pod.

        Raises:
            StageTimeoutError: the API server did not open it in time.
            PlatformError: the API server refuses or cannot be reached.
        """
        start = time.monotonic()
        try:
            stream = bounded_call(
                lambda: self._cluster.port_forward(self._namespace, self._pod, self._port), deadline, lambda late: late.close()
            )
        except TimeoutError:
            raise StageTimeoutError("opening the port-forward stream") from None
        self.seconds += time.monotonic() - start
        self._streams.append(stream)
        sock = DeadlineSocket(fileno=stream.socket(self._port).detach())
        sock.deadline = deadline
        self._sockets.append(sock)
        return sock

    @property
    def error(self) -> str | None:
        """What the kubelet said about the last stream, or None."""
        text = self._streams[-1].error(self._port) if self._streams else None
        return " ".join(str(text).split()) if text else None
