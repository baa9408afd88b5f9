# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which objects of a namespace a removal finds: against a server with the kinds of a group in several versions."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.api import RemovalApi
from api_server import discovery
from conftest import Serve
from http_server import Server, reply

# By version, the kinds, and by path the names of the objects. The first version of a group is the preferred one.
KINDS = {
    "v1": {"configmaps": "ConfigMap", "configmaps/status": "ConfigMap", "nodes": "Node"},
    "stable.example.com/v1": {"shops": "Shop"},
    "example.com/v1": {"certificates": "Certificate"},
    "example.com/v1beta1": {"challenges": "Challenge", "certificates": "Certificate"},
    "example.com/v1alpha1": {"orders": "Order", "challenges": "Challenge"},
}
OBJECTS = {
    "/api/v1/namespaces/shop/configmaps": "notes",
    "/apis/stable.example.com/v1/namespaces/shop/shops": "mine",
    "/apis/example.com/v1/namespaces/shop/certificates": "tls",
    "/apis/example.com/v1beta1/namespaces/shop/challenges": "dns",
    "/apis/example.com/v1alpha1/namespaces/shop/orders": "last",
}
FOUND = [
    ("v1", "ConfigMap", "notes"),
    ("stable.example.com/v1", "Shop", "mine"),
    ("example.com/v1", "Certificate", "tls"),
    ("example.com/v1beta1", "Challenge", "dns"),
    ("example.com/v1alpha1", "Order", "last"),
]


def cluster(serve: Serve, **routes: Any) -> tuple[RemovalApi, Server]:
    """A client of a server with these objects. A route replaces the one of its path."""
    items = {path: reply({"items": [{"metadata": {"name": name, "uid": name}}]}) for path, name in OBJECTS.items()}
    server = serve({**discovery(KINDS, ["Node"]), **items, **routes})
    return RemovalApi({"host": server.url, "api_key": "token"}), server


def shown(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in items]


def test_a_kind_is_found_in_whichever_version_serves_it(serve: Serve) -> None:
    items, unread = cluster(serve)[0].contents("shop")
    assert (shown(items), unread) == (FOUND, [])


def test_a_version_and_a_kind_are_read_once(serve: Serve) -> None:
    api, server = cluster(serve)
    api.contents("shop")
    asked = [request.path for request in server.requests if request.path.startswith(("/apis/", "/api/"))]
    versions = [f"/{'apis' if '/' in version else 'api'}/{version}" for version in KINDS]
    assert sorted(asked) == sorted([*versions, *OBJECTS])


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_version_that_does_not_respond_is_named_and_the_others_count(serve: Serve, version: str) -> None:
    down = {f"/apis/example.com/{version}": reply({"kind": "Status", "code": 503, "message": "unavailable"}, 503)}
    items = {"/apis/example.com/v1beta1/namespaces/shop/certificates": reply({"items": [{"metadata": {"name": "tls", "uid": "tls"}}]})}
    found, unread = cluster(serve, **down, **(items if version == "v1" else {}))[0].contents("shop")
    assert unread == [f"example.com/{version}"]
    assert {item["kind"] for item in found} >= {"ConfigMap", "Shop", "Order", "Certificate"}


def test_a_kind_that_cannot_be_deleted_in_the_preferred_version_is_found_in_another(serve: Serve) -> None:
    resource = {"name": "orders", "kind": "Order", "namespaced": True, "verbs": ["get"]}
    routes = {"/apis/example.com/v1": reply({"kind": "APIResourceList", "groupVersion": "example.com/v1", "resources": [resource]})}
    items = {"/apis/example.com/v1beta1/namespaces/shop/certificates": reply({"items": []})}
    found = cluster(serve, **routes, **items)[0].contents("shop")[0]
    assert ("example.com/v1alpha1", "Order", "last") in shown(found)
