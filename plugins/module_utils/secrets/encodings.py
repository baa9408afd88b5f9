# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decoded forms of a text, with the position of each character in the original: pure functions (private to the collection)."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

# Nested encodings: JSON within a Python representation, a quoted URL within a quoted URL.
_DEPTH = 2
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_BACKSLASH = re.compile(r"""\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\\"'/nrtbf])""")
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class View:
    """One decoded form of a text.

    Attributes:
        text: the decoded text.
        origin: position of each character, and of the end, in the original text.
    """

    text: str
    origin: Sequence[int]

    def spans(self, part: str) -> Iterator[tuple[int, int]]:
        """The positions of a substring in the original text.

        Args:
            part: the substring, not empty.
        """
        position = self.text.find(part)
        while position >= 0:
            end = position + len(part)
            yield self.origin[position], self.origin[end]
            position = self.text.find(part, end)


def views(text: str) -> list[View]:
    """A text and its decoded forms from URLs, HTML, JSON and Python, including nested encodings.

    Args:
        text: any text.
    """
    found = [View(text, range(len(text) + 1))]
    newest = found
    for _level in range(_DEPTH):
        decoded = [view for each in newest for decode in _DECODERS if (view := decode(each)) is not None]
        newest = []
        for view in decoded:
            if all(view.text != other.text for other in found):
                newest.append(view)
                found = [*found, view]
    return found


def in_standard_base64(view: View) -> View:
    """The view with the two special characters of URL-safe base64 replaced by the standard ones."""
    return View(view.text.translate(_URL_SAFE), view.origin)


def base64_forms(value: str) -> set[str]:
    """A value in base64, and the constant parts of its encoded forms within other bytes.

    Args:
        value: a string of at least one character.
    """
    content = value.encode(errors="surrogateescape")
    forms = {base64.b64encode(content).decode().rstrip("=")}
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + content).decode()
        # A character encodes 6 bits. Characters that also contain bits of the neighbouring bytes are omitted.
        forms.add(text[-(-8 * offset // 6) : 8 * (offset + len(content)) // 6])
    return forms


def _decoded(view: View, pattern: re.Pattern[str], decode: Callable[[str], str | None]) -> View | None:
    """A view in which escaped characters are decoded."""
    parts: list[str] = []
    origin: list[int] = []
    position = 0
    for found in pattern.finditer(view.text):
        character = decode(found[0])
        if character is None:
            continue
        parts += [view.text[position : found.start()], character]
        origin.extend(view.origin[position : found.start()])
        origin.append(view.origin[found.start()])
        position = found.end()
    if not position:
        return None
    parts.append(view.text[position:])
    origin.extend(view.origin[position:])
    return View("".join(parts), origin)


def _of_url(view: View) -> View | None:
    """Decode percent-encoded UTF-8: first the bytes, then the characters."""
    as_bytes = _decoded(view, _PERCENT, lambda found: chr(int(found[1:], 16)))
    if as_bytes is None or as_bytes.text.isascii():
        return as_bytes
    return _decoded(as_bytes, _UTF_8, _of_bytes) or as_bytes


_UTF_8 = re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def _of_bytes(characters: str) -> str | None:
    try:
        return characters.encode("latin-1").decode()
    except UnicodeDecodeError:
        return None


def _of_form(view: View) -> View | None:
    if "+" not in view.text:
        return None
    blanks = View(view.text.replace("+", " "), view.origin)
    return _of_url(blanks) or blanks


def _of_html(view: View) -> View | None:
    return _decoded(view, _ENTITY, lambda found: character if len(character := html.unescape(found)) == 1 else None)


def _of_json(view: View) -> View | None:
    return _decoded(view, _BACKSLASH, _of_escape)


def _of_escape(escape: str) -> str:
    if escape == "\\'":
        return "'"
    text: str = json.loads(f'"{escape}"' if escape[1] != "x" else f'"\\u00{escape[2:]}"')
    return text


_DECODERS = (_of_url, _of_form, _of_html, _of_json)
