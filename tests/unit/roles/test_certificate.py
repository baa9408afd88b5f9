"""When the role nginx renews the certificate that it generated."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAMES = ["shop.example.com", "127.0.0.1"]


def write(path: Path, days: int, names: list[str]) -> None:
    """A certificate for these names that ends in so many days and a few minutes."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(each)) if each[0].isdigit() else x509.DNSName(each) for each in names
    ]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days, minutes=5))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.parent.mkdir()
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize(
    ("days", "names", "good"),
    [
        pytest.param(365, NAMES, True, id="new"),
        pytest.param(32, NAMES, True, id="in time"),
        pytest.param(29, NAMES, False, id="in its last month"),
        pytest.param(-1, NAMES, False, id="over"),
        pytest.param(365, NAMES[:1], False, id="without a name that is asked for now"),
        pytest.param(365, [*NAMES, "old.example.com"], True, id="with one that is not asked for any more"),
    ],
)
def test_a_valid_certificate_is_kept(resolve: Any, tmp_path: Path, days: int, names: list[str], good: bool) -> None:
    write(tmp_path / "tls" / "tls.crt", days, names)
    assert resolve("__nginx_tls_is_good", platform_generated_secrets_directory=str(tmp_path), nginx_tls_hosts=NAMES) is good


def test_the_certificate_has_the_host_names_of_the_shop_without_wildcards(resolve: Any) -> None:
    config = {"DJANGO_ALLOWED_HOSTS": "Shop.example.com, .example.com,*, 127.0.0.1,[::1],fd00:0::1"}
    names = resolve("__nginx_tls_names", platform_config=config, platform_postgresql_host="a", platform_redis_host="b")
    assert names == ["DNS:shop.example.com", "IP:127.0.0.1", "IP:::1", "IP:fd00::1"]


@pytest.mark.parametrize(
    ("provider", "files", "made"),
    [
        pytest.param("generated", ["tls.crt", "tls.key", "ca.crt"], False, id="all files of a good certificate exist"),
        pytest.param("generated", ["tls.crt", "ca.crt"], True, id="the key is missing"),
        pytest.param("generated", [], True, id="no file exists"),
        pytest.param("existing", [], False, id="the certificate is an existing Secret"),
        pytest.param("none", [], False, id="nginx serves no TLS"),
    ],
)
def test_a_certificate_is_created_only_for_the_provider_that_generates_it(
    resolve: Any, tmp_path: Path, provider: str, files: list[str], made: bool
) -> None:
    if files:
        write(tmp_path / "tls" / "tls.crt", 365, NAMES)
        for name in files[1:]:
            (tmp_path / "tls" / name).touch()
    values = {"platform_generated_secrets_directory": str(tmp_path), "nginx_tls_hosts": NAMES, "nginx_tls_provider": provider}
    assert resolve("nginx_tls_is_to_be_made", **values) is made
