# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.network_policies import (
    network_policies,
    network_policy_problems,
)

NAMESPACE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
ADDRESSES = {"ipBlock": {"cidr": "203.0.113.0/24"}}


def pods(component: str) -> dict[str, Any]:
    return {"matchLabels": {"app": "shop", "component": component}}


ENDPOINTS: dict[str, Any] = {
    "release": {"matchLabels": {"app": "shop"}},
    "nginx": pods("nginx"),
    "django": pods("django"),
    "anybody": [],
    "monitoring": [NAMESPACE],
    "mail": [ADDRESSES],
}


def flow(source: str, target: str, port: int = 8000, **more: Any) -> dict[str, Any]:
    return {"from": source.split(), "to": target.split(), "ports": [port], **more}


def rules(*flows: dict[str, Any]) -> dict[str, tuple[list[Any], list[Any]]]:
    """Ingress and egress by policy."""
    made = network_policies(flows, ENDPOINTS, {"namespace": "shop"})
    assert [each for each in made if [] in each["spec"].values()] == [], "the API server does not store an empty list"
    return {each["metadata"]["name"].rpartition("-")[0]: (each["spec"].get("ingress", []), each["spec"].get("egress", [])) for each in made}


def ports(number: int, protocol: str = "TCP") -> list[dict[str, Any]]:
    return [{"port": number, "protocol": protocol}]


def test_the_name_of_a_policy_ends_with_a_hash_of_its_content() -> None:
    """As many as other names with a hash have: fewer would collide, and more could make a name too long."""
    names = [each["metadata"]["name"] for each in network_policies([flow("nginx", "django")], ENDPOINTS, {"namespace": "shop"})]
    assert [re.fullmatch(r"(.+)-[0-9a-f]{10}", name)[1] for name in names] == ["nginx", "django", "release"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        pytest.param([], {"release": ([], [])}, id="everything is denied"),
        pytest.param(
            [flow("nginx", "django")],
            {
                "nginx": ([], [{"to": [{"podSelector": pods("django")}], "ports": ports(8000)}]),
                "django": ([{"from": [{"podSelector": pods("nginx")}], "ports": ports(8000)}], []),
                "release": ([], []),
            },
            id="both ends of a flow say it",
        ),
        pytest.param(
            [flow("django", "mail", 587)],
            {"django": ([], [{"to": [ADDRESSES], "ports": ports(587)}]), "release": ([], [])},
            id="an endpoint outside the release has no policy",
        ),
        pytest.param(
            [flow("anybody", "nginx")], {"nginx": ([{"ports": ports(8000)}], []), "release": ([], [])}, id="no peers are everywhere"
        ),
        pytest.param(
            [flow("monitoring anybody", "nginx")],
            {"nginx": ([{"ports": ports(8000)}], []), "release": ([], [])},
            id="one that is everywhere makes the others needless",
        ),
        pytest.param(
            [flow("nginx", "django"), flow("release", "mail", 53, protocol="UDP")],
            {
                "nginx": (
                    [],
                    [{"to": [{"podSelector": pods("django")}], "ports": ports(8000)}, {"to": [ADDRESSES], "ports": ports(53, "UDP")}],
                ),
                "django": (
                    [{"from": [{"podSelector": pods("nginx")}], "ports": ports(8000)}],
                    [{"to": [ADDRESSES], "ports": ports(53, "UDP")}],
                ),
                "release": ([], [{"to": [ADDRESSES], "ports": ports(53, "UDP")}]),
            },
            id="what every pod may do is in the policy of each",
        ),
        pytest.param([flow("nginx", "django", when=False)], {"release": ([], [])}, id="a flow that does not count"),
    ],
)
def test_flows_become_policies(flows: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert rules(*flows) == expected


def test_every_policy_denies_by_default_and_the_widest_policy_comes_last() -> None:
    made = network_policies([flow("nginx", "django")], ENDPOINTS, {"namespace": "shop", "labels": {"a": "b"}})
    assert [each["metadata"]["name"].rpartition("-")[0] for each in made] == ["nginx", "django", "release"]
    assert [(each["metadata"]["namespace"], each["metadata"]["labels"]) for each in made] == [("shop", {"a": "b"})] * 3
    assert {tuple(each["spec"]["policyTypes"]) for each in made} == {("Ingress", "Egress")}
    assert made[-1]["spec"]["podSelector"] == ENDPOINTS["release"]


@pytest.mark.parametrize(
    ("flows", "endpoints", "problem"),
    [
        ([flow("nginx", "django")], ENDPOINTS, ""),
        (
            [flow("nginx", "mial")],
            ENDPOINTS,
            "the flow from nginx to mial names mial, which is not an endpoint; the endpoints are release, nginx, django, anybody, "
            "monitoring, mail",
        ),
        ([flow("nginx", "django", 0)], ENDPOINTS, "the flow from nginx to django has the port 0; write a number from 1 to 65535"),
        (
            [flow("monitoring", "mail")],
            ENDPOINTS,
            "the flow from monitoring to mail has no endpoint of the release; name a tier, such as django, in from or to",
        ),
        (
            [],
            {"mail": "203.0.113.0/24"},
            "endpoint mail is not a list of peers; write a list with ipBlock, namespaceSelector or podSelector",
        ),
    ],
)
def test_problems_of_a_flow_are_reported(flows: list[dict[str, Any]], endpoints: dict[str, Any], problem: str) -> None:
    assert network_policy_problems(flows, endpoints) == ([problem] if problem else [])
    if problem and endpoints is ENDPOINTS:
        with pytest.raises(ValueError, match=problem[:30]):
            network_policies(flows, endpoints, {})


def test_a_changed_policy_has_another_name() -> None:
    """So that what the old version needs stays allowed until it is gone."""

    def names(*flows: dict[str, Any]) -> list[str]:
        return [each["metadata"]["name"] for each in network_policies(flows, ENDPOINTS, {"namespace": "shop"})]

    before, after = names(flow("nginx", "django")), names(flow("nginx", "django"), flow("django", "mail", 587))
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_ports_can_be_strings() -> None:
    assert rules(flow("nginx", "django", "8000")) == rules(flow("nginx", "django", 8000))  # type: ignore[arg-type]
