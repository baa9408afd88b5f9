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
    """A timeout whose message names the stage that was in progress."""


class Deadline:
    """A point in time at which waiting ends.

    Args:
        seconds: seconds until the deadline.
        within: an outer deadline, which limits this one.

    Attributes:
        seconds: seconds until the deadline at its creation.
        cut_short: whether the outer deadline comes first.
    """

    def __init__(self, seconds: float, within: Deadline | None = None) -> None:
        now = time.monotonic()
        self._at = now + seconds
        self.cut_short = within is not None and within._at < self._at
        if within is not None and self.cut_short:
            self._at = within._at
        self.seconds = self._at - now

    def remaining(self) -> float:
        """Remaining seconds, never negative."""
        return max(0.0, self._at - time.monotonic())

    def require(self) -> float:
        """Remaining seconds, always positive.

        Raises:
            TimeoutError: the deadline has passed.
        """
        left = self.remaining()
        if not left:
            raise TimeoutError("the deadline has passed")
        return left


def bounded_call(function: Callable[[], T], deadline: Deadline, discard: Callable[[T], object] = lambda _late: None) -> T:
    """Run a call that has no timeout (name resolution, a library's connect) and wait for it until the deadline.

    After the deadline the call continues in a daemon thread, which does not keep the process alive.

    Args:
        function: the call.
        deadline: how long to wait for the call.
        discard: releases a result that arrives after the deadline.

    Raises:
        TimeoutError: there was no result before the deadline.
        Exception: the error that the function raised.
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
