"""The Secret of the application comes from a store, and the certificate of nginx from an issuer, with the real operators."""

from __future__ import annotations

import base64
import json
import pathlib
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

MOLECULE = pathlib.Path(__file__).parents[2]
HTTPS_PORT = yaml.safe_load((MOLECULE / "cluster.yml").read_text())["kind_https_port"]
LONGEST_WAIT = yaml.safe_load((MOLECULE / "operators.yml").read_text())["operators_timeout"]
APPLICATION, CERTIFICATE, STORE = "application", "nginx-certificate", "shop"
USERS = {"django", "celery-worker", "celery-beat"}
COMPONENTS = (*sorted(USERS), "nginx", "postgres", "redis")
# As in docs/secrets.md.
READ_NOW = (
    "kubectl", "-n", "jewelry-shop", "annotate", "externalsecret", "application", "force-sync=$(date +%s)", "--overwrite",
)  # fmt: skip
# The kubelet updates mounted Secrets about once a minute, and the store is read every five seconds. A limit for a slow machine.
UPDATED_WITHIN = 300
INGRESS = {
    "ingress_enabled": True,
    "ingress_class": "unserved",
    "ingress_controller_namespace": "unserved",
    "ingress_traefik_entrypoints": [],
    "ingress_traefik_http_entrypoints": [],
    "ingress_cert_manager_issuer": "authority",
    "nginx_service_type": "ClusterIP",
    "nginx_trusted_proxies": ["10.244.0.0/16"],
    # Nothing serves the Ingress.
    "validate_customer_urls": [],
}


def wait_for(condition: Callable[[], bool], evidence: Callable[[], str]) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < UPDATED_WITHIN, evidence()
        time.sleep(1)


def secret(cluster: Any, name: str) -> dict[str, str]:
    data = json.loads(cluster.kubectl("get", "secret", name, "--output=json").stdout)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def set_in_the_store(cluster: Any, **values: str | None) -> None:
    """Change the store, and wait until the operator has read it. None removes a key."""
    encoded = {key: None if value is None else base64.b64encode(value.encode()).decode() for key, value in values.items()}
    cluster.kubectl("patch", "secret", STORE, "--namespace=store", "--type=merge", f"--patch={json.dumps({'data': encoded})}")
    wait_for(
        lambda: all(secret(cluster, APPLICATION).get(key) == value for key, value in values.items()),
        lambda: cluster.kubectl("describe", "externalsecret", APPLICATION).stdout,
    )


def marker(cluster: Any) -> str:
    pod = cluster.pods("django")[0]["metadata"]["name"]
    printed: str = cluster.kubectl("exec", pod, "--container=django", "--", "printenv", "SHOP_MARKER").stdout.strip()
    return printed


def pods(cluster: Any) -> dict[str, set[str]]:
    return {component: {pod["metadata"]["uid"] for pod in cluster.pods(component)} for component in COMPONENTS}


def said(run: Any) -> str:
    return " ".join(run.output.split())


