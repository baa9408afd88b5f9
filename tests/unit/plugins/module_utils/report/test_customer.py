# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The requests of a customer, and the failing hop that their checks report."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.customer import customer_checks, customer_endpoints
from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.outcome import health_checks

BAD = "status 500 instead of 200"
REQUEST = {"path": "/health/ready/", "status": [200]}
SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    ("urls", "load_balancer", "asked"),
    [
        ([], None, []),
        ([SHOP], None, [(f"customer at {SHOP}", SHOP, None, None)]),
        # A load balancer without an address.
        ([SHOP], [], []),
        (
            [SHOP],
            [{"ip": "203.0.113.7"}],
            [(f"customer at {SHOP} by 203.0.113.7", "https://203.0.113.7", "shop.example.com", "shop.example.com")],
        ),
        (
            ["http://shop.example.com:8080"],
            [{"hostname": "lb.example.net"}],
            [
                (
                    "customer at http://shop.example.com:8080 by lb.example.net",
                    "http://lb.example.net:8080",
                    "shop.example.com:8080",
                    "shop.example.com",
                )
            ],
        ),
        (
            [SHOP],
            [{"ip": "2001:db8::1"}],
            [(f"customer at {SHOP} by 2001:db8::1", "https://[2001:db8::1]", "shop.example.com", "shop.example.com")],
        ),
    ],
)
def test_each_address_of_the_shop_is_requested(
    urls: list[str], load_balancer: list[dict[str, str]] | None, asked: list[tuple[str, str, str | None, str | None]]
) -> None:
    endpoints = customer_endpoints(REQUEST, urls, load_balancer)
    assert [(e["name"], e["url"], e.get("headers", {}).get("Host"), e.get("server_name")) for e in endpoints] == asked
    assert all((e["path"], e["status"]) == ("/health/ready/", [200]) for e in endpoints)


def through_nginx(*pods: dict[str, Any], reason: str = "why") -> dict[str, Any]:
    healthy = bool(pods) and all(pod["healthy"] for pod in pods)
    return {
        "name": "customer",
        "workload": {"name": "nginx"},
        "healthy": healthy,
        "reason": None if healthy else reason,
        "pods": list(pods),
    }


def pod(status: int | None, reason: str | None = None) -> dict[str, Any]:
    return {"pod": "nginx-a", "healthy": reason is None, "status": status, "reason": reason}


@pytest.mark.parametrize(
    ("endpoint", "direct", "severity", "words"),
    [
        (through_nginx(pod(200)), True, "ok", "through nginx Django answered 200"),
        (
            through_nginx(pod(502, "status 502 instead of 200: 502 Bad Gateway")),
            True,
            "error",
            "nginx gets no answer from Django (status 502",
        ),
        (through_nginx(pod(504, "status 504 instead of 200")), False, "error", "Service django-service"),
        (
            through_nginx(pod(500, BAD)),
            True,
            "error",
            "status 500 instead of 200; a direct request to Django succeeds",
        ),
        (through_nginx(pod(500, BAD)), False, "error", "a direct request to Django fails too"),
        (through_nginx(pod(503, "status 503 instead of 200")), False, "error", "a request through nginx fails"),
        (through_nginx(pod(None, "no answer within 8.0 s")), True, "error", "nginx does not answer: no answer within 8.0 s"),
        (through_nginx(reason="there is no Deployment nginx"), True, "error", "no customer is served: there is no Deployment nginx"),
    ],
)
def test_the_failing_hop_is_reported(endpoint: dict[str, Any], direct: bool, severity: str, words: str) -> None:
    [check] = customer_checks(endpoint, direct)
    assert (check["name"], check["severity"]) == ("customer", severity)
    assert words in check["message"]


def test_missing_nginx_replicas_fail_although_another_replica_serves() -> None:
    checks = customer_checks({**through_nginx(pod(200)), "healthy": False, "reason": "1 of 2 wanted pods are ready"}, True)
    assert [(check["subject"], check["severity"]) for check in checks] == [("Pod/nginx-a", "ok"), ("Deployment/nginx", "error")]


@pytest.mark.parametrize(
    ("result", "severity", "words"),
    [
        ({"healthy": True, "connected": True, "status": 200, "reason": None}, "ok", "a customer gets 200"),
        # A certificate that has ended is what customers see, too.
        (
            {"healthy": False, "connected": True, "status": None, "reason": "the TLS certificate has expired"},
            "error",
            "the request of a customer fails: the TLS certificate has expired",
        ),
        ({"healthy": False, "connected": True, "status": 502, "reason": "status 502 instead of 200"}, "error", "status 502 instead of 200"),
        (
            {"healthy": False, "connected": False, "status": None, "reason": "the name cannot be resolved"},
            "warning",
            "validate_customer_urls",
        ),
    ],
)
def test_an_unreachable_address_is_a_warning_and_a_wrong_response_an_error(result: dict[str, Any], severity: str, words: str) -> None:
    [check] = customer_checks({"name": "customer at x", "url": f"{SHOP}/health/ready/", **result}, True)
    assert (check["subject"], check["severity"]) == (f"{SHOP}/health/ready/", severity)
    assert words in check["message"]


def test_customer_checks_are_listed_with_the_replica_checks() -> None:
    django = {
        "name": "django",
        "workload": {"name": "django"},
        "healthy": False,
        "reason": "why",
        "pods": [{**pod(500, "no"), "pod": "django-a"}],
    }
    customer = through_nginx(pod(500, BAD))
    checks = health_checks({"endpoints": [django, customer]}, [customer])
    assert [check["name"] for check in checks] == ["health", "customer"]
    assert "a direct request to Django fails too" in checks[1]["message"]


def test_0_replicas_of_django_skip_the_customer_checks() -> None:
    """The release check has one warning for it, or one error where an autoscaler is off."""
    django = {"name": "django", "workload": {"name": "django"}, "healthy": True, "wanted": 0, "status": None, "pods": []}
    customer = through_nginx(pod(502, BAD))
    checks = health_checks({"endpoints": [django, customer]}, [customer])
    assert [(check["subject"], check["severity"]) for check in checks] == [("django", "ok")]
