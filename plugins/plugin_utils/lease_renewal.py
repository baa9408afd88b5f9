# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renews the Lease of a run while its tasks run (private to the collection).

A task can take half an hour, and Ansible runs the next one only after it. So the renewal is a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.run import LostError
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.background import start_of

# Seconds between two looks at the run, and between two attempts while the API server is unavailable.
_LOOK_AGAIN = 1.0


class Mark(Protocol):
    """The part of LeaseMark that the renewal uses."""

    def is_set(self, token: str) -> bool:
        """Whether the run still holds the Lease."""

    def renewed(self) -> None:
        """Save the time of a renewal."""

    def lost(self) -> None:
        """Mark the renewal as overdue."""


@dataclass(frozen=True)
class Run:
    """The run whose Lease is renewed.

    Args:
        pid: process id of ansible-playbook.
        start: its start, as start_of() returns it.
        mark: the mark of the Lease.
        token: token of the mark.
    """

    pid: int
    start: str
    mark: Mark
    token: str

    def is_going_on(self) -> bool:
        """Whether the process lives and holds the Lease."""
        return start_of(self.pid) == self.start != "" and self.mark.is_set(self.token)


def keep_renewing(
    run: Run,
    renew: Callable[[], Any],
    interval: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Renew a Lease until its run ends, releases the Lease or loses it.

    Args:
        run: the run.
        renew: renews the Lease once.
        interval: seconds between two renewals.
        sleep: waits.
        clock: the time in seconds.
    """
    due = clock() + interval
    while True:
        sleep(min(_LOOK_AGAIN, interval))
        if not run.is_going_on():
            return
        if clock() < due:
            continue
        try:
            started = clock()
            renew()
        except LostError:
            # The tasks of the run stop at their next write. Nothing else may be interrupted.
            run.mark.lost()
            return
        except PlatformError:
            continue
        run.mark.renewed()
        due = started + interval
