# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report shows beside the verdict, the evidence and the checks: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

_OF_A_RESOURCE = ("kind", "namespace", "name", "verdict", "seconds", "reason", "replicas")
_OF_A_CHANGE = ("stage", "action", "kind", "namespace", "name")
_CHANGES = ("create", "change", "take_over", "remove")
_OF_A_POD = ("pod", "node", "healthy", "status", "elapsed", "reason")


class Wait(TypedDict):
    """One wait for rollouts.

    Args:
        started: time at which the wait began, in UTC.
        seconds: duration of the wait.
        resources: the verdict on each resource.
    """

    started: str
    seconds: float
    resources: list[dict[str, Any]]


def wait_entry(result: Mapping[str, Any]) -> Wait:
    """The part of a wait's result that a report shows.

    Args:
        result: result of M(jewelry_shop.platform.rollout).
    """
    resources = [{key: each.get(key) for key in _OF_A_RESOURCE} for each in result["resources"]]
    return {"started": result["started"], "seconds": result["seconds"], "resources": resources}


def planned_changes(objects: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """List the objects that a plan creates, changes, adopts or removes.

    Args:
        objects: Objects of a plan, as M(jewelry_shop.platform.plan) returns them.

    Returns:
        The C(stage), C(action), C(kind), C(namespace) and C(name) of each object, in the order of the plan.

    Example:
        {{ preflight_plan.objects | jewelry_shop.platform.planned_changes }}
    """
    return [{key: str(each.get(key) or "") for key in _OF_A_CHANGE} for each in objects if each["action"] in _CHANGES]


def replica_health(health: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the result of each request to a replica.

    Args:
        health: Result of M(jewelry_shop.platform.health_check). Empty if no check ran.

    Returns:
        The C(endpoint), C(workload), C(pod), C(node), C(healthy), C(status), C(elapsed) (seconds) and C(reason) of each request.

    Example:
        {{ validate_health | jewelry_shop.platform.replica_health }}
    """
    return [
        {"endpoint": endpoint["name"], "workload": endpoint["workload"]["name"], **{key: pod.get(key) for key in _OF_A_POD}}
        for endpoint in health.get("endpoints") or []
        for pod in endpoint.get("pods") or []
    ]
