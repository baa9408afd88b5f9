# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A dialer that connects to a pod through the API server (private to the collection)."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import (
    Deadline,
    StageTimeoutError,
    bounded_call,
)

_HANG_UP_TIME = 0.2


class Stream(Protocol):
    """An open stream."""

    def detach(self) -> int:
        """Return the file descriptor of this end. The caller has to close it."""

    def error(self) -> str | None:
        """Return the error that the kubelet reported for the port."""

    def abort(self) -> None:
        """Close the stream and discard unread data."""


class Forwarder(Protocol):
    """Opens streams."""

    def port_forward(self, namespace: str, pod: str, port: int) -> Stream:
        """Open a stream, or raise PlatformError."""


class PodDialer:
    """Opens connections to one port of one pod, and closes all of them at the end of its with block.

    Args:
        cluster: opens the streams.
        namespace: namespace of the pod.
        pod: name of the pod.
        port: the port in the pod.

    Attributes:
        seconds: time spent on opening streams, which is not part of the pod's response time.
    """

    def __init__(self, cluster: Forwarder, namespace: str, pod: str, port: int) -> None:
        self._cluster, self._namespace, self._pod, self._port = cluster, namespace, pod, port
        self._open: list[tuple[Stream, socket.socket]] = []
        self.seconds = 0.0

    def __enter__(self) -> PodDialer:
        """Return the dialer."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close all streams."""
        for stream, sock in self._open:
            with sock:
                if not _drained(sock):
                    stream.abort()
                    _drained(sock)

    def __call__(self, _host: str, _port: int, deadline: Deadline) -> socket.socket:
        """Open a stream to the pod, regardless of the URL's host.

        Raises:
            StageTimeoutError: the API server did not open the stream in time.
            PlatformError: the API server rejects the request or is unavailable.
        """
        start = time.monotonic()
        try:
            stream = bounded_call(
                lambda: self._cluster.port_forward(self._namespace, self._pod, self._port), deadline, lambda late: late.abort()
            )
        except TimeoutError:
            raise StageTimeoutError("opening the port-forward stream") from None
        self.seconds += time.monotonic() - start
        sock = socket.socket(fileno=stream.detach())
        self._open.append((stream, sock.dup()))
        return sock

    @property
    def error(self) -> str | None:
        """The error that the kubelet reported for the last stream, or None."""
        said = self._open[-1][0].error() if self._open else None
        if said and "connection refused" in said:  # the kubelet's message also contains names of its network namespaces
            return f"connection to port {self._port} in the pod refused"
        return " ".join(said.split()) if said else None


def _drained(sock: socket.socket) -> bool:
    """Announce the end of the data, and read the rest until the other end closes.

    Closing a socket with unread data resets the socket pair, and the library's thread then prints a traceback.
    """
    limit = Deadline(_HANG_UP_TIME)
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
    try:
        while limit.remaining():
            sock.settimeout(limit.require())
            if not sock.recv(1 << 20):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False
