# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.assertions import Expectation
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.endpoint import (
    Endpoint,
    Workload,
    parse_endpoints,
    userinfo_secrets,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import HttpRequest

DEFAULTS = {"method": "GET", "status": [200], "follow_redirects": False, "validate_certs": True, "use_proxy": False}
DJANGO = {"kind": "Deployment", "name": "django", "namespace": "jewelry-shop", "port": "http"}


def parse(**entry: Any) -> Endpoint:
    return parse_endpoints([{**DEFAULTS, **entry}])[0]


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ({"url": "http://shop.test"}, "http://shop.test/"),
        ({"url": "https://shop.test:8443/health/?deep=1"}, "https://shop.test:8443/health/?deep=1"),
        ({"url": "http://shop.test", "path": "/health/?deep=1"}, "http://shop.test/health/?deep=1"),
        ({"url": "http://shop.test/app/", "path": "/health/"}, "http://shop.test/app/health/"),
        ({"url": "http://[::1]:8080/x#part"}, "http://[::1]:8080/x"),
        ({"url": "http://user:p%40ss@shop.test/"}, "http://shop.test/"),
        ({"workload": DJANGO}, "http://localhost/"),
        ({"workload": DJANGO, "scheme": "https", "path": "/health/"}, "https://localhost/health/"),
    ],
)
def test_the_requested_url(entry: dict[str, Any], url: str) -> None:
    assert parse(**entry).request.url == url


def test_the_name_is_the_url_without_its_user_by_default() -> None:
    assert parse(url="http://user:p%40ss@shop.test/").name == "http://shop.test/"


def test_the_name_is_kind_and_name_of_a_workload_by_default() -> None:
    assert parse(workload=DJANGO).name == "deployment/django"


def test_user_and_password_of_a_url_are_sent_and_kept_secret() -> None:
    endpoint = parse(url="http://user:p%40ss@shop.test/")
    assert endpoint.request.headers == {"Authorization": "Basic dXNlcjpwQHNz"}
    assert {"user:p%40ss", "p%40ss", "p@ss", "Basic dXNlcjpwQHNz", "dXNlcjpwQHNz"} <= set(endpoint.secrets)


def test_a_given_authorization_wins_over_the_url() -> None:
    endpoint = parse(url="http://user:pass@shop.test/", secret_headers={"Authorization": "Bearer tok"})
    assert endpoint.request.headers == {"Authorization": "Bearer tok"}
    assert {"Bearer tok", "tok"} <= set(endpoint.secrets)


def test_header_values_become_strings() -> None:
    assert parse(url="http://a", headers={"X-A": 1, "X-B": True, "X-C": None}).request.headers == {"X-A": "1", "X-B": "True", "X-C": ""}


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"workload": DJANGO}, None),
        ({"workload": DJANGO, "headers": {"host": "shop.test:8000"}}, "shop.test"),
        ({"workload": DJANGO, "headers": {"Host": "shop.test"}, "server_name": "other.test"}, "other.test"),
        ({"url": "https://127.0.0.1/", "headers": {"Host": "shop.test"}}, None),
    ],
)
def test_the_name_for_the_certificate(entry: dict[str, Any], name: str | None) -> None:
    assert parse(**entry).request.server_name == name


NEITHER_OR_BOTH = "set exactly one of url and workload"
NOT_HTTP = "url must be http:// or https:// followed by a host and, if any, a port and a path"
NO_URL = "url is empty or contains characters that are not valid in a URL (percent-encode them)"
NO_PATH = "must begin with / and contain only ASCII characters; percent-encode other characters"
NO_STATUS = "status must list at least one code between 100 and 599"
NO_LATENCY = "max_latency must be more than 0 seconds"
NO_BODY = "a response to HEAD has no body, so body_contains, body_regex and json are not possible"


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, NEITHER_OR_BOTH),
        ({"url": "http://a", "workload": DJANGO}, NEITHER_OR_BOTH),
        ({"url": ""}, NO_URL),
        ({"url": "http://a/b c"}, NO_URL),
        ({"url": "http://a/\r\nX: 1"}, NO_URL),
        ({"url": "http://a/ö"}, NO_URL),
        ({"url": "ftp://a/"}, NOT_HTTP),
        ({"url": "file:///etc/passwd"}, NOT_HTTP),
        ({"url": "shop.test/health"}, NOT_HTTP),
        ({"url": "http:///health"}, NOT_HTTP),
        ({"url": "http://a:b/"}, NOT_HTTP),
        ({"url": "http://a:0/"}, NOT_HTTP),
        ({"url": "http://a:99999/"}, NOT_HTTP),
        ({"url": "http://[::1/"}, NOT_HTTP),
        ({"url": "http://a?x=1", "path": "/b"}, "url has a query or a fragment, so path cannot be appended: remove path"),
        ({"url": "http://a#x", "path": "/b"}, "url has a query or a fragment, so path cannot be appended: remove path"),
        ({"url": "http://a", "path": "b"}, f"path 'b' {NO_PATH}"),
        ({"url": "http://a", "path": "/b c"}, f"path '/b c' {NO_PATH}"),
        ({"workload": DJANGO, "path": "/b#c"}, f"path '/b#c' {NO_PATH}"),
        ({"url": "http://a", "scheme": "https"}, "scheme is valid only with workload, not with url"),
        ({"url": "http://a", "min_pods": 0}, "min_pods is valid only with workload, not with url"),
        ({"workload": DJANGO, "min_pods": -1}, "min_pods must not be negative"),
        ({"workload": DJANGO, "use_proxy": True}, "use_proxy is valid only with url"),
        ({"workload": DJANGO, "use_proxy": True, "min_pods": -1}, "use_proxy is valid only with url"),
        ({"workload": {**DJANGO, "port": "0"}}, "workload.port 0 is not between 1 and 65535"),
        ({"workload": {**DJANGO, "port": "65536"}}, "workload.port 65536 is not between 1 and 65535"),
        ({"url": "http://a", "headers": {"X A": "1"}}, "headers has the name 'X A', which is not a valid header name"),
        ({"url": "http://a", "headers": {"X": "1\r\nY: 2"}}, "headers: the value of X contains characters that are not valid in a header"),
        ({"url": "http://a", "headers": {"X": "€"}}, "headers: the value of X contains characters that are not valid in a header"),
        (
            {"url": "http://a", "secret_headers": {"X": "€"}},
            "secret_headers: the value of X contains characters that are not valid in a header",
        ),
        ({"url": "http://a", "status": []}, NO_STATUS),
        ({"url": "http://a", "status": [200, 99]}, NO_STATUS),
        ({"url": "http://a", "status": [600]}, NO_STATUS),
        (
            {"url": "http://a", "body_regex": "(a"},
            "body_regex is not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        ({"url": "http://a", "json": {"a..b": 1}}, "json: the path 'a..b' has an empty part"),
        ({"url": "http://a", "max_latency": 0.0}, NO_LATENCY),
        ({"url": "http://a", "max_latency": float("nan")}, NO_LATENCY),
        ({"url": "http://a", "method": "HEAD", "body_contains": "x"}, NO_BODY),
        ({"url": "http://a", "method": "HEAD", "body_regex": "x"}, NO_BODY),
        ({"url": "http://a", "method": "HEAD", "json": {"a": 1}}, NO_BODY),
    ],
)
def test_an_input_error_contains_endpoint_and_option(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlatformError) as caught:
        parse_endpoints([{**DEFAULTS, "url": "http://good"}, {**DEFAULTS, "name": "front", **entry}])
    assert str(caught.value) == f"endpoint front: {sentence}"
    assert caught.value.certain


