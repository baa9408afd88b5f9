# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks and the renewal of one run know about its Lease (private to the collection).

The mark is a file in the directory of the run. The file exists while the run holds the Lease. Its modification time is the time of the
last renewal.
"""

from __future__ import annotations

import os
import secrets
import socket
import time

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.run_directory import file_of_host, run_directory

# A renewal is overdue when two of three were missed. A third of the duration is then left for the run to renew or to end.
_OVERDUE = 2 / 3


class LeaseMark:
    """The mark of the Lease of one host.

    Args:
        host: name of the host in the inventory.
    """

    def __init__(self, host: str) -> None:
        self._path = file_of_host("lease", host)
        self.identity = f"{socket.gethostname()}_{run_directory().name}_{host}"

    def set(self, duration: int) -> str:
        """Mark the Lease as held and just renewed. Returns a token of this call.

        Args:
            duration: seconds after which the Lease expires without a renewal.
        """
        token = secrets.token_hex(8)
        self._path.write_text(f"{duration} {token}")
        return token

    def clear(self) -> None:
        """Mark the Lease as not held, which ends its renewal."""
        self._path.unlink(missing_ok=True)

    def is_set(self, token: str = "") -> bool:
        """Whether the run holds the Lease.

        Args:
            token: result of set(). Then also whether that call was the last.
        """
        content = self._read()
        return bool(content) and token in ("", content[1])

    def renewed(self) -> None:
        """Save the time of a renewal."""
        os.utime(self._path)

    def lost(self) -> None:
        """Mark the renewal as overdue, so that the next task of the run finds out that the Lease is lost."""
        os.utime(self._path, (0, 0))

    def state(self) -> str:
        """C(none) if the run does not hold the Lease, C(overdue) if the renewal is overdue, else C(held)."""
        content = self._read()
        if not content:
            return "none"
        # A clock that was set back makes the age negative. The time of a file can be some milliseconds ahead of it.
        is_fresh = -1 <= time.time() - self._path.stat().st_mtime <= int(content[0]) * _OVERDUE
        return "held" if is_fresh else "overdue"

    def _read(self) -> list[str]:
        try:
            return self._path.read_text().split()
        except FileNotFoundError:
            return []
