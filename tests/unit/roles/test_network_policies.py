"""The DNS servers of each kind of cluster, and whether every pod can send queries to them, with the addresses after Service translation."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

# By kind of cluster, where names are looked up (namespace and labels of pods, or an address) and the port.
DNS: dict[str, tuple[Any, int]] = {
    "CoreDNS": (("kube-system", {"k8s-app": "kube-dns"}), 53),
    "NodeLocal DNSCache": ("169.254.20.10", 53),
    "GKE, Dataplane V2": (("kube-system", {"k8s-app": "node-local-dns"}), 53),
    "GKE, Cloud DNS": ("169.254.169.254", 53),
    "OpenShift": (("openshift-dns", {"dns.operator.openshift.io/daemonset-dns": "default"}), 5353),
}
# Addresses that no pod needs, by name.
OTHERS: dict[str, tuple[Any, int]] = {
    "who a node is": ("169.254.169.254", 80),
    "another pod of the system": (("kube-system", {"k8s-app": "metrics-server"}), 53),
    "a namesake elsewhere": (("shop", {"k8s-app": "kube-dns"}), 53),
    "an outside server": ("8.8.8.8", 53),
}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


def is_peer(peer: dict[str, Any], target: Any) -> bool:
    if "ipBlock" in peer:
        return isinstance(target, str) and ip_address(target) in ip_network(peer["ipBlock"]["cidr"])
    if isinstance(target, str):
        return False
    namespace, labels = target
    return selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace}) and selects(peer["podSelector"], labels)


def may_ask(policy: dict[str, Any], target: Any, port: int) -> set[str]:
    """Protocols by which its pods get there."""
    return {
        each["protocol"]
        for rule in policy["spec"].get("egress", [])
        for each in rule["ports"]
        if each["port"] == port and any(is_peer(peer, target) for peer in rule["to"])
    }


@pytest.fixture(scope="module")
def release(resolve: Any) -> dict[str, Any]:
    """The policy of every pod."""
    flows = [
        flow
        for flow in resolve(
            "__network_policies_own_flows", platform_config_values={"POSTGRES_PORT": 5432, "REDIS_PORT": 6379, "USE_PGBOUNCER": "False"}
        )
        if flow["to"] == ["dns"]
    ]
    assert len(flows) == 2
    made: dict[str, Any] = resolve("network_policies_manifests", __network_policies_all_flows=flows)[-1]
    return made


@pytest.mark.parametrize("cluster", DNS)
def test_every_pod_can_resolve_names(release: dict[str, Any], cluster: str) -> None:
    assert may_ask(release, *DNS[cluster]) == {"UDP", "TCP"}


@pytest.mark.parametrize("other", OTHERS)
def test_dns_access_allows_nothing_else(release: dict[str, Any], other: str) -> None:
    assert may_ask(release, *OTHERS[other]) == set()
