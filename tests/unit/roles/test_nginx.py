"""A real nginx with the configuration of the role."""

from __future__ import annotations

import json
import pathlib
import subprocess
from typing import Any

import pytest

from tests.unit.roles import nginx_server
from tests.unit.roles.nginx_server import Dns, MakeNginx, Nginx, patiently

ROLE = pathlib.Path(__file__).parents[3] / "roles" / "nginx"
SECURITY_HEADERS = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")


# --- What Django gets ---------------------------------------------------------------------------------------------------------


def test_forwarding_headers_of_a_client_are_not_passed_on(start_nginx: MakeNginx) -> None:
    claims = ("X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto")
    seen = start_nginx().ask("/", headers=dict.fromkeys(claims, "203.0.113.66")).seen["headers"]
    assert "203.0.113.66" not in json.dumps(seen)
    assert (seen["x-forwarded-for"], seen["x-real-ip"], seen["x-forwarded-proto"]) == ("127.0.0.1", "127.0.0.1", "http")
    assert (seen["host"], seen["x-forwarded-host"]) == ("shop.example.com", "shop.example.com")


def test_headers_of_a_trusted_proxy_are_accepted(start_nginx: MakeNginx) -> None:
    claims = {"X-Forwarded-For": "203.0.113.66, 198.51.100.7", "X-Forwarded-Proto": "https"}
    seen = start_nginx(nginx_trusted_proxies=["127.0.0.0/8"]).ask("/", headers=claims).seen["headers"]
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("198.51.100.7", "https")


@pytest.mark.parametrize("path", ["/health/detailed/", "/health/detailed", "/metrics", "//metrics", "/%6detrics", "/nginx_status"])
def test_private_paths_return_404(start_nginx: MakeNginx, path: str) -> None:
    assert start_nginx().ask(path).status == 404


def test_a_cookie_of_12_kilobytes_arrives(start_nginx: MakeNginx) -> None:
    cookie = "a=" + "x" * 12_000
    assert start_nginx().ask("/", headers={"Cookie": cookie}).seen["headers"]["cookie"] == cookie


def test_the_size_of_a_request_header_is_a_setting(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_client_header_size="2k")
    assert nginx.ask("/", headers={"Cookie": "x" * 1_500}).status == 200
    assert nginx.ask("/", headers={"Cookie": "x" * 2_500}).status == 400


# --- What a client gets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [6_000, 14_000])
def test_large_response_headers_are_served(start_nginx: MakeNginx, size: int) -> None:
    answer = start_nginx().ask(f"/headers/{size}/")
    assert answer.status == 200
    assert len([name for name in answer.headers if name.startswith("X-Large-")]) == size // 1000


def test_the_size_of_a_response_header_is_a_setting(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_proxy_buffer_size="32k")
    assert nginx.ask("/headers/30000/").status == 200
    assert nginx.ask("/headers/34000/").status == 502


@pytest.mark.parametrize("path", ["/", "/no-such-location/", "/static/missing.css", "/metrics", "/media/missing.png"])
def test_each_security_header_is_sent_once_whatever_the_status(start_nginx: MakeNginx, path: str) -> None:
    headers = start_nginx().ask(path).headers
    assert [len(headers.get_all(name) or []) for name in SECURITY_HEADERS] == [1, 1, 1]


def test_security_headers_are_sent_with_an_error_of_nginx_itself(make_nginx: MakeNginx) -> None:
    with make_nginx().running() as nginx:
        answer = patiently(lambda: (said := nginx.ask("/")).status == 502 and said, "an error without a server behind nginx")
        assert [len(answer.headers.get_all(name) or []) for name in SECURITY_HEADERS] == [1, 1, 1]


def test_a_security_header_of_django_wins(start_nginx: MakeNginx) -> None:
    assert start_nginx().ask("/own-headers/").headers.get_all("X-Frame-Options") == ["DENY"]


