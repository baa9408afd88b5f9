"""A small change of one file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A piece of a file's text that becomes another.

    Attributes:
        path: of the file, below the repository.
        kind: of change.
        line: where it begins, from 1.
        start: offset of the piece in the text.
        end: offset behind it.
        old: the piece.
        new: what it becomes.
    """

    path: str
    kind: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def apply(self, text: str) -> str:
        """The file's text with the change."""
        return text[: self.start] + self.new + text[self.end :]

    def __str__(self) -> str:
        """One line: where, what kind, from what to what."""
        return f"{self.path}:{self.line}: {self.kind}: {_short(self.old)} -> {_short(self.new) or '(nothing)'}"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 90 else f"{one_line[:60]} ... {one_line[-25:]}"


class TextFile:
    """A file's text, and where its lines begin.

    Args:
        path: of the file, below the repository.
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
        """The offset of a place that is given as Python's parser does: a line from 1, and bytes of UTF-8 within it."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:byte].decode())

    def change(self, kind: str, start: int, end: int, new: str) -> Change:
        """The change of a piece."""
        return Change(self.path, kind, self.text.count("\n", 0, start) + 1, start, end, self.text[start:end], new)
