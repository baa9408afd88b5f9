"""The objects of operators, and how the run uses the Secrets that the operators create."""

from __future__ import annotations

from typing import Any

import pytest

HOSTS = {"platform_config": {"DJANGO_ALLOWED_HOSTS": "Shop.example.com,.example.org,192.0.2.1", "SITE_URL": "https://shop.example.com"}}
EXTERNAL: dict[str, Any] = {
    "platform_secrets_provider": "external",
    "platform_external_secret_store": {"name": "vault"},
    "platform_external_secret_data_from": [{"extract": {"key": "shop"}}],
}
ISSUER = {"nginx_cert_manager_issuer": "letsencrypt"}
OF_THE_APPLICATION = {"DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"}


def manifests(resolve: Any, **values: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resolve("operators_manifests", **{**HOSTS, **values})
    return found


def test_without_operators_nothing_is_applied(resolve: Any) -> None:
    assert manifests(resolve) == []


def test_the_external_secret_creates_the_secret_of_the_application(resolve: Any) -> None:
    [found] = manifests(resolve, **EXTERNAL)
    assert (found["apiVersion"], found["kind"]) == ("external-secrets.io/v1", "ExternalSecret")
    assert (found["metadata"]["name"], found["metadata"]["namespace"]) == ("application", "jewelry-shop")
    assert found["spec"] == {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": "vault", "kind": "SecretStore"},
        "target": {"name": "application", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "dataFrom": [{"extract": {"key": "shop"}}],
    }


def test_every_setting_of_the_external_secret_is_used(resolve: Any) -> None:
    data = [{"secretKey": "A", "remoteRef": {"key": "shop", "property": "a"}}]
    template = {"mergePolicy": "Merge", "data": {"URL": "redis://a"}}
    [found] = manifests(
        resolve,
        **EXTERNAL,
        platform_external_secret_name="own",
        platform_external_secret_data=data,
        platform_external_secret_refresh_interval="15m",
        platform_external_secret_template=template,
    )
    assert found["metadata"]["name"] == found["spec"]["target"]["name"] == "own"
    assert (found["spec"]["refreshInterval"], found["spec"]["data"], found["spec"]["target"]["template"]) == ("15m", data, template)


def test_the_certificate_is_for_the_hosts_of_nginx(resolve: Any) -> None:
    [found] = manifests(resolve, **ISSUER)
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == ("cert-manager.io/v1", "Certificate", "nginx-certificate")
    spec = found["spec"]
    assert (spec["secretName"], spec["dnsNames"], spec["ipAddresses"]) == ("nginx-certificate", ["shop.example.com"], ["192.0.2.1"])
    assert spec["issuerRef"] == {"name": "letsencrypt", "kind": "ClusterIssuer", "group": "cert-manager.io"}


def test_nginx_serves_the_secret_of_the_certificate(resolve: Any) -> None:
    assert resolve("nginx_tls_provider", **ISSUER) == "cert_manager"
    assert resolve("nginx_tls_secret_name", **ISSUER) == "nginx-certificate"
    assert resolve("nginx_tls_secret_name", **ISSUER, nginx_tls_secret="own") == "own"
    # Existing inventories.
    assert resolve("nginx_tls_provider", nginx_tls_secret="own") == "existing"
    assert resolve("nginx_tls_provider") == "none"


def test_the_environment_is_that_of_the_secret(resolve: Any) -> None:
    assert resolve("platform_secret_values", **EXTERNAL, platform_secrets={"POSTGRES_PASSWORD": "p"}) == {}
    assert resolve("platform_masked_secrets", **EXTERNAL) == ["application"]
    names = resolve("__configuration_objects", **EXTERNAL, **HOSTS)["names"]
    assert {names["secret"], names["postgresql_secret"], names["redis_secret"]} == {"application"}


def test_another_value_in_the_secret_is_another_release(resolve: Any) -> None:
    def release(revision: str) -> Any:
        read = {"revisions": {"Secret/application": {"DJANGO_SECRET_KEY": revision}}}
        return resolve("__configuration_objects", **EXTERNAL, **HOSTS, preflight_existing=read)["names"]["release"]

    assert release("1") != release("2")


@pytest.mark.parametrize("ready", [False, True])
def test_the_secrets_are_checked_after_the_operators_have_created_them(resolve: Any, ready: bool) -> None:
    values = {**EXTERNAL, **ISSUER, **HOSTS, "tiers_environments": {}, "preflight_operators_are_ready": ready}
    application, certificate = resolve("preflight_existing_objects", **values)
    assert (application["name"], certificate["name"]) == ("application", "nginx-certificate")
    assert application["optional"] is certificate["optional"] is not ready
    assert {key["name"] for key in application["keys"]} == (OF_THE_APPLICATION if ready else set())
    assert [key["name"] for key in certificate["keys"]] == (["tls.crt", "tls.key"] if ready else [])


@pytest.mark.parametrize(
    ("check_mode", "stages", "final"),
    [(False, ["operators"], True), (False, [], True), (True, ["operators"], False), (True, ["tiers"], True)],
)
def test_check_mode_waits_only_for_secrets_that_do_not_change(resolve: Any, check_mode: bool, stages: list[str], final: bool) -> None:
    assert resolve("__operators_are_final", ansible_check_mode=check_mode, platform_stages_to_apply=stages) is final
