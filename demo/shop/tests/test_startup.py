"""What a process reads before it starts, and when it refuses to."""

import importlib
import sys
from typing import Any

import pytest
import redis
from config import environment

from conftest import PRODUCTION, SHOP, Run

COMMANDS = {
    "web": ("-m", "gunicorn", "config.wsgi:application", "--bind=127.0.0.1:0"),
    "worker": ("-m", "celery", "-A", "config", "worker"),
    "beat": ("-m", "celery", "-A", "config", "beat"),
    "command": ("manage.py", "check"),
}


def production(monkeypatch: pytest.MonkeyPatch, **extra: str) -> dict[str, Any]:
    """Return the production settings for an environment."""
    for name, value in {**PRODUCTION, **extra}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "config.settings.production")
    return vars(importlib.import_module("config.settings.production"))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_missing_variable_stops_with_one_sentence(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, without="POSTGRES_PASSWORD")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1] == ("jewelry-shop does not start: missing mandatory environment variable POSTGRES_PASSWORD.")


@pytest.mark.parametrize("name", environment.MANDATORY)
@pytest.mark.parametrize("value", [None, ""])
def test_each_mandatory_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    extra = {} if value is None else {name: value}
    for key, good in {**PRODUCTION, **extra}.items():
        monkeypatch.setenv(key, good)
    if value is None:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit, match=rf"variable {name}\.$"):
        environment.require_mandatory()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PORT", "five"),
        ("REDIS_PORT", "-1"),
        ("SITE_URL", "shop.example.test"),
        ("SITE_URL", "https://[shop"),
        ("DEMO_SLOW_SECONDS", "soon"),
        ("DEMO_SLOW_SECONDS", "nan"),
        ("DEMO_FAIL_MIGRATE", "yes"),
    ],
)
def test_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=f"environment variable {name} is"):
        production(monkeypatch, **{name: value})


@pytest.mark.parametrize(("value", "expected"), [("True", True), ("true", False), ("1", False), ("", True)])
def test_booleans_are_the_text_true(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    settings = production(monkeypatch, SECURE_SSL_REDIRECT=value)
    assert settings["SECURE_SSL_REDIRECT"] is expected


def test_database_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    database = production(monkeypatch, PGBOUNCER_HOST="pool")["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"]) == ("database.invalid", 5432)
    assert not database["DISABLE_SERVER_SIDE_CURSORS"]


def test_database_is_reached_through_pgbouncer(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = production(
        monkeypatch,
        USE_PGBOUNCER="True",
        PGBOUNCER_HOST="pool",
        PGBOUNCER_PORT="6543",
    )
    database = settings["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"]) == ("pool", 6543)
    assert database["DISABLE_SERVER_SIDE_CURSORS"]


def test_pgbouncer_host_is_mandatory_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"variable PGBOUNCER_HOST\.$"):
        production(monkeypatch, USE_PGBOUNCER="True")


def test_hosts_and_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = production(
        monkeypatch,
        DJANGO_ALLOWED_HOSTS="a.example.test, b.example.test",
        SITE_URL="http://127.0.0.1:8080/",
    )
    assert settings["ALLOWED_HOSTS"] == ["a.example.test", "b.example.test"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["http://127.0.0.1:8080"]
    assert settings["SESSION_COOKIE_SECURE"] is False


def test_version_comes_from_the_image_or_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert production(monkeypatch, APP_VERSION="2.0-next")["APP_VERSION"] == "2.0-next"
    file = (SHOP / "VERSION").read_text().strip()
    assert production(monkeypatch, APP_VERSION="")["APP_VERSION"] == file


def test_redis_password_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = production(monkeypatch, REDIS_PASSWORD="a@b/c")
    assert settings["REDIS_URL"] == "redis://:a%40b%2Fc@redis.invalid:6379/0"
    assert settings["CACHES"]["default"]["LOCATION"] == "redis://:a%40b%2Fc@redis.invalid:6379/1"


def test_redis_has_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = production(monkeypatch, REDIS_PASSWORD="p", REDIS_USERNAME="a@b")
    assert settings["REDIS_URL"] == "redis://a%40b:p@redis.invalid:6379/0"


@pytest.mark.parametrize(
    ("values", "scheme", "query"),
    [
        ({"REDIS_SSL": "True"}, "rediss", "?ssl_cert_reqs=required"),
        ({"REDIS_SSL": "True", "REDIS_SSL_CA_CERTS": "/ca/a b.crt"}, "rediss", "?ssl_cert_reqs=required&ssl_ca_certs=%2Fca%2Fa%20b.crt"),
        ({"REDIS_SSL": "False", "REDIS_SSL_CA_CERTS": "/ca/redis.crt"}, "redis", ""),
    ],
)
def test_redis_is_reached_over_tls(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], scheme: str, query: str) -> None:
    settings = production(monkeypatch, **values)
    assert settings["REDIS_URL"] == f"{scheme}://redis.invalid:6379/0{query}"
    location = settings["CACHES"]["default"]["LOCATION"]
    assert location == f"{scheme}://redis.invalid:6379/1{query}"
    connection = redis.Redis.from_url(location).connection_pool
    assert issubclass(connection.connection_class, redis.SSLConnection) == (scheme == "rediss")
    assert connection.connection_kwargs.get("ssl_ca_certs") == (values["REDIS_SSL_CA_CERTS"] if "ssl_ca_certs" in query else None)


def test_how_the_database_is_asked_for_tls_is_left_to_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    """PGSSLMODE and PGSSLROOTCERT count where no option says something else."""
    options = production(monkeypatch, PGSSLMODE="verify-full")["DATABASES"]["default"]["OPTIONS"]
    assert not {"sslmode", "sslrootcert"} & options.keys()
