# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Acquires, renews and releases the Lease that allows one run at a time (private to the collection).

A write replaces the Lease as it was read. The API server rejects it if the Lease changed in the meantime, so only one run acquires it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    ConflictError,
    ForbiddenError,
    NoNamespaceError,
    NotFoundError,
    PlatformError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import (
    Holder,
    Manifest,
    acquired,
    holder,
    released,
    renewed,
)

# A conflict is followed by a read, which shows whether another run holds the Lease. Only a change by a third party leads to a second one.
_ATTEMPTS = 5

T = TypeVar("T")


class Api(Protocol):
    """The functions of the cluster that are used here."""

    place: dict[str, str]

    def read(self) -> tuple[Manifest | None, datetime]:
        """The Lease, and the time of the API server."""

    def create(self, labels: Mapping[str, str]) -> tuple[Manifest, datetime]:
        """Create a Lease that no run holds."""

    def update(self, lease: Manifest) -> None:
        """Replace the Lease if it is unchanged."""

    def delete(self, lease: Manifest) -> None:
        """Delete the Lease if it is unchanged."""


class LostError(PlatformError):
    """Another run holds the Lease that this run held, or the Lease was deleted."""


@dataclass(frozen=True)
class Request:
    """The run that acquires the Lease.

    Args:
        identity: unique for each run.
        description: user, place and playbook.
        duration: seconds after which the Lease expires without a renewal.
        labels: labels of the Lease.
        expected_version: the resource version that the plan read, empty if the Lease did not exist; None if there is no plan.
    """

    identity: str
    description: str
    duration: int
    labels: Mapping[str, str] = field(default_factory=dict)
    expected_version: str | None = None


def version(lease: Mapping[str, Any] | None) -> str:
    """The resource version of a Lease; empty if the Lease does not exist."""
    return str(lease["metadata"]["resourceVersion"]) if lease else ""


def acquire(api: Api, request: Request) -> bool:
    """Acquire the Lease. A run that already holds it renews it.

    Args:
        api: the cluster.
        request: the run.

    Returns:
        Whether the run holds the Lease. False if the namespace does not exist or is being deleted.

    Raises:
        PlatformError: another run holds the Lease, or has changed the cluster since the plan.
    """
    try:
        patiently(lambda: _until_settled(api, lambda lease, now: _acquire(api, request, lease, now)))
    except NoNamespaceError:
        return False
    except ForbiddenError as error:
        raise PlatformError(
            f"{error}. Nothing was changed. Let an administrator run playbooks/grant_deployer.yml with this inventory", certain=True
        ) from error
    return True


def _acquire(api: Api, request: Request, lease: Manifest | None, now: datetime) -> None:
    if lease and _identity(lease) == request.identity:
        api.update(renewed(lease, now))
        return
    current = holder(lease, now)
    if current:
        raise PlatformError(f"{held_sentence(api.place, current)} Nothing was changed", certain=True)
    if request.expected_version not in (None, version(lease)):
        raise PlatformError(
            f"Another run held Lease {_name(api.place)} after this run had made its plan, which may be out of date. Nothing was changed: "
            "run the playbook again",
            certain=True,
        )
    if lease is None:
        lease, now = api.create(request.labels)
    api.update(acquired(lease, request.identity, request.description, request.labels, request.duration, now))


def renew(api: Api, identity: str) -> None:
    """Renew the Lease that this run acquired.

    Args:
        api: the cluster.
        identity: identity of the run.

    Raises:
        LostError: another run holds the Lease, or the Lease was deleted or released.
        PlatformError: the Lease cannot be renewed for another reason.
    """
    _until_settled(api, lambda lease, now: _renew(api, identity, lease, now))


def _renew(api: Api, identity: str, lease: Manifest | None, now: datetime) -> None:
    if lease and _identity(lease) == identity:
        api.update(renewed(lease, now))
        return
    current = holder(lease, now)
    unheld = "It was deleted" if lease is None else "Another run held it in the meantime"
    reason = f"Another run holds it: {current}" if current else unheld
    raise LostError(
        f"This run lost Lease {_name(api.place)}. {reason}. This run ends before its next change: run the playbook again", certain=True
    )


def release(api: Api, identity: str, delete: bool = False) -> bool:
    """Release the Lease, so that the next run need not wait until it expires.

    Args:
        api: the cluster.
        identity: identity of the run.
        delete: whether to delete the Lease.

    Returns:
        Whether the run held it.

    Raises:
        PlatformError: the Lease cannot be released. It expires without a renewal.
    """
    return _until_settled(api, lambda lease, _now: _release(api, identity, delete, lease))


def _until_settled(api: Api, decide: Callable[[Manifest | None, datetime], T]) -> T:
    """Read the Lease and write it, and repeat both after a conflict."""
    for attempt in range(_ATTEMPTS):
        lease, now = api.read()
        try:
            return decide(lease, now)
        except (ConflictError, NotFoundError):
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError  # unreachable


def _release(api: Api, identity: str, delete: bool, lease: Manifest | None) -> bool:
    if lease is None or _identity(lease) != identity:
        return False
    if delete:
        api.delete(lease)
    else:
        api.update(released(lease))
    return True


def held_sentence(place: Mapping[str, str], current: Holder) -> str:
    """Name the run that holds the Lease.

    Args:
        place: namespace and name of the Lease.
        current: the run.
    """
    return f"Another run holds Lease {_name(place)}: {current}."


def _name(place: Mapping[str, str]) -> str:
    return f"{place['namespace']}/{place['name']}"


def _identity(lease: Mapping[str, Any]) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")
