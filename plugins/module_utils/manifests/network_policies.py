# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetworkPolicies from a list of flows: pure functions (private to the collection).

A flow has C(from) and C(to) (names of endpoints: which pods open connections to which), C(ports), C(protocol) (default TCP) and C(when)
(default true). An endpoint is either a label selector of pods of the release, which get a policy, or a list of peers as in a
NetworkPolicy. An empty list allows all peers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Flow = Mapping[str, Any]
Endpoint = Any
Manifest = dict[str, Any]

# The endpoint with all pods. Its policy denies all traffic that no other policy allows.
_RELEASE = "release"
_PORT_IN_URL = re.compile(r":([0-9]+)(?=[/,;?]|$)")


def network_policies(flows: Iterable[Flow], endpoints: Mapping[str, Endpoint], metadata: Mapping[str, Any]) -> list[Manifest]:
    """Create NetworkPolicies from a list of flows.

    They deny all other traffic. Each policy contains all flows of its pods. The policy for all pods comes last. Apply the policies in this
    order. Then no policy denies traffic of running pods that a later policy allows. The name of a policy contains a hash of its content. A
    changed policy is therefore a new object. Both policies are in force until the old policy is removed.

    Args:
        flows: Flows, that is, connections to allow. Pods of the endpoints in C(from) open connections to C(ports) of the endpoints in
            C(to). C(protocol) is TCP by default. A flow whose C(when) is false is ignored. C(when) is true by default.
        endpoints: Endpoints by name. An endpoint is a label selector of pods of the release, or a list of peers as in a NetworkPolicy. An
            empty list of peers allows all peers. The endpoint C(release) is required. It is the label selector of all pods of the release.
        metadata: Metadata of each policy, without its name.

    Returns:
        A NetworkPolicy for each label selector that a flow names, and the policy for all pods of the release.

    Raises:
        ValueError: a flow is not valid. The message names the flow.

    Example:
        {{ flows | jewelry_shop.platform.network_policies(endpoints, {'namespace': 'shop'}) }}
    """
    for problem in network_policy_problems(flows, endpoints):
        raise ValueError(problem)
    allowed = [flow for flow in flows if flow.get("when", True)]

    def spec(name: str) -> Manifest:
        rules = {
            "ingress": list(_rules(allowed, "to", "from", name, endpoints)),
            "egress": list(_rules(allowed, "from", "to", name, endpoints)),
        }
        # The API server stores no empty list, so that each application of one would be a change to it.
        filled = {direction: each for direction, each in rules.items() if each}
        return {"podSelector": dict(endpoints[name]), "policyTypes": ["Ingress", "Egress"], **filled}

    named = {name for flow in allowed for name in (*flow["from"], *flow["to"])}
    pods = [name for name, endpoint in endpoints.items() if _is_selector(endpoint) and name in named and name != _RELEASE]
    return [_policy(name, metadata, spec(name)) for name in (*pods, _RELEASE)]


def _policy(name: str, metadata: Mapping[str, Any], spec: Manifest) -> Manifest:
    content = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{name}-{content}", **metadata},
        "spec": spec,
    }


def network_policy_problems(flows: Iterable[Flow], endpoints: Mapping[str, Endpoint]) -> list[str]:
    """List what is wrong with flows.

    Lists endpoints that are neither a label selector nor a list of peers. Lists flows with an unknown endpoint, with an invalid port, or
    without an endpoint of the release.

    Args:
        flows: Flows, in the form that the filter P(jewelry_shop.platform.network_policies#filter) accepts.
        endpoints: Endpoints by name, in the form that the filter P(jewelry_shop.platform.network_policies#filter) accepts.

    Returns:
        A sentence for each problem, without a full stop.

    Example:
        {{ flows | jewelry_shop.platform.network_policy_problems(endpoints) }}
    """
    wrong = [
        f"endpoint {name} is not a list of peers; write a list with ipBlock, namespaceSelector or podSelector"
        for name, endpoint in endpoints.items()
        if not isinstance(endpoint, (Mapping, list))
    ]
    for flow in flows:
        shown = f"the flow from {', '.join(flow['from'])} to {', '.join(flow['to'])}"
        names = [*flow["from"], *flow["to"]]
        wrong += [
            f"{shown} names {name}, which is not an endpoint; the endpoints are {', '.join(endpoints)}"
            for name in names
            if name not in endpoints
        ]
        wrong += [f"{shown} has the port {port}; write a number from 1 to 65535" for port in flow["ports"] if not 0 < int(port) < 65536]
        if not any(_is_selector(endpoints.get(name)) for name in names):
            wrong.append(f"{shown} has no endpoint of the release; name a tier, such as django, in from or to")
    return wrong


def ports_without_flow(secrets: Mapping[str, Any], flows: Iterable[Flow]) -> list[int]:
    """Find ports of the broker that no flow allows.

    Reads the ports in C(CELERY_BROKER_URL) and C(CELERY_RESULT_BACKEND), and returns those that no flow allows.

    Args:
        secrets: Secret environment of the application.
        flows: Flows, in the form of P(jewelry_shop.platform.network_policies#filter).

    Returns:
        The ports.

    Example:
        {{ platform_secret_values | jewelry_shop.platform.ports_without_flow(network_policies_flows) }}
    """
    urls = ",".join(str(secrets.get(key, "")) for key in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"))
    allowed = {int(port) for flow in flows for port in flow["ports"]}
    named = dict.fromkeys(int(port) for port in _PORT_IN_URL.findall(urls))
    return [port for port in named if port not in allowed]


def _is_selector(endpoint: Endpoint) -> bool:
    return isinstance(endpoint, Mapping)


def _rules(flows: Iterable[Flow], own: str, other: str, name: str, endpoints: Mapping[str, Endpoint]) -> Iterator[Manifest]:
    """Rules of one direction for the endpoint C(name), which is on the side C(own) of a flow."""
    for flow in flows:
        if name in flow[own] or _RELEASE in flow[own]:
            peers = [peer for each in flow[other] for peer in _peers(endpoints[each])]
            # An endpoint that allows all peers makes the other endpoints irrelevant.
            everywhere = any(endpoints[each] == [] for each in flow[other])
            # Before ansible-core 2.19 templates convert numbers to strings.
            ports = [{"port": int(port), "protocol": flow.get("protocol") or "TCP"} for port in flow["ports"]]
            yield {"ports": ports, **({} if everywhere else {other: peers})}


def _peers(endpoint: Endpoint) -> list[Manifest]:
    return [{"podSelector": dict(endpoint)}] if _is_selector(endpoint) else list(endpoint)
