# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error type of this collection's modules, and its subclasses by HTTP status (private to the collection)."""

from __future__ import annotations


class PlatformError(Exception):
    """An error with one sentence that tells the operator what to do. Only run_module() turns it into output.

    Args:
        message: the sentence, without a final period.
        certain: whether the error is permanent, so that a retry is useless (a missing object, a missing permission).
        status: HTTP status of the response, if there was one.
        away: whether the API server was unavailable or overloaded, so that a retry may succeed.
    """

    def __init__(self, message: str, certain: bool = False, status: int | None = None, away: bool = False) -> None:
        super().__init__(message)
        self.certain = certain
        self.status = status
        self.away = away


class RefusedError(PlatformError):
    """The API server rejected the request. A retry of the same request is rejected again."""


class ForbiddenError(RefusedError):
    """The user lacks a permission, or an admission plugin rejected the object."""


class ConflictError(RefusedError):
    """The object was replaced or changed since it was read."""


class UnknownKindError(RefusedError):
    """The API server does not serve this kind in this apiVersion."""


class NotFoundError(PlatformError):
    """The object or its namespace does not exist."""


class NoNamespaceError(PlatformError):
    """The namespace does not exist yet."""


# 401 is not about a particular object. 408, 429 and 5xx are temporary.
BY_STATUS: dict[int, type[PlatformError]] = {
    **dict.fromkeys((400, 405, 413, 415, 422), RefusedError),
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
}
