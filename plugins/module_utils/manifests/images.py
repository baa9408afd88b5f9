# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of images (private to the collection).

A name is repository[:tag][@digest]. A digest takes precedence over a tag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DEFAULT_TAG = "latest"
_DEFAULT_REGISTRY = "docker.io"
_FORMER_DEFAULT_REGISTRY = "index.docker.io"
_OFFICIAL = "library/"
# The grammar of https://pkg.go.dev/github.com/distribution/reference
_HOST_PART = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?:{_HOST}/)?{_PATH}(?:/{_PATH})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME_LENGTH = 255
_SHORT_DIGEST = 12


def is_same_image(found: str, wanted: str) -> bool:
    """Whether an image is the expected one, also if an admission webhook pinned it to a digest or put a mirror before its path.

    Args:
        found: the image in the cluster.
        wanted: the expected image.
    """
    found_repository, found_tag, found_digest = _parts(found)
    repository, tag, digest = _parts(wanted)
    # The path without the registry. Mirrors have the official images with and without `library`.
    path = repository.partition("/")[2]
    if not found_repository.endswith((f"/{path}", f"/{path.removeprefix(_OFFICIAL)}")):
        return False
    if digest:
        return found_digest == digest
    return found_tag == tag or (not found_tag and bool(found_digest))


def digest_of(image_id: str) -> str:
    """The digest in an imageID of a container's status; the whole imageID if it has no digest.

    The same image has several names, depending on the registry or mirror that it was pulled from.

    Args:
        image_id: the imageID as the container runtime reports it.
    """
    return image_id.rpartition("@")[2]


def image_version(image: str) -> str:
    """Get the version from the name of an image.

    Returns the tag. Without a tag, returns the first 12 digits of the digest. Without tag and digest, returns V(latest).

    Args:
        image: Name of an image, with or without tag and digest.

    Returns:
        Version of the image.

    Example:
        {{ 'registry:5000/nginx:1.30' | jewelry_shop.platform.image_version }}
    """
    _repository, tag, digest = _parts(image)
    return tag or digest.rpartition(":")[2][:_SHORT_DIGEST]


def image_problem(image: str) -> str:
    """Why a string is not a valid image name; empty if it is valid.

    Args:
        image: name of the image, with or without tag and digest.
    """
    name, at, digest = image.partition("@")
    path, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and tag_problem(tag):
        return f"has the tag '{tag}', which {tag_problem(tag)}"
    if at and not _DIGEST.fullmatch(digest):
        return "has no digest after the @; write sha256: and 64 hexadecimal digits in lower case"
    return repository_problem(f"{path}{slash}{last}")


def repository_problem(name: str) -> str:
    """Why a string is not a valid image name without tag and digest; empty if it is valid.

    Args:
        name: registry and path.
    """
    if len(name) <= _NAME_LENGTH and _NAME.fullmatch(name):
        return ""
    return (
        f"is not a valid image name; write registry/path with at most {_NAME_LENGTH} characters, the path in lower-case letters, digits "
        "and single ., _ and - between them"
    )


def tag_problem(tag: str) -> str:
    """Why a string is not a valid tag; empty if it is valid.

    Args:
        tag: the tag without the colon.
    """
    if _TAG.fullmatch(tag):
        return ""
    return "is not a valid image tag; write at most 128 letters, digits, _, . and -, and do not begin with . or -"


def mirror_problem(name: str) -> str:
    """Why a string is not a valid registry of copies; empty if it is valid.

    Args:
        name: registry, optionally with port and path.
    """
    if not repository_problem(f"{name}/image") and _is_registry(name.partition("/")[0]):
        return ""
    return (
        "is not a registry; write host, host:port or host:port/path without https:// and without a slash at the end, such as "
        "registry.example.com:5000/mirror"
    )


class Reference(NamedTuple):
    """The parts of the name of an image.

    Args:
        registry: host of the registry, with its port.
        path: path in the registry.
        tag: the tag; empty for none.
        digest: the digest with its algorithm; empty for none.
    """

    registry: str
    path: str
    tag: str
    digest: str

    @property
    def repository(self) -> str:
        """Registry and path."""
        return f"{self.registry}/{self.path}"

    @property
    def suffix(self) -> str:
        """Tag and digest with their separators."""
        return f"{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"


def reference(image: str) -> Reference:
    """The parts of the name of an image. Names without a registry are those of Docker Hub.

    Args:
        image: name of the image, with or without registry, tag and digest.
    """
    name, _at, digest = image.partition("@")
    # A colon before the last slash belongs to the port of the registry.
    path, slash, last = name.rpartition("/")
    last, _colon, tag = last.partition(":")
    repository = f"{path}{slash}{last}"
    registry, slash, rest = repository.partition("/")
    if not slash or not _is_registry(registry):
        registry, rest = _DEFAULT_REGISTRY, repository
    if registry == _FORMER_DEFAULT_REGISTRY:
        registry = _DEFAULT_REGISTRY
    if registry == _DEFAULT_REGISTRY and "/" not in rest:
        rest = f"{_OFFICIAL}{rest}"
    return Reference(registry, rest, tag, digest)


def _is_registry(part: str) -> bool:
    """Whether the part before the first slash is a registry. A path has no upper-case letters."""
    return "." in part or ":" in part or part == "localhost" or part != part.lower()


def _parts(image: str) -> tuple[str, str, str]:
    """Repository with its registry, tag and digest."""
    found = reference(image)
    return found.repository, found.tag or ("" if found.digest else _DEFAULT_TAG), found.digest


def full_name(image: str) -> str:
    """The name of an image with its registry, and with a tag or digest. Two names of the same image become equal.

    Args:
        image: name of the image.
    """
    found = reference(image)
    return f"{found.repository}{found.suffix or f':{_DEFAULT_TAG}'}"
