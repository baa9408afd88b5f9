# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from outside, made fit for a message: pure functions (private to the collection)."""

from __future__ import annotations

import re

_LINE_END = re.compile("\r\n?")
_COLOUR = re.compile("\x1b\\[[0-9;]{0,20}m")
# C0 and C1 of ISO 6429, but for newline and tab. A terminal obeys them: they move the cursor, hide text, or set its title.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# What is read of a text of any length to quote from it.
READ_AT_MOST = 4096


def shortened(text: str, length: int) -> str:
    """A text of at most this length, with dots in place of the rest.

    Args:
        text: without secrets, since a part of a secret is no longer recognized.
        length: in characters, without the dots.
    """
    return text if len(text) <= length else f"{text[:length]}..."


def one_line(text: str) -> str:
    """A text whose words are separated by single spaces."""
    return " ".join(text.split())


def quoted_line(text: str, length: int) -> str:
    """The beginning of a text of any length, in one line.

    Args:
        text: without secrets.
        length: in characters, without the dots.
    """
    return shortened(one_line(text[:READ_AT_MOST]), length)


def without_colours(text: str) -> str:
    """A text without the escapes that colour it on a terminal."""
    return _COLOUR.sub("", text)


def printable(text: str) -> str:
    """A text that a terminal only shows: without colours, and with other control characters replaced.

    Args:
        text: without secrets, since one may hold such characters.
    """
    return _CONTROL.sub("\ufffd", without_colours(_LINE_END.sub("\n", text)))