@pytest.fixture(scope="module")
def authority_file(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The certificate of the authority of the issuer."""
    data = json.loads(cluster.kubectl("get", "secret", "authority", "--namespace=cert-manager", "--output=json").stdout)["data"]
    path = tmp_path_factory.mktemp("authority") / "ca.crt"
    path.write_bytes(base64.b64decode(data["tls.crt"]))
    return str(path)


@pytest.fixture(scope="module")
def authority(authority_file: str) -> ssl.SSLContext:
    """Trusts only the authority of the issuer."""
    return ssl.create_default_context(cafile=authority_file)


def served(authority: ssl.SSLContext, host: str = "jewelry-shop.local") -> str:
    """The certificate that nginx serves, in PEM. The context verifies it."""
    with (
        socket.create_connection(("127.0.0.1", HTTPS_PORT), timeout=20) as connection,
        authority.wrap_socket(connection, server_hostname=host) as secure,
    ):
        return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True) or b"")


@pytest.fixture
def restored(playbook: Any) -> Iterator[None]:
    """Deploy the settings of the scenario again after the test."""
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


def test_the_command_of_the_guide_requests_a_read_of_the_store(cluster: Any, watch_environment: dict[str, str]) -> None:
    requested = ("get", "externalsecret", APPLICATION, "--output=jsonpath={.metadata.annotations.force-sync}")
    before = cluster.kubectl(*requested).stdout
    subprocess.run(" ".join(READ_NOW), shell=True, env=watch_environment, check=True, timeout=60)
    assert cluster.kubectl(*requested).stdout != before


def test_the_pods_have_the_values_of_the_store(cluster: Any) -> None:
    assert marker(cluster) == secret(cluster, APPLICATION)["SHOP_MARKER"]
    # This collection has written no Secret with values of the application.
    assert [each["metadata"]["name"] for each in cluster.get("secrets") if "SHOP_MARKER" in each.get("data", {})] == [APPLICATION]


@pytest.mark.parametrize("host", ["jewelry-shop.local", "localhost"])
def test_nginx_serves_the_certificate_of_the_issuer(cluster: Any, authority: ssl.SSLContext, host: str) -> None:
    assert served(authority, host).strip() in secret(cluster, CERTIFICATE)["tls.crt"]


def test_a_rotated_value_replaces_exactly_the_pods_that_use_it(cluster: Any, playbook: Any) -> None:
    value = f"rotated-{time.time():.0f}"
    before = pods(cluster)
    set_in_the_store(cluster, SHOP_MARKER=value)
    run = playbook("site.yml", "--diff")
    assert run.returncode == 0, run.output
    after = pods(cluster)
    assert {component for component in COMPONENTS if before[component] != after[component]} == USERS
    assert all(not before[component] & after[component] for component in USERS)
    assert marker(cluster) == value
    assert value not in run.output
    again = playbook("site.yml")
    assert (again.returncode, again.changed) == (0, 0), again.output


def test_an_added_value_is_used_in_the_same_run(cluster: Any, playbook: Any, restored: None) -> None:
    """The preflight reads the Secret before the operator adds the key, so the later stages are planned again."""
    data = [{"secretKey": "SHOP_ADDED", "remoteRef": {"key": STORE, "property": "SHOP_MARKER"}}]
    required = [{"name": "SHOP_ADDED"}]
    run = playbook("site.yml", platform_external_secret_data=data, platform_required_keys=required)
    assert run.returncode == 0, run.output
    pod = cluster.pods("django")[0]["metadata"]["name"]
    printed = cluster.kubectl("exec", pod, "--container=django", "--", "printenv", "SHOP_ADDED").stdout.strip()
    assert printed == marker(cluster)


@pytest.mark.usefixtures("restored")
def test_a_missing_store_fails_with_the_words_of_the_operator(cluster: Any, playbook: Any) -> None:
    before, began = pods(cluster), time.monotonic()
    run = playbook("site.yml", platform_external_secret_store={"name": "no-such-store", "kind": "ClusterSecretStore"})
    assert run.returncode != 0
    assert "ExternalSecret jewelry-shop/application is not ready: SecretSyncedError: could not get secret data from provider" in said(run)
    assert "no-such-store" in said(run)
    assert time.monotonic() - began < LONGEST_WAIT, "the failure was not found early"
    assert pods(cluster) == before


@pytest.mark.usefixtures("restored")
def test_a_key_that_the_application_requires_and_the_store_lacks_is_named(cluster: Any, playbook: Any) -> None:
    before = pods(cluster)
    run = playbook("site.yml", platform_external_secret_data_from=[], platform_external_secret_data=[only("SHOP_MARKER")])
    assert run.returncode != 0
    assert "Secret jewelry-shop/application has no key DJANGO_SECRET_KEY (platform_external_secret_data)" in said(run), run.output
    assert pods(cluster) == before


def only(key: str) -> dict[str, Any]:
    return {"secretKey": key, "remoteRef": {"key": STORE, "property": key}}


@pytest.mark.usefixtures("restored")
def test_a_missing_issuer_fails_with_the_words_of_cert_manager(cluster: Any, playbook: Any, authority: ssl.SSLContext) -> None:
    run = playbook("site.yml", nginx_cert_manager_issuer="no-such-issuer")
    assert run.returncode != 0
    assert "Certificate jewelry-shop/nginx-certificate is not ready: " in said(run), run.output
    assert "no-such-issuer" in said(run)
    assert "(nginx_cert_manager_issuer)" in said(run)
    # The certificate of before is served.
    assert served(authority)


def test_a_renewed_certificate_is_served_without_a_run(cluster: Any, authority: ssl.SSLContext) -> None:
    before, nginx = served(authority), pods(cluster)["nginx"]
    # cert-manager issues the certificate again.
    cluster.kubectl("delete", "secret", CERTIFICATE)
    wait_for(
        # Each connection may lead to another pod of nginx.
        lambda: before not in (answers := {served(authority) for _connection in range(20)}) and len(answers) == 1,
        lambda: cluster.kubectl("describe", "certificate", CERTIFICATE).stdout,
    )
    assert served(authority).strip() in secret(cluster, CERTIFICATE)["tls.crt"]
    assert pods(cluster)["nginx"] == nginx


def test_check_mode_shows_the_external_secret_and_writes_nothing(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    another = {"platform_external_secret_name": "another"}
    rejected = playbook("site.yml", "--check", **another)
    assert rejected.returncode != 0
    assert f"PostgreSQL in the cluster uses the Secret {APPLICATION}, and the settings now name the Secret another." in said(rejected)
    run = playbook("site.yml", "--check", "--diff", preflight_accepted_password_changes=["POSTGRES_PASSWORD", "REDIS_PASSWORD"], **another)
    assert run.returncode == 0, run.output
    assert "name: another" in run.output
    assert cluster.written_since(before) == []
    assert [each["metadata"]["name"] for each in cluster.get("externalsecrets")] == [APPLICATION]


@pytest.mark.usefixtures("restored")
def test_the_certificate_of_the_ingress_comes_from_the_issuer(cluster: Any, playbook: Any, authority_file: str) -> None:
    """No ingress controller runs here. The scenario `network` has one, which serves the certificate of a Secret."""
    host = "jewelry-shop.local"
    run = playbook("site.yml", **INGRESS, ingress_hosts=[host])
    assert run.returncode == 0, run.output
    wait_for(
        lambda: cluster.kubectl("get", "secret", "jewelry-shop-tls", check=False).returncode == 0,
        lambda: cluster.kubectl("describe", "certificates").stdout,
    )
    # openssl verifies the chain and the host name.
    verified = subprocess.run(
        ["openssl", "verify", "-CAfile", authority_file, "-verify_hostname", host],
        input=secret(cluster, "jewelry-shop-tls")["tls.crt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr


def test_a_credential_of_grant_deployer_is_enough(playbook: Any, grant: Any, deployer_kubeconfig: str, restored: None) -> None:
    granted = grant()
    assert granted.returncode == 0, granted.output
    run = playbook("site.yml", platform_kubeconfig=deployer_kubeconfig, platform_external_secret_refresh_interval="6s")
    assert run.returncode == 0, run.output
    assert run.changed > 0
