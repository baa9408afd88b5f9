# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares responses with the expected values: pure functions (private to the collection)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import REDIRECT_STATUSES, Answer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import MASK, Masker
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import READ_AT_MOST, one_line, shortened

NOTHING_HIDDEN = Masker([])
_EXCERPT = 160
_LONGEST_TARGET = 240
# Do not let the response choose any Python codec: some take quadratic time, and some change the text.
_CHARSET = re.compile(r"charset=\"?(?:iso-?8859-1|latin-?1)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Expectation:
    """The expected response.

    Attributes:
        statuses: accepted status codes.
        response_headers: header name to the string that its value must contain; case is ignored.
        body_contains: string that the body must contain.
        body_regex: pattern that must match in the body.
        json: path (see parse_path) to the expected value.
        max_latency: seconds that the exchange may take.
        follow_redirects: whether redirects to the same host were followed; only used in the reason.
    """

    statuses: tuple[int, ...] = (200,)
    response_headers: dict[str, str] = field(default_factory=dict)
    body_contains: str | None = None
    body_regex: re.Pattern[str] | None = None
    json: dict[str, Any] = field(default_factory=dict)
    max_latency: float | None = None
    follow_redirects: bool = False


def parse_path(path: str) -> list[str]:
    r"""Split a path into a JSON document: names and list positions separated by dots. A dot within a name is written as \.

    Raises:
        ValueError: the path has an empty part.
    """
    parts = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)]
    if not all(parts):
        raise ValueError(f"{path!r} has an empty part")
    return parts


def same_json(expected: Any, actual: Any) -> bool:
    """Equality as in JSON: true does not equal 1, but 1 equals 1.0."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same_json(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same_json, expected, actual))
    return bool(expected == actual)


def _look_up(document: Any, path: str) -> Any:
    for part in parse_path(path):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            raise PlatformError(f"{path} is missing in the JSON")
    return document


def _excerpt(text: str, mask: Masker) -> str:
    return shortened(one_line(mask(text, READ_AT_MOST)), _EXCERPT)


def body_text(answer: Answer) -> str:
    """The body as a string: Latin-1 if its header says so, else UTF-8. Invalid bytes are replaced."""
    is_latin_1 = _CHARSET.search(answer.headers.get("content-type", ""))
    return answer.body.decode("latin-1" if is_latin_1 else "utf-8", "replace")


def _is_html(answer: Answer, text: str) -> bool:
    return "html" in answer.headers.get("content-type", "").lower() or text.lstrip()[:1] == "<"


def _html_title(text: str) -> str:
    # No single pattern for the title: it would backtrack on `<title<title...` in quadratic time.
    page = text[:READ_AT_MOST]
    tag = re.search("<title", page, re.IGNORECASE)
    return page[tag.end() :].partition(">")[2].partition("<")[0] if tag else ""


def _judge_status(answer: Answer, expected: Expectation, mask: Masker) -> str | None:
    if answer.status in expected.statuses:
        return None
    if answer.status in REDIRECT_STATUSES and answer.location:
        target = shortened(one_line(mask(_without_login(answer.location), READ_AT_MOST)), _LONGEST_TARGET)
        why = "which is not followed there" if expected.follow_redirects else "redirects are not followed"
        return f"redirected with status {answer.status} to {target} ({why})"
    wanted = " or ".join(map(str, expected.statuses))
    text = body_text(answer)
    said = _excerpt(_html_title(text) if _is_html(answer, text) else text, mask)
    return f"status {answer.status} instead of {wanted}{': ' + said if said else ''}"


def _without_login(url: str) -> str:
    """A URL with its user and password masked. ansible-core has such a function from 2.18 on."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an unclosed bracket
        return url if "@" not in url else MASK
    login, separator, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{MASK if login else ''}{separator}{host}").geturl()


def _judge_headers(answer: Answer, expected: Expectation, mask: Masker) -> str | None:
    for name, wanted in expected.response_headers.items():
        value = answer.headers.get(name.lower())
        if value is None:
            return f"the answer has no header {name}"
        if wanted.lower() not in value.lower():
            return f"the response header {name} is {_excerpt(value, mask)!r} and does not contain {wanted!r}"
    return None


def _judge_json(answer: Answer, text: str, expected: Expectation, mask: Masker) -> str | None:
    try:
        document = json.loads(text)
    except ValueError:
        if _is_html(answer, text):
            title = _excerpt(_html_title(text), mask)
            return f"an HTML page came back where JSON was expected{f' (its title: {title!r})' if title else ''}"
        return f"the body is not JSON: {_excerpt(text, mask)!r}"
    except RecursionError:
        return "the body's JSON is nested too deeply"
    problems = []
    for path, wanted in expected.json.items():
        try:
            value = _look_up(document, path)
        except PlatformError as error:
            problems.append(str(error))
            continue
        if not same_json(wanted, value):
            shown = _excerpt(json.dumps(value, ensure_ascii=False), mask)
            problems.append(f"{path} is {shown} instead of {json.dumps(wanted, ensure_ascii=False, default=str)}")
    return ", ".join(problems) or None


def judge(answer: Answer, expected: Expectation, mask: Masker = NOTHING_HIDDEN) -> str | None:
    """Compare a response with the expectation.

    Args:
        answer: the response.
        expected: the expected response.
        mask: hides secrets in the reason, even if the response repeats them.

    Returns:
        The reason why the response is unhealthy, or None if it is healthy.
    """
    reason = _judge_status(answer, expected, mask) or _judge_headers(answer, expected, mask)
    if reason:
        return reason
    text = body_text(answer)
    if expected.body_contains is not None and expected.body_contains not in text:
        return f"the body does not contain {expected.body_contains!r}: {_excerpt(text, mask)!r}"
    if expected.body_regex is not None and not expected.body_regex.search(text):
        return f"the body does not match {expected.body_regex.pattern!r}: {_excerpt(text, mask)!r}"
    if expected.json and (reason := _judge_json(answer, text, expected, mask)):
        return reason
    if expected.max_latency is not None and answer.elapsed > expected.max_latency:
        return f"the answer took {answer.elapsed:.3f} s, more than max_latency {expected.max_latency:g} s"
    return None
