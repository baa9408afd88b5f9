"""nginx as the public entry point: its certificate, the headers that it accepts, and rejected configurations."""

from __future__ import annotations

import base64
import datetime
import json
import os
import pathlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SETTINGS: dict[str, Any] = yaml.safe_load((pathlib.Path(__file__).parents[2] / "cluster.yml").read_text())
HTTPS_PORT: int = SETTINGS["kind_https_port"]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
AUTHORITY = CACHE / "jewelry_shop.platform" / "secrets" / SETTINGS["kind_cluster_name"] / "tls" / "ca.crt"
SECRET = "drill-tls"
# Sends requests to nginx with the headers of its first argument. Other tests check the certificate.
ASK = """
import json, ssl, sys, urllib.request
unverified = ssl._create_unverified_context()
for scheme in ("http", "https"):
    request = urllib.request.Request(f"{scheme}://nginx-service.jewelry-shop/request/", headers=json.loads(sys.argv[1]))
    print(urllib.request.urlopen(request, timeout=20, context=unverified if scheme == "https" else None).read().decode())
"""


def connect(**options: Any) -> ssl.SSLSocket:
    """Shake hands with nginx by its node port."""
    context = ssl.create_default_context(cafile=AUTHORITY if options.pop("trusts", True) else None)
    for name, value in options.items():
        getattr(context, name)(value) if name.startswith("set_") else setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", HTTPS_PORT), timeout=20) as connection:
        return context.wrap_socket(connection, server_hostname="localhost")


def test_a_client_that_trusts_the_authority_is_served_over_http_2() -> None:
    with connect(set_alpn_protocols=["h2", "http/1.1"]) as connection:
        assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "h2")


def test_a_client_without_the_authority_rejects_the_certificate() -> None:
    """Positive control: the client of the previous test does verify."""
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        connect(trusts=False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param({"maximum_version": ssl.TLSVersion.TLSv1_2}, "", id="TLS 1.2"),
        pytest.param(
            {"minimum_version": ssl.TLSVersion.TLSv1_1, "maximum_version": ssl.TLSVersion.TLSv1_1, "set_ciphers": "ALL:@SECLEVEL=0"},
            "alert protocol version",
            id="TLS 1.1",
        ),
        pytest.param(
            {"maximum_version": ssl.TLSVersion.TLSv1_2, "set_ciphers": "ECDHE-ECDSA-AES128-SHA"},
            "alert handshake failure",
            id="without AEAD",
        ),
    ],
)
def test_outdated_tls_versions_are_rejected(options: dict[str, Any], reason: str) -> None:
    if not reason:
        connect(**options).close()
        return
    with pytest.raises(ssl.SSLError, match=f"(?i){reason}"):
        connect(**options)


@pytest.mark.parametrize("path", ["/", "/static/shop/style.css", "/no/such/page"])
def test_each_security_header_is_sent_once(shop: Any, path: str) -> None:
    headers = shop.get(path).raw.headers
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert len(headers.getlist(name)) == 1, (path, name, headers.getlist(name))


@pytest.mark.parametrize(
    "path", ["/health/detailed/", "/health/detailed", "/metrics", "/metrics/", "//metrics", "/%6detrics", "/nginx_status"]
)
def test_private_paths_return_404(shop: Any, path: str) -> None:
    assert shop.get(path).status_code == 404


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"X-Forwarded-For": "203.0.113.66", "X-Real-Ip": "203.0.113.66"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example.com", "Forwarded": "for=203.0.113.66;proto=https"},
    ],
    ids=lambda claims: ", ".join(claims) or "nothing",
)
def test_headers_of_untrusted_proxies_are_ignored(client_pod: Callable[..., Any], claims: dict[str, str]) -> None:
    client = client_pod("outside", {"app": "visitor"})
    plain, secure = map(json.loads, client.run(ASK, json.dumps({"Host": "jewelry-shop.local", **claims})).splitlines())
    assert (plain["secure"], secure["secure"]) == (False, True)
    for seen in (plain, secure):
        assert (seen["host"], seen["client"], seen["forwarded_for"]) == ("jewelry-shop.local", client.ip, client.ip)


