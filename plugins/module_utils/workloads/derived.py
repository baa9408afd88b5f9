# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other roles derive from the descriptions of workloads: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Workloads = Iterable[Mapping[str, Any]]


def health_endpoints(workloads: Workloads, namespace: str) -> list[dict[str, Any]]:
    """List the health endpoints of workloads.

    Args:
        workloads: Descriptions of workloads, as P(jewelry_shop.platform.workloads#lookup) returns them.
        namespace: Namespace of the platform.

    Returns:
        An entry of the option O(jewelry_shop.platform.health_check#module:endpoints) for each entry of C(health).

    Example:
        {{ workloads | jewelry_shop.platform.health_endpoints('jewelry-shop') }}
    """
    return [
        {
            "name": workload["name"],
            **{key: value for key, value in endpoint.items() if key != "port"},
            "workload": {
                "kind": workload.get("kind", "Deployment"),
                "name": workload["name"],
                "namespace": namespace,
                "port": int(endpoint["port"]),
            },
        }
        for workload in workloads
        for endpoint in workload.get("health") or ()
    ]


def component_endpoints(workloads: Workloads) -> dict[str, dict[str, Any]]:
    """List the pods of workloads as endpoints of flows.

    Args:
        workloads: Descriptions of workloads, as P(jewelry_shop.platform.workloads#lookup) returns them.

    Returns:
        Label selectors by name of the workload.

    Example:
        {{ workloads | jewelry_shop.platform.component_endpoints }}
    """
    components = {workload["name"]: workload.get("component", workload["name"]) for workload in workloads}
    return {name: {"matchLabels": {"app": "jewelry-shop", "component": component}} for name, component in components.items()}


def workload_flows(workloads: Workloads, services: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """List the flows that workloads need.

    Returns the flows that the workloads declare, those to the services that they use or wait for, and those of Prometheus to their metrics.
    Flows that differ only in C(from) or only in C(to) become one flow.

    Args:
        workloads: Descriptions of workloads, as P(jewelry_shop.platform.workloads#lookup) returns them.
        services: Flows to each service, by name of the service, without C(from).

    Returns:
        The flows, in the form of P(jewelry_shop.platform.network_policies#filter).

    Example:
        {{ workloads | jewelry_shop.platform.workload_flows({'redis': [{'to': ['redis'], 'ports': [6379], 'reason': 'queues'}]}) }}
    """
    workloads = list(workloads)
    declared = [{"from": [each["name"]], "to": [each["name"]], **flow} for each in workloads for flow in each.get("flows") or ()]
    used = [
        {"from": [each["name"]], **flow}
        for service, flows in services.items()
        for flow in flows
        for each in workloads
        if service in [*(each.get("uses") or ()), *(each.get("waits_for") or ())]
    ]
    scraped = [
        {"from": ["monitoring"], "to": [each["name"]], "ports": [int(each["metrics"]["port"])], "reason": "scrapes metrics"}
        for each in workloads
        if each.get("metrics")
    ]
    return _joined(_joined([*declared, *used, *scraped], "from"), "to")


def _joined(flows: Iterable[dict[str, Any]], side: str) -> list[dict[str, Any]]:
    """Flows that differ only in C(side) as one flow, in the place of the first."""
    joined: list[dict[str, Any]] = []
    for flow in flows:
        rest = {key: value for key, value in flow.items() if key != side}
        same = next((each for each in joined if {key: value for key, value in each.items() if key != side} == rest), None)
        if same is None:
            joined.append({**flow, side: list(flow[side])})
        else:
            same[side] += [name for name in flow[side] if name not in same[side]]
    return joined
