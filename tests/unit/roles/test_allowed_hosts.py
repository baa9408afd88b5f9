"""The host of health requests, by Django's rules for ALLOWED_HOSTS."""

from __future__ import annotations

from typing import Any

import pytest
from django.http.request import validate_host

REFUSED = "platform_config.DJANGO_ALLOWED_HOSTS '{}' contains no host name that Django accepts. For a domain and its subdomains, write "
SERVICES = {"platform_postgresql_provider": "in_cluster", "platform_redis_provider": "in_cluster"}


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("shop.example.com,www.example.com", "shop.example.com"),
        (" shop.example.com ", "shop.example.com"),
        ("*", "localhost"),
        ("*,shop.example.com", "shop.example.com"),
        (".shop.example.com", "shop.example.com"),
        (".shop.example.com,www.example.com", "shop.example.com"),
        ("*.example.com,.example.org", "example.org"),
        ("127.0.0.1", "127.0.0.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_django_answers_to_the_host_of_health_requests(resolve: Any, complete: dict[str, Any], allowed: str, host: str) -> None:
    values = {**complete, **SERVICES, "platform_config": {"DJANGO_ALLOWED_HOSTS": allowed, "SITE_URL": "https://shop.example.com"}}
    assert resolve("platform_health_host", **values) == host
    assert validate_host(host, [each.strip() for each in allowed.split(",")])
    assert resolve("__preflight_input_findings", **values) == []


@pytest.mark.parametrize("allowed", ["*.example.com", "*.example.com, ,"])
def test_allowed_hosts_without_any_valid_name_are_rejected(resolve: Any, complete: dict[str, Any], allowed: str) -> None:
    values = {**complete, **SERVICES, "platform_config": {"DJANGO_ALLOWED_HOSTS": allowed, "SITE_URL": "https://shop.example.com"}}
    [finding] = resolve("__preflight_input_findings", **values)
    assert finding.startswith(REFUSED.format(allowed)), finding
