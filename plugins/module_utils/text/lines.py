# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prepares text from outside for messages: pure functions (private to the collection)."""

from __future__ import annotations

import re

_LINE_END = re.compile("\r\n?")
_COLOUR = re.compile("\x1b\\[[0-9;]{0,20}m")
# C0 and C1 of ISO 6429, except newline and tab. A terminal interprets them: they move the cursor, hide text, or set its title.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# Maximum number of characters that are read from a text in order to quote it.
READ_AT_MOST = 4096


def shortened(text: str, length: int) -> str:
    """A text of at most this length. Dots replace the rest.

    Args:
        text: text with secrets masked, because a part of a secret is not recognized.
        length: maximum number of characters, without the dots.
    """
    return text if len(text) <= length else f"{text[:length]}..."


def one_line(text: str) -> str:
    """A text whose words are separated by single spaces."""
    return " ".join(text.split())


def quoted_line(text: str, length: int) -> str:
    """The beginning of a text in one line.

    Args:
        text: text with secrets masked.
        length: maximum number of characters, without the dots.
    """
    return shortened(one_line(text[:READ_AT_MOST]), length)


def without_colours(text: str) -> str:
    """A text without terminal color escapes."""
    return _COLOUR.sub("", text)


def printable(text: str) -> str:
    """A text that is safe for a terminal: without colors, and with other control characters replaced.

    Args:
        text: text with secrets masked, because a secret may contain such characters.
    """
    return _CONTROL.sub("\ufffd", without_colours(_LINE_END.sub("\n", text)))
