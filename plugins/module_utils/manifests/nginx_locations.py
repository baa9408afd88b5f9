# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From C(nginx_locations) to directives of nginx: pure functions (private to the collection)."""

from __future__ import annotations

import collections
import dataclasses
import ipaddress
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.validation import check_type_dict, check_type_list
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.traffic import body_bytes

_MODIFIERS = {"exact": "= ", "prefix": "", "regex": "~ "}
# A path in which no character has a meaning in the configuration.
_PATH = re.compile(r"/([A-Za-z0-9._~=@:+,-]+/)*[A-Za-z0-9._~=@:+,-]*")
_RATE = re.compile(r"[1-9][0-9]*r/[sm]")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
# What ends a string in double quotes. A backslash is an escape character there, which a regular expression needs.
_NOT_IN_PATTERN = re.compile(r'["\x00-\x1f\x7f]|\\\Z')
_NOT_IN_HEADER = re.compile(r'["\\\x00-\x1f\x7f]')
# What re says of a group or set without its end. Its other findings may be PCRE that it does not know.
_UNBALANCED = re.compile(r"unterminated|unbalanced|unexpected end")
# The beginning of the paths that a regular expression matches.
_LITERAL = re.compile(r"\^(/[A-Za-z0-9/_-]*)(?![?*{])")
# An address, also with the length of a network in bits, as nginx reads it: neither a mask nor a zone.
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]+)?")
# Locations of default.conf.j2 with the same path, beside those of files, and the paths that it answers with 404.
_OWN = {"exact": ("/nginx_health", "/nginx_started"), "prefix": ("/",)}
_PRIVATE = re.compile(r"/(metrics|nginx_status|health/detailed)(/|$)")
_PRIVATE_OF_DJANGO = ("/metrics", "/health/detailed")
# Seconds without data before nginx closes a connection with WebSocket.
_WEBSOCKET_TIMEOUT = 3600


@dataclasses.dataclass(frozen=True)
class Location:
    """One entry of C(nginx_locations), with the types and defaults of its keys."""

    path: str
    match: str = "prefix"
    proxy_path: str = ""
    rate: str = ""
    burst: int = 0
    connections: int = 0
    websocket: bool = False
    timeout: int = 0
    max_body_size: str = ""
    cache_seconds: int = 0
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    allow: Sequence[str] = ()
    deny: Sequence[str] = ()

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Location:
        """Read an entry, and convert its values as the argument specification does.

        Args:
            entry: the entry, whose keys and types are those of the argument specification.
        """
        return cls(**{key: _CONVERTED.get(key, str)(value) for key, value in entry.items() if value is not None})

    def __str__(self) -> str:
        """Name the location in a sentence."""
        return f"the location {self.path}"


def _headers(value: Any) -> dict[str, str]:
    return {str(name): "" if text is None else str(text) for name, text in check_type_dict(value).items()}


def _networks(value: Any) -> list[str]:
    return [str(network) for network in check_type_list(value)]


# All other keys are text.
_CONVERTED: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("burst", "connections", "timeout", "cache_seconds"), int),
    "websocket": boolean,
    "headers": _headers,
    **dict.fromkeys(("allow", "deny"), _networks),
}
# Keys that keep a request from Django.
_RESTRICTIONS = ("allow", "deny", "rate", "connections")


def nginx_locations(locations: Iterable[Mapping[str, Any]], general_limit: str, cache_size: str) -> dict[str, Any]:
    """Convert locations to directives of nginx.

    Args:
        locations: Value of the variable C(nginx_locations).
        general_limit: Parameters of C(limit_req) for locations without a rate of their own. Empty sets no limit.
        cache_size: Maximum size of the cache, in the notation of nginx.

    Returns:
        C(http) with lines for the level C(http). C(locations) with C(selector), C(lines) and C(headers) of each location. C(has_regex),
        and C(timeouts) of requests, in seconds.

    Example:
        {{ [{'path': '/login/', 'rate': '10r/m', 'burst': 5}] | jewelry_shop.platform.nginx_locations('', '256m') }}
    """
    read = [Location.read(each) for each in locations]
    named = [(f"location_{number}", each) for number, each in enumerate(read, 1)]
    return {
        "http": list(_http_lines(named, cache_size)),
        "locations": [
            {
                "selector": f'{_MODIFIERS[each.match]}"{each.path}"',
                "lines": list(_lines(name, each, general_limit)),
                "headers": dict(each.headers),
            }
            for name, each in named
        ],
        "has_regex": any(each.match == "regex" for each in read),
        # nginx closes connections with WebSocket when it ends.
        "timeouts": [each.timeout for each in read if each.timeout and not each.websocket],
    }


