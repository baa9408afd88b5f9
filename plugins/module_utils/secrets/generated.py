# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where the controller keeps what a run generated (private to the collection)."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable


def secrets_kept_in(directory: str, former: str, names: Iterable[str]) -> str:
    """The directory that generated secrets are kept in.

    Args:
        directory: that of the platform.
        former: that of an earlier version of the collection, which is used until a run copied it to one that lies in it.
        names: of what is kept in it.
    """
    own = pathlib.Path(directory).expanduser()
    earlier = pathlib.Path(former).expanduser()
    lies_in_it = earlier in own.parents
    return former if lies_in_it and not own.exists() and any((earlier / name).exists() for name in names) else directory
