"""What other roles derive from descriptions."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.derived import (
    component_endpoints,
    health_endpoints,
    workload_flows,
)

METRICS = {"port_name": "http", "port": "8000", "path": "/metrics"}
DATABASE = {"to": ["postgresql"], "ports": [5432], "reason": "reads"}
QUEUES = {"to": ["redis"], "ports": [6379], "reason": "queues"}
SERVICES = {"db": [DATABASE], "redis": [QUEUES]}


def test_each_endpoint_of_each_workload_is_requested() -> None:
    workloads: list[dict[str, Any]] = [
        {
            "name": "web",
            "health": [{"port": "80", "path": "/ready/", "headers": {"Host": "shop"}}, {"name": "exporter", "port": 81, "path": "/"}],
        },
        {"name": "data", "kind": "StatefulSet", "health": [{"port": 82, "path": "/"}]},
        {"name": "silent"},
    ]
    found = health_endpoints(workloads, "shop")
    assert [(each["name"], each["workload"]["kind"], each["workload"]["port"], each["path"]) for each in found] == [
        ("web", "Deployment", 80, "/ready/"),
        ("exporter", "Deployment", 81, "/"),
        ("data", "StatefulSet", 82, "/"),
    ]
    assert found[0]["headers"] == {"Host": "shop"}
    assert {each["workload"]["namespace"] for each in found} == {"shop"}
    assert found[1]["workload"]["name"] == "web"


def test_the_pods_of_a_workload_are_an_endpoint() -> None:
    assert component_endpoints([{"name": "web"}, {"name": "other", "component": "old"}]) == {
        "web": {"matchLabels": {"app": "jewelry-shop", "component": "web"}},
        "other": {"matchLabels": {"app": "jewelry-shop", "component": "old"}},
    }


@pytest.mark.parametrize(
    ("workloads", "expected"),
    [
        pytest.param([{"name": "a"}], [], id="nothing is needed"),
        pytest.param([{"name": "a", "uses": ["db"]}], [{"from": ["a"], **DATABASE}], id="a service that it uses"),
        pytest.param([{"name": "a", "waits_for": ["redis"]}], [{"from": ["a"], **QUEUES}], id="a service that it waits for"),
        pytest.param([{"name": "a", "waits_for": ["db"], "uses": ["db"]}], [{"from": ["a"], **DATABASE}], id="both, once"),
        pytest.param(
            [{"name": "a", "uses": ["db"]}, {"name": "b", "uses": ["db"]}], [{"from": ["a", "b"], **DATABASE}], id="joined by from"
        ),
        pytest.param(
            [{"name": "a", "metrics": METRICS}, {"name": "b", "metrics": METRICS}],
            [{"from": ["monitoring"], "to": ["a", "b"], "ports": [8000], "reason": "scrapes metrics"}],
            id="joined by to",
        ),
        pytest.param(
            [{"name": "a", "flows": [{"from": ["clients"], "ports": [80], "reason": "x"}, {"to": ["b"], "ports": [81], "reason": "y"}]}],
            [
                {"from": ["clients"], "to": ["a"], "ports": [80], "reason": "x"},
                {"from": ["a"], "to": ["b"], "ports": [81], "reason": "y"},
            ],
            id="declared, the workload is the other side",
        ),
        pytest.param(
            [
                {"name": "a", "flows": [{"to": ["c"], "ports": [1], "reason": "x"}]},
                {"name": "b", "flows": [{"to": ["c"], "ports": [2], "reason": "x"}]},
            ],
            [{"from": ["a"], "to": ["c"], "ports": [1], "reason": "x"}, {"from": ["b"], "to": ["c"], "ports": [2], "reason": "x"}],
            id="other ports are another flow",
        ),
    ],
)
def test_flows(workloads: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert workload_flows(workloads, SERVICES) == expected