def pair(name: str) -> dict[str, str]:
    """A self-signed certificate and its key, as the data of a Secret."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    no_password = serialization.NoEncryption()
    texts = {
        "tls.crt": certificate.public_bytes(serialization.Encoding.PEM),
        "tls.key": key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password),
    }
    return {key: base64.b64encode(text).decode() for key, text in texts.items()}


def put(cluster: Any, data: dict[str, str]) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "type": "kubernetes.io/tls", "data": data}
    cluster.kubectl("apply", "--server-side", "--filename=-", input=json.dumps(secret))


@pytest.fixture
def secret(cluster: Any) -> Iterator[Callable[[dict[str, str]], None]]:
    """Create the Secret as an administrator would."""
    yield lambda data: put(cluster, data)
    cluster.kubectl("delete", "secret", SECRET, "--ignore-not-found")


def test_a_key_of_another_certificate_stops_the_run_before_the_rollout(
    cluster: Any, playbook: Any, secret: Callable[[dict[str, str]], None]
) -> None:
    secret({**pair("one"), "tls.key": pair("another")["tls.key"]})
    before = cluster.generations()
    run = playbook("site.yml", nginx_tls_provider="existing", nginx_tls_secret=SECRET)
    assert run.returncode != 0, run.output
    assert "Job jewelry-shop/check-nginx-" in run.output, run.output
    assert "key values mismatch" in " ".join(run.output.split()), run.output
    assert cluster.generations() == before


def test_an_invalid_nginx_configuration_stops_the_run_before_the_rollout(cluster: Any, playbook: Any) -> None:
    before = cluster.generations()
    run = playbook("site.yml", nginx_server_snippet="colour red;")
    assert run.returncode != 0, run.output
    assert 'unknown directive "colour"' in " ".join(run.output.split()), run.output
    assert "check-nginx" in run.output
    assert cluster.generations() == before


def test_a_missing_certificate_secret_is_reported_before_the_first_write(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", nginx_tls_provider="existing", nginx_tls_secret="no-such-secret")
    assert run.returncode != 0, run.output
    assert "Secret jewelry-shop/no-such-secret does not exist (nginx_tls_secret)." in " ".join(run.output.split()), run.output
    assert cluster.written_since(before) == []


def served() -> str:
    """The name in the certificate that nginx currently serves."""
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", HTTPS_PORT)).encode())
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


@pytest.mark.drill
def test_a_renewed_certificate_is_served_without_a_restart(
    cluster: Any, playbook: Any, secret: Callable[[dict[str, str]], None], measured: Callable[[str], None]
) -> None:
    secret(pair("before"))
    try:
        run = playbook("site.yml", nginx_tls_provider="existing", nginx_tls_secret=SECRET)
        assert run.returncode == 0, run.output
        assert served() == "before"
        pods = {pod["metadata"]["uid"] for pod in cluster.pods("nginx")}
        secret(pair("after"))
        began = time.monotonic()
        # The kubelet brings it within a minute or two, nginx looks once a minute; one after the other answers here.
        while {served() for _ in range(8)} != {"after"}:
            assert time.monotonic() < began + 240
            time.sleep(2)
        measured(f"served {time.monotonic() - began:.0f} s after it was renewed")
        assert {pod["metadata"]["uid"] for pod in cluster.pods("nginx")} == pods
    finally:
        back = playbook("site.yml")
    assert back.returncode == 0, back.output


@pytest.mark.drill
def test_redirect_hsts_and_rate_limit_are_settings(playbook: Any, shop: Any, client_pod: Callable[..., Any]) -> None:
    values = {
        "nginx_redirect_to_https": True,
        "nginx_https_public_port": HTTPS_PORT,
        "nginx_hsts_seconds": 3600,
        "nginx_rate_limit": 1,
        "nginx_rate_limit_burst": 4,
    }
    try:
        run = playbook("site.yml", **values)
        assert run.returncode == 0, run.output
        answer = shop.get("/products/?a=b")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"https://127.0.0.1:{HTTPS_PORT}/products/?a=b")
        assert "Strict-Transport-Security" not in answer.headers
        secure = shop.session.get(f"https://127.0.0.1:{HTTPS_PORT}/health/", verify=AUTHORITY, timeout=20)
        assert secure.headers["Strict-Transport-Security"] == "max-age=3600"
        client = client_pod("outside", {"app": "visitor"})
        many = client.run(
            "import ssl, urllib.error, urllib.request\n"
            "for path in ['health/'] * 20 + ['static/shop/style.css'] * 20:\n"
            "    try:\n"
            "        address = f'https://nginx-service.jewelry-shop/{path}'\n"
            "        request = urllib.request.Request(address, headers={'Host': 'localhost'})\n"
            "        print(path, urllib.request.urlopen(request, timeout=20, context=ssl._create_unverified_context()).status)\n"
            "    except urllib.error.HTTPError as error:\n"
            "        print(path, error.code)\n"
        ).splitlines()
        assert {line for line in many if line.startswith("static")} == {"static/shop/style.css 200"}
        assert {"health/ 200", "health/ 429"} <= set(many), many
    finally:
        back = playbook("site.yml")
    assert back.returncode == 0, back.output
