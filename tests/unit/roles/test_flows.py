"""Which pods the rendered policies let connect. As in Kubernetes, the policies of both pods must allow a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

NAMESPACE = "jewelry-shop"


@dataclass(frozen=True)
class Place:
    """A pod, or something outside that only has an address."""

    address: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)


def component(name: str, **more: str) -> Place:
    return Place("10.244.0.9", NAMESPACE, {"app": "jewelry-shop", "component": name, **more})


PLACES = {
    **{name: component(name) for name in ("nginx", "django", "celery-worker", "celery-beat", "postgresql", "redis")},
    "migrate": component("migrate", **{"jewelry-shop/release": "1"}),
    "unknown pod": component("unknown"),
    "prometheus": Place("10.244.0.9", "monitoring", {"app": "prometheus"}),
    "traefik": Place("10.244.0.9", "traefik", {"app": "traefik"}),
    "other pod": Place("10.244.0.9", "other", {"component": "django"}),
    "customer": Place("203.0.113.9"),
    "database server": Place("192.0.2.1"),
    "pooler": Place("192.0.2.2"),
    "redis server": Place("192.0.2.3"),
    "internet": Place("203.0.113.10"),
    "metadata": Place("169.254.169.254"),
    "link-local": Place("169.254.1.1"),
    "metadata of Azure": Place("168.63.129.16"),
    "metadata by NAT64": Place("64:ff9b::a9fe:a9fe"),
    "company network": Place("10.1.2.3"),
}
PORTS = {80, 443, 5432, 5433, 6379, 6380, 6432, 6543, 8000, 8001, 8080, 8081, 8443, 9113, 587}

Reached = set[tuple[str, str, int]]


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    def holds(expression: dict[str, Any]) -> bool:
        if expression["operator"] == "Exists":
            return expression["key"] in labels
        assert expression["operator"] == "In"
        return labels.get(expression["key"]) in expression["values"]

    return selector.get("matchLabels", {}).items() <= labels.items() and all(map(holds, selector.get("matchExpressions", [])))


def is_peer(peer: dict[str, Any], place: Place) -> bool:
    if block := peer.get("ipBlock"):
        address = ip_address(place.address)
        return address in ip_network(block["cidr"]) and not any(address in ip_network(each) for each in block.get("except", []))
    if not place.namespace:
        return False
    if "namespaceSelector" in peer:
        in_namespace = selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": place.namespace})
    else:
        in_namespace = place.namespace == NAMESPACE
    return in_namespace and selects(peer.get("podSelector", {}), place.labels)


def allowed(policies: list[dict[str, Any]], own: Place, other: Place, direction: str, port: int) -> bool:
    mine = [each["spec"] for each in policies if own.namespace == NAMESPACE and selects(each["spec"]["podSelector"], own.labels)]
    assert all(each["policyTypes"] == ["Ingress", "Egress"] for each in mine)
    peers = "from" if direction == "ingress" else "to"
    return not mine or any(
        {"port": port, "protocol": "TCP"} in rule["ports"] and (peers not in rule or any(is_peer(peer, other) for peer in rule[peers]))
        for each in mine
        for rule in each.get(direction, [])
    )


def reached(policies: list[dict[str, Any]]) -> Iterator[tuple[str, str, int]]:
    for source, at in PLACES.items():
        for target, to in PLACES.items():
            if source == target or NAMESPACE not in (at.namespace, to.namespace):
                continue
            for port in PORTS:
                if allowed(policies, at, to, "egress", port) and allowed(policies, to, at, "ingress", port):
                    yield source, target, port


@pytest.fixture(scope="module")
def flows(resolve: Any) -> Any:
    def of(**values: Any) -> Reached:
        peers = {f"network_policies_{name}": [{"ipBlock": {"cidr": f"192.0.2.{number}/32"}}] for name, number in SERVERS.items()}
        settings = {
            "platform_postgresql_host": "db.example.com",
            "platform_redis_host": "redis.example.com",
            "network_policies_clients": [{"ipBlock": {"cidr": "203.0.113.9/32"}}],
            **peers,
            **values,
        }
        return set(reached(resolve("network_policies_manifests", **settings)))

    return of


SERVERS = {"postgresql": 1, "pgbouncer": 2, "redis": 3}
APPLICATION = ("django", "celery-worker", "celery-beat", "migrate")
METRICS = {("prometheus", name, 8000) for name in ("django", "celery-worker", "celery-beat")} | {("prometheus", "nginx", 9113)}
INSIDE = {("nginx", "django", 8000), ("celery-beat", "django", 8000)} | METRICS


def of_application(target: str, port: int) -> Reached:
    return {(name, target, port) for name in APPLICATION}


HTTP = {("customer", "nginx", 8080)}
DATABASE = of_application("database server", 5432)
QUEUES = of_application("redis server", 6379)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, INSIDE | HTTP | DATABASE | QUEUES, id="external services"),
        pytest.param(
            {"platform_postgresql_provider": "in_cluster", "platform_redis_provider": "in_cluster"},
            INSIDE | HTTP | of_application("postgresql", 5432) | of_application("redis", 6379),
            id="services in the cluster",
        ),
        pytest.param(
            {"platform_postgresql_port": 5433, "platform_redis_port": 6380},
            INSIDE | HTTP | of_application("database server", 5433) | of_application("redis server", 6380),
            id="other ports",
        ),
        pytest.param(
            {"platform_config": {"USE_PGBOUNCER": True, "PGBOUNCER_HOST": "pooler.example.com"}},
            INSIDE | HTTP | DATABASE | QUEUES | of_application("pooler", 6432),
            id="PgBouncer",
        ),
        pytest.param(
            {"platform_config": {"USE_PGBOUNCER": True, "PGBOUNCER_PORT": 6543}},
            INSIDE | HTTP | DATABASE | QUEUES | of_application("pooler", 6543),
            id="PgBouncer at another port",
        ),
        pytest.param(
            {"nginx_tls_secret": "shop-tls"}, INSIDE | HTTP | DATABASE | QUEUES | {("customer", "nginx", 8443)}, id="a certificate"
        ),
        pytest.param(
            {
                "network_policies_monitoring": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}],
            },
            (INSIDE - METRICS | HTTP | DATABASE | QUEUES) | {("other pod", *rest) for _prometheus, *rest in METRICS},
            id="monitoring elsewhere",
        ),
        pytest.param(
            {"network_policies_flows": [{"from": ["django"], "to": ["internet"], "ports": [443], "reason": "payment"}]},
            INSIDE
            | HTTP
            | DATABASE
            | QUEUES
            | {("django", name, 443) for name in ("internet", "customer", "database server", "pooler", "redis server")},
            id="the internet, which is neither the metadata service nor a private network",
        ),
        pytest.param(
            {
                "network_policies_endpoints": {"mail": [{"ipBlock": {"cidr": "203.0.113.10/32"}}]},
                "network_policies_flows": [{"from": ["jobs"], "to": ["mail"], "ports": [587], "reason": "mail"}],
            },
            INSIDE | HTTP | DATABASE | QUEUES | {("migrate", "internet", 587)},
            id="a flow of Jobs is theirs alone",
        ),
    ],
)
def test_the_allowed_connections(flows: Any, values: dict[str, Any], expected: Reached) -> None:
    assert sorted(flows(**values)) == sorted(expected)


def test_behind_an_ingress_only_its_controller_reaches_nginx(flows: Any, resolve: Any) -> None:
    values = {"ingress_enabled": True, "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com"}}
    found = flows(**values, network_policies_clients=resolve("network_policies_clients", **values))
    assert sorted(source for source, target, port in found if target == "nginx" and port == 8080) == ["traefik"]


def test_any_client_reaches_nginx_if_no_client_is_set(flows: Any) -> None:
    found = flows(network_policies_clients=[])
    assert {source for source, target, port in found if (target, port) == ("nginx", 8080)} >= {
        "customer",
        "traefik",
        "other pod",
        "internet",
    }


def test_no_policies_are_rendered_if_they_are_disabled(resolve: Any) -> None:
    assert resolve("network_policies_manifests", network_policies_enabled=False) == []
