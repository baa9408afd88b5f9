# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error type of this collection's modules (private to the collection)."""

from __future__ import annotations


class PlatformError(Exception):
    """One sentence that an operator can act on; only a module's main() turns it into output.

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
