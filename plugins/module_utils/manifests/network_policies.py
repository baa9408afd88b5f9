# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NetworkPolicies from a list of flows: pure functions (private to the collection).

A flow says who opens connections to whom: C(from) and C(to) (names of endpoints), C(ports), C(protocol) (TCP unless said) and C(when)
(true unless said). An endpoint is the label selector of pods of the release, each of which gets a policy, or a list of peers as in a
NetworkPolicy, where an empty list is everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Flow = Mapping[str, Any]
Endpoint = Any
Manifest = dict[str, Any]

# The endpoint of every pod. Its policy denies whatever no other one allows.
_RELEASE = "release"


def network_policies(flows: Iterable[Flow], endpoints: Mapping[str, Endpoint], metadata: Mapping[str, Any]) -> list[Manifest]:
    """Make the NetworkPolicies that allow the flows and nothing else.

    Each says all that its pods may do, what every pod may do as well, and the one for every pod comes last: applied one after another
    to pods that run, they never deny what they are about to allow. A policy's name carries a hash of what it says: a changed one comes
    beside the one before it, and both are in force until that is removed.

    Args:
        flows: who may open connections to whom.
        endpoints: by name; C(release) stands for every pod of the release.
        metadata: of each policy, without its name.

    Returns:
        A policy for each endpoint that is pods of the release and that a flow names, and the one for every pod.

    Raises:
        ValueError: a flow is none; says which.
    """
    for problem in network_policy_problems(flows, endpoints):
        raise ValueError(problem)
    allowed = [flow for flow in flows if flow.get("when", True)]
    named = {name for flow in allowed for name in (*flow["from"], *flow["to"])}
    pods = [name for name, endpoint in endpoints.items() if _is_selector(endpoint) and name in named and name != _RELEASE]
    return [
        _policy(
            name,
            metadata,
            {
                "podSelector": dict(endpoints[name]),
                "policyTypes": ["Ingress", "Egress"],
                "ingress": list(_rules(allowed, "to", "from", name, endpoints)),
                "egress": list(_rules(allowed, "from", "to", name, endpoints)),
            },
        )
        for name in (*pods, _RELEASE)
    ]


def _policy(name: str, metadata: Mapping[str, Any], spec: Manifest) -> Manifest:
    content = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{name}-{content}", **metadata},
        "spec": spec,
    }


def network_policy_problems(flows: Iterable[Flow], endpoints: Mapping[str, Endpoint]) -> list[str]:
    """Say what is wrong with flows and endpoints, a sentence each, without the full stop."""
    wrong = [
        f"endpoint {name} is no list of peers; write - ipBlock, - namespaceSelector or - podSelector below it"
        for name, endpoint in endpoints.items()
        if not isinstance(endpoint, (Mapping, list))
    ]
    for flow in flows:
        shown = f"the flow from {', '.join(flow['from'])} to {', '.join(flow['to'])}"
        names = [*flow["from"], *flow["to"]]
        wrong += [
            f"{shown} names {name}, which is no endpoint; there are {', '.join(endpoints)}" for name in names if name not in endpoints
        ]
        wrong += [f"{shown} has the port {port}; write a number from 1 to 65535" for port in flow["ports"] if not 0 < int(port) < 65536]
        if not any(_is_selector(endpoints.get(name)) for name in names):
            wrong.append(f"{shown} is no concern of the release; name pods of it on one side")
    return wrong


def _is_selector(endpoint: Endpoint) -> bool:
    return isinstance(endpoint, Mapping)


def _rules(flows: Iterable[Flow], own: str, other: str, name: str, endpoints: Mapping[str, Endpoint]) -> Iterator[Manifest]:
    """Rules of one direction, of the endpoint C(name), which is at the side C(own) of a flow."""
    for flow in flows:
        if name in flow[own] or _RELEASE in flow[own]:
            peers = [peer for each in flow[other] for peer in _peers(endpoints[each])]
            # Among several, one that is everywhere makes the others needless.
            everywhere = any(endpoints[each] == [] for each in flow[other])
            # Templates make texts of numbers before ansible-core 2.19.
            ports = [{"port": int(port), "protocol": flow.get("protocol") or "TCP"} for port in flow["ports"]]
            yield {"ports": ports, **({} if everywhere else {other: peers})}


def _peers(endpoint: Endpoint) -> list[Manifest]:
    return [{"podSelector": dict(endpoint)}] if _is_selector(endpoint) else list(endpoint)
