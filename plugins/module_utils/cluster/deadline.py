# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deadlines on the monotonic clock (private to the collection)."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class StageTimeoutError(TimeoutError):
    """A timeout whose text says what was being waited for."""


class Deadline:
    """A point in time after which nothing is waited for any more.

    Args:
        seconds: how far away it is.
        within: an outer deadline that this one cannot outlast.

    Attributes:
        seconds: how far away it was at the beginning.
        cut_short: whether the outer deadline is the nearer one.
    """

    def __init__(self, seconds: float, within: Deadline | None = None) -> None:
        now = time.monotonic()
        self._at = now + seconds
        self.cut_short = within is not None and within._at < self._at
        if within is not None and self.cut_short:
            self._at = within._at
        self.seconds = self._at - now

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._at - time.monotonic())

    def require(self) -> float:
        """Seconds left, always positive.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self.remaining()
        if not left:
            raise TimeoutError("the deadline has passed")
        return left


def bounded_call(function: Callable[[], T], deadline: Deadline, discard: Callable[[T], object] = lambda _late: None) -> T:
    """Run a call that knows no timeout (name resolution, a library's connect) and wait for it until the deadline.

    A call that is still running then is left behind in its daemon thread, which cannot keep the process alive.

    Args:
        function: what to run.
        deadline: how long to wait for it.
        discard: releases a result that comes too late.

    Raises:
        TimeoutError: there was no result in time.
        Exception: whatever the function raised.
    """
    done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
    abandoned = threading.Event()

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread, which raises it
            done.put((None, error))
            return
        if abandoned.is_set():
            discard(result)
        done.put((result, None))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, error = done.get(timeout=deadline.remaining())
    except queue.Empty:
        abandoned.set()
        raise TimeoutError("no result in time") from None
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
