# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.assertions import (
    Expectation,
    body_text,
    judge,
    parse_path,
    same_json,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import Answer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker

READY = b'{"status": "ok", "checks": {"database": true, "redis.cache": 3}, "queues": [{"name": "celery", "lag": 0.5}]}'


def answer(status: int = 200, body: bytes = b"", location: str | None = None, elapsed: float = 0.01, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, elapsed, location)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (answer(), Expectation()),
        (answer(404), Expectation(statuses=(403, 404))),
        (answer(301, location="http://a/"), Expectation(statuses=(301,))),
        (answer(content_type="Application/JSON; charset=utf-8"), Expectation(response_headers={"Content-Type": "application/json"})),
        (answer(body=b"all fine"), Expectation(body_contains="fine")),
        (answer(body="Schöner Schmuck".encode("latin-1"), content_type="text/plain; charset=latin-1"), Expectation(body_contains="Schö")),
        (answer(body="Schöner Schmuck".encode()), Expectation(body_contains="Schö")),
        (answer(body=b"x", content_type="text/plain; charset=no-such"), Expectation(body_contains="x")),
        (answer(body=b"version 1.23"), Expectation(body_regex=re.compile(r"version \d"))),
        (answer(body=READY), Expectation(json={"status": "ok", "checks.database": True, r"checks.redis\.cache": 3})),
        (answer(body=READY), Expectation(json={"queues.0.name": "celery", "queues.0": {"name": "celery", "lag": 0.5}})),
        (answer(elapsed=1.0), Expectation(max_latency=1.0)),
    ],
)
def test_healthy(got: Answer, expected: Expectation) -> None:
    assert judge(got, expected) is None


