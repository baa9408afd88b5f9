# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image a name means (private to the collection).

A name is repository[:tag][@digest]. Where there is a digest it decides; a tag beside it is for people.
"""

from __future__ import annotations

_DEFAULT_TAG = "latest"
_DEFAULT_REGISTRY = "docker.io"


def is_pinned_or_same(found: str, wanted: str) -> bool:
    """Whether an image is the one that was asked for, or that one pinned to a digest, as admission webhooks do.

    Args:
        found: what the cluster has.
        wanted: what was asked for.
    """
    found_repository, found_tag, found_digest = _parts(found)
    repository, tag, digest = _parts(wanted)
    if found_repository != repository:
        return False
    if digest:
        return found_digest == digest
    return found_tag == tag or (not found_tag and bool(found_digest))


def digest_of(image_id: str) -> str:
    """The digest in an imageID of a container's status; all of it where it has none.

    The same image has several names, by the registries and mirrors that it was pulled from.

    Args:
        image_id: as the container runtime writes it.
    """
    return image_id.rpartition("@")[2]


def _parts(image: str) -> tuple[str, str, str]:
    """Repository with its registry, tag and digest."""
    name, _at, digest = image.partition("@")
    # A colon before the last slash is that of the registry's port.
    path, slash, last = name.rpartition("/")
    last, _colon, tag = last.partition(":")
    repository = f"{path}{slash}{last}"
    registry, slash, rest = repository.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = _DEFAULT_REGISTRY, repository
    if registry == _DEFAULT_REGISTRY and "/" not in rest:
        rest = f"library/{rest}"
    return f"{registry}/{rest}", tag or ("" if digest else _DEFAULT_TAG), digest
