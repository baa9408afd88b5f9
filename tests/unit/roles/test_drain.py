"""Drain, requests in progress and grace of Django and nginx fit together, whatever the settings."""

from __future__ import annotations

import re
from typing import Any

import pytest

BASE = {
    "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com", "SITE_URL": "https://shop.example.com"},
    "platform_postgresql_host": "db.example.com",
    "platform_redis_host": "redis.example.com",
}
IN_CLUSTER = {
    "platform_postgresql_provider": "in_cluster",
    "platform_postgresql_host": "",
    "platform_redis_provider": "in_cluster",
    "platform_redis_host": "",
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"django_drain_seconds": 4, "nginx_drain_seconds": 4},
    {"django_drain_seconds": 45, "nginx_drain_seconds": 40},
    {"nginx_proxy_timeout": 300},
    {"django_gunicorn_timeout": 120},
    {"django_drain_seconds": 30, "django_termination_grace_period_seconds": 600, "nginx_termination_grace_period_seconds": 500},
]


def container_of(workload: Any, tier: str, values: dict[str, Any]) -> dict[str, Any]:
    containers: list[dict[str, Any]] = workload(tier, **BASE, **values)["pod"]["containers"]
    return containers[0]


def option(command: list[str], name: str) -> int:
    [value] = [word.partition("=")[2] for word in command if word.startswith(f"--{name}=")]
    return int(value)


def grace(resolve: Any, tier: str, values: dict[str, Any]) -> int:
    return int(resolve(f"{tier}_termination_grace_period_seconds", **BASE, **values))


@pytest.mark.parametrize("values", SETTINGS, ids=str)
def test_django_ends_the_longest_request_within_its_grace(resolve: Any, workload: Any, values: dict[str, Any]) -> None:
    container = container_of(workload, "django", values)
    graceful = option(container["command"], "graceful-timeout")
    drain = values.get("django_drain_seconds", 15)
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", str(drain)]
    assert graceful == max(values.get("nginx_proxy_timeout", 60), values.get("django_gunicorn_timeout", 60))
    assert drain + graceful < grace(resolve, "django", values)


@pytest.mark.parametrize("values", SETTINGS, ids=str)
def test_nginx_ends_the_longest_request_within_its_grace(resolve: Any, workload: Any, values: dict[str, Any]) -> None:
    nginx = container_of(workload, "nginx", values)
    [_shell, _option, script] = nginx["lifecycle"]["preStop"]["exec"]["command"]
    found = re.fullmatch(r"sleep (\d+) && nginx -s quit", script)
    assert found
    assert int(found[1]) == values.get("nginx_drain_seconds", 15)
    assert int(found[1]) + values.get("nginx_proxy_timeout", 60) < grace(resolve, "nginx", values)


@pytest.mark.parametrize(("cpu", "workers"), [("500m", 3), (1, 3), ("2000m", 5), (3.5, 9)])
def test_workers_follow_from_the_cpu_and_not_from_the_threads(workload: Any, cpu: Any, workers: int) -> None:
    for threads in (1, 4, 16):
        values = {"django_resources": {"limits": {"cpu": cpu}}, "django_gunicorn_threads": threads}
        command = container_of(workload, "django", values)["command"]
        assert (option(command, "workers"), option(command, "threads")) == (workers, threads)


@pytest.mark.parametrize(("size", "number"), [("16k", 16384), ("8192", 8192)])
def test_gunicorn_takes_headers_as_large_as_nginx_does(workload: Any, size: str, number: int) -> None:
    command = container_of(workload, "django", {"nginx_client_header_size": size})["command"]
    assert option(command, "limit-request-field_size") == number


@pytest.mark.parametrize(("tier", "least"), [("django", 85), ("nginx", 85)])
@pytest.mark.parametrize(("difference", "rejected"), [(-1, True), (0, False), (60, False)])
def test_the_preflight_rejects_a_grace_that_is_too_short(
    resolve: Any, complete: dict[str, Any], tier: str, least: int, difference: int, rejected: bool
) -> None:
    name = f"{tier}_termination_grace_period_seconds"
    messages = resolve("__preflight_input_findings", **{**complete, **BASE, **IN_CLUSTER, name: least + difference})
    assert [message.startswith(f"{name} is {least + difference}. ") and f"need {least}." in message for message in messages] == (
        [True] if rejected else []
    )