# --- Redirects ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "host", "redirected"),
    [
        ("shop.example.com", "shop.example.com", True),
        ("shop.example.com", "SHOP.example.com:8080", True),
        ("Shop.Example.com", "shop.example.com.", True),
        ("shop.example.com", "evil.example", False),
        ("shop.example.com", "www.shop.example.com", False),
        ("shop.example.com", "shop.example.com.evil.example", False),
        (".example.com", "example.com", True),
        (".example.com", "a.b.example.com", True),
        (".example.com", "notexample.com", False),
        ("*", "anything.example", True),
        ("*.example.com,shop.example.org", "www.example.com", False),
        ("*.example.com,shop.example.org", "shop.example.org", True),
        ("default,shop.example.com", "evil.example", False),
        ("default", "default", True),
        ("[2001:db8::1],127.0.0.1", "[2001:db8::1]:80", True),
        ("[2001:db8::1],127.0.0.1", "127.0.0.1", True),
    ],
)
def test_https_redirects_lead_to_allowed_hosts_only(start_nginx: MakeNginx, allowed: str, host: str, redirected: bool) -> None:
    nginx = start_nginx(nginx_redirect_to_https=True, platform_config={"DJANGO_ALLOWED_HOSTS": allowed})
    for path in ("/a?b=c", "/static/a", "/media/a"):
        answer = nginx.ask(path, method="POST", body="x", headers={"Host": host})
        if redirected:
            name = host.lower().removesuffix(":8080").removesuffix(":80").removesuffix(".")
            assert (answer.status, answer.headers["Location"]) == (308, f"https://{name}{path}")
        else:
            assert (answer.status, answer.headers["Location"]) == (421, None)


@pytest.mark.parametrize(("proto", "status"), [("http", 421), ("https", 200)])
def test_the_scheme_from_a_trusted_proxy_is_used(start_nginx: MakeNginx, proto: str, status: int) -> None:
    """Django itself answers to a request that is not redirected."""
    nginx = start_nginx(nginx_redirect_to_https=True, nginx_trusted_proxies=["127.0.0.0/8"])
    assert nginx.ask("/", headers={"Host": "evil.example", "X-Forwarded-Proto": proto}).status == status


@pytest.mark.parametrize("values", [{}, {"nginx_trusted_proxies": ["127.0.0.0/8"]}], ids=["direct", "behind a trusted proxy"])
@pytest.mark.parametrize("folder", ["static", "media"])
def test_the_redirect_of_a_directory_contains_no_host(start_nginx: MakeNginx, folder: str, values: dict[str, Any]) -> None:
    nginx = start_nginx(**values)
    (nginx.folder / "app" / {"static": "staticfiles", "media": "media"}[folder] / "inside").mkdir()
    answer = nginx.ask(f"/{folder}/inside", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert (answer.status, answer.headers["Location"]) == (301, f"/{folder}/inside/")


# --- Static files -------------------------------------------------------------------------------------------------------------

IMMUTABLE = "public, max-age=31536000, immutable"
SHORT = "public, max-age=60, must-revalidate"
STATIC_FILES = {
    # Django's ManifestStaticFilesStorage
    "app.55e7cbb9ba48.css": IMMUTABLE,
    "app.min.55e7cbb9ba48.js": IMMUTABLE,
    # webpack
    "main.8c1f2e3d.chunk.css": IMMUTABLE,
    "main.8c1f2e3d4b5a69788c1f.js.map": IMMUTABLE,
    "vendors-8c1f2e3d.js": IMMUTABLE,
    "8c1f2e3d4b5a69788c1f.png": IMMUTABLE,
    # Vite
    "index-BkXq3Z1a.js": IMMUTABLE,
    "index-B_Xq-3Za.css": IMMUTABLE,
    # no hash
    "app.css": SHORT,
    "bootstrap-datepicker.js": SHORT,
    "fonts/OpenSans-SemiBold.ttf": SHORT,
    "jquery-3.7.1.min.js": SHORT,
    "photo-1024x768.jpg": SHORT,
    "catalogue-Ring2024.pdf": SHORT,
    "terms-20240115.pdf": SHORT,
    "backup.202401151200.css": SHORT,
    "8c1f2e3d4b5a/app.css": SHORT,
}


def test_only_names_with_a_hash_are_immutable(start_nginx: MakeNginx) -> None:
    nginx = start_nginx()
    for name in STATIC_FILES:
        path = nginx.folder / "app" / "staticfiles" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    answers = {name: nginx.ask(f"/static/{name}") for name in STATIC_FILES}
    assert {name: answer.headers.get_all("Cache-Control") for name, answer in answers.items()} == {
        name: [lifetime] for name, lifetime in STATIC_FILES.items()
    }
    # What is asked again is not sent again.
    etag = answers["app.css"].headers["ETag"]
    assert nginx.ask("/static/app.css", headers={"If-None-Match": etag}).status == 304
    assert nginx.ask("/static/missing.55e7cbb9ba48.css").headers["Cache-Control"] is None


def test_lifetimes_and_pattern_are_settings(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_static_max_age=0, nginx_static_hashed_max_age=600, nginx_static_hashed_pattern="/v[0-9]+/")
    for name in ("v1/app.css", "app.55e7cbb9ba48.css"):
        path = nginx.folder / "app" / "staticfiles" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert nginx.ask("/static/v1/app.css").headers["Cache-Control"] == "public, max-age=600, immutable"
    assert nginx.ask("/static/app.55e7cbb9ba48.css").headers["Cache-Control"] == "public, max-age=0, must-revalidate"


# --- Uploads ------------------------------------------------------------------------------------------------------------------

RASTER_IMAGES = ("ring.jpg", "ring.JPEG", "a/ring.png", "ring.gif", "ring.webp", "ring.avif", "ring.bmp", "favicon.ico")
OTHER_UPLOADS = ("page.html", "ring.svg", "ring.png.html", "ring.png.svg", "invoice.pdf", "script.js", "feed.xml", "jpg", "noname")


def upload(nginx: Nginx, *names: str, folder: str = "media") -> None:
    for name in names:
        path = nginx.folder / "app" / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)


