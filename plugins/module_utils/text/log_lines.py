# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of a log report an error: pure functions (private to the collection).

The level of a line decides, not the words in its message. All patterns read only the beginning of the line, so that a long line takes
no more time than a short one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import without_colours

_ERRORS = "ERROR|CRITICAL|CRIT|FATAL|PANIC|SEVERE|ALERT|EMERGENCY|EMERG"
# PostgreSQL writes LOG, STATEMENT, DETAIL and others instead of a level.
_OTHERS = "TRACE|DEBUG[1-5]?|INFO|NOTICE|WARNING|WARN|SUCCESS|LOG|STATEMENT|DETAIL|HINT|CONTEXT|QUERY"
# A level is a separate word. Celery appends the process name. In lower case it is in brackets, as in nginx.
_LEVEL = re.compile(
    rf"(?<![\w./@=&?%+-])(?:(?P<error>{_ERRORS})|{_OTHERS})(?=[ \t:|>)\]]|/[\w.-]{{1,80}}\]|$)"
    rf"|\[(?:(?P<bracketed>{_ERRORS.lower()})|{_OTHERS.lower()})[ ]{{0,10}}\]"
)
_HEADER = 200
# Text that may precede a level: only brackets; a time and up to six words such as the process and the logger; or a program name with
# a colon.
_TIME = r"\d{4}[-/]\d\d[-/]\d\d|\d\d[-/]\w{3}[-/]\d{4}|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
_BEFORE_LEVEL = re.compile(rf"[\[(<| ]{{0,4}}(?:(?:{_TIME})\S{{0,60}}(?:[ \t]+\S{{1,80}}){{0,6}}?[ \t\[(<|]{{0,4}}|[\w.-]{{1,80}}: )?")

_TRACEBACK = "Traceback (most recent call last):"

# logfmt: pairs of key and value. A value in quotes may contain spaces.
_LOGFMT = re.compile(r'[\w.]{1,40}=(?:"[^"]{0,200}"|[^\s"]{0,200})(?:\s|$)')
_LOGFMT_PAIR = re.compile(r'(?:^|\s)(?P<key>[\w.]{1,40})=(?:"(?P<quoted>[^"]{0,200})"|(?P<bare>[^\s"]{0,200}))')
_KEYS = ("level", "levelname", "lvl", "severity", "log.level", "level_name")
_NAMES = frozenset([*_ERRORS.lower().split("|"), "err"])
# Numeric levels: in Python's logging 40 is an error, in bunyan and pino 50. From 50 on it is an error in all of them.
_LEAST_NUMBER = 50

# Redis marks important lines with #, whether they are errors or not.
_REDIS = re.compile(r"\d{1,10}:[MSCX] \d\d \w{3} \d{4} [\d:.]{1,20} # (?!WARNING|Warning)(?P<message>.*)")
_REDIS_ERROR = re.compile(
    r"\b(?:error|errors|failed|fatal|can't|cannot|could not|unable|out of memory|crashed|bug report|corrupt\w*)\b", re.IGNORECASE
)

# Problems that a client causes and that nginx logs as [error]: a missing file, a page that is not public, a limit.
_VISITOR = re.compile(
    r"failed \(2: No such file or directory\)|access forbidden by rule|directory index of \S{1,200} is forbidden"
    r"|limiting (?:requests|connections)|client intended to send too large body|client sent (?:invalid|too)"
)
# PostgreSQL's response to each connection while it starts or stops.
_STARTING = re.compile(r"FATAL: {1,2}(?:the database system is |terminating connection due to administrator command)")


def is_error_line(line: str) -> bool:
    """Whether a line reports an error.

    Supports the formats of Django, gunicorn, Celery, nginx, PostgreSQL, Redis and Python's logging, logfmt and JSON.

    Args:
        line: a line of a container's log.
    """
    text = without_colours(line).strip()
    if text.startswith("{"):
        return _is_error_in_json(text)
    if begins_traceback(text):
        return True
    redis = _REDIS.match(text)
    if redis:
        return bool(_REDIS_ERROR.search(redis["message"]))
    if _LOGFMT.match(text):
        return _is_error_in_logfmt(text)
    # After a quotation mark there is a request or a message, not a level.
    header = text[:_HEADER].partition('"')[0]
    level = _LEVEL.search(header)
    if not level or not (level["error"] or level["bracketed"]) or not _BEFORE_LEVEL.fullmatch(header, 0, level.start()):
        return False
    by_a_visitor = level["bracketed"] == "error" and _VISITOR.search(text)
    return not by_a_visitor and not _STARTING.search(text)


def begins_traceback(line: str) -> bool:
    """Whether a line starts a Python traceback, whose exception is on a later line.

    Args:
        line: a line of a container's log.
    """
    return without_colours(line).rstrip().endswith(_TRACEBACK)


def _is_error_in_json(text: str) -> bool:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, Mapping) and any(_is_error_level(level) for level in _levels(entry))


def _levels(entry: Mapping[str, Any]) -> list[Any]:
    """The level of an entry, under all known keys. The Elastic Common Schema has it in log, loguru in record."""
    nested = [entry.get("log"), entry.get("record")]
    entries = [entry, *(each for each in nested if isinstance(each, Mapping))]
    return [each[key] for each in entries for key in _KEYS if key in each]


def _is_error_level(level: Any) -> bool:
    if isinstance(level, Mapping):
        level = level.get("name")
    if isinstance(level, (int, float)) and not isinstance(level, bool):
        return level >= _LEAST_NUMBER
    return isinstance(level, str) and level.lower() in _NAMES


def _is_error_in_logfmt(text: str) -> bool:
    pairs = {pair["key"]: pair["quoted"] or pair["bare"] or "" for pair in _LOGFMT_PAIR.finditer(text[:_HEADER])}
    return any(_is_error_level(pairs[key]) for key in _KEYS if key in pairs)
