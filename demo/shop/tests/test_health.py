"""Health endpoints answer as the real application's do."""

from threading import Event

import pytest
from django.test import Client
from pytest_django import Settings
from shop import checks

HOST = "shop.example.test"
HTTPS = {"host": HOST, "x-forwarded-proto": "https"}
PATHS = (
    "/health/",
    "/health/live/",
    "/health/ready/",
    "/health/detailed/",
    "/metrics",
)


@pytest.mark.parametrize("path", PATHS)
def test_plain_request_is_sent_to_https(path: str) -> None:
    response = Client().get(path, headers={"host": HOST})
    assert response.status_code == 301
    assert response["Location"] == f"https://{HOST}{path}"


@pytest.mark.parametrize("path", PATHS)
def test_unknown_host_is_refused(path: str) -> None:
    headers = {"host": "10.244.1.7:8000", "x-forwarded-proto": "https"}
    assert Client().get(path, headers=headers).status_code == 400


@pytest.mark.parametrize("path", ["/health/", "/health/live/"])
def test_process_answers_without_database(path: str) -> None:
    response = Client().get(path, headers=HTTPS)
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "version": "0.0.0-test"}


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_answers")
def test_ready_when_dependencies_answer() -> None:
    response = Client().get("/health/ready/", headers=HTTPS)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "redis": "ok"},
        "version": "0.0.0-test",
    }


@pytest.mark.django_db
def test_not_ready_without_redis() -> None:
    response = Client().get("/health/ready/", headers=HTTPS)
    assert response.status_code == 503
    content = response.json()
    assert content["status"] == "not ready"
    assert content["checks"] == {"database": "ok", "redis": "failed (ConnectionError)"}


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_answers")
def test_never_ready_switch(settings: Settings) -> None:
    settings.DEMO_NEVER_READY = True
    response = Client().get("/health/ready/", headers=HTTPS)
    assert response.status_code == 503
    assert response.json()["checks"]["demo"] == "DEMO_NEVER_READY is set"


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_answers", "static_files")
def test_detailed_reports_everything() -> None:
    response = Client().get("/health/detailed/", headers=HTTPS)
    content = response.json()
    assert response.status_code == 200, content
    assert content["checks"] == {
        "database": "ok",
        "redis": "ok",
        "migrations": "ok",
        "media": "ok",
        "static_files": "ok",
    }
    assert content["last_periodic_run"] is None


def test_late_check_gives_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TIMEOUT_SECONDS", 0.05)
    release = Event()
    try:
        results = checks.run({"hangs": release.wait, "fine": lambda: "ok"})
    finally:
        release.set()
    assert results == {"hangs": "no answer within 0.05 s", "fine": "ok"}


def test_only_reading_is_allowed() -> None:
    assert Client().post("/health/", headers=HTTPS).status_code == 405