def test_uploads_run_no_script_and_only_raster_images_are_shown(start_nginx: MakeNginx) -> None:
    nginx = start_nginx()
    upload(nginx, *RASTER_IMAGES, *OTHER_UPLOADS)
    for name in (*RASTER_IMAGES, *OTHER_UPLOADS):
        headers = nginx.ask(f"/media/{name}").headers
        assert headers.get_all("Content-Security-Policy") == ["sandbox; default-src 'none'"], name
        assert headers.get_all("X-Content-Type-Options") == ["nosniff"], name
        assert headers.get_all("Content-Disposition") == (["attachment"] if name in OTHER_UPLOADS else None), name
        assert len(headers.get_all("Cache-Control") or []) == 1, name
        assert [len(headers.get_all(header) or []) for header in SECURITY_HEADERS] == [1, 1, 1], name


def test_uploads_always_have_the_nosniff_header(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_headers={})
    upload(nginx, "page.html")
    assert nginx.ask("/media/page.html").headers.get_all("X-Content-Type-Options") == ["nosniff"]


def test_uploads_have_different_headers_from_static_files_and_pages(start_nginx: MakeNginx) -> None:
    nginx = start_nginx()
    upload(nginx, "app.html", folder="staticfiles")
    for path in ("/static/app.html", "/"):
        headers = nginx.ask(path).headers
        assert (headers["Content-Security-Policy"], headers["Content-Disposition"]) == (None, None)


def test_displayed_upload_types_and_their_policy_are_settings(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_media_inline_pattern=r"\.(png|pdf)$", nginx_media_content_security_policy="")
    upload(nginx, "invoice.pdf", "ring.jpg")
    assert nginx.ask("/media/invoice.pdf").headers["Content-Disposition"] is None
    assert nginx.ask("/media/ring.jpg").headers["Content-Disposition"] == "attachment"
    assert nginx.ask("/media/ring.jpg").headers["Content-Security-Policy"] is None


@pytest.mark.parametrize(("folder", "place"), [("media", "/media"), ("staticfiles", "/static")])
def test_symbolic_links_out_of_a_volume_are_not_followed(start_nginx: MakeNginx, folder: str, place: str) -> None:
    """The application writes the volumes: a link of its own would show the key of the certificate."""
    nginx = start_nginx()
    (nginx.folder / "private").mkdir()
    (nginx.folder / "private" / "tls.key").write_text("the key")
    root = nginx.folder / "app" / folder
    (root / "key.png").symlink_to(nginx.folder / "private" / "tls.key")
    (root / "all").symlink_to(nginx.folder / "private")
    upload(nginx, "here.png", folder=folder)
    for path in ("key.png", "all/tls.key"):
        answer = nginx.ask(f"{place}/{path}")
        assert answer.status in (403, 404), path
        assert b"the key" not in answer.body
    assert nginx.ask(f"{place}/here.png").body == b"here.png"


def test_a_volume_can_be_a_symbolic_link(start_nginx: MakeNginx) -> None:
    """As kubelet's own directories on some nodes are."""
    nginx = start_nginx()
    (nginx.folder / "app").rename(nginx.folder / "elsewhere")
    (nginx.folder / "app").symlink_to(nginx.folder / "elsewhere")
    upload(nginx, "here.png")
    assert nginx.ask("/media/here.png").status == 200


# --- The address of django-service --------------------------------------------------------------------------------------------


