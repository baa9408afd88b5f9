"""A small change of one file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A replacement of a piece of a file's text.

    Attributes:
        path: path of the file, relative to the repository.
        kind: kind of the change.
        line: first line of the piece, from 1.
        start: offset of the piece in the text.
        end: offset of the end of the piece.
        old: the piece.
        new: the replacement.
    """

    path: str
    kind: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Apply the change to the file's text."""
        return text[: self.start] + self.new + text[self.end :]

    def __str__(self) -> str:
        """One line with the place, the kind, the old and the new piece."""
        return f"{self.path}:{self.line}: {self.kind}: {_short(self.old)} -> {_short(self.new) or '(nothing)'}"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 90 else f"{one_line[:60]} ... {one_line[-25:]}"


class TextFile:
    """A file's text, and the offsets of its lines.

    Args:
        path: path of the file, relative to the repository.
        text: its content.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, byte: int) -> int:
        """The offset of a position from Python's parser: a line from 1, and bytes of UTF-8 within it."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:byte].decode())

    def change(self, kind: str, start: int, end: int, new: str) -> Change:
        """The change of a piece of the text."""
        return Change(self.path, kind, self.text.count("\n", 0, start) + 1, start, end, self.text[start:end], new)
