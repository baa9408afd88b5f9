# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends the requests of one endpoint, within the limits of a run (private to the collection)."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, StageTimeoutError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.assertions import NOTHING_HIDDEN, body_text, judge
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.endpoint import Endpoint
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.port_forward import PodDialer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import Dial, exchange, tls_context
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import one_line, shortened

NOT_TRIED = "no request was sent before the deadline"
# Longer than a reason that quotes a response and names a host.
_LONGEST_REASON = 1000
_JOIN_GRACE = 0.5


@dataclass(frozen=True)
class Settings:
    """Limits of a run (seconds, bytes of a body, parallel requests), and the mask for results."""

    timeout: float = 60.0
    request_timeout: float = 5.0
    interval: float = 1.0
    max_body: int = 1 << 20
    concurrency: int = 16
    mask: Masker = NOTHING_HIDDEN


@dataclass
class Record:
    """The result of the last attempt at one target.

    Attributes:
        reason: why the target is unhealthy; None if it is healthy.
        status: status code of the response.
        elapsed: seconds that the attempt took.
        attempts: number of attempts.
        certain: whether the error is permanent, so that a retry is useless.
        connected: whether a connection was opened.
        content: body of a healthy response, if requested.
    """

    reason: str | None = NOT_TRIED
    status: int | None = None
    elapsed: float | None = None
    attempts: int = 0
    certain: bool = False
    connected: bool = False
    content: str | None = None

    def result(self) -> dict[str, Any]:
        """The part of a result that all targets have."""
        return {
            "healthy": self.reason is None,
            "status": self.status,
            "elapsed": None if self.elapsed is None else round(self.elapsed, 3),
            "attempts": self.attempts,
            "reason": self.reason,
            **({} if self.content is None else {"content": self.content}),
        }


class Prober:
    """Makes attempts for one endpoint.

    Args:
        endpoint: the request and the expected response.
        settings: the limits.
        slots: limits the parallel requests of all probers.
        deadline: end of the run.

    Raises:
        PlatformError: the endpoint's TLS settings cannot be used.
    """

    def __init__(self, endpoint: Endpoint, settings: Settings, slots: threading.BoundedSemaphore, deadline: Deadline) -> None:
        self.endpoint = endpoint
        self.settings = settings
        self.deadline = deadline
        self._slots = slots
        self._context = _context(endpoint)
        self._mask = settings.mask.with_credentials(endpoint.secrets)

    def attempt(self, record: Record, dial: Dial) -> None:
        """Send the request once, and store the result in the record."""
        if not self._slots.acquire(timeout=self.deadline.remaining()):
            return
        try:
            if isinstance(dial, PodDialer):
                with dial:
                    self._exchange(record, dial)
            else:
                self._exchange(record, dial)
        finally:
            self._slots.release()

    def _exchange(self, record: Record, dial: Dial) -> None:
        endpoint = self.endpoint
        deadline = Deadline(self.settings.request_timeout, self.deadline)
        start = time.monotonic()
        status: int | None = None
        reason: str | None
        connected = False

        def dial_and_note(host: str, port: int, within: Deadline) -> socket.socket:
            nonlocal connected
            sock = dial(host, port, within)
            connected = True
            return sock

        try:
            answer = exchange(endpoint.request, self._context, dial_and_note, deadline, self.settings.max_body)
            if isinstance(dial, PodDialer):
                answer = replace(answer, elapsed=answer.elapsed - dial.seconds)
            status, elapsed = answer.status, answer.elapsed
            reason = judge(answer, endpoint.expected, self._mask)
            if endpoint.return_content and reason is None:
                record.content = self._mask(body_text(answer))
        except StageTimeoutError as error:
            # The end of the run interrupted this attempt, so the result of the earlier one is more useful.
            if deadline.cut_short and record.attempts:
                return
            elapsed = time.monotonic() - start
            reason = f"no answer within {elapsed:.1f} s ({error})"
        except PlatformError as error:
            elapsed = time.monotonic() - start
            reason = str(error)
            record.certain = error.certain
        if status is None and isinstance(dial, PodDialer):
            reason = dial.error or reason
        record.attempts += 1
        record.status, record.elapsed, record.connected = status, elapsed, connected
        record.reason = shortened(one_line(self._mask(reason)), _LONGEST_REASON) if reason else None


def in_threads(calls: Iterable[Callable[[], None]], deadline: Deadline) -> None:
    """Run calls in parallel. A call that exceeds the deadline continues in its daemon thread."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    limit = Deadline(deadline.remaining() + _JOIN_GRACE)
    for thread in threads:
        thread.join(limit.remaining())


def _context(endpoint: Endpoint) -> ssl.SSLContext | None:
    if endpoint.request.url.startswith("http:") and not endpoint.request.follow_redirects and not endpoint.ca_path:
        return None
    try:
        return tls_context(endpoint.validate_certs, endpoint.ca_path)
    except OSError as error:  # includes ssl.SSLError
        why = error.strerror if not isinstance(error, ssl.SSLError) else "it contains no usable certificate"
        raise PlatformError(f"endpoint {endpoint.name}: ca_path {endpoint.ca_path}: {why}", certain=True) from error