def test_a_service_with_a_new_address_is_reached(start_nginx: MakeNginx, dns: Dns, django_port: int) -> None:
    nginx = start_nginx()
    assert nginx.ask("/").seen["server"] == "127.0.0.1"
    with nginx_server.django("127.0.0.2", django_port):
        dns.addresses = ["127.0.0.2"]
        patiently(lambda: nginx.ask("/").seen["server"] == "127.0.0.2", "a request to the new address")


def test_a_refused_connection_is_retried_for_every_method(start_nginx: MakeNginx, dns: Dns) -> None:
    """As a Service does that still leads to an ending pod."""
    dns.addresses = ["127.0.0.3", "127.0.0.1"]
    nginx = start_nginx()
    patiently(lambda: "Connection refused" in nginx.log or nginx.ask("/").status != 200, "an attempt where nothing listens")
    for number in range(20):
        answer = nginx.ask("/", method="POST", body=str(number))
        assert (answer.status, answer.seen["body"]) == (200, str(number))


def test_a_request_is_tried_six_times(start_nginx: MakeNginx, dns: Dns) -> None:
    """A Service picks a pod for each attempt, and may pick the ending pod several times."""
    dns.addresses = ["127.0.0.3"]
    nginx = start_nginx()
    patiently(lambda: "Connection refused" in nginx.log or nginx.ask("/").status != 502, "an attempt where nothing listens")
    before = nginx.log.count("Connection refused")
    assert nginx.ask("/", method="POST", body="x").status == 502
    patiently(lambda: nginx.log.count("Connection refused") - before == 6, "six attempts")


def test_nginx_does_not_start_before_the_address_is_known(make_nginx: MakeNginx, dns: Dns, django_port: int) -> None:
    """Otherwise it would be ready, and answer each request with 502. Whether Django answers does not matter."""
    dns.addresses = []
    with make_nginx().running() as nginx:
        assert nginx.ask("/nginx_health").status == 200
        assert nginx.ask("/nginx_started").status == 503
        dns.addresses = ["127.0.0.1"]
        patiently(nginx.knows_the_address, "the first resolution")


def test_the_startup_probe_sends_a_host_that_django_allows(start_nginx: MakeNginx) -> None:
    """Otherwise each starting nginx pod causes errors in the log of Django."""
    nginx = start_nginx()
    nginx_server.Handler.asked.clear()
    assert nginx.ask("/nginx_started", headers={"Host": "10.0.0.1:8080"}).status == 200
    [(path, headers)] = nginx_server.Handler.asked
    assert path == "/health/live/"
    assert (headers["Host"], headers["X-Forwarded-Proto"]) == ("shop.example.com", "https")


@pytest.mark.parametrize(("size", "fine"), [("50m", True), ("lots", False)])
def test_the_configuration_is_tested_without_dns(make_nginx: MakeNginx, dns: Dns, size: str, fine: bool) -> None:
    dns.addresses = []
    tested = make_nginx(nginx_client_max_body_size=size).test()
    assert (tested.returncode == 0) is fine, tested.stderr
    assert fine or "client_max_body_size" in tested.stderr


@pytest.mark.parametrize(
    ("resolv_conf", "resolvers", "domain"),
    [
        (
            "search jewelry-shop.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
            "10.96.0.10",
            "cluster.local",
        ),
        ("nameserver 10.96.0.10\nsearch jewelry-shop.svc.k8s.example.com. example.com\n", "10.96.0.10", "k8s.example.com"),
        ("nameserver fd00:10:96::a\nsearch jewelry-shop.svc.cluster.local", "[fd00:10:96::a]", "cluster.local"),
        ("# made by hand\nnameserver\t169.254.20.10 # node\nnameserver 10.96.0.10\n", "169.254.20.10 10.96.0.10", "cluster.local"),
        ("search other-shop.svc.other.example svc.other.example\nnameserver 10.96.0.10", "10.96.0.10", "cluster.local"),
    ],
    ids=["cluster.local", "another domain", "IPv6", "two servers", "no domain of the namespace"],
)
def test_nginx_asks_the_servers_of_the_pod(
    make_nginx: MakeNginx, dns: Dns, django_port: int, resolv_conf: str, resolvers: str, domain: str
) -> None:
    nginx = make_nginx()
    nginx.resolv_conf(resolv_conf)
    subprocess.run(nginx.command("true"), check=True)
    lines = (nginx.folder / "django_upstream.conf").read_text().splitlines()
    assert f"resolver {resolvers}:{dns.port} valid=5s;" in lines
    assert f"server django-service.jewelry-shop.svc.{domain}:{django_port} resolve max_fails=0;" in lines
