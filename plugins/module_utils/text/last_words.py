# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a command failed, according to its output: pure functions (private to the collection)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import one_line, shortened

# Longer than an exception that contains a host, a user and a reason.
LONGEST = 1000
# Characters from the end of a command's output. Comparing more lines would take too long.
READ_AT_END = 65_536
_LAST_LINES = 200

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_FRAME = re.compile(r'\s+File "[^"]+", line \d+')
_BETWEEN_TRACEBACKS = re.compile(r"(During handling of|The above exception was)")
# `ValueError: no`, `psycopg.errors.UndefinedTable: no`, `django.core.exceptions.ImproperlyConfigured: no`.
_EXCEPTION = re.compile(r"([a-z_]\w*\.)+[A-Z]\w*(: |$)|[A-Z]\w*(Error|Exception|Warning|Exit|Interrupt|Timeout|DoesNotExist)(: |$)")
# `psql: error: no`, `manage.py migrate: error: no`, `FATAL:  no`, and the message of manage.py for an unknown command.
_ERROR = re.compile(r"([\w./ -]+: )?(error|fatal|critical|panic): |Unknown command: ", re.IGNORECASE)
# The start of a log record: a time, a level, or JSON.
_RECORD = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:|\[?(DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL)\b|\{.*\}$", re.IGNORECASE)
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_JSON_WORDS = ("message", "msg", "event", "error")
_JSON_TRACEBACKS = ("exc_info", "exc_text", "exception", "traceback", "stack_trace")
_JSON_LEVELS = ("level", "levelname", "severity", "log.level")
_BAD_LEVELS = ("error", "critical", "fatal", "alert", "emergency")


def last_words(text: str) -> str:
    """Why a command failed, in one line of limited length; empty if it printed nothing.

    Args:
        text: its output, or the end of it, with secrets masked, because a shortened secret is not recognized.
    """
    return shortened(one_line(cause_lines(text)), LONGEST)


def cause_lines(text: str) -> str:
    """Why a command failed, as printed: its last exception or error message, or else its last line.

    Args:
        text: its output, or the end of it.
    """
    lines = [line for line in _COLORS.sub("", text[-READ_AT_END:]).splitlines() if line.strip()][-_LAST_LINES:]
    for position in reversed(range(len(lines))):
        line = lines[position]
        if _ends_traceback(lines, position):
            return _with_continuation(lines, position)
        if document := _document(line):
            if words := _of_document(document, only_errors=True):
                return words
        elif not line[0].isspace() and not _belongs_to_exception(lines, position) and (_EXCEPTION.match(line) or _ERROR.match(line)):
            return _with_continuation(lines, position)
    if not lines:
        return ""
    document = _document(lines[-1])
    return (_of_document(document, only_errors=False) if document else "") or lines[-1].strip()


def _ends_traceback(lines: Sequence[str], position: int) -> bool:
    """Whether a line is the first one after the frames of a traceback."""
    if lines[position][0].isspace() or _TRACEBACK.match(lines[position]):
        return False
    before = position - 1
    while before >= 0 and lines[before][0].isspace():
        if _FRAME.match(lines[before]):
            return True
        before -= 1
    return False


def _belongs_to_exception(lines: Sequence[str], position: int) -> bool:
    """Whether a line belongs to an exception message of several lines."""
    for before in reversed(range(position)):
        if _ends_traceback(lines, before):
            return not any(_is_new(line) for line in lines[before + 1 : position + 1])
    return False


def _is_new(line: str) -> bool:
    """Whether a line cannot continue the message before it."""
    return bool(_RECORD.match(line) or _TRACEBACK.match(line) or _BETWEEN_TRACEBACKS.match(line) or _EXCEPTION.match(line))


def _with_continuation(lines: Sequence[str], position: int) -> str:
    message = [lines[position]]
    for line in lines[position + 1 :]:
        if _is_new(line):
            break
        message.append(line)
    return "\n".join(message)


def _document(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, Mapping) else None


def _of_document(document: Mapping[str, Any], *, only_errors: bool) -> str:
    """The message of a JSON record; empty if it has none, or if only errors are requested and it is not an error."""
    traceback = next((str(document[key]) for key in _JSON_TRACEBACKS if isinstance(document.get(key), str)), "")
    if traceback.strip():
        return cause_lines(traceback)
    level = next((str(document[key]) for key in _JSON_LEVELS if key in document), "")
    if only_errors and level.lower() not in _BAD_LEVELS:
        return ""
    return next((str(document[key]) for key in _JSON_WORDS if document.get(key)), "")
