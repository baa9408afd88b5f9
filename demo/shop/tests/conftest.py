"""Fixtures shared by the shop's tests."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.core.management import call_command
from django.test import Client

HOST = "shop.example.test"
SHOP = Path(__file__).resolve().parents[1]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "DJANGO_SECRET_KEY": "only-for-tests",
    "DJANGO_ALLOWED_HOSTS": HOST,
    "SITE_URL": f"https://{HOST}",
    "POSTGRES_DB": "shop",
    "POSTGRES_USER": "shop",
    "POSTGRES_PASSWORD": "only-for-tests",
    "POSTGRES_HOST": "database.invalid",
    "REDIS_HOST": "redis.invalid",
    "CELERY_BROKER_URL": "redis://redis.invalid:6379/0",
    "PYTHONDONTWRITEBYTECODE": "1",
}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def browser() -> Client:
    """Return a client as a browser behind the proxy is seen: CSRF counts."""
    headers = {
        "host": HOST,
        "x-forwarded-proto": "https",
        "referer": f"https://{HOST}/",
    }
    return Client(enforce_csrf_checks=True, headers=headers)


@pytest.fixture(scope="session")
def static_files() -> None:
    """Collect the static files, as a deployment does."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture
def redis_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Redis answer pings."""
    monkeypatch.setattr(redis.Redis, "ping", lambda self: True)


@pytest.fixture
def run() -> Run:
    """Return a function that runs one of the image's commands to its end."""

    def run_command(*command: str, without: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
        environment = {**PRODUCTION, **extra}
        environment.pop(without, None)
        return subprocess.run(
            [sys.executable, *command],
            cwd=SHOP,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command
