"""What a real nginx does with locations, snippets and the JSON access log."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.nginx_locations import location_problems
from tests.unit.roles.nginx_server import Answer, Handler, MakeNginx, Nginx, patiently

README = pathlib.Path(__file__).parents[3] / "roles" / "nginx" / "README.md"
SECURITY_HEADERS = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")
LOGIN = {"path": "/login/", "rate": "1r/m", "burst": 2}
# All keys at once, in two locations that nginx allows.
ALL = [
    {
        "path": "/all/",
        "proxy_path": "/",
        "rate": "50r/s",
        "burst": 5,
        "connections": 10,
        "timeout": 30,
        "max_body_size": "1m",
        "cache_seconds": 60,
        "headers": {"X-Frame-Options": "DENY", "Referrer-Policy": ""},
        "allow": ["127.0.0.0/8"],
        "deny": ["192.0.2.1", "2001:db8::/32"],
    },
    {"path": r"^/shops/[0-9]{1,4}/chat/$", "match": "regex", "websocket": True},
    {"path": "/", "match": "exact", "timeout": 5},
    LOGIN,
]


def statuses(nginx: Nginx, path: str, times: int, **headers: str) -> list[int]:
    return [nginx.ask(path, headers=headers).status for _ in range(times)]


# --- Limits -------------------------------------------------------------------------------------------------------------------


def test_a_login_is_limited_and_nothing_else_is(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_locations=[LOGIN])
    assert statuses(nginx, "/login/", 5) == [200, 200, 200, 429, 429]
    assert statuses(nginx, "/", 5) == [200] * 5


def test_behind_a_trusted_proxy_each_customer_has_a_limit_of_its_own(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_locations=[LOGIN], nginx_trusted_proxies=["127.0.0.0/8"])
    for customer in ("203.0.113.1", "203.0.113.2"):
        assert statuses(nginx, "/login/", 4, **{"X-Forwarded-For": customer}) == [200, 200, 200, 429]


def test_a_client_cannot_get_another_limit_by_a_header(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_locations=[LOGIN])
    assert [nginx.ask("/login/", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status for number in range(4)] == [200, 200, 200, 429]


def test_the_general_limit_holds_in_locations_without_a_rate(start_nginx: MakeNginx) -> None:
    locations = [{"path": "/slow/"}, {"path": "/fast/", "rate": "100r/s", "burst": 100}]
    nginx = start_nginx(nginx_locations=locations, nginx_rate_limit=1, nginx_rate_limit_burst=1)
    assert 429 in statuses(nginx, "/slow/", 20)
    assert statuses(nginx, "/fast/", 20) == [200] * 20


def test_the_number_of_open_requests_is_limited(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_locations=[{"path": "/silent/", "connections": 1}])
    Handler.asked.clear()
    with nginx.connect("/silent/", {}):
        patiently(lambda: Handler.asked, "the first request")
        assert nginx.ask("/silent/").status == 429
        assert nginx.ask("/").status == 200


@pytest.mark.parametrize(("general", "own", "status"), [("1k", "1m", 200), ("1m", "1k", 413)])
def test_a_location_has_a_maximum_body_size_of_its_own(start_nginx: MakeNginx, general: str, own: str, status: int) -> None:
    nginx = start_nginx(nginx_client_max_body_size=general, nginx_locations=[{"path": "/import/", "max_body_size": own}])
    assert nginx.ask("/import/", method="POST", body="x" * 2000).status == status
    assert nginx.ask("/", method="POST", body="x" * 2000).status == {200: 413, 413: 200}[status]


def test_a_location_has_a_timeout_of_its_own(start_nginx: MakeNginx) -> None:
    """The general timeout is longer than the test waits."""
    nginx = start_nginx(nginx_locations=[{"path": "/silent/", "timeout": 1}])
    assert nginx.ask("/silent/").status == 504


def test_the_general_timeout_holds_beside_locations(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_proxy_timeout=1, nginx_locations=[LOGIN])
    assert nginx.ask("/silent/").status == 504


@pytest.mark.parametrize(
    ("lists", "client", "status"),
    [
        ({"allow": ["203.0.113.0/24"]}, "203.0.113.1", 200),
        ({"allow": ["203.0.113.0/24"]}, "198.51.100.1", 403),
        ({"deny": ["203.0.113.0/24"]}, "203.0.113.1", 403),
        ({"deny": ["203.0.113.0/24"]}, "198.51.100.1", 200),
        ({"allow": ["203.0.113.0/24"], "deny": ["203.0.113.1"]}, "203.0.113.1", 403),
    ],
)
def test_networks_are_allowed_and_denied(start_nginx: MakeNginx, lists: dict[str, Any], client: str, status: int) -> None:
    nginx = start_nginx(nginx_trusted_proxies=["127.0.0.0/8"], nginx_locations=[{"path": "/admin/", **lists}])
    assert nginx.ask("/admin/", headers={"X-Forwarded-For": client}).status == status
    assert nginx.ask("/", headers={"X-Forwarded-For": client}).status == 200


# --- Paths --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "path", "seen"),
    [
        ({"path": "/api/"}, "/api/items/?a=b", "/api/items/?a=b"),
        ({"path": "/api/", "proxy_path": "/v1/"}, "/api/items/?a=b", "/v1/items/?a=b"),
        ({"path": "/api/", "proxy_path": "/"}, "/api/items/", "/items/"),
        ({"path": "/old", "match": "exact", "proxy_path": "/new/"}, "/old?a=b", "/new/?a=b"),
        ({"path": "/old", "match": "exact", "proxy_path": "/new/"}, "/older", "/older"),
    ],
)
def test_the_path_that_django_gets(start_nginx: MakeNginx, location: dict[str, Any], path: str, seen: str) -> None:
    assert start_nginx(nginx_locations=[location]).ask(path).seen["path"] == seen


@pytest.mark.parametrize(
    "path",
    [
        "/api/metrics",
        "/api//metrics",
        "/api/%6detrics",
        "/api/a/../metrics",
        "/api/health/detailed/",
        "/health/../api/metrics/",
        "/metrics",
    ],
)
def test_another_path_does_not_lead_to_what_is_not_public(start_nginx: MakeNginx, path: str) -> None:
    nginx = start_nginx(nginx_locations=[{"path": "/api/", "proxy_path": "/"}, {"path": "^/metrics", "match": "regex"}])
    assert nginx.ask(path).status == 404
    assert nginx.ask("/api/metrics-of-sales/").seen["path"] == "/metrics-of-sales/"


@pytest.mark.parametrize("locations", [ALL, [{"path": "^/.*[.]css$", "match": "regex"}], [{"path": "/statistics/"}]])
def test_other_paths_are_served_as_without_locations(start_nginx: MakeNginx, locations: list[dict[str, Any]]) -> None:
    nginx = start_nginx(nginx_locations=locations)
    for folder in ("staticfiles", "media"):
        (nginx.folder / "app" / folder / "app.css").write_text(folder)
    static, media = nginx.ask("/static/app.css"), nginx.ask("/media/app.css")
    assert (static.body, static.headers["Cache-Control"]) == (b"staticfiles", "public, max-age=60, must-revalidate")
    assert (media.body, media.headers["Content-Disposition"]) == (b"media", "attachment")
    assert [nginx.ask(path).status for path in ("/nginx_health", "/nginx_started", "/metrics", "/health/detailed/")] == [200, 200, 404, 404]
    seen = nginx.ask("/a/?b=c", method="POST", body="x").seen
    assert (seen["path"], seen["method"], seen["body"], seen["headers"]["x-real-ip"]) == ("/a/?b=c", "POST", "x", "127.0.0.1")


@pytest.mark.parametrize("location", ALL, ids=lambda location: location["path"])
def test_https_redirects_apply_in_locations(start_nginx: MakeNginx, location: dict[str, Any]) -> None:
    path = location["path"].replace("^/shops/[0-9]{1,4}/chat/$", "/shops/12/chat/")
    answer = start_nginx(nginx_locations=[location], nginx_redirect_to_https=True).ask(path)
    assert (answer.status, answer.headers["Location"]) == (308, f"https://shop.example.com{path}")


def test_nginx_accepts_all_keys_together(make_nginx: MakeNginx) -> None:
    tested = make_nginx(nginx_locations=ALL, nginx_rate_limit=5, nginx_hsts_seconds=60).test()
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr


def test_nginx_accepts_the_examples_of_the_readme(make_nginx: MakeNginx) -> None:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)]
    settings = {name: value for block in blocks for name, value in block.items() if name != "nginx_temp_volume"}
    assert settings.keys() == {"nginx_locations", "nginx_http_snippet", "nginx_server_snippet"}
    assert location_problems(settings["nginx_locations"], ["/static/", "/media/"]) == []
    tested = make_nginx(**settings).test()
    assert tested.returncode == 0, tested.stderr


NETWORKS = ("192.0.2.1", "10.0.0.1/8", "0.0.0.0/0", "2001:db8::/32", "::ffff:192.0.2.1/128", "10.0.0.0/08")
NO_NETWORKS = ("10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "10.0.0.0/33", "10.0.0.0/", "fe80::1%eth0", "fe80::%eth0/64", "::/129")


@pytest.mark.parametrize("network", [*NETWORKS, *NO_NETWORKS])
def test_nginx_reads_the_same_networks_as_the_preflight(make_nginx: MakeNginx, network: str) -> None:
    locations = [{"path": "/admin/", "allow": [network]}]
    tested = make_nginx(nginx_locations=locations).test()
    assert (tested.returncode == 0) is (network in NETWORKS), tested.stderr
    assert (location_problems(locations, []) == []) is (network in NETWORKS)


@pytest.mark.parametrize("pattern", ["(", "^/(a|b/", "^/a)", "^/[a-z", "^/(?"])
def test_nginx_rejects_what_the_preflight_finds_in_a_regular_expression(make_nginx: MakeNginx, pattern: str) -> None:
    locations = [{"path": pattern, "match": "regex"}]
    assert location_problems(locations, [])
    assert make_nginx(nginx_locations=locations).test().returncode != 0


@pytest.mark.parametrize("pattern", [r"^/[[:alpha:](]+$", r"^/\Q(\E", r"^/(?<name>a)\K(?|b|c)d++"])
def test_the_preflight_accepts_regular_expressions_that_only_nginx_reads(make_nginx: MakeNginx, pattern: str) -> None:
    locations = [{"path": pattern, "match": "regex"}]
    assert location_problems(locations, []) == []
    tested = make_nginx(nginx_locations=locations).test()
    assert tested.returncode == 0, tested.stderr


# --- Files that Django serves -------------------------------------------------------------------------------------------------

NO_FILES = {"storage_claims": {"static": {"enabled": False}, "media": {"enabled": False}}}


@pytest.mark.parametrize("path", ["/static/app.css", "/media/ring.png"])
def test_files_of_django_have_the_general_limit_and_the_access_log(start_nginx: MakeNginx, path: str) -> None:
    nginx = start_nginx(**NO_FILES, nginx_rate_limit=1, nginx_rate_limit_burst=1)
    assert 429 in statuses(nginx, path, 20)
    patiently(lambda: f'"GET {path} HTTP/1.1" 200' in nginx.log, "the line of the request")


def test_files_of_django_may_have_locations(start_nginx: MakeNginx, resolve: Any) -> None:
    locations = [{"path": path, "headers": {"X-Own": "1"}} for path in ("/static/", "/media/")]
    assert resolve("nginx_file_paths") == ["/static/", "/media/"]
    assert resolve("nginx_file_paths", **NO_FILES) == []
    assert location_problems(locations, []) == []
    nginx = start_nginx(**NO_FILES, nginx_locations=locations)
    assert [nginx.ask(path).headers["X-Own"] for path in ("/static/a", "/media/a")] == ["1", "1"]


# --- Headers ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login/", "/with/", "/shops/1/chat/", "/limited/"])
def test_each_security_header_is_sent_once_in_locations(start_nginx: MakeNginx, path: str) -> None:
    locations = [*ALL, {"path": "/with/", "headers": {"X-Robots-Tag": "noindex"}}, {"path": "/limited/", "allow": ["192.0.2.1"]}]
    headers = start_nginx(nginx_locations=locations).ask(path).headers
    assert [len(headers.get_all(name) or []) for name in SECURITY_HEADERS] == [1, 1, 1]


def test_headers_of_a_location_replace_all_others(start_nginx: MakeNginx) -> None:
    policy = "default-src 'self'; img-src *; report-uri /{a}"
    own = {"X-Frame-Options": "", "Referrer-Policy": "no-referrer", "Content-Security-Policy": policy, "X-Request": "$request_method"}
    headers = start_nginx(nginx_locations=[{"path": "/own-headers/", "headers": own}]).ask("/own-headers/").headers
    assert headers.get_all("X-Frame-Options") is None
    assert headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert headers.get_all("Content-Security-Policy") == [policy]
    assert headers.get_all("X-Request") == ["GET"]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]


# --- WebSocket ----------------------------------------------------------------------------------------------------------------

CHAT = [{"path": "/chat/", "websocket": True}]
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


def test_a_websocket_is_opened(start_nginx: MakeNginx) -> None:
    with start_nginx(nginx_locations=CHAT).connect("/chat/", UPGRADE) as connection, connection.makefile("rb") as answer:
        assert answer.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        while answer.readline() != b"\r\n":
            pass
        connection.sendall(b"a ring\n")
        assert answer.readline() == b"a ring\n"


@pytest.mark.parametrize(
    ("path", "headers"), [("/", UPGRADE), ("/chat/", {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}), ("/chat/", {})]
)
def test_no_other_upgrade_is_passed_on(start_nginx: MakeNginx, path: str, headers: dict[str, str]) -> None:
    seen = start_nginx(nginx_locations=CHAT).ask(path, headers=headers).seen["headers"]
    assert not {"upgrade", "connection"} & seen.keys()


# --- Cache --------------------------------------------------------------------------------------------------------------------


def requests_to_django(nginx: Nginx, *requests: tuple[str, dict[str, str]]) -> int:
    """Repeat each request twice, and count those that Django gets."""
    Handler.asked.clear()
    for path, headers in requests * 2:
        assert nginx.ask(path, headers=headers).status == 200
    return len(Handler.asked)


def test_a_response_is_cached_by_host_and_query(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_locations=[{"path": "/feed/", "cache_seconds": 600}])
    assert requests_to_django(nginx, ("/feed/", {})) == 1
    assert requests_to_django(nginx, ("/feed/?a", {}), ("/feed/?b", {}), ("/feed/?b", {"Host": "www.example.com"})) == 3
    assert nginx.ask("/feed/").headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/feed/", {"Cookie": "sessionid=1"}),
        ("/feed/", {"Authorization": "Bearer a"}),
        ("/feed/?personal", {}),
        ("/other/", {}),
    ],
)
def test_what_is_personal_is_not_cached(start_nginx: MakeNginx, path: str, headers: dict[str, str]) -> None:
    nginx = start_nginx(nginx_locations=[{"path": "/feed/", "cache_seconds": 600}])
    assert requests_to_django(nginx, (path, headers)) == 2
    assert requests_to_django(nginx, ("/feed/", {})) == 1
    # What others cached is not sent to a known customer.
    assert requests_to_django(nginx, (path, headers)) == 2


# --- Snippets -----------------------------------------------------------------------------------------------------------------


def test_snippets_apply(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(
        nginx_http_snippet="map $arg_lang $language { de German; default English; }\n",
        nginx_server_snippet="location = /language { return 200 $language; }\nadd_header X-Own 1 always;",
    )
    assert [nginx.ask(f"/language?lang={lang}").body for lang in ("de", "fr")] == [b"German", b"English"]
    answer = nginx.ask("/")
    assert answer.headers["X-Own"] == "1"
    assert [len(answer.headers.get_all(name) or []) for name in SECURITY_HEADERS] == [1, 1, 1]


@pytest.mark.parametrize("level", ["http", "server"])
def test_the_test_of_the_configuration_names_a_wrong_line_of_a_snippet(make_nginx: MakeNginx, level: str) -> None:
    tested = make_nginx(**{f"nginx_{level}_snippet": "charset utf-8;\nno_directive on;\n"}).test()
    assert tested.returncode != 0
    assert f"snippets/{level}.conf:2" in tested.stderr


# --- Access log ---------------------------------------------------------------------------------------------------------------


def logged(nginx: Nginx, path: str) -> dict[str, str]:
    def lines() -> list[str]:
        return [line for line in nginx.log.splitlines() if line.startswith("{") and f'"{path}"' in line]

    patiently(lines, "the line of the request")
    [line] = lines()
    found: dict[str, str] = json.loads(line)
    return found


def test_a_line_of_the_access_log_is_json(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_access_log_format="json")
    agent = 'a "quoted" \\ agent {}; ä'.encode().decode("latin-1")
    answer = nginx.ask("/a?b=c", method="POST", body="x", headers={"User-Agent": agent, "X-Request-ID": "mine"})
    line = logged(nginx, "/a?b=c")
    assert line["request_id"] == answer.seen["headers"]["x-request-id"] != "mine"
    assert (line["request_method"], line["status"], line["upstream_status"], line["host"]) == ("POST", "200", "200", "shop.example.com")
    assert line["http_user_agent"] == 'a "quoted" \\ agent {}; ä'
    assert float(line["request_time"]) >= 0
    assert float(line["upstream_response_time"]) >= 0
    assert line["time_iso8601"][10] == "T"


def test_a_line_is_json_without_a_server_and_with_a_broken_request(start_nginx: MakeNginx) -> None:
    nginx = start_nginx(nginx_access_log_format="json", nginx_server_snippet="location = /closed { return 444; }")
    with nginx.connect("/closed", {}) as connection:
        assert connection.recv(1) == b""
    line = logged(nginx, "/closed")
    assert (line["status"], line["upstream_status"], line["upstream_response_time"]) == ("444", "", "")


def test_the_access_log_is_text_by_default(start_nginx: MakeNginx) -> None:
    nginx = start_nginx()
    answer: Answer = nginx.ask("/a?b=c", headers={"X-Request-ID": "mine"})
    assert answer.seen["headers"]["x-request-id"] == "mine"
    patiently(lambda: '"GET /a?b=c HTTP/1.1" 200' in nginx.log, "the line of the request")


# --- Files and volumes --------------------------------------------------------------------------------------------------------


def test_the_pods_and_the_job_mount_each_file_of_the_configuration(resolve: Any) -> None:
    """The Job tests what the pods read."""
    values = {
        "inventory_hostname": "test",
        "platform_postgresql_host": "db",
        "platform_redis_host": "redis",
        "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com"},
        "nginx_config_map": {"metadata": {"name": "nginx-config-0"}},
        "nginx_locations": ALL,
        "nginx_http_snippet": "# a",
        "nginx_server_snippet": "# b",
        "nginx_temp_volume": {"emptyDir": {"sizeLimit": "2Gi"}},
    }
    files = resolve("__nginx_config_map", **values)["data"]
    config, cache, *_others = resolve("__nginx_own_volumes", **values)
    assert {item["key"] for item in config["configMap"]["items"]} == files.keys()
    assert {"locations_http.conf", "locations.conf", "http.conf", "server.conf"} < files.keys()
    assert cache == {"name": "cache", "emptyDir": {"sizeLimit": "2Gi"}}
    assert resolve("__nginx_check", **values)["pod"]["volumes"][:2] == [config, cache]


@pytest.mark.parametrize(
    ("locations", "seconds"),
    [
        ([], 60),
        ([{"path": "/export/", "timeout": 300}, {"path": "/chat/", "websocket": True, "timeout": 900}], 300),
        ([{"path": "/api/", "timeout": 5}], 60),
    ],
)
def test_the_grace_covers_the_longest_request_of_a_location(resolve: Any, locations: list[dict[str, Any]], seconds: int) -> None:
    for tier in ("nginx", "django"):
        assert int(resolve(f"{tier}_least_grace_period_seconds", nginx_locations=locations)) == 15 + seconds + 10
