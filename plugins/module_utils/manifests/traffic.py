# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pure functions for requests from nginx to Django.

Private to the collection: names and signatures may change without notice.
"""

from __future__ import annotations

import re

# A valid Host header by Django's rules: a name, an IPv4 address, or an IPv6 address in brackets.
_HOST = re.compile(r"^(\.?[a-z0-9_]([a-z0-9._-]*[a-z0-9_-])?|\[[0-9a-f:.]+\])$")
_MAP_PARAMETERS = frozenset({"default", "hostnames", "include", "volatile"})
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024, "g": 1024 * 1024 * 1024}


def upstream_keep_alive_milliseconds(drain_seconds: int, server_keep_alive_seconds: int) -> int:
    """Compute how long nginx may keep a connection to a terminating server.

    nginx opens the last connection to a terminating pod when the removal of its endpoint has reached the node. It reuses the connection
    for C(keepalive_time), keeps it idle for C(keepalive_timeout) and may then send one more request. That request has to arrive before
    SIGTERM, because gunicorn then resets idle connections. Each value is a tenth of the drain, which leaves eight tenths for the removal
    of the endpoint. The server must not close an idle connection first, so half of its own keep-alive is the upper bound.

    Args:
        drain_seconds: Duration of the drain, in seconds.
        server_keep_alive_seconds: Time for which the server keeps an idle connection, in seconds. With V(0), only the drain limits the
            value.

    Returns:
        Value for C(keepalive_time) and C(keepalive_timeout), in milliseconds.

    Example:
        {{ 15 | jewelry_shop.platform.upstream_keep_alive_milliseconds(75) }}
    """
    bounds = [100 * int(drain_seconds)]
    if int(server_keep_alive_seconds) > 0:  # otherwise gunicorn closes each connection after its response
        bounds.append(500 * int(server_keep_alive_seconds))
    return max(1, min(bounds))


def host_map_keys(allowed_hosts: str) -> list[str]:
    """Convert Django's ALLOWED_HOSTS to keys of an nginx map.

    Follows the rules of Django. V(.example.com) matches the domain and its subdomains. V(*) matches every host and becomes V(default).
    Omits strings that cannot be a Host header.

    Args:
        allowed_hosts: Value of ALLOWED_HOSTS, with hosts separated by commas.

    Returns:
        Keys for an nginx C(map) with the parameter C(hostnames).

    Example:
        {{ '.example.com,shop.example.org' | jewelry_shop.platform.host_map_keys }}
    """
    hosts = [host.strip().lower() for host in allowed_hosts.split(",")]
    if "*" in hosts:
        return ["default"]
    found = dict.fromkeys(host for host in hosts if _HOST.match(host))
    return [f"\\{host}" if host in _MAP_PARAMETERS else host for host in found]


def size_bytes(size: str | int) -> int:
    """Convert a size in nginx notation to bytes.

    Converts bytes such as V(8192), kilobytes such as V(16k) and megabytes such as V(1m). A kilobyte has 1024 bytes.

    Args:
        size: Size in nginx notation.

    Returns:
        Number of bytes.

    Raises:
        ValueError: the input has another form.

    Example:
        {{ '16k' | jewelry_shop.platform.size_bytes }}
    """
    found = re.fullmatch(r"(\d+)([kKmM]?)", str(size))
    if not found:
        raise ValueError(f"'{size}' is not a size of nginx. Write bytes, kilobytes or megabytes, such as 8192, 16k or 1m.")
    return int(found[1]) * _UNITS[found[2].lower()]


def body_bytes(size: str | int) -> int | None:
    """The number of bytes of a maximum size of nginx, which may have gigabytes; None if it has another form.

    Args:
        size: size in nginx notation.
    """
    found = re.fullmatch(r"(\d+)([kKmMgG]?)", str(size))
    return int(found[1]) * _UNITS[found[2].lower()] if found else None
