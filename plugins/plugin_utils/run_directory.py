# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The temporary directory of one ansible-playbook process (private to the collection).

Only the user of the process can read it, and Ansible removes it at the end of the run. What several tasks of a run share is here. A fact
would outlive the run in a fact cache.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ansible import constants


def run_directory() -> Path:
    """The directory. Its name contains the process id and random characters."""
    return Path(constants.DEFAULT_LOCAL_TMP)


def file_of_host(kind: str, host: str) -> Path:
    """A file about one host of the inventory.

    Args:
        kind: what the file contains.
        host: name of the host in the inventory, which can have characters that a path cannot.
    """
    return run_directory() / f"{kind}-{hashlib.sha256(host.encode()).hexdigest()[:16]}"
