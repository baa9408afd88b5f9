"""The failure switches do what demo/README.md says."""

import io
from pathlib import Path

import pytest
from config import drills
from django.core.exceptions import MiddlewareNotUsed
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings
from shop.middleware import FailBehindProxyMiddleware, SlowMiddleware

from conftest import Run

GUNICORN = ("-m", "gunicorn", "config.wsgi:application", "--bind=127.0.0.1:0")


@pytest.mark.parametrize(
    ("argv", "role"),
    [
        ("/opt/venv/bin/gunicorn config.wsgi:application", "web"),
        ("/lib/gunicorn/__main__.py config.wsgi:application", "web"),
        ("/opt/venv/bin/celery -A config worker -Q celery,beat", "worker"),
        ("/lib/celery/__main__.py -A config beat", "beat"),
        ("/opt/venv/bin/celery -A config inspect ping", "command"),
        ("manage.py migrate", "command"),
    ],
)
def test_role_of_a_process(argv: str, role: str) -> None:
    assert drills.process_role(argv.split()) == role


@pytest.mark.parametrize(
    ("value", "failing"),
    [
        ("web", {"web"}),
        ("worker", {"worker"}),
        ("beat", {"beat"}),
        ("all", {"web", "worker", "beat"}),
        ("", set()),
    ],
)
def test_fail_boot_hits_the_named_roles(monkeypatch: pytest.MonkeyPatch, value: str, failing: set[str]) -> None:
    monkeypatch.setenv("DEMO_FAIL_BOOT", value)
    failed = set()
    for role in drills.ROLES:
        try:
            drills.fail_boot(role)
        except SystemExit:
            failed.add(role)
    assert failed == failing


def test_fail_boot_refuses_an_unknown_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_FAIL_BOOT", "wbe")
    with pytest.raises(SystemExit, match="none of web, worker, beat, all: 'wbe'"):
        drills.fail_boot("web")


def test_gunicorn_ends_when_its_boot_fails(run: Run) -> None:
    result = run(*GUNICORN, DEMO_FAIL_BOOT="web")
    assert result.returncode == 1
    assert "DEMO_FAIL_BOOT=web asks web to fail." in result.stderr


def test_commands_run_while_boot_fails(run: Run) -> None:
    assert run("manage.py", "check", DEMO_FAIL_BOOT="all").returncode == 0


def test_crash_once_then_recover(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marker = tmp_path / "crashed"
    monkeypatch.setenv("DEMO_CRASH_ONCE", str(marker))
    with pytest.raises(SystemExit, match="asks web to fail once"):
        drills.crash_once("web")
    assert marker.exists()
    drills.crash_once("web")


def test_crash_once_names_a_marker_it_cannot_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEMO_CRASH_ONCE", str(tmp_path / "absent" / "marker"))
    with pytest.raises(SystemExit, match=r"cannot write .*No such file"):
        drills.crash_once("web")


def test_migrate_ends_with_the_code_asked_for(settings: Settings) -> None:
    settings.DEMO_FAIL_MIGRATE = 7
    errors = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("migrate", stderr=errors)
    assert ended.value.code == 7
    assert "migrate: DEMO_FAIL_MIGRATE asks for exit code 7" in errors.getvalue()


def test_slow_requests_wait(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO_SLOW_SECONDS = 1.5
    waits: list[float] = []
    monkeypatch.setattr("shop.middleware.time.sleep", waits.append)
    answer = HttpResponse()
    middleware = SlowMiddleware(lambda request: answer)
    assert middleware(RequestFactory().get("/")) is answer
    assert waits == [1.5]


def test_requests_do_not_wait_by_default(settings: Settings) -> None:
    settings.DEMO_SLOW_SECONDS = 0
    with pytest.raises(MiddlewareNotUsed):
        SlowMiddleware(lambda request: HttpResponse())


def test_only_requests_through_a_proxy_fail_when_asked_for(settings: Settings) -> None:
    settings.DEMO_FAIL_BEHIND_PROXY = True
    answer = HttpResponse()
    middleware = FailBehindProxyMiddleware(lambda request: answer)
    assert middleware(RequestFactory().get("/")) is answer
    assert middleware(RequestFactory().get("/", headers={"X-Real-Ip": "203.0.113.7"})).status_code == 500


@pytest.mark.parametrize(("path", "status"), [("/request/", 500), ("/health/live/", 200)])
def test_only_the_named_view_fails(settings: Settings, client: Client, path: str, status: int) -> None:
    settings.DEMO_FAIL_VIEW = "request"
    assert client.get(path, secure=True).status_code == status
    assert f'status="{status}",view="{"request" if status == 500 else "health-live"}"' in client.get("/metrics", secure=True).text


def test_requests_through_a_proxy_succeed_by_default(settings: Settings) -> None:
    settings.DEMO_FAIL_BEHIND_PROXY = False
    with pytest.raises(MiddlewareNotUsed):
        FailBehindProxyMiddleware(lambda request: HttpResponse())