@pytest.mark.parametrize(
    ("got", "expected", "reason"),
    [
        (answer(503), Expectation(), "status 503 instead of 200"),
        (answer(503, b"database\n  is down"), Expectation(statuses=(200, 204)), "status 503 instead of 200 or 204: database is down"),
        (
            answer(400, b"<html><title>Bad\nRequest</title>", content_type="text/html"),
            Expectation(),
            "status 400 instead of 200: Bad Request",
        ),
        (answer(500, b"x" * 500), Expectation(), f"status 500 instead of 200: {'x' * 160}..."),
        (
            answer(301, location="https://shop.example.com/"),
            Expectation(),
            "redirected with status 301 to https://shop.example.com/ (redirects are not followed)",
        ),
        (
            answer(302, location="https://u:p@other/"),
            Expectation(follow_redirects=True),
            "redirected with status 302 to https://******@other/ (which is not followed there)",
        ),
        (answer(304), Expectation(), "status 304 instead of 200"),
        (answer(), Expectation(response_headers={"X-Shop": "1"}), "the answer has no header X-Shop"),
        (
            answer(x_shop="two"),
            Expectation(response_headers={"X-Shop": "1"}),
            "the response header X-Shop is 'two' and does not contain '1'",
        ),
        (answer(body=b"so so"), Expectation(body_contains="fine"), "the body does not contain 'fine': 'so so'"),
        (answer(body=b"so so"), Expectation(body_regex=re.compile("^fine")), "the body does not match '^fine': 'so so'"),
        (answer(body=b"pong"), Expectation(json={"status": "ok"}), "the body is not JSON: 'pong'"),
        (answer(), Expectation(json={"status": "ok"}), "the body is not JSON: ''"),
        (answer(body=b"[" * 100_000), Expectation(json={"status": "ok"}), "the body's JSON is nested too deeply"),
        (
            answer(body=b"<!doctype html><title> Sign in </title>"),
            Expectation(json={"status": "ok"}),
            "an HTML page came back where JSON was expected (its title: 'Sign in')",
        ),
        (
            answer(body=b"hello", content_type="text/html; charset=utf-8"),
            Expectation(json={"status": "ok"}),
            "an HTML page came back where JSON was expected",
        ),
        (answer(body=READY), Expectation(json={"status": "up"}), 'status is "ok" instead of "up"'),
        (
            answer(body=READY),
            Expectation(json={"checks.database": False, "checks.mail": True, "queues.1.name": "x"}),
            "checks.database is true instead of false, checks.mail is missing in the JSON, queues.1.name is missing in the JSON",
        ),
        (answer(body=b"3"), Expectation(json={"status": "ok"}), "status is missing in the JSON"),
        (answer(elapsed=2.5), Expectation(max_latency=2), "the answer took 2.500 s, more than max_latency 2 s"),
    ],
)
def test_not_healthy(got: Answer, expected: Expectation, reason: str) -> None:
    assert judge(got, expected) == reason


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (answer(500, b"your token was tok-123"), Expectation()),
        (answer(500, b"y" * 157 + b"tok-123"), Expectation()),
        (answer(302, location="/?t=tok-123"), Expectation()),
        (answer(x_echo="tok-123"), Expectation(response_headers={"X-Echo": "other"})),
        (answer(body=b"tok-123"), Expectation(body_contains="other")),
        (answer(body=b"tok-123"), Expectation(body_regex=re.compile("other"))),
        (answer(body=b"tok-123"), Expectation(json={"a": 1})),
        (answer(body=b"<title>tok-123"), Expectation(json={"a": 1})),
        (answer(body=b'{"a": "tok-123"}'), Expectation(json={"a": 1})),
    ],
)
def test_a_reason_never_repeats_a_secret(got: Answer, expected: Expectation) -> None:
    reason = judge(got, expected, Masker(["tok-123"]))
    assert reason
    assert "tok" not in reason.replace("token", "")
    assert "***" in reason


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-8", "ring"),
        ("UTF8", "ring"),
        ("iso-8859-1", "ring"),
        ("utf-7", "r+AGk-ng"),
        ("punycode", "ring-"),
        ("idna", "xn--ring-"),
        ("utf-16", "r\0i\0"),
        ("unicode_escape", r"r\x69ng"),
        ("rot13", "evat"),
        ("utf-8" + "x" * 70_000, "ring"),
    ],
)
def test_bodies_are_decoded_only_as_utf_8_or_latin_1(charset: str, text: str) -> None:
    assert body_text(answer(body=text.encode("latin-1"), content_type=f"text/plain; charset={charset}")) == text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<title" * 10_000, ""),
        (b"<title>" + b"x" * 10_000, f": {'x' * 160}..."),
        (b"<html>" + b" " * 5_000 + b"<title>late</title>", ""),
        (b"<html><TITLE lang='en'>Bad Gateway</title>", ": Bad Gateway"),
        (b"<html><title", ""),
    ],
    ids=["never closed", "long", "behind the first 4 KiB", "with an attribute", "cut off"],
)
def test_only_the_first_4_kib_of_a_page_are_searched_for_its_title(body: bytes, said: str) -> None:
    assert judge(answer(502, body, content_type="text/html"), Expectation()) == f"status 502 instead of 200{said}"


def test_only_the_first_4_kib_of_a_response_are_quoted() -> None:
    assert judge(answer(500, b" " * 5_000 + b"late"), Expectation()) == "status 500 instead of 200"


def test_the_target_of_a_redirect_is_shortened() -> None:
    reason = judge(answer(302, location="https://shop.example.com/" + "x" * 60_000), Expectation())
    assert reason
    assert len(reason) < 310


def test_a_redirect_without_a_valid_url_is_reported() -> None:
    assert (judge(answer(302, location="http://[bad"), Expectation()) or "").startswith("redirected with status 302 to http://[bad")


def test_control_characters_of_a_response_are_not_quoted() -> None:
    assert judge(answer(500, b"\x1b[2J\x1b]0;fine\x07"), Expectation()) == "status 500 instead of 200: \ufffd[2J\ufffd]0;fine\ufffd"


@pytest.mark.parametrize(
    ("path", "parts"),
    [("a", ["a"]), ("a.b.0", ["a", "b", "0"]), (r"a\.b.c", ["a.b", "c"])],
)
def test_paths(path: str, parts: list[str]) -> None:
    assert parse_path(path) == parts


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b"])
def test_invalid_paths(path: str) -> None:
    with pytest.raises(ValueError, match="empty part"):
        parse_path(path)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (True, True, True),
        (True, 1, False),
        (0, False, False),
        (1, 1.0, True),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        ([1, True], [1, True], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": [{}]}, {"a": [{}]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": True}, False),
    ],
)
def test_json_equality(one: Any, other: Any, same: bool) -> None:
    assert same_json(one, other) is same
