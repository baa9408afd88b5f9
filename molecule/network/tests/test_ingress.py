"""The shop behind a real Traefik: TLS that a client verifies, and the real address of the client despite forged headers."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any

import pytest

HOST = "jewelry-shop.local"
# Random bytes, so that no proxy can compress them; a little less than nginx_client_max_body_size.
UPLOAD = """
import hashlib
import io
import json
import os
import sys

from PIL import Image

given = json.loads(sys.argv[1])
visitor = Visitor(*given["site"])
login = visitor.post("/admin/login/", given["login"])
file = io.BytesIO()
Image.frombytes("RGB", (4000, 4168), os.urandom(50_016_000)).save(file, "BMP")
answer = visitor.post("/products/new/", given["product"], picture=file.getvalue())
print(json.dumps({
    "login": login[0], "status": answer[0], "said": answer[2][:500].decode(errors="replace"),
    "size": len(file.getvalue()), "sha256": hashlib.sha256(file.getvalue()).hexdigest(),
}))
"""
CONNECT = """
import socket

def try_to_connect(address, port):
    try:
        socket.create_connection((address, port), 4).close()
        print("open")
    except OSError:
        print("shut")
"""
FORGED = [
    {"X-Forwarded-For": "203.0.113.66"},
    {"X-Forwarded-For": "203.0.113.66, 10.244.0.1"},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Host": "evil.example.com"},
    {"X-Real-Ip": "203.0.113.66"},
    {"Forwarded": "for=203.0.113.66;proto=http;host=evil.example.com"},
    {"Connection": "X-Forwarded-For, X-Forwarded-Proto, X-Real-Ip"},
]


@pytest.fixture(scope="module", autouse=True)
def _traefik_knows_the_ingress(ask: Any) -> None:
    """Traefik needs a moment to detect a new Ingress."""
    deadline = time.monotonic() + 30
    while (answer := ask("/health/")).get("status") != 200:
        assert time.monotonic() < deadline, answer
        time.sleep(1)


def test_the_page_is_served_over_verified_tls(ask: Any) -> None:
    answer = ask("/")
    assert answer.get("status") == 200, answer
    assert "/static/" in answer["body"]


def test_the_certificate_is_rejected_without_its_authority(ask: Any, site: list[str]) -> None:
    """Positive control: the client does verify, both the authority and the name."""
    host, address, authority = site
    assert "unable to get local issuer certificate" in ask("/", site=[host, address, None]).get("refused", "")
    # For another name Traefik serves its self-signed default certificate.
    assert "refused" in ask("/", site=[f"other.{host}", address, authority])


@pytest.mark.parametrize("path", ["/", "/products/new/?a=b%20c&d=1"])
def test_plain_http_is_redirected_to_https(ask: Any, path: str) -> None:
    answer = ask(path, scheme="http")
    assert answer["status"] == 308, answer
    assert answer["headers"]["location"] == f"https://{HOST}{path}"


def expected(client: Any) -> dict[str, Any]:
    """The values that Django should see. If nginx did not trust Traefik, the address would be the address of Traefik."""
    return {
        "secure": True, "scheme": "https", "host": HOST, "client": client.ip, "real_ip": client.ip, "forwarded_for": client.ip,
    }  # fmt: skip


def test_django_knows_scheme_host_and_client(ask: Any, client: Any) -> None:
    assert json.loads(ask("/request/")["body"]) == expected(client)


@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: next(iter(headers)))
def test_forwarding_headers_of_a_client_are_ignored(ask: Any, client: Any, headers: dict[str, str]) -> None:
    answer = ask("/request/", headers=headers)
    assert answer["status"] == 200, answer
    assert json.loads(answer["body"]) == expected(client)


def test_a_forged_https_header_does_not_skip_the_redirect(ask: Any) -> None:
    answer = ask("/request/", scheme="http", headers={"X-Forwarded-Proto": "https"})
    assert answer["status"] == 308, answer


@pytest.mark.parametrize("path", ["/health/detailed/", "/metrics", "/nginx_status"])
def test_private_paths_return_404(ask: Any, path: str) -> None:
    assert ask(path)["status"] == 404


@pytest.mark.parametrize("port", [8080, 8443])
def test_only_the_ingress_controller_reaches_nginx(client_pod: Any, cluster: Any, port: int) -> None:
    """The same pod in another namespace, so that nothing else can be the reason."""
    address = cluster.pods("nginx")[0]["status"]["podIP"]
    script = f"{CONNECT}\ntry_to_connect({address!r}, {port})"
    said = {namespace: client_pod(namespace, {"app": "drill"}).run(script).strip() for namespace in ("traefik", "outside")}
    assert said == {"traefik": "open", "outside": "shut"}


def test_another_host_is_not_the_shop(ask: Any, cluster: Any) -> None:
    """Traefik itself answers. Its log shows this, and the router of the shop for other requests."""
    answer = ask("/", headers={"Host": "evil.example.com"})
    assert answer["status"] == 404, answer
    assert ask("/health/")["status"] == 200
    log = cluster.kubectl("logs", "deployment/traefik", "--namespace=traefik", "--tail=50").stdout
    assert re.search(r'"GET /health/ HTTP/1.1" 200 .*jewelry-shop', log), log


def test_a_large_upload_over_tls_is_stored_whole(client: Any, site: list[str], cluster: Any, visitor_program: str) -> None:
    django = cluster.host(cluster.pods("django")[0]["metadata"]["name"], "django")
    user, password = f"u{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    created = django.run(
        f"env DJANGO_SUPERUSER_PASSWORD={password} python manage.py createsuperuser --noinput --username {user} --email {user}@example.com"
    )
    assert created.rc == 0, created.stderr
    sku = f"L-{uuid.uuid4().hex[:8]}"
    given = {
        "site": site,
        "login": {"username": user, "password": password, "next": "/products/new/"},
        "product": {"sku": sku, "name": sku, "price": "10.00"},
    }
    answer = json.loads(client.run(visitor_program + UPLOAD, json.dumps(given), timeout=300))
    assert (answer["login"], answer["status"]) == (302, 302), answer
    assert answer["size"] > 50_000_000
    picture = django.run(
        "python manage.py shell -c %s", f"from shop.models import Product; print(Product.objects.get(sku='{sku}').picture.path)"
    ).stdout.split()[-1]
    try:
        assert django.run(f"sha256sum {picture}").stdout.split()[0] == answer["sha256"]
    finally:
        django.run(f"rm {picture}")
