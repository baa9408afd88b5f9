"""Which ConfigMaps and Secrets the settings define, and what changes their names and the release."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.objects import configuration_objects

NO_REFERENCES: dict[str, Any] = {"env": [], "env_from": [], "uses": []}
TOKEN = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "own", "key": "token"}}}
OWN = [{"kind": "Secret", "name": "own", "keys": []}]
SETTINGS: dict[str, Any] = {
    "config": {"REDIS_HOST": "cache", "REDIS_PORT": "6379"},
    "ca_files": {},
    "secret_files": {},
    "tls_files": {},
    "secrets": {"POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "r"},
    "existing_secret": "",
    "references": NO_REFERENCES,
    "revisions": {},
    "redis_previous": {"REDIS_PASSWORD": ""},
    "redis": {"tls": False, "user": ""},
    "image": "shop:1",
    "postgresql_in_cluster": False,
    "redis_in_cluster": False,
}
IN_CLUSTER = {"postgresql_in_cluster": True, "redis_in_cluster": True}
EXISTING = {"secrets": {}, "existing_secret": "own"}
FILES = {"ca_files": {"redis.crt": "c"}, "secret_files": {"key": "a2V5"}, "tls_files": {"tls.crt": "Yw==", "tls.key": "aw=="}}


def made(**values: Any) -> dict[str, Any]:
    return configuration_objects({**SETTINGS, **values})


def without_hash(manifests: list[dict[str, Any]]) -> list[str]:
    return [manifest["metadata"]["name"].rpartition("-")[0] for manifest in manifests]


@pytest.mark.parametrize(
    ("values", "config_maps", "secrets"),
    [
        pytest.param({}, ["django-config"], ["django-secrets"], id="external services"),
        pytest.param(
            IN_CLUSTER, ["django-config"], ["django-secrets", "postgresql-secrets", "redis-secrets"], id="services in the cluster"
        ),
        pytest.param(
            {"redis_in_cluster": True, "redis_previous": {"REDIS_PASSWORD": "before"}},
            ["django-config"],
            ["django-secrets", "redis-secrets", "redis-secrets"],
            id="a previous password",
        ),
        pytest.param(
            {"redis_previous": {"REDIS_PASSWORD": "before"}}, ["django-config"], ["django-secrets"], id="a previous password elsewhere"
        ),
        pytest.param(FILES, ["django-config", "service-ca"], ["secret-files", "nginx-tls", "django-secrets"], id="files"),
        pytest.param({**EXISTING, **IN_CLUSTER}, ["django-config"], [], id="existing Secret"),
        pytest.param({**EXISTING, **FILES}, ["django-config", "service-ca"], ["secret-files", "nginx-tls"], id="existing Secret and files"),
    ],
)
def test_objects_follow_from_the_settings(values: dict[str, Any], config_maps: list[str], secrets: list[str]) -> None:
    found = made(**values)
    assert without_hash(found["config_maps"]) == config_maps
    assert without_hash(found["secrets"]) == secrets
    assert found["secrets_without_data"] == [
        {"apiVersion": "v1", "kind": "Secret", "metadata": secret["metadata"]} for secret in found["secrets"]
    ]
    assert [(each["name"], each["type"], each["keys"]) for each in found["secret_contents"]] == [
        (secret["metadata"]["name"], secret["type"], sorted(secret["data"])) for secret in found["secrets"]
    ]


def test_the_titles_of_secrets_are_unique_and_do_not_change_with_the_values() -> None:
    def titles(previous: str) -> list[str]:
        values = made(**FILES, **IN_CLUSTER, redis_previous={"REDIS_PASSWORD": previous})
        return [each["title"] for each in values["secret_contents"]]

    found = titles("before")
    assert found == titles("long before")
    assert len(set(found)) == len(found)
    assert {"django-secrets", "redis-secrets", "redis-secrets-previous"} <= set(found)


def test_the_names_match_the_objects() -> None:
    found = made(**FILES, **IN_CLUSTER, redis_previous={"REDIS_PASSWORD": "before"})
    names = dict(found["names"])
    assert len(names.pop("release")) == 10
    assert list(names.values()) == [each["metadata"]["name"] for each in found["config_maps"] + found["secrets"]]


def test_names_of_objects_that_do_not_exist_are_empty() -> None:
    names = made()["names"]
    assert [key for key, name in names.items() if not name] == ["ca_config_map", "secret_files", "tls_secret", "redis_previous_secret"]
    # The preflight compares them with the Secrets of the StatefulSets in the cluster.
    assert names["postgresql_secret"].startswith("postgresql-secrets-")


def test_an_existing_secret_is_the_secret_of_all() -> None:
    names = made(**EXISTING, **IN_CLUSTER, redis_previous={"REDIS_PASSWORD": "before"})["names"]
    assert [names[key] for key in ("secret", "postgresql_secret", "redis_secret", "redis_previous_secret")] == ["own", "own", "own", ""]


def test_each_service_gets_only_its_own_password() -> None:
    _application, postgresql, redis, previous = made(**IN_CLUSTER, redis_previous={"REDIS_PASSWORD": 1})["secrets"]
    decoded = [{key: base64.b64decode(value).decode() for key, value in secret["data"].items()} for secret in (postgresql, redis, previous)]
    assert decoded == [{"POSTGRES_PASSWORD": "p"}, {"REDIS_PASSWORD": "r"}, {"REDIS_PASSWORD": "1"}]


def test_the_types_of_secrets() -> None:
    assert [secret["type"] for secret in made(**FILES)["secrets"]] == ["Opaque", "kubernetes.io/tls", "Opaque"]


@pytest.mark.parametrize(
    ("values", "is_other"),
    [
        pytest.param({"image": "shop:2"}, True, id="image"),
        pytest.param({"config": {**SETTINGS["config"], "A": "b"}}, True, id="configuration"),
        pytest.param({"ca_files": FILES["ca_files"]}, True, id="certificate authorities"),
        pytest.param({"secret_files": FILES["secret_files"]}, True, id="secret files"),
        pytest.param({"secrets": {**SETTINGS["secrets"], "A": "b"}}, True, id="secrets"),
        pytest.param({"references": {**NO_REFERENCES, "env": [TOKEN]}}, True, id="a reference"),
        pytest.param({"references": {**NO_REFERENCES, "env_from": [{"secretRef": {"name": "own"}}]}}, True, id="a whole object"),
        pytest.param({"references": {**NO_REFERENCES, "uses": OWN}, "revisions": {"Secret/own": {"A": "1"}}}, True, id="its revision"),
        pytest.param({"references": {**NO_REFERENCES, "uses": OWN}}, False, id="an existing Secret before the preflight"),
        pytest.param({"revisions": {"Secret/other": {"A": "1"}}}, False, id="revision of an object that only one tier uses"),
        pytest.param({"tls_files": FILES["tls_files"]}, False, id="certificate of nginx"),
        pytest.param({"redis_previous": {"REDIS_PASSWORD": "before"}}, False, id="previous password"),
        pytest.param(IN_CLUSTER, False, id="services in the cluster"),
    ],
)
def test_changes_that_create_a_new_release(values: dict[str, Any], is_other: bool) -> None:
    assert (made(**values)["names"]["release"] != made()["names"]["release"]) is is_other


def test_a_rotation_is_another_release() -> None:
    references = {**NO_REFERENCES, "uses": OWN}
    first, second = (made(references=references, revisions={"Secret/own": {"A": revision}}) for revision in ("1", "2"))
    assert first["names"]["release"] != second["names"]["release"]


def test_a_variable_from_elsewhere_is_not_in_the_secret() -> None:
    elsewhere = {"name": "CELERY_BROKER_URL", "valueFrom": {"secretKeyRef": {"name": "own", "key": "url"}}}
    [secret] = made(references={**NO_REFERENCES, "env": [elsewhere]})["secrets"]
    assert set(secret["data"]) == {"CELERY_RESULT_BACKEND", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_an_invalid_secret_is_reported_without_its_value() -> None:
    with pytest.raises(ValueError, match="TOKEN is a list") as error:
        made(secrets={**SETTINGS["secrets"], "TOKEN": ["marker"]})
    assert "marker" not in str(error.value)
