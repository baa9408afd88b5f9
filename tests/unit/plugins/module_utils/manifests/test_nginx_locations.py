"""What is wrong with locations of nginx, and the directives that follow from right ones."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.nginx_locations import location_problems, nginx_locations

PATH = "begin it with / and use only letters, digits and the characters . _ ~ = @ : + , - between single slashes"
PATTERN = "is not a regular expression that nginx can read; remove double quotes, line breaks and a backslash at the end"
OWN = "is a location of this collection; use another path, or the settings of nginx for it"
HIDDEN = "which nginx answers with 404 because it is not public; use another path"
FILES = ["/static/", "/media/"]
HEADER = "with a double quote, a backslash or a line break; leave these characters out"

NO_NETWORKS = (
    "all; allow all",
    "all",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0/0.255.255.255",
    "10.0.0.0/33",
    "10.0.0.0/",
    "fe80::1%eth0",
    "fe80::%eth0/64",
    "10.0.0.1\n",
)


@pytest.mark.parametrize(
    "location",
    [
        {"path": "/login/"},
        {"path": "/.well-known/acme-challenge/"},
        {"path": "/", "match": "exact"},
        {"path": "/metrics-of-sales/", "proxy_path": "/"},
        {"path": "/static/generated/"},
        {"path": r"^/a/(\d{4};|b)+$", "match": "regex"},
        {"path": "/api/", "proxy_path": "/v1/", "rate": "5r/s", "burst": "5", "timeout": "300", "max_body_size": "1g"},
        {"path": "/a/", "headers": {"Content-Security-Policy": "default-src 'self'; img-src {*} $request_id", "X-A": ""}},
        {"path": "/a/", "allow": ["192.0.2.1", "2001:db8::/32"], "deny": ["10.0.0.1/8"]},
        {"path": "/a/", "rate": None, "burst": None, "headers": None, "allow": None, "websocket": "True"},
        {"path": "/a/", "max_body_size": 1000, "headers": {"X-A": 0, "X-B": None}, "allow": "192.0.2.1,::ffff:192.0.2.1/128"},
        {"path": r"^/[[:alpha:](]+(?<name>\Q(\E)", "match": "regex"},
    ],
    ids=str,
)
def test_nothing_is_wrong(location: dict[str, Any]) -> None:
    assert location_problems([location], FILES) == []


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        *(
            ({"path": path}, f"the location {path} has the path '{path}'; {PATH}")
            for path in ("login/", "/a;b", "/a {", "/a//b", '/a"', "/$a", "/a\n", "", 5)
        ),
        ({"path": "/a/", "proxy_path": "v1/"}, f"the location /a/ has the proxy_path 'v1/'; {PATH}"),
        *(({"path": path, "match": "regex"}, f"the location {path} {PATTERN}") for path in ('^/a" { return 200; }', "^/a\nb", "^/a\\", "")),
        *(
            ({"path": path, "match": "regex"}, f"the location {path} has a ( or [ without its end, or a ) without its beginning; add it")
            for path in ("(", "^/(a|b/", "^/a)", "^/[a-z", "^/(?")
        ),
        ({"path": "/a", "proxy_path": 5}, f"the location /a has the proxy_path '5'; {PATH}"),
        (
            {"path": "^/a", "match": "regex", "proxy_path": "/b"},
            "the location ^/a has proxy_path, which nginx does not allow with match regex; leave it out, or use match prefix",
        ),
        *(({"path": path}, f"the location {path} with match prefix {OWN}") for path in ("/", "/static/", "/media/")),
        ({"path": "/nginx_health", "match": "exact"}, f"the location /nginx_health with match exact {OWN}"),
        ({"path": "/metrics", "match": "exact"}, f"the location /metrics has the path /metrics, {HIDDEN}"),
        ({"path": "/health/detailed/"}, f"the location /health/detailed/ has the path /health/detailed/, {HIDDEN}"),
        ({"path": "/a", "proxy_path": "/metrics"}, f"the location /a has the proxy_path /metrics, {HIDDEN}"),
        (
            {"path": "/a/", "proxy_path": "/b"},
            "the location /a/ has the proxy_path /b, but only one of the two paths ends with /; end both with / or neither",
        ),
        *(
            ({"path": "/a/", "rate": rate}, f"the location /a/ has the rate '{rate}'; write a number with r/s or r/m, such as 10r/m")
            for rate in ("5", 5, "0r/s", "5r/h", "5 r/s", "5r/s burst=1;")
        ),
        *(
            ({"path": "/a/", "rate": "1r/s", key: -1}, f"the location /a/ has the {key} -1; write 0 or more")
            for key in ("burst", "connections", "timeout", "cache_seconds")
        ),
        *(
            (
                {"path": "/a/", "max_body_size": size},
                f"the location /a/ has the max_body_size '{size}'; write bytes, or a number with k, m or g, such as 200m",
            )
            for size in ("50Mi", "50mb", "lots", "1m;", 1.5)
        ),
        *(({"path": "/a/", "headers": {"X-A": value}}, f"the location /a/ has a header X-A {HEADER}") for value in ('a"', "a\nb", "a\\n")),
        (
            {"path": "/a/", "headers": {"X A": "a"}},
            "the location /a/ has the header 'X A'; a name has only letters, digits and hyphens",
        ),
        (
            {"path": "/a/", "headers": {"X-A": "a", "x-a": "b", "X-B": "c"}},
            "the location /a/ has the header x-a 2 times, because capitals make no difference; keep one",
        ),
        *(
            (
                {"path": "/a/", key: ["10.0.0.0/8", network]},
                f"the location /a/ has '{network}' in {key}; write an address or a network, such as 192.0.2.0/24",
            )
            for key, network in (
                *(("allow", network) for network in NO_NETWORKS),
                ("allow", 5),
                ("deny", NO_NETWORKS[0]),
            )
        ),
        ({"path": "/a/", "burst": 5}, "the location /a/ has burst without rate; set rate too, such as 10r/m"),
        (
            {"path": "/a/", "websocket": True, "cache_seconds": 5},
            "the location /a/ has websocket and cache_seconds; nginx cannot cache a connection with WebSocket, so keep one of them",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_one_sentence(location: dict[str, Any], problem: str) -> None:
    assert location_problems([location], FILES) == [problem]


def test_a_location_that_is_there_twice_is_found_once() -> None:
    twice = [{"path": "/a/"}, {"path": "/a/", "match": "prefix"}, {"path": "/a/", "match": "exact"}]
    assert location_problems(twice, FILES) == ["the location /a/ with match prefix is there 2 times; keep one"]


@pytest.mark.parametrize("files", [[], ["/media/"], FILES])
def test_only_paths_of_files_that_nginx_serves_are_reserved(files: list[str]) -> None:
    locations = [{"path": path, "rate": "5r/s"} for path in FILES]
    assert location_problems(locations, files) == [f"the location {path} with match prefix {OWN}" for path in FILES if path in files]


ADMIN = {"path": "/admin/", "allow": ["10.0.0.0/8"]}
SHOP = {"path": "/shop/", "proxy_path": "/"}


@pytest.mark.parametrize(
    ("restricted", "other", "keys"),
    [
        (ADMIN, SHOP, "allow"),
        ({"path": "/admin/", "deny": ["192.0.2.1"], "rate": "5r/s", "connections": 2}, SHOP, "deny, rate and connections"),
        ({"path": "/admin/", "deny": ["192.0.2.1"], "rate": "5r/s"}, {**SHOP, "rate": "9r/s"}, "deny"),
        (ADMIN, {"path": "/shop/", "proxy_path": "/admin/import/"}, "allow"),
        (ADMIN, {"path": "/shop", "proxy_path": "/adm"}, "allow"),
        (ADMIN, {"path": "/old", "match": "exact", "proxy_path": "/admin/import"}, "allow"),
        ({**ADMIN, "match": "exact"}, SHOP, "allow"),
        ({**ADMIN, "path": "^/admin/[a-z]+/$", "match": "regex"}, SHOP, "allow"),
    ],
    ids=str,
)
def test_another_path_at_django_may_not_lead_around_restrictions(restricted: dict[str, Any], other: dict[str, Any], keys: str) -> None:
    problem = (
        f"the location {other['path']} has the proxy_path {other['proxy_path']}, so its requests can reach the path of the location "
        f"{restricted['path']} without its {keys}; set {keys} in both, or use another proxy_path"
    )
    assert location_problems([restricted, other], FILES) == [problem]
    assert location_problems([other, restricted], FILES) == [problem]


@pytest.mark.parametrize(
    ("restricted", "other"),
    [
        (ADMIN, {**SHOP, "allow": ["192.0.2.0/24"]}),
        (ADMIN, {"path": "/shop/", "proxy_path": "/v1/"}),
        (ADMIN, {"path": "/shop/"}),
        (ADMIN, {"path": "/old", "match": "exact", "proxy_path": "/"}),
        ({**ADMIN, "match": "exact"}, {"path": "/shop/", "proxy_path": "/admin/import/"}),
        ({"path": "/admin/", "timeout": 5}, SHOP),
        # Matches /shop/style.css as well.
        ({**ADMIN, "path": "[.]css$", "match": "regex"}, SHOP),
        ({**ADMIN, "path": "^/admin?/", "match": "regex"}, {"path": "/shop", "proxy_path": "/admin"}),
        # What it limits is another path of Django, which the other path alone does not lead to.
        ({**ADMIN, "proxy_path": "/v1/"}, SHOP),
    ],
    ids=str,
)
def test_what_leads_around_nothing_is_right(restricted: dict[str, Any], other: dict[str, Any]) -> None:
    assert location_problems([restricted, other], FILES) == []


def test_the_number_0_is_a_value_of_a_header() -> None:
    found = nginx_locations([{"path": "/a/", "headers": {"X-XSS-Protection": 0, "X-A": "", "X-B": None}}], "", "256m")
    [location] = found["locations"]
    assert location["lines"][-4:] == [
        "proxy_hide_header X-XSS-Protection;",
        'add_header X-XSS-Protection "0" always;',
        "proxy_hide_header X-A;",
        "proxy_hide_header X-B;",
    ]


def test_numbers_and_booleans_may_be_strings() -> None:
    """As templates give them before ansible-core 2.19."""
    found = nginx_locations([{"path": "/a/", "rate": "1r/s", "burst": "0", "timeout": "7", "websocket": "False"}], "", "256m")
    [location] = found["locations"]
    assert location["lines"] == [
        "limit_req zone=location_1;",
        "limit_req_status 429;",
        "proxy_pass http://django;",
        "proxy_send_timeout 7s;",
        "proxy_read_timeout 7s;",
    ]
    assert (location["selector"], found["timeouts"], found["has_regex"]) == ('"/a/"', [7], False)


def test_without_locations_there_is_nothing() -> None:
    assert nginx_locations([], "", "256m") == {"http": [], "locations": [], "has_regex": False, "timeouts": []}
