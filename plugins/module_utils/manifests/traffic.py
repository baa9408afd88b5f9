# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pure functions for the way of a request through nginx to Django.

Private to the collection: names and signatures may change without notice.
"""

from __future__ import annotations

import re

# What a Host header can be by Django's rules: a name, an IPv4 address, or an IPv6 address in brackets.
_HOST = re.compile(r"^(\.?[a-z0-9_]([a-z0-9._-]*[a-z0-9_-])?|\[[0-9a-f:.]+\])$")
_MAP_PARAMETERS = frozenset({"default", "hostnames", "include", "volatile"})
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


def upstream_keep_alive_milliseconds(drain_seconds: int, server_keep_alive_seconds: int) -> int:
    """Compute C(keepalive_time) and C(keepalive_timeout) of nginx' connections to Django, which have the same value.

    nginx opens the last connection to an ending pod when the removal of its endpoint has spread. It reuses the connection for
    C(keepalive_time), leaves it idle for C(keepalive_timeout) and may then send one more request. That request has to arrive before
    SIGTERM, since gunicorn resets idle connections then. Each value is a tenth of the drain, so that the spread may take eight tenths.
    The server must not close an idle connection first, so half of its own keep-alive is the upper bound.

    Args:
        drain_seconds: between the pod leaving the Service and SIGTERM.
        server_keep_alive_seconds: that gunicorn keeps an idle connection.
    """
    bounds = [100 * int(drain_seconds)]
    if int(server_keep_alive_seconds) > 0:  # otherwise gunicorn closes each connection after its response
        bounds.append(500 * int(server_keep_alive_seconds))
    return max(1, min(bounds))


def host_map_keys(allowed_hosts: str) -> list[str]:
    """Turn Django's ALLOWED_HOSTS, separated by commas, into keys of an nginx C(map) with C(hostnames).

    C(.example.com) means the domain and all below it in both. C(*) becomes C(default). Django matches C(*.example.com) with no host, so
    it has no key; neither has text that no Host header can be.
    """
    hosts = [host.strip().lower() for host in allowed_hosts.split(",")]
    if "*" in hosts:
        return ["default"]
    found = dict.fromkeys(host for host in hosts if _HOST.match(host))
    return [f"\\{host}" if host in _MAP_PARAMETERS else host for host in found]


def size_bytes(size: str | int) -> int:
    """Read a size as nginx writes it (C(8192), C(16k), C(1m)).

    :raises ValueError: the size is of another form.
    """
    found = re.fullmatch(r"(\d+)([kKmM]?)", str(size))
    if not found:
        raise ValueError(f"'{size}' is not a size of nginx. Write bytes, kilobytes or megabytes, such as 8192, 16k or 1m.")
    return int(found[1]) * _UNITS[found[2].lower()]
