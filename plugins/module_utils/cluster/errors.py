# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error type of this collection's modules, and what an answer of the API server makes of it (private to the collection)."""

from __future__ import annotations


class PlatformError(Exception):
    """One sentence that an operator can act on; only run_module() turns it into output.

    Args:
        message: the sentence, without a final period.
        certain: whether trying again cannot change the outcome (an object that does not exist, a refused permission).
        status: what the API server answered with, if it did.
        away: whether the API server was not reached or too busy, so that the same may succeed in a moment.
    """

    def __init__(self, message: str, certain: bool = False, status: int | None = None, away: bool = False) -> None:
        super().__init__(message)
        self.certain = certain
        self.status = status
        self.away = away


class RefusedError(PlatformError):
    """The API server rejected the request. The same request is rejected again."""


class ForbiddenError(RefusedError):
    """The credential lacks a permission, or an admission plugin rejected the object."""


class ConflictError(RefusedError):
    """The object is another one, or has been changed, since it was read."""


class UnknownKindError(RefusedError):
    """The API server knows no such kind in this apiVersion."""


class NotFoundError(PlatformError):
    """The object, or the namespace that it would be in, does not exist."""


class NoNamespaceError(PlatformError):
    """The namespace does not exist yet."""


# 401 concerns no object in particular. 408, 429 and 5xx are temporary.
BY_STATUS: dict[int, type[PlatformError]] = {
    **dict.fromkeys((400, 405, 413, 415, 422), RefusedError),
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
}
