# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints option: validates the input and converts it to typed values (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.urls import basic_auth_header

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.assertions import Expectation, parse_path
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.request import HttpRequest

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_URL_TEXT = re.compile(r"[\x21-\x7e]+")
_HEADER_TEXT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True)
class Workload:
    """A workload whose ready pods are checked one by one. port is a number or the name of a container port."""

    kind: str
    namespace: str
    name: str
    port: str
    container: str | None = None

    def __str__(self) -> str:
        """The workload, for messages."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Endpoint:
    """One validated entry of the option.

    Attributes:
        name: name in results and messages.
        request: the request; its URL has no user and no password.
        expected: the expected response.
        workload: the workload whose pods get the request, or None for a URL.
        min_pods: number of ready pods that is sufficient, or None for all pods that the workload should have.
        validate_certs: whether the server's certificate is verified.
        ca_path: PEM file of the accepted authorities, or None for those of the host.
        return_content: whether to return the body of a healthy response.
        secrets: strings that no output may contain.
    """

    name: str
    request: HttpRequest
    expected: Expectation
    workload: Workload | None = None
    min_pods: int | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    return_content: bool = False
    secrets: tuple[str, ...] = ()


def userinfo_secrets(url: str) -> list[str]:
    """The user and password of a URL, as written in the URL and decoded, so that they can be masked.

    Args:
        url: the URL as the user wrote it, valid or not.
    """
    found = re.match(r"[a-z]*:?//([^/?#]*)@", str(url), re.IGNORECASE)
    if not found:
        return []
    userinfo = found.group(1)
    password = userinfo.partition(":")[2]
    return [text for text in (userinfo, password, unquote(password)) if text]


def header_secrets(headers: Mapping[str, str]) -> list[str]:
    """The values of secret headers, and also the credentials alone if a value consists of a scheme and credentials."""
    credentials = [value.partition(" ")[2].strip() for value in headers.values()]
    return [text for text in (*headers.values(), *credentials) if text]


def parse_endpoints(entries: Iterable[Mapping[str, Any]]) -> list[Endpoint]:
    """Validate all entries.

    Args:
        entries: the option. The argument spec has already validated its types and keys.

    Raises:
        PlatformError: an entry is not valid; names the endpoint and its option.
    """
    endpoints = [_parse_numbered(position, entry) for position, entry in enumerate(entries, start=1)]
    if not endpoints:
        raise PlatformError("endpoints is empty: there is nothing to check", certain=True)
    return endpoints


def _parse_numbered(position: int, entry: Mapping[str, Any]) -> Endpoint:
    try:
        return _parse(entry)
    except ValueError as error:
        raise PlatformError(f"endpoint {entry.get('name') or f'number {position}'}: {error}", certain=True) from error


def _parse(entry: Mapping[str, Any]) -> Endpoint:
    if (entry.get("url") is None) == (entry.get("workload") is None):
        raise ValueError("set exactly one of url and workload")
    workload = _workload(entry) if entry.get("workload") else None
    if workload and (entry["use_proxy"] or (entry.get("min_pods") is not None and entry["min_pods"] < 0)):
        raise ValueError("use_proxy is valid only with url" if entry["use_proxy"] else "min_pods must not be negative")
    if not workload and (unfit := [option for option in ("scheme", "min_pods") if entry.get(option) is not None]):
        raise ValueError(f"{unfit[0]} is valid only with workload, not with url")
    secret = _headers(entry, "secret_headers")
    secrets = header_secrets(secret)
    headers = {**_headers(entry, "headers"), **secret}
    if workload:
        url, shown = _workload_url(entry), f"{workload.kind.lower()}/{workload.name}"
    else:
        url, authorization = _url(entry)
        shown = url
        secrets += userinfo_secrets(entry["url"])
        if authorization:
            secrets += header_secrets({"": authorization})
            headers.setdefault("Authorization", authorization)
    server_name = entry.get("server_name")
    if workload and not server_name:
        server_name = _host_header_name(headers)
    request = HttpRequest(
        method=entry["method"],
        url=url,
        headers=headers,
        server_name=server_name,
        use_proxy=entry["use_proxy"],
        follow_redirects=entry["follow_redirects"],
        pinned=workload is not None,
    )
    return Endpoint(
        name=entry.get("name") or shown,
        request=request,
        expected=_expectation(entry),
        workload=workload,
        min_pods=entry.get("min_pods"),
        validate_certs=entry["validate_certs"],
        ca_path=entry.get("ca_path"),
        return_content=bool(entry.get("return_content")),
        secrets=tuple(secrets),
    )


def _host_header_name(headers: Mapping[str, str]) -> str | None:
    host = next((value for name, value in headers.items() if name.lower() == "host"), "")
    return urlsplit(f"//{host}").hostname


def _workload(entry: Mapping[str, Any]) -> Workload:
    given = entry["workload"]
    port = str(given["port"])
    if port.isdecimal() and not 0 < int(port) < 65536:
        raise ValueError(f"workload.port {port} is not between 1 and 65535")
    return Workload(given["kind"], given["namespace"], given["name"], port, given.get("container"))


def _workload_url(entry: Mapping[str, Any]) -> str:
    # Users of kubectl port-forward send this host too. The dialer connects to the pod regardless of the host.
    return f"{entry.get('scheme') or 'http'}://localhost{_path(entry) or '/'}"


def _path(entry: Mapping[str, Any]) -> str:
    path: str = entry.get("path") or ""
    if path and not (path.startswith("/") and _URL_TEXT.fullmatch(path) and "#" not in path):
        raise ValueError(f"path {path!r} must begin with / and contain only ASCII characters; percent-encode other characters")
    return path


def _url(entry: Mapping[str, Any]) -> tuple[str, str | None]:
    url: str = entry["url"]
    if not _URL_TEXT.fullmatch(url):
        raise ValueError("url is empty or contains characters that are not valid in a URL (percent-encode them)")
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or parts.scheme not in ("http", "https"):
        raise ValueError("url must be http:// or https:// followed by a host and, if any, a port and a path")
    path = _path(entry)
    if path and (parts.query or parts.fragment):
        raise ValueError("url has a query or a fragment, so path cannot be appended: remove path")
    authorization = None
    if parts.username is not None:
        credentials = (unquote(parts.username), unquote(parts.password or ""))
        authorization = to_text(basic_auth_header(*credentials))
    clean = parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        path=parts.path.rstrip("/") + path if path else parts.path or "/",
        fragment="",
    )
    return clean.geturl(), authorization


def _headers(entry: Mapping[str, Any], option: str) -> dict[str, str]:
    headers = {str(name): "" if value is None else str(value) for name, value in (entry.get(option) or {}).items()}
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{option} has the name {name!r}, which is not a valid header name")
        if not _HEADER_TEXT.fullmatch(value):
            raise ValueError(f"{option}: the value of {name} contains characters that are not valid in a header")
    return headers


def _expectation(entry: Mapping[str, Any]) -> Expectation:
    statuses = tuple(entry["status"])
    if not statuses or not all(100 <= status <= 599 for status in statuses):
        raise ValueError("status must list at least one code between 100 and 599")
    regex = None
    if entry.get("body_regex") is not None:
        try:
            regex = re.compile(entry["body_regex"])
        except re.error as error:
            raise ValueError(f"body_regex is not a regular expression: {error}") from error
    latency = entry.get("max_latency")
    if latency is not None and not latency > 0:
        raise ValueError("max_latency must be more than 0 seconds")
    wanted_json = {str(path): value for path, value in (entry.get("json") or {}).items()}
    try:
        [parse_path(path) for path in wanted_json]
    except ValueError as error:
        raise ValueError(f"json: the path {error}") from error
    if entry["method"] == "HEAD" and (entry.get("body_contains") or regex or wanted_json):
        raise ValueError("a response to HEAD has no body, so body_contains, body_regex and json are not possible")
    return Expectation(
        statuses=statuses,
        response_headers={str(name): str(value) for name, value in (entry.get("response_headers") or {}).items()},
        body_contains=entry.get("body_contains"),
        body_regex=regex,
        json=wanted_json,
        max_latency=latency,
        follow_redirects=entry["follow_redirects"],
    )