def _http_lines(named: Iterable[tuple[str, Location]], cache_size: str) -> Iterator[str]:
    named = list(named)
    for name, location in named:
        if location.rate:
            yield f"limit_req_zone $binary_remote_addr zone={name}:10m rate={location.rate};"
        if location.connections:
            yield f"limit_conn_zone $binary_remote_addr zone={name}_connections:10m;"
    if any(location.websocket for _name, location in named):
        # No other protocol, such as h2c, is passed on: nginx would not see the requests inside of it.
        yield 'map $http_upgrade $websocket_upgrade { "~*^websocket$" websocket; default ""; }'
        yield 'map $websocket_upgrade $websocket_connection { websocket upgrade; default ""; }'
    if any(location.cache_seconds for _name, location in named):
        yield (
            "proxy_cache_path /var/cache/nginx/responses levels=1:2 keys_zone=responses:10m "
            f"max_size={cache_size} inactive=1h use_temp_path=off;"
        )


def _lines(name: str, location: Location, general_limit: str) -> Iterator[str]:
    yield from (f"deny {network};" for network in location.deny)
    if location.allow:
        yield from (f"allow {network};" for network in location.allow)
        yield "deny all;"
    yield from _limits(name, location, general_limit)
    if location.max_body_size:
        yield f"client_max_body_size {location.max_body_size};"
    if hidden := _hidden(location):
        yield f'if ($uri ~ "^{re.escape(location.path)}({hidden})(/|$)") {{ return 404; }}'
    yield f"proxy_pass http://django{location.proxy_path};"
    if timeout := location.timeout or (_WEBSOCKET_TIMEOUT if location.websocket else 0):
        yield f"proxy_send_timeout {timeout}s;"
        yield f"proxy_read_timeout {timeout}s;"
    if location.websocket:
        # proxy.conf removes both headers. nginx does not send a header with an empty value.
        yield "proxy_set_header Upgrade $websocket_upgrade;"
        yield "proxy_set_header Connection $websocket_connection;"
    if location.cache_seconds:
        yield from _cache(location.cache_seconds)
    for header, value in location.headers.items():
        yield f"proxy_hide_header {header};"
        if value:
            yield f'add_header {header} "{value}" always;'


def _limits(name: str, location: Location, general_limit: str) -> Iterator[str]:
    if location.rate:
        burst = f" burst={location.burst} nodelay" if location.burst else ""
        yield f"limit_req zone={name}{burst};"
        yield "limit_req_status 429;"
    elif general_limit:
        yield f"limit_req {general_limit};"
    if location.connections:
        yield f"limit_conn {name}_connections {location.connections};"
        yield "limit_conn_status 429;"


def _hidden(location: Location) -> str:
    """The private paths of Django that a request would reach below C(proxy_path), as alternatives of a regular expression."""
    if location.match != "prefix" or not location.proxy_path:
        return ""
    rests = [path.removeprefix(location.proxy_path) for path in _PRIVATE_OF_DJANGO if path.startswith(location.proxy_path)]
    return "|".join(map(re.escape, rests))


def _cache(seconds: int) -> Iterator[str]:
    yield "proxy_cache responses;"
    yield 'proxy_cache_key "$forwarded_proto://$http_host$request_uri";'
    yield f"proxy_cache_valid {seconds}s;"
    # A response to a known customer may be personal.
    yield "proxy_cache_bypass $http_cookie $http_authorization;"
    yield "proxy_no_cache $http_cookie $http_authorization;"
    yield "proxy_cache_lock on;"
    yield "proxy_cache_use_stale error timeout updating;"


def location_problems(locations: Iterable[Mapping[str, Any]], file_paths: Sequence[str]) -> list[str]:
    """Find what is wrong with locations.

    Args:
        locations: value of C(nginx_locations), with the keys and types of the argument specification.
        file_paths: paths below which nginx itself serves files.

    Returns:
        A sentence for each problem, without a full stop.
    """
    read = [Location.read(each) for each in locations]
    counted = collections.Counter((each.match, each.path) for each in read)
    repeated = [
        f"the location {path} with match {match} is there {count} times; keep one" for (match, path), count in counted.items() if count > 1
    ]
    return [problem for each in read for problem in _problems(each, file_paths)] + repeated + list(_ways_around(read))


def _problems(location: Location, file_paths: Sequence[str]) -> Iterator[str]:
    yield from _pattern_problems(location) if location.match == "regex" else _path_problems(location, file_paths)
    yield from _value_problems(location)
    yield from _pair_problems(location)


