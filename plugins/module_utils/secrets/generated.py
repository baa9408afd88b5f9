# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The directory of the generated secrets on the control node (private to the collection)."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable


def secrets_kept_in(directory: str, former: str, names: Iterable[str]) -> str:
    """Find the directory of the generated secrets.

    An earlier version of the collection stored the secrets of all platforms of a host in one directory. Returns that directory until a run
    has copied the secrets to the directory of the platform, which is inside it.

    Args:
        directory: Directory of the platform.
        former: Directory of the earlier version.
        names: Names of the files and directories with secrets.

    Returns:
        Directory of the generated secrets.

    Example:
        {{ '/srv/shop/cluster/namespace' | jewelry_shop.platform.secrets_kept_in('/srv/shop', ['redis_password']) }}
    """
    own = pathlib.Path(directory).expanduser()
    earlier = pathlib.Path(former).expanduser()
    lies_in_it = earlier in own.parents
    return former if lies_in_it and not own.exists() and any((earlier / name).exists() for name in names) else directory
