"""Customer load during a change of the platform: requests through nginx at a constant rate, and the number of failed ones."""

from __future__ import annotations

import collections
import http.client
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

HOST = "127.0.0.1"
BODY = "x" * 200
SECONDS = 1800.0
MOST = 200_000


@dataclass
class Count:
    """The counts so far."""

    requests: dict[str, int] = field(default_factory=lambda: collections.defaultdict(int))
    failures: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return the number of requests of all kinds."""
        return sum(self.requests.values())

    def __str__(self) -> str:
        """Return the number of failed requests as text."""
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(self.requests.items()))
        return f"{len(self.failures)} failed of {self.total} requests ({kinds})"


class Load:
    """Threads that send requests until the block ends or the limit of time or number is reached.

    If nginx closed a kept-alive connection between two requests, the connection is opened again, as browsers do. Only a request that nginx
    accepted and did not respond to counts as broken.

    Args:
        port: port of nginx on this machine.
        host: value of the header Host.
        path: path of the requests.
        workers: number of threads of each kind: GET or POST, with kept-alive or new connections.
        pace: requests of each kind per second.
    """

    def __init__(self, port: int, host: str, path: str = "/request/", workers: int = 2, *, pace: float) -> None:
        self.port, self.host, self.path = port, host, path
        self.count = Count()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._deadline = time.monotonic() + SECONDS
        self._threads = [
            threading.Thread(target=self._send, args=(method, kept, pace / workers), daemon=True)
            for method in ("GET", "POST")
            for kept in (True, False)
            for _number in range(workers)
        ]

    def __enter__(self) -> Load:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        """Stop the threads after the requests in progress."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=90)

    def _send(self, method: str, kept: bool, pace: float) -> None:
        name = f"{method} {'kept' if kept else 'new'}"
        connection: http.client.HTTPConnection | None = None
        due = time.monotonic()
        while not self._stop.is_set() and time.monotonic() < self._deadline and self.count.total < MOST:
            started = time.time()
            if connection is None:
                connection = http.client.HTTPConnection(HOST, self.port, timeout=70)
            problem, reusable = self._one(connection, method)
            if problem == "closed":
                connection.close()
                connection = http.client.HTTPConnection(HOST, self.port, timeout=70)
                problem, reusable = self._one(connection, method)
            if not (kept and reusable):
                connection.close()
                connection = None
            with self._lock:
                self.count.requests[name] += 1
                if problem:
                    self.count.failures.append(f"{time.strftime('%H:%M:%S', time.gmtime(started))} {name}: {problem}")
            due = max(due + 1 / pace, time.monotonic())
            self._stop.wait(due - time.monotonic())

    def _one(self, connection: http.client.HTTPConnection, method: str) -> tuple[str, bool]:
        """Send a request. Returns the error, and whether the connection can be used again."""
        used = connection.sock is not None
        try:
            connection.request(method, self.path, body=BODY if method == "POST" else None, headers={"Host": self.host})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            closed_while_idle = used and isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError))
            return "closed" if closed_while_idle else f"{type(error).__name__}: {error}", False
        return f"{response.status} {body[:200]!r}" if response.status >= 500 else "", not response.will_close