def _pattern_problems(location: Location) -> Iterator[str]:
    if not location.path or _NOT_IN_PATTERN.search(location.path):
        yield f"{location} is not a regular expression that nginx can read; remove double quotes, line breaks and a backslash at the end"
    elif _is_unbalanced(location.path):
        yield f"{location} has a ( or [ without its end, or a ) without its beginning; add it"
    if location.proxy_path:
        yield f"{location} has proxy_path, which nginx does not allow with match regex; leave it out, or use match prefix"


def _is_unbalanced(pattern: str) -> bool:
    """Whether a group or set has no end. The Job C(check-nginx) finds all other mistakes."""
    # PCRE ends a set with [:alpha:] later.
    if "[:" in pattern:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        return bool(_UNBALANCED.search(error.msg))
    return False


def _path_problems(location: Location, file_paths: Sequence[str]) -> Iterator[str]:
    for key, path in (("path", location.path), ("proxy_path", location.proxy_path)):
        if (key == "path" or path) and not _PATH.fullmatch(path):
            yield (
                f"{location} has the {key} '{path}'; begin it with / and use only letters, digits and the characters . _ ~ = @ : + , - "
                "between single slashes"
            )
        elif _PRIVATE.match(path):
            yield f"{location} has the {key} {path}, which nginx answers with 404 because it is not public; use another path"
    if location.path in _OWN[location.match] or (location.match == "prefix" and location.path in file_paths):
        yield f"{location} with match {location.match} is a location of this collection; use another path, or the settings of nginx for it"
    if location.match == "prefix" and location.proxy_path and location.path.endswith("/") != location.proxy_path.endswith("/"):
        yield f"{location} has the proxy_path {location.proxy_path}, but only one of the two paths ends with /; end both with / or neither"


def _value_problems(location: Location) -> Iterator[str]:
    if location.rate and not _RATE.fullmatch(location.rate):
        yield f"{location} has the rate '{location.rate}'; write a number with r/s or r/m, such as 10r/m"
    for key in ("burst", "connections", "timeout", "cache_seconds"):
        if getattr(location, key) < 0:
            yield f"{location} has the {key} {getattr(location, key)}; write 0 or more"
    if location.max_body_size and body_bytes(location.max_body_size) is None:
        yield f"{location} has the max_body_size '{location.max_body_size}'; write bytes, or a number with k, m or g, such as 200m"
    for name, value in location.headers.items():
        if not _HEADER.fullmatch(name):
            yield f"{location} has the header '{name}'; a name has only letters, digits and hyphens"
        if _NOT_IN_HEADER.search(value):
            yield f"{location} has a header {name} with a double quote, a backslash or a line break; leave these characters out"
    for name, count in collections.Counter(name.lower() for name in location.headers).items():
        if count > 1:
            yield f"{location} has the header {name} {count} times, because capitals make no difference; keep one"
    for key in ("allow", "deny"):
        yield from (
            f"{location} has '{network}' in {key}; write an address or a network, such as 192.0.2.0/24"
            for network in getattr(location, key)
            if not _is_network(network)
        )


def _pair_problems(location: Location) -> Iterator[str]:
    if location.burst and not location.rate:
        yield f"{location} has burst without rate; set rate too, such as 10r/m"
    if location.websocket and location.cache_seconds:
        yield f"{location} has websocket and cache_seconds; nginx cannot cache a connection with WebSocket, so keep one of them"


def _ways_around(locations: Sequence[Location]) -> Iterator[str]:
    """Locations with another path at Django, by which requests reach the path of a location that restricts them."""
    for restricted in locations:
        for other in locations:
            keys = [key for key in _RESTRICTIONS if getattr(restricted, key) and not getattr(other, key)]
            if keys and _leads_to(other, restricted):
                named = " and ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))
                yield (
                    f"{other} has the proxy_path {other.proxy_path}, so its requests can reach the path of {restricted} without its "
                    f"{named}; set {named} in both, or use another proxy_path"
                )


def _leads_to(location: Location, restricted: Location) -> bool:
    """Whether a request to a location can arrive at Django with a path that another location matches."""
    if location.match == "regex" or not location.proxy_path or restricted.proxy_path not in ("", restricted.path):
        return False
    if restricted.match == "regex":
        literal = _LITERAL.match(restricted.path)
        return location.match == "prefix" and literal is not None and literal[1].startswith(location.proxy_path)
    return (
        location.proxy_path == restricted.path
        or (restricted.match == "prefix" and location.proxy_path.startswith(restricted.path))
        or (location.match == "prefix" and restricted.path.startswith(location.proxy_path))
    )


def _is_network(value: str) -> bool:
    if not _NETWORK.fullmatch(value):
        return False
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True
