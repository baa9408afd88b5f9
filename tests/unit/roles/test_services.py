"""The results of the settings of PostgreSQL and Redis: environment, URLs, names, findings of the preflight, passwords of Redis."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from kombu import Connection

CA = "\n".join(["-----BEGIN " + "CERTIFICATE-----", "MIIB", "-----END " + "CERTIFICATE-----", ""])
KEY = CA + "-----BEGIN " + "PRIVATE KEY-----\n"
CA_FILE = "/etc/platform/ca/redis.crt"
IN_CLUSTER = {"platform_postgresql_provider": "in_cluster", "platform_redis_provider": "in_cluster"}
HOSTS = {"platform_postgresql_host": "db.example.com", "platform_redis_host": "redis.example.com"}
URLS = ["CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"]
PASSWORD = "a/b@c:d?e&f#g é%"
ALWAYS = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "POSTGRES_DB": "jewelry_shop",
    "POSTGRES_USER": "jewelry_shop",
    "POSTGRES_PORT": "5432",
    "REDIS_PORT": "6379",
    "USE_PGBOUNCER": "False",
    "BACKUP_LOCAL_PATH": "/backups",
}
EXTERNAL = {**ALWAYS, "POSTGRES_HOST": "db.example.com", "REDIS_HOST": "redis.example.com"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(IN_CLUSTER, {**ALWAYS, "POSTGRES_HOST": "postgres-service", "REDIS_HOST": "redis-service"}, id="in the cluster"),
        pytest.param(HOSTS, EXTERNAL, id="outside"),
        pytest.param(
            {**HOSTS, "platform_postgresql_provider": "in_cluster", "platform_postgresql_host": ""},
            {**EXTERNAL, "POSTGRES_HOST": "postgres-service"},
            id="one of each",
        ),
        pytest.param(
            {
                **HOSTS,
                "platform_postgresql_port": 6000,
                "platform_postgresql_database": "shop",
                "platform_postgresql_user": "seller",
                "platform_redis_port": 6001,
            },
            {**EXTERNAL, "POSTGRES_PORT": "6000", "POSTGRES_DB": "shop", "POSTGRES_USER": "seller", "REDIS_PORT": "6001"},
            id="all named",
        ),
        pytest.param({**HOSTS, "platform_postgresql_tls_mode": "require"}, {**EXTERNAL, "PGSSLMODE": "require"}, id="TLS, not checked"),
        pytest.param(
            {**HOSTS, "platform_postgresql_ca": CA},
            {**EXTERNAL, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/etc/platform/ca/postgresql.crt"},
            id="a CA means a full check",
        ),
        pytest.param({**HOSTS, "platform_redis_tls": True}, {**EXTERNAL, "REDIS_SSL": "True"}, id="Redis with TLS"),
        pytest.param({**HOSTS, "platform_redis_user": "shop"}, {**EXTERNAL, "REDIS_USERNAME": "shop"}, id="Redis with a user"),
        pytest.param(
            {**HOSTS, "platform_config": {"POSTGRES_HOST": {"config_map": "places", "key": "db"}, "POD": {"field": "metadata.name"}}},
            {key: value for key, value in EXTERNAL.items() if key != "POSTGRES_HOST"},
            id="references",
        ),
        pytest.param(
            {**HOSTS, "platform_redis_tls": True, "platform_redis_ca": CA},
            {**EXTERNAL, "REDIS_SSL": "True", "REDIS_SSL_CA_CERTS": CA_FILE},
            id="Redis with a CA",
        ),
        pytest.param(
            {"platform_config": {"POSTGRES_HOST": "old-db", "REDIS_HOST": "old-redis", "POSTGRES_PORT": 5433, "USE_PGBOUNCER": True}},
            {**ALWAYS, "POSTGRES_HOST": "old-db", "REDIS_HOST": "old-redis", "POSTGRES_PORT": "5433", "USE_PGBOUNCER": "True"},
            id="platform_config wins",
        ),
    ],
)
def test_the_environment_follows_from_the_settings(resolve: Any, values: dict[str, Any], expected: dict[str, str]) -> None:
    assert resolve("platform_config_values", **values) == expected


def objects(resolve: Any, **values: Any) -> dict[str, Any]:
    """The ConfigMaps and Secrets, and their names."""
    found: dict[str, Any] = resolve("__configuration_objects", **values)
    return found


def urls(resolve: Any, **values: Any) -> list[str]:
    [data] = [each["data"] for each in objects(resolve, **values)["secrets"] if each["metadata"]["name"].startswith("django-secrets-")]
    return [base64.b64decode(data[key]).decode() for key in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")]


@pytest.mark.parametrize(
    ("values", "broker"),
    [
        pytest.param({**IN_CLUSTER, "platform_secrets": {"REDIS_PASSWORD": "r"}}, "redis://:r@redis-service:6379/0", id="in the cluster"),
        pytest.param(HOSTS, "redis://redis.example.com:6379/0", id="no password"),
        pytest.param(
            {**HOSTS, "platform_redis_user": "a b", "platform_secrets": {"REDIS_PASSWORD": "r"}},
            "redis://a%20b:r@redis.example.com:6379/0",
            id="a user",
        ),
        pytest.param({"platform_redis_host": "2001:db8::1"}, "redis://[2001:db8::1]:6379/0", id="IPv6"),
        pytest.param(
            {**HOSTS, "platform_redis_tls": True}, "rediss://redis.example.com:6379/0?ssl_cert_reqs=required", id="TLS with the image's CAs"
        ),
        pytest.param(
            {**HOSTS, "platform_redis_tls": True, "platform_redis_ca": CA, "platform_redis_port": 6380},
            "rediss://redis.example.com:6380/0?ssl_cert_reqs=required&ssl_ca_certs=%2Fetc%2Fplatform%2Fca%2Fredis.crt",
            id="TLS with a CA",
        ),
        pytest.param(
            {**HOSTS, "platform_secrets": {"CELERY_BROKER_URL": "sentinel://a:26379"}}, "sentinel://a:26379", id="platform_secrets wins"
        ),
    ],
)
def test_urls_of_celery(resolve: Any, values: dict[str, Any], broker: str) -> None:
    found, backend = urls(resolve, **values)
    assert found == broker
    if broker.startswith("redis"):
        assert backend == broker.replace("/0", "/1", 1)


PASSWORD_ELSEWHERE = {"secret": "queues", "key": "password"}


def test_the_kubelet_inserts_a_password_that_is_a_reference(resolve: Any) -> None:
    values = {**HOSTS, "platform_redis_tls": True, "platform_secrets": {"REDIS_PASSWORD": PASSWORD_ELSEWHERE, "TOKEN": "t"}}
    [data] = [each["data"] for each in objects(resolve, **values)["secrets"]]
    assert list(data) == ["TOKEN"]
    env = {each["name"]: each.get("value") for each in resolve("platform_references", **values)["env"]}
    assert env["CELERY_BROKER_URL"] == "rediss://:$(REDIS_PASSWORD)@redis.example.com:6379/0?ssl_cert_reqs=required"
    assert list(env) == ["REDIS_PASSWORD", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"]


@pytest.mark.parametrize(
    ("values", "secrets"),
    [
        pytest.param({}, [], id="values"),
        pytest.param({"platform_secrets_provider": "existing", "platform_existing_secret": "given"}, ["given"], id="existing Secret"),
        pytest.param(
            {
                "platform_secrets": {"REDIS_PASSWORD": PASSWORD_ELSEWHERE},
                "platform_env_from": [{"secret": "mail"}, {"config_map": "flags"}],
                "celery_worker_env": {"A": {"secret": "payment", "key": "token"}, "B": {"config_map": "flags", "key": "b"}},
            },
            ["mail", "payment/token", "queues/password"],
            id="references and whole objects",
        ),
    ],
)
def test_the_values_of_existing_secrets_are_masked(resolve: Any, values: dict[str, Any], secrets: list[str]) -> None:
    assert resolve("platform_masked_secrets", **values) == secrets


def test_the_names_of_existing_objects_are_not_masked(resolve: Any) -> None:
    shown = resolve("platform_hidden_values", platform_secrets={"REDIS_PASSWORD": PASSWORD_ELSEWHERE, "A": {"secret": ["hidden"]}})
    assert shown == ["hidden"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param(
            {"platform_secrets": {"REDIS_PASSWORD": PASSWORD_ELSEWHERE}},
            [("queues", [{"name": "password", "min_length": 1, "url_safe": True}])],
            id="the derived URLs contain the password",
        ),
        pytest.param(
            {"platform_secrets": {"REDIS_PASSWORD": PASSWORD_ELSEWHERE, "CELERY_BROKER_URL": "a", "CELERY_RESULT_BACKEND": "b"}},
            [("queues", [{"name": "password", "min_length": 1, "url_safe": False}])],
            id="URLs of one's own",
        ),
        pytest.param(
            {
                "platform_secrets": {"REDIS_PASSWORD": PASSWORD_ELSEWHERE},
                "platform_secrets_provider": "existing",
                "platform_existing_secret": "given",
            },
            [
                ("queues", [{"name": "password", "min_length": 1, "url_safe": False}]),
                ("given", [{"name": "DJANGO_SECRET_KEY", "min_length": 50}, *({"name": name} for name in ("POSTGRES_PASSWORD", *URLS))]),
            ],
            id="URLs of an existing Secret",
        ),
        pytest.param(
            {
                "django_env": {"TOKEN": PASSWORD_ELSEWHERE, "OTHER": {"secret": "queues", "key": "other"}},
                "platform_required_keys": [{"name": "TOKEN", "min_length": 9}],
            },
            [
                (
                    "queues",
                    [{"name": "password", "min_length": 9, "url_safe": False}, {"name": "other", "min_length": 0, "url_safe": False}],
                )
            ],
            id="required keys of the application",
        ),
        pytest.param({"platform_env_from": [{"config_map": "flags"}]}, [("flags", [])], id="a whole object"),
    ],
)
def test_the_preflight_checks_the_objects_of_references(resolve: Any, values: dict[str, Any], expected: list[tuple[str, Any]]) -> None:
    assert [(each["name"], each["keys"]) for each in resolve("preflight_existing_objects", **values)] == expected


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        pytest.param({}, ["DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", *URLS, "REDIS_PASSWORD"], id="all"),
        pytest.param({"platform_redis_authentication": False}, ["DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", *URLS], id="no password"),
        pytest.param(
            {"platform_config": {"A": 1}, "platform_required_keys": [{"name": "A"}, {"name": "B", "min_length": 3}]},
            ["DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", *URLS, "REDIS_PASSWORD", "B"],
            id="required keys of the application",
        ),
        pytest.param(
            {"platform_secrets": {"POSTGRES_PASSWORD": PASSWORD_ELSEWHERE, "REDIS_PASSWORD": "not used"}},
            ["DJANGO_SECRET_KEY", *URLS, "REDIS_PASSWORD"],
            id="a key that another object has",
        ),
    ],
)
def test_the_preflight_checks_the_keys_of_the_existing_secret(resolve: Any, values: dict[str, Any], keys: list[str]) -> None:
    existing = {"platform_secrets_provider": "existing", "platform_existing_secret": "given"}
    [found] = [each for each in resolve("preflight_existing_objects", **existing, **values) if each["name"] == "given"]
    assert [each["name"] for each in found["keys"]] == keys


def test_client_libraries_parse_the_urls_correctly(resolve: Any) -> None:
    """Each library has a parser of its own: kombu for the broker, Celery for results, redis-py for what applications do."""
    broker, backend = urls(resolve, **HOSTS, platform_redis_tls=True, platform_redis_ca=CA, platform_secrets={"REDIS_PASSWORD": PASSWORD})
    connection = Connection(broker)
    assert (connection.hostname, connection.port, connection.password) == ("redis.example.com", 6379, PASSWORD)
    assert connection.ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": CA_FILE}

    results = Celery("app", backend=backend).backend.connparams
    assert (results["host"], results["password"], results["db"]) == ("redis.example.com", PASSWORD, 1)
    assert (results["ssl_cert_reqs"], results["ssl_ca_certs"]) == (ssl.CERT_REQUIRED, CA_FILE)
    assert results["connection_class"] is redis.SSLConnection

    pool = redis.Redis.from_url(broker).connection_pool
    assert pool.connection_class is redis.SSLConnection
    client = pool.connection_kwargs
    assert (client["password"], client["ssl_cert_reqs"], client["ssl_ca_certs"]) == (PASSWORD, "required", CA_FILE)


def test_the_certificate_authorities_are_files_of_a_config_map_with_a_hash_in_its_name(resolve: Any) -> None:
    both = {"platform_postgresql_ca": CA, "platform_redis_ca": CA.replace("B", "C")}
    assert resolve("platform_ca_files", **both) == {"postgresql.crt": CA, "redis.crt": CA.replace("B", "C")}
    names = [objects(resolve, **values)["names"]["ca_config_map"] for values in (both, {**both, "platform_redis_ca": CA}, {})]
    assert all(name.startswith("service-ca-") for name in names[:2])
    assert names[0] != names[1]
    assert names[2] == ""


def test_a_new_certificate_authority_is_a_new_release(resolve: Any) -> None:
    """Its Jobs run again: the check of the services among them."""
    releases = [
        objects(resolve, **HOSTS, platform_image="shop", platform_image_tag="1", platform_postgresql_ca=ca)["names"]["release"]
        for ca in (CA, CA.replace("B", "C"))
    ]
    assert releases[0] != releases[1]


FILE = "values.yml"
PEERS = [{"ipBlock": {"cidr": "203.0.113.7/32"}}]
COMPLETE = {
    **HOSTS,
    "platform_postgresql_tls_mode": "require",
    "platform_redis_tls": True,
    "network_policies_postgresql": PEERS,
    "network_policies_redis": PEERS,
    "platform_image": "shop",
    "platform_image_tag": "1",
    "platform_kube_context": "here",
    "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com", "SITE_URL": "https://shop.example.com"},
    "platform_secrets": {"DJANGO_SECRET_KEY": "k" * 50, "POSTGRES_PASSWORD": "p" * 20, "REDIS_PASSWORD": "r" * 20},
    "preflight_values_file": FILE,
    "preflight_secrets_file": "secrets.yml",
    "manifests_settings": {"problems": []},
}


NOT_OUTSIDE = {"platform_postgresql_host": "", "platform_postgresql_tls_mode": "", "platform_redis_host": "", "platform_redis_tls": False}


def with_secrets(**values: str) -> dict[str, Any]:
    return {"platform_secrets": {**COMPLETE["platform_secrets"], **values}}  # type: ignore[dict-item]


def with_config(**values: str) -> dict[str, Any]:
    return {"platform_config": {**COMPLETE["platform_config"], **values}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("values", "beginnings"),
    [
        pytest.param({}, [], id="external"),
        pytest.param({**IN_CLUSTER, **NOT_OUTSIDE}, [], id="in the cluster"),
        pytest.param(
            {"platform_secrets": {**COMPLETE["platform_secrets"], "CELERY_BROKER_URL": "sentinel://:p@a:26379;sentinel://:p@b:26379/0"}},  # type: ignore[dict-item]
            ["platform_secrets.CELERY_BROKER_URL or CELERY_RESULT_BACKEND leads to port 26379, which no network policy allows"],
            id="a broker that no policy allows",
        ),
        pytest.param(
            {
                "platform_secrets": {**COMPLETE["platform_secrets"], "CELERY_BROKER_URL": "amqps://u:5@a:5671/shop"},  # type: ignore[dict-item]
                "network_policies_flows": [{"from": ["django"], "to": ["internet"], "ports": [5671]}],
            },
            [],
            id="a broker that a flow allows",
        ),
        pytest.param(
            {"platform_postgresql_host": "", "platform_redis_host": "", **with_config(POSTGRES_HOST="a", REDIS_HOST="b")},
            [],
            id="hosts in platform_config",
        ),
        pytest.param({"platform_postgresql_ca": CA, "platform_redis_tls": True, "platform_redis_ca": CA}, [], id="TLS with CAs"),
        pytest.param({"platform_postgresql_ca": f"subject=CN=a\n{CA}\n{CA}"}, [], id="a bundle with comments"),
        pytest.param({"platform_postgresql_tls_mode": "require", "platform_redis_tls": True}, [], id="TLS without CAs"),
        pytest.param({"platform_postgresql_tls_mode": "verify-full", **with_config(PGSSLROOTCERT="system")}, [], id="the image's CAs"),
        pytest.param({"platform_postgresql_host": "2001:db8::1", "platform_redis_host": "::1"}, [], id="IPv6"),
        pytest.param(
            {"platform_postgresql_host": "", "platform_redis_host": ""},
            ["platform_postgresql_host is not set: ", "platform_redis_host is not set: "],
            id="no hosts",
        ),
        pytest.param(
            with_config(POSTGRES_HOST="a", REDIS_HOST="b"),
            [
                "platform_postgresql_host is db.example.com, but platform_config.POSTGRES_HOST, which takes precedence, is a. ",
                "platform_redis_host is redis.example.com, but platform_config.REDIS_HOST, which takes precedence, is b. ",
            ],
            id="two hosts",
        ),
        pytest.param(
            {"platform_postgresql_host": "postgres://db/shop", "platform_redis_host": "redis:6379"},
            [
                "platform_postgresql_host 'postgres://db/shop' must be only a host. ",
                "platform_redis_host 'redis:6379' must be only a host. ",
            ],
            id="more than hosts",
        ),
        pytest.param(
            {"platform_postgresql_port": 0, "platform_redis_port": 65536},
            [
                "platform_postgresql_port must be a number from 1 to 65535, not 0: set it in ",
                "platform_redis_port must be a number from 1 to 65535, not 65536: set it in ",
            ],
            id="no ports",
        ),
        pytest.param(
            {"platform_postgresql_port": 65536, "platform_redis_port": 0},
            [
                "platform_postgresql_port must be a number from 1 to 65535, not 65536: set it in ",
                "platform_redis_port must be a number from 1 to 65535, not 0: set it in ",
            ],
            id="ports beyond the other end",
        ),
        pytest.param({"platform_postgresql_port": 1, "platform_redis_port": 65535}, [], id="the first and the last port"),
        pytest.param(
            {**IN_CLUSTER, "platform_postgresql_ca": CA, "platform_redis_host": "", "platform_redis_tls": True, "platform_redis_port": 1},
            [
                "platform_postgresql_host, platform_postgresql_ca is for an external database, but platform_postgresql_provider is ",
                "platform_redis_port, platform_redis_tls is for an external Redis, but platform_redis_provider is in_cluster. ",
            ],
            id="settings for both providers",
        ),
        pytest.param(
            {"platform_postgresql_tls_mode": "verify-ca"},
            ["platform_postgresql_tls_mode verify-ca needs a certificate authority. "],
            id="no certificate authority",
        ),
        pytest.param(
            {
                "platform_postgresql_tls_mode": "prefer",
                "platform_postgresql_ca": CA,
                "platform_redis_tls": False,
                "platform_redis_ca": CA,
                "preflight_accepted_without_tls": ["postgresql", "redis"],
            },
            ["platform_postgresql_ca is set, but platform_postgresql_tls_mode 'prefer' ", "platform_redis_ca is set, but "],
            id="no verification",
        ),
        pytest.param(
            {"platform_postgresql_ca": "/etc/ca.pem", "platform_redis_tls": True, "platform_redis_ca": KEY},
            [
                "platform_postgresql_ca must contain certificates in PEM",
                "platform_redis_ca must contain certificates in PEM and no private key",
            ],
            id="no certificates",
        ),
    ],
)
def test_the_findings_of_the_preflight(resolve: Any, values: dict[str, Any], beginnings: list[str]) -> None:
    findings = resolve("__preflight_input_findings", **{**COMPLETE, **values})
    assert [finding[: len(beginning)] for finding, beginning in zip(findings, beginnings, strict=True)] == beginnings
    assert all(FILE in finding and finding.endswith(".") for finding in findings)


WITHOUT_TLS = "The connection to the external {} unencrypted, because "
OPEN = "network_policies_{} is empty, so the pods of the shop could reach any address on that port"


@pytest.mark.parametrize(
    ("values", "beginnings"),
    [
        pytest.param({"platform_postgresql_tls_mode": ""}, [WITHOUT_TLS.format("PostgreSQL can be")], id="PostgreSQL without TLS"),
        pytest.param({"platform_postgresql_tls_mode": "prefer"}, [WITHOUT_TLS.format("PostgreSQL can be")], id="optional TLS"),
        pytest.param({"platform_postgresql_tls_mode": "", **with_config(PGSSLMODE="require")}, [], id="TLS in platform_config"),
        pytest.param(with_config(PGSSLMODE="disable"), [WITHOUT_TLS.format("PostgreSQL can be")], id="TLS disabled in platform_config"),
        pytest.param({"platform_redis_tls": False}, [WITHOUT_TLS.format("Redis is")], id="Redis without TLS"),
        pytest.param(
            {
                "platform_postgresql_tls_mode": "disable",
                "platform_redis_tls": False,
                "preflight_accepted_without_tls": ["postgresql", "redis"],
            },
            [],
            id="without TLS, accepted",
        ),
        pytest.param(
            with_secrets(CELERY_BROKER_URL="redis://:p@redis.example.com/0", CELERY_RESULT_BACKEND="rediss://:p@redis.example.com/1"),
            ["platform_secrets.CELERY_BROKER_URL connects without TLS."],
            id="a broker without TLS",
        ),
        pytest.param(
            {**with_secrets(CELERY_BROKER_URL="redis://:p@redis.example.com/0"), "preflight_accepted_without_tls": ["redis"]},
            [],
            id="a broker without TLS, accepted",
        ),
        pytest.param(
            {**IN_CLUSTER, **NOT_OUTSIDE, "platform_postgresql_user": "postgres"},
            ["platform_postgresql_user 'postgres' is reserved by the role postgresql"],
            id="the superuser",
        ),
        pytest.param(
            {**IN_CLUSTER, **NOT_OUTSIDE, "platform_postgresql_user": "postgres", "postgresql_user_is_superuser": True},
            [],
            id="the superuser, accepted",
        ),
        pytest.param(
            {"platform_namespace": "kube-system"}, ["platform_namespace 'kube-system' is a namespace of the cluster."], id="kube-system"
        ),
        pytest.param({"platform_namespace": "default"}, ["platform_namespace 'default' is a namespace of the cluster."], id="default"),
        pytest.param({"platform_namespace": "kubernetes-shop"}, [], id="a name that begins alike"),
        pytest.param(
            {"platform_image_digest": f"sha256:{'a' * 64}", "celery_beat_image_tag": "2"},
            ["platform_image_digest pins the image, but celery_beat_image_tag would replace the digest."],
            id="a tag beside a digest",
        ),
        pytest.param({"network_policies_postgresql": []}, [OPEN.format("postgresql")], id="any PostgreSQL"),
        pytest.param({"network_policies_redis": []}, [OPEN.format("redis")], id="any Redis"),
        pytest.param(with_config(USE_PGBOUNCER="True"), [OPEN.format("pgbouncer")], id="any PgBouncer"),
        pytest.param(
            {"network_policies_redis": [], "network_policies_postgresql": []},
            [f"network_policies_postgresql, {OPEN.format('redis')}"],
            id="both in one sentence",
        ),
        pytest.param({"network_policies_redis": [], "network_policies_enabled": False}, [], id="no network policies"),
        pytest.param(
            {**IN_CLUSTER, **NOT_OUTSIDE, "network_policies_postgresql": [], "network_policies_redis": []},
            [],
            id="in the cluster",
        ),
    ],
)
def test_an_external_service_needs_tls_and_addresses_unless_the_settings_accept_less(
    resolve: Any, values: dict[str, Any], beginnings: list[str]
) -> None:
    findings = resolve("__preflight_input_findings", **{**COMPLETE, **values})
    assert [finding[: len(beginning)] for finding, beginning in zip(findings, beginnings, strict=True)] == beginnings


def plan(**secrets: list[str]) -> dict[str, Any]:
    return {
        "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": {"standard": ""}, "ingress_classes": {}},
        "refusals": [],
        "forbidden": [],
        "foreign": [],
        "objects": [{"action": "none", "kind": "StatefulSet", "name": name, "secrets": names} for name, names in secrets.items()],
    }


DATABASE = "platform_secrets.POSTGRES_PASSWORD differs from the password of PostgreSQL in the cluster."
REDIS = "platform_secrets.REDIS_PASSWORD differs from the password of Redis in the cluster."
GIVEN = {"platform_secrets_provider": "existing", "platform_existing_secret": "pg-new", "preflight_existing": {"problems": []}}
REPLACED = "PostgreSQL in the cluster uses the Secret pg-old, and the settings now name the Secret pg-new."


@pytest.mark.parametrize(
    ("live", "values", "expected"),
    [
        pytest.param({}, {}, [], id="first install, or everything outside"),
        pytest.param({"postgresql": [], "redis": []}, {}, [], id="the StatefulSets are to be created"),
        pytest.param({"postgresql": ["pg-new"], "redis": ["redis-new"]}, {}, [], id="unchanged"),
        pytest.param({"postgresql": ["pg-old"], "redis": ["redis-new"]}, {}, [DATABASE], id="PostgreSQL's"),
        pytest.param({"postgresql": ["pg-new"], "redis": ["redis-old"]}, {}, [REDIS], id="Redis's"),
        pytest.param({"postgresql": ["pg-old"], "redis": ["redis-old"]}, {}, [DATABASE, REDIS], id="both"),
        pytest.param({"postgresql": ["pg-old"], "redis": ["redis-new"]}, GIVEN, [REPLACED], id="another existing Secret"),
        pytest.param({"postgresql": ["pg-new"], "redis": ["redis-new"]}, GIVEN, [], id="the same existing Secret"),
        pytest.param(
            {"postgresql": ["pg-old"], "redis": ["redis-new"]},
            {"preflight_accepted_password_changes": ["POSTGRES_PASSWORD"]},
            [],
            id="PostgreSQL knows it",
        ),
        pytest.param(
            {"postgresql": ["pg-old"], "redis": ["redis-old"]},
            {"preflight_accepted_password_changes": ["REDIS_PASSWORD"]},
            [DATABASE],
            id="only Redis's is accepted",
        ),
        pytest.param({"redis": ["redis-old"]}, {"platform_redis_previous_secret_name": "redis-old"}, [], id="Redis accepts both"),
        pytest.param({"redis": ["redis-old"]}, {"platform_redis_previous_secret_name": "redis-other"}, [REDIS], id="another previous one"),
        pytest.param({"redis": ["redis-new", "redis-old"]}, {}, [], id="the previous one is dropped"),
        pytest.param({"redis": ["redis-newer", "redis-new"]}, {}, [REDIS], id="back to the previous one while pods know the newer"),
    ],
)
def test_a_changed_password_of_a_service_in_the_cluster(
    resolve: Any, live: dict[str, list[str]], values: dict[str, Any], expected: list[str]
) -> None:
    names = {
        "platform_postgresql_secret_name": "pg-new",
        "platform_redis_secret_name": "redis-new",
        "platform_redis_previous_secret_name": "",
    }
    findings = resolve("__preflight_findings", preflight_input_findings=[], preflight_plan=plan(**live), **{**COMPLETE, **names, **values})
    assert [finding[: len(beginning)] for finding, beginning in zip(findings, expected, strict=True)] == expected


GUESSABLE = (
    "platform_secrets.{} is so short that it can be guessed from the name of its Secret. Put 20 or more random characters into secrets.yml."
)


@pytest.mark.parametrize(
    ("live", "values", "expected"),
    [
        pytest.param({}, {}, ["POSTGRES_PASSWORD and REDIS_PASSWORD"], id="a first install"),
        pytest.param({"postgresql": ["pg-new"]}, {}, ["REDIS_PASSWORD"], id="PostgreSQL runs with it"),
        pytest.param({"redis": ["redis-new"]}, {}, ["POSTGRES_PASSWORD"], id="Redis runs with it"),
        pytest.param({}, {"preflight_password_length": 19}, [], id="as long as the inventory asks for"),
        pytest.param(
            {},
            {"platform_secrets_provider": "existing", "preflight_existing": {"problems": []}},
            [],
            id="in an existing Secret with another name",
        ),
        pytest.param({}, {"platform_postgresql_provider": "external", "platform_redis_provider": "external"}, [], id="outside"),
    ],
)
def test_a_short_password_is_reported(resolve: Any, live: dict[str, list[str]], values: dict[str, Any], expected: list[str]) -> None:
    short = {"DJANGO_SECRET_KEY": "k" * 50, "POSTGRES_PASSWORD": "p" * 19, "REDIS_PASSWORD": "r" * 19}
    names = {"platform_postgresql_secret_name": "pg-new", "platform_redis_secret_name": "redis-new", "preflight_input_findings": []}
    given = {**COMPLETE, **IN_CLUSTER, **names, "platform_secrets": short, "preflight_plan": plan(**live), **values}
    findings = resolve("__preflight_findings", **given)
    assert [finding for finding in findings if "can be guessed" in finding] == [GUESSABLE.format(each) for each in expected]


def test_passwords_are_not_checked_without_a_plan(resolve: Any) -> None:
    """Findings of the settings, or a cluster that does not answer: the names are not computed then."""
    [finding] = resolve("__preflight_findings", **{**COMPLETE, "preflight_input_findings": [], "preflight_plan": {"msg": "no answer"}})
    assert finding.startswith("The cluster cannot be read")
    reached = {"preflight_input_findings": ["x is not set."], "preflight_plan": plan()}
    assert resolve("__preflight_findings", **{**COMPLETE, **reached}) == ["x is not set."]


def test_the_previous_secret_has_the_name_for_the_previous_password(resolve: Any) -> None:
    """So the preflight recognises it by its name, and nothing has to be read."""
    before = objects(resolve, platform_secrets={"REDIS_PASSWORD": "first"})["names"]["redis_secret"]
    after = objects(resolve, platform_secrets={"REDIS_PASSWORD": "second"}, platform_redis_previous_password="first")["names"]
    assert after["redis_previous_secret"] == before
    assert after["redis_secret"] != before
    same = objects(resolve, platform_secrets={"REDIS_PASSWORD": 123456}, platform_redis_previous_password="123456")["names"]
    assert same["redis_previous_secret"] == ""


@pytest.mark.parametrize(
    ("previous", "names"),
    [("", ["REDIS_PASSWORD"]), ("redis-secrets-old", ["REDIS_PASSWORD", "REDIS_PREVIOUS_PASSWORD"])],
)
def test_redis_starts_with_the_hashes_of_its_passwords(resolve: Any, tmp_path: Path, previous: str, names: list[str]) -> None:
    container = resolve("__redis_container", platform_redis_secret_name="redis-secrets-new", platform_redis_previous_secret_name=previous)
    assert [(each["name"], each["valueFrom"]["secretKeyRef"]["name"]) for each in container["env"]] == list(
        zip(names, ["redis-secrets-new", previous], strict=False)
    )
    server = tmp_path / "redis-server"
    server.write_text('#!/bin/sh\necho "$@"\ncat\n')
    server.chmod(0o755)
    passwords = {name: f"{name} \"'$HOME\\ #é" for name in names}
    done = subprocess.run(
        container["command"], env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **passwords}, capture_output=True, text=True, check=True
    )
    arguments, *configuration = done.stdout.splitlines()
    assert arguments == "-"
    hashes = [f"#{hashlib.sha256(password.encode()).hexdigest()}" for password in passwords.values()]
    assert [line for line in configuration if line.startswith(("user", "requirepass"))] == [
        f"user default on ~* &* +@all -@admin -migrate -restore {' '.join(hashes)}"
    ]
    assert not any(password in json.dumps(container) for password in passwords.values())
