# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that an action plugin shows while a module runs (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError


def progress_writer(path: str | None, mask: Callable[[str], str]) -> Callable[[str], None]:
    """Create the function that writes progress lines.

    Args:
        path: the file to append to; None discards the lines.
        mask: hides secrets.

    Raises:
        PlatformError: the file cannot be written.
    """
    if not path:
        return lambda _line: None
    file = Path(path)
    try:
        file.touch()
    except OSError as error:
        raise PlatformError(f"progress_path {path} cannot be written: {error.strerror}", certain=True) from error

    def append(line: str) -> None:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{mask(line)}\n")

    return append