@pytest.mark.parametrize(
    "entry",
    [
        {"workload": {**DJANGO, "port": "1"}},
        {"workload": {**DJANGO, "port": "65535"}},
        {"workload": DJANGO, "min_pods": 0},
        {"url": "http://a", "status": [100, 599]},
        {"url": "http://a:1", "max_latency": 0.001},
        {"url": "http://a", "method": "HEAD", "body_contains": ""},
        {"url": "http://a", "headers": {"X": "\t ~\x80\xff"}},
    ],
)
def test_values_at_the_limits_are_accepted(entry: dict[str, Any]) -> None:
    assert parse(**entry)


def test_every_option_of_a_workload_is_parsed() -> None:
    entry = {
        "name": "django",
        "workload": {**DJANGO, "port": 8000, "container": "web"},
        "method": "HEAD",
        "status": [200, 204],
        "follow_redirects": True,
        "validate_certs": False,
        "ca_path": "/ca.pem",
        "return_content": True,
        "min_pods": 2,
        "headers": {"X-A": "a"},
        "secret_headers": {"X-B": "Bearer b"},
        "response_headers": {"X-C": 1},
        "max_latency": 1.5,
    }
    assert parse(**entry) == Endpoint(
        name="django",
        request=HttpRequest(
            "HEAD", "http://localhost/", headers={"X-A": "a", "X-B": "Bearer b"}, follow_redirects=True, use_proxy=False, pinned=True
        ),
        expected=Expectation(statuses=(200, 204), response_headers={"X-C": "1"}, max_latency=1.5, follow_redirects=True),
        workload=Workload("Deployment", "jewelry-shop", "django", "8000", "web"),
        min_pods=2,
        validate_certs=False,
        ca_path="/ca.pem",
        return_content=True,
        secrets=("Bearer b", "b"),
    )


def test_every_option_of_a_url_is_parsed() -> None:
    endpoint = parse(url="http://a/", use_proxy=True, body_contains="fine", body_regex="f.*e", json={"a.b": 1}, server_name="shop.test")
    assert endpoint == Endpoint(
        name="http://a/",
        request=HttpRequest("GET", "http://a/", server_name="shop.test", use_proxy=True),
        expected=Expectation(statuses=(200,), body_contains="fine", body_regex=re.compile("f.*e"), json={"a.b": 1}),
    )


def test_an_endpoint_without_a_name_is_identified_by_its_position() -> None:
    with pytest.raises(PlatformError, match=r"^endpoint number 1: set exactly one"):
        parse()


def test_the_value_of_a_secret_header_is_not_in_the_message() -> None:
    with pytest.raises(PlatformError) as caught:
        parse(url="http://a", secret_headers={"X": "tok\n123"})
    assert "tok" not in str(caught.value)


def test_no_endpoints_are_an_error() -> None:
    with pytest.raises(PlatformError, match="endpoints is empty"):
        parse_endpoints([])


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://shop.test/@x", []),
        ("http://shop.test/?a=b@c", []),
        ("http://user@shop.test", ["user"]),
        ("http://user:p%40@shop.test", ["user:p%40", "p%40", "p@"]),
        ("ftp://user:p@shop.test", ["user:p", "p", "p"]),
        ("http://user:p@ss@shop.test:x", ["user:p@ss", "p@ss", "p@ss"]),
    ],
)
def test_the_secret_parts_of_a_url(url: str, secrets: list[str]) -> None:
    assert userinfo_secrets(url) == secrets
