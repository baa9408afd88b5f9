"""The environment of the application, and what follows from ALLOWED_HOSTS. tests/unit/roles resolves both from the settings."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.environment import (
    allowed_hosts,
    application_config,
    application_references,
    application_secrets,
)

POSTGRESQL = {"provider": "external", "host": "db", "port": "5432", "database": "shop", "user": "seller", "tls_mode": "", "ca": ""}
REDIS = {"provider": "external", "host": "cache", "port": "6379", "user": "", "tls": False, "ca": ""}
ALWAYS = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "POSTGRES_DB": "shop",
    "POSTGRES_USER": "seller",
    "USE_PGBOUNCER": "False",
    "BACKUP_LOCAL_PATH": "/backups",
}
DATABASE = {"POSTGRES_HOST": "db", "POSTGRES_PORT": "5432"}
QUEUE = {"REDIS_HOST": "cache", "REDIS_PORT": "6379"}


@pytest.mark.parametrize(
    ("postgresql", "redis", "config", "expected"),
    [
        pytest.param({}, {}, {}, {**DATABASE, **QUEUE}, id="external"),
        pytest.param(
            {"provider": "in_cluster", "tls_mode": "require", "ca": "c"},
            {"provider": "in_cluster", "user": "seller", "tls": True, "ca": "c"},
            {},
            {"POSTGRES_HOST": "postgres-service", "POSTGRES_PORT": "5432", "REDIS_HOST": "redis-service", "REDIS_PORT": "6379"},
            id="in the cluster, where TLS and the user do not apply",
        ),
        pytest.param(
            {"tls_mode": "require"}, {"tls": True}, {}, {**DATABASE, "PGSSLMODE": "require", **QUEUE, "REDIS_SSL": "True"}, id="with TLS"
        ),
        pytest.param({}, {"user": "seller"}, {}, {**DATABASE, **QUEUE, "REDIS_USERNAME": "seller"}, id="with a user of Redis"),
        pytest.param(
            {"ca": "c"},
            {"ca": "c"},
            {},
            {**DATABASE, "PGSSLROOTCERT": "/ca/postgresql.crt", **QUEUE, "REDIS_SSL_CA_CERTS": "/ca/redis.crt"},
            id="with certificate authorities",
        ),
        pytest.param(
            {},
            {},
            {"REDIS_HOST": "other", "USE_PGBOUNCER": True, "A": 1},
            {**DATABASE, "REDIS_HOST": "other", "REDIS_PORT": "6379", "USE_PGBOUNCER": "True", "A": "1"},
            id="further variables take precedence",
        ),
    ],
)
def test_the_environment_without_secrets(
    postgresql: dict[str, Any], redis: dict[str, Any], config: dict[str, Any], expected: dict[str, str]
) -> None:
    services = {"postgresql": {**POSTGRESQL, **postgresql}, "redis": {**REDIS, **redis}}
    assert application_config(services, config, "/ca") == {**ALWAYS, **expected}


def test_an_invalid_variable_is_reported() -> None:
    with pytest.raises(ValueError, match="LIST is a list"):
        application_config({"postgresql": POSTGRESQL, "redis": REDIS}, {"LIST": []}, "/ca")


@pytest.mark.parametrize(
    ("config", "secrets", "redis", "broker"),
    [
        pytest.param({}, {}, {}, "redis://cache:6379/0", id="no password"),
        pytest.param({}, {"REDIS_PASSWORD": ""}, {}, "redis://cache:6379/0", id="empty password"),
        pytest.param({}, {"REDIS_PASSWORD": 12}, {}, "redis://:12@cache:6379/0", id="number"),
        pytest.param({}, {"REDIS_PASSWORD": "a/b@\u00e9"}, {}, "redis://:a%2Fb%40%C3%A9@cache:6379/0", id="special characters"),
        pytest.param({}, {"REDIS_PASSWORD": "p"}, {"user": "a@b"}, "redis://a%40b:p@cache:6379/0", id="a user"),
        pytest.param({"REDIS_HOST": "::1"}, {}, {}, "redis://[::1]:6379/0", id="IPv6"),
        pytest.param({"REDIS_HOST": "[::1]"}, {}, {}, "redis://[::1]:6379/0", id="IPv6 in brackets"),
        pytest.param({}, {}, {"tls": True}, "rediss://cache:6379/0?ssl_cert_reqs=required", id="TLS"),
        pytest.param({"REDIS_SSL_CA_CERTS": "/ca"}, {}, {}, "redis://cache:6379/0", id="an authority without TLS"),
        pytest.param(
            {"REDIS_SSL_CA_CERTS": "/ca"},
            {},
            {"tls": True},
            "rediss://cache:6379/0?ssl_cert_reqs=required&ssl_ca_certs=%2Fca",
            id="an authority",
        ),
    ],
)
def test_the_urls_of_redis(config: dict[str, str], secrets: dict[str, Any], redis: dict[str, Any], broker: str) -> None:
    found = application_secrets({**QUEUE, **config}, secrets, redis={**REDIS, **redis})
    assert found.pop("CELERY_BROKER_URL") == broker
    assert found.pop("CELERY_RESULT_BACKEND") == broker.replace("/0", "/1")
    assert found == {key: str(value) for key, value in secrets.items()}


def test_secrets_take_precedence() -> None:
    assert application_secrets(QUEUE, {"CELERY_BROKER_URL": "amqp://b"}, redis=REDIS)["CELERY_BROKER_URL"] == "amqp://b"


@pytest.mark.parametrize(
    ("allowed", "health", "no_host", "public"),
    [
        ("", "localhost", True, []),
        ("*", "localhost", False, []),
        ("*.example.com, ,", "localhost", True, []),
        (" .Shop.example.com , www.example.com", "Shop.example.com", False, ["www.example.com"]),
        ("*,WWW.example.com", "WWW.example.com", False, ["www.example.com"]),
        ("localhost,127.0.0.1,[::1],a.b", "localhost", False, ["a.b"]),
    ],
)
def test_hosts_that_django_allows(allowed: str, health: str, no_host: bool, public: list[str]) -> None:
    assert allowed_hosts(allowed) == {"health": health, "no_host": no_host, "public": public}


TOKEN = {"secret": "own", "key": "token"}
HOST = {"config_map": "places", "key": "db"}
POD = {"field": "metadata.name"}
SETTINGS: dict[str, Any] = {"env_from": [], "existing_secret": "", "values": QUEUE, "redis": REDIS, "revisions": {}}
TOKEN_ENTRY = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "own", "key": "token"}}}
HOST_ENTRY = {"name": "POSTGRES_HOST", "valueFrom": {"configMapKeyRef": {"name": "places", "key": "db"}}}
PASSWORD_ENTRY = {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "own", "key": "token"}}}


def test_a_reference_replaces_the_value_that_follows_from_the_settings() -> None:
    found = application_config({"postgresql": POSTGRESQL, "redis": REDIS}, {"POSTGRES_HOST": HOST, "A": POD, "B": 1}, "/ca")
    assert found == {**ALWAYS, **QUEUE, "POSTGRES_PORT": "5432", "B": "1"}


@pytest.mark.parametrize(
    ("config", "secrets", "env", "waiting"),
    [
        pytest.param({"A": 1}, {"B": "2"}, [], [], id="values"),
        pytest.param({"POSTGRES_HOST": HOST}, {"TOKEN": TOKEN}, [HOST_ENTRY, TOKEN_ENTRY], [HOST_ENTRY], id="references"),
        pytest.param(
            {"POD": POD}, {}, *2 * [[{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]], id="a field of the pod"
        ),
        pytest.param({"TOKEN": HOST}, {"TOKEN": TOKEN}, [TOKEN_ENTRY], [], id="secrets take precedence"),
        pytest.param({"TOKEN": HOST}, {"TOKEN": "a"}, [], [], id="the value of a secret takes precedence"),
        pytest.param(
            {},
            {"REDIS_PASSWORD": TOKEN},
            [
                PASSWORD_ENTRY,
                {"name": "CELERY_BROKER_URL", "value": "redis://:$(REDIS_PASSWORD)@cache:6379/0"},
                {"name": "CELERY_RESULT_BACKEND", "value": "redis://:$(REDIS_PASSWORD)@cache:6379/1"},
            ],
            [],
            id="the kubelet inserts the password",
        ),
        pytest.param(
            {},
            {"REDIS_PASSWORD": TOKEN, "CELERY_BROKER_URL": "amqp://b", "CELERY_RESULT_BACKEND": "rpc://"},
            [PASSWORD_ENTRY],
            [],
            id="URLs of one's own",
        ),
    ],
)
def test_references_are_entries_of_the_containers(
    config: dict[str, Any], secrets: dict[str, Any], env: list[Any], waiting: list[Any]
) -> None:
    found = application_references(SETTINGS, config, secrets)
    assert (found["env"], found["waiting_env"]) == (env, waiting)


def test_an_existing_secret_has_the_urls_of_redis() -> None:
    found = application_references({**SETTINGS, "existing_secret": "given"}, {}, {"REDIS_PASSWORD": TOKEN})
    assert found["env"] == [PASSWORD_ENTRY]


def test_whole_objects_keep_their_order_and_init_containers_get_no_secrets() -> None:
    sources = [{"secret": "b", "config_map": None}, {"config_map": "a", "prefix": "FLAG_"}]
    found = application_references({**SETTINGS, "env_from": sources, "existing_secret": "given"}, {}, {"TOKEN": TOKEN})
    assert found["env_from"] == [{"secretRef": {"name": "b"}}, {"prefix": "FLAG_", "configMapRef": {"name": "a"}}]
    assert found["waiting_env_from"] == found["env_from"][1:]
    assert found["uses"] == [
        {"kind": "ConfigMap", "name": "a", "keys": []},
        {"kind": "Secret", "name": "b", "keys": []},
        {"kind": "Secret", "name": "given", "keys": []},
        {"kind": "Secret", "name": "own", "keys": ["token"]},
    ]


@pytest.mark.parametrize(
    ("revisions", "annotations"),
    [
        pytest.param({}, {}, id="before the preflight"),
        pytest.param({"Secret/other": {"token": "1"}}, {}, id="of another object"),
        pytest.param({"Secret/own": {"token": "1"}}, {"jewelry-shop/references": "Secret/own 3426989ef8"}, id="known"),
    ],
)
def test_the_references_of_the_application_have_an_annotation(revisions: dict[str, Any], annotations: dict[str, str]) -> None:
    assert application_references({**SETTINGS, "revisions": revisions}, {}, {"TOKEN": TOKEN})["annotations"] == annotations
