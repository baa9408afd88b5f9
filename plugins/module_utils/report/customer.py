# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests as a customer sends them, through nginx to Django, and their results. Pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Endpoint = dict[str, Any]

# Status codes of nginx itself if its upstream refuses or resets the connection, or does not respond.
_NO_UPSTREAM = (502, 504)
_LOOK_AT_THE_HOP = (
    "check the Service django-service, its endpoints, and the NetworkPolicies between nginx and Django "
    "(kubectl logs -l component=nginx shows the error of nginx)"
)


def customer_endpoints(
    request: Mapping[str, Any], urls: Sequence[str], load_balancer: Sequence[Mapping[str, str]] | None
) -> list[Endpoint]:
    """Describe a customer's requests for health_check.

    Args:
        request: Endpoint options that are the same for every URL, such as C(path) and C(status).
        urls: URLs of the shop, each with scheme, host and optionally port.
        load_balancer: C(status.loadBalancer.ingress) of the Service nginx-service. The requests go to these addresses instead of the
            addresses from DNS. Null if the Service has no load balancer of the cluster. The requests then go to the addresses from DNS. An
            empty list means that the load balancer has no address yet. The result is then empty.

    Returns:
        Value for the option O(jewelry_shop.platform.health_check#module:endpoints).

    Example:
        {{ {'path': '/'} | jewelry_shop.platform.customer_endpoints(['https://shop.example.com'], none) }}
    """
    return [{**request, **each} for url in urls for each in _addresses(url, load_balancer)]


def _addresses(url: str, load_balancer: Sequence[Mapping[str, str]] | None) -> Iterator[Endpoint]:
    parts = urlsplit(url)
    if load_balancer is None:
        yield {"name": f"customer at {url}", "url": url}
        return
    for found in load_balancer:
        address = found.get("ip") or found.get("hostname") or ""
        host = f"[{address}]" if ":" in address else address
        place = f"{host}:{parts.port}" if parts.port else host
        yield {
            "name": f"customer at {url} by {address}",
            "url": parts._replace(netloc=place).geturl(),
            "headers": {"Host": parts.netloc},
            "server_name": parts.hostname,
        }


def customer_checks(endpoint: Mapping[str, Any], django_is_healthy: bool) -> list[dict[str, str]]:
    """Convert the result of a customer's request to checks that name the failing hop.

    Args:
        endpoint: the entry in the result of M(jewelry_shop.platform.health_check).
        django_is_healthy: whether every replica of Django responds to a direct request.

    Returns:
        A check for each nginx replica, or one for a URL. An address that the control node cannot reach is a warning, because customers
        may still reach it.
    """
    if "workload" in endpoint:
        asked = [_through_nginx(pod, django_is_healthy) for pod in endpoint["pods"]]
        if endpoint["healthy"] or any(check["severity"] == "error" for check in asked):
            return asked
        return [*asked, _check("Deployment/nginx", "error", f"no customer is served: {endpoint['reason']}")]
    url = str(endpoint["url"])
    if endpoint["healthy"]:
        return [_check(url, "ok", f"a customer gets {endpoint['status']}")]
    if not endpoint["connected"]:
        message = (
            f"the control node cannot reach this URL: {endpoint['reason']}; set validate_customer_urls to URLs that it can reach, or to []"
        )
        return [_check(url, "warning", message)]
    return [_check(url, "error", f"the request of a customer fails: {endpoint['reason']}")]


def _through_nginx(pod: Mapping[str, Any], django_is_healthy: bool) -> dict[str, str]:
    subject, status, reason = f"Pod/{pod['pod']}", pod["status"], pod["reason"]
    if pod["healthy"]:
        return _check(subject, "ok", f"through nginx Django answered {status}")
    if status in _NO_UPSTREAM:
        return _check(subject, "error", f"nginx gets no answer from Django ({reason}): {_LOOK_AT_THE_HOP}")
    if status is None:
        return _check(subject, "error", f"nginx does not answer: {reason}")
    direct = "a direct request to Django succeeds" if django_is_healthy else "a direct request to Django fails too"
    return _check(subject, "error", f"a request through nginx fails: {reason}; {direct} (kubectl logs -l component=django has the cause)")


def _check(subject: str, severity: str, message: str) -> dict[str, str]:
    return {"name": "customer", "subject": subject, "severity": severity, "message": message}
