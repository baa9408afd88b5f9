# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils._errors import (
    PlatformError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils._health_endpoint import (
    Endpoint,
    parse_endpoints,
    userinfo_secrets,
)

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
def test_the_url_that_is_asked(entry: dict[str, Any], url: str) -> None:
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


def test_values_of_headers_become_text() -> None:
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


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "exactly one of url and workload"),
        ({"url": "http://a", "workload": DJANGO}, "exactly one of url and workload"),
        ({"url": ""}, "url is empty"),
        ({"url": "http://a/b c"}, "url is empty or holds characters"),
        ({"url": "http://a/\r\nX: 1"}, "url is empty or holds characters"),
        ({"url": "http://a/ö"}, "percent-encode"),
        ({"url": "ftp://a/"}, "url must be http:// or https://"),
        ({"url": "file:///etc/passwd"}, "url must be http:// or https://"),
        ({"url": "shop.test/health"}, "url must be http:// or https://"),
        ({"url": "http:///health"}, "url must be http:// or https://"),
        ({"url": "http://a:b/"}, "url must be http:// or https://"),
        ({"url": "http://a:99999/"}, "url must be http:// or https://"),
        ({"url": "http://[::1/"}, "url must be http:// or https://"),
        ({"url": "http://a?x=1", "path": "/b"}, "leave out path"),
        ({"url": "http://a", "path": "b"}, "path 'b' must begin with /"),
        ({"url": "http://a", "path": "/b c"}, "path '/b c'"),
        ({"workload": DJANGO, "path": "/b#c"}, "path '/b#c'"),
        ({"url": "http://a", "scheme": "https"}, "scheme is for a workload"),
        ({"url": "http://a", "min_pods": 1}, "min_pods is for a workload"),
        ({"workload": DJANGO, "min_pods": -1}, "min_pods must not be negative"),
        ({"workload": DJANGO, "use_proxy": True}, "use_proxy is for a url"),
        ({"workload": {**DJANGO, "port": "0"}}, "workload.port 0 is not between 1 and 65535"),
        ({"workload": {**DJANGO, "port": "65536"}}, "workload.port 65536 is not between 1 and 65535"),
        ({"url": "http://a", "headers": {"X A": "1"}}, "headers has the name 'X A'"),
        ({"url": "http://a", "headers": {"X": "1\r\nY: 2"}}, "headers: the value of X"),
        ({"url": "http://a", "headers": {"X": "€"}}, "headers: the value of X"),
        ({"url": "http://a", "status": []}, "status must list"),
        ({"url": "http://a", "status": [200, 99]}, "status must list"),
        ({"url": "http://a", "body_regex": "(a"}, "body_regex is not a regular expression: missing )"),
        ({"url": "http://a", "json": {"a..b": 1}}, "json: the path 'a..b' has an empty part"),
        ({"url": "http://a", "max_latency": 0.0}, "max_latency must be more than 0"),
        ({"url": "http://a", "max_latency": float("nan")}, "max_latency must be more than 0"),
        ({"url": "http://a", "method": "HEAD", "body_contains": "x"}, "method HEAD brings no body"),
        ({"url": "http://a", "method": "HEAD", "json": {"a": 1}}, "method HEAD brings no body"),
    ],
)
def test_bad_input_names_endpoint_and_option(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(PlatformError) as caught:
        parse_endpoints([{**DEFAULTS, "url": "http://good"}, {**DEFAULTS, "name": "front", **entry}])
    message = str(caught.value)
    assert message.startswith("endpoint front: ")
    assert words in message
    assert "\n" not in message


def test_an_endpoint_without_a_name_is_called_by_its_position() -> None:
    with pytest.raises(PlatformError, match=r"^endpoint number 1: exactly one"):
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
def test_what_of_a_url_is_secret(url: str, secrets: list[str]) -> None:
    assert userinfo_secrets(url) == secrets
