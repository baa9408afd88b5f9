# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workloads that write to the database, which a restore stops: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Manifest = Mapping[str, Any]
_DATABASE = "db"


def writing_components(workloads: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the components whose pods use the database.

    Args:
        workloads: Descriptions of workloads, with C(name), C(component), C(uses) and C(waits_for).

    Returns:
        The values of the label C(component).

    Example:
        {{ workloads | jewelry_shop.platform.writing_components }}
    """
    names = [
        each.get("component", each["name"])
        for each in workloads
        if _DATABASE in [*(each.get("uses") or ()), *(each.get("waits_for") or ())]
    ]
    return list(dict.fromkeys(names))


def stopped_workloads(deployments: Iterable[Manifest], components: Iterable[str], manifests: Iterable[Manifest]) -> list[dict[str, Any]]:
    """List the Deployments that a restore stops, with the number of replicas to start afterwards.

    That is the current number. A Deployment at 0, which an interrupted restore left, gets the number of its manifest, or the minimum of its
    autoscaler.

    Args:
        deployments: Deployments of the cluster.
        components: Components to stop, as P(jewelry_shop.platform.writing_components#filter) returns them.
        manifests: Manifests of the running release.

    Returns:
        C(name) and C(replicas) of each Deployment.

    Example:
        {{ deployments.resources | jewelry_shop.platform.stopped_workloads(['django'], manifests_stages.tiers) }}
    """
    stopped, recorded = set(components), _recorded_replicas(manifests)
    return [
        {"name": each["metadata"]["name"], "replicas": each["spec"].get("replicas") or recorded.get(each["metadata"]["name"], 0)}
        for each in deployments
        if (each["metadata"].get("labels") or {}).get("component") in stopped
    ]


def _recorded_replicas(manifests: Iterable[Manifest]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in manifests:
        spec = each.get("spec") or {}
        if each["kind"] == "Deployment" and "replicas" in spec:
            found[each["metadata"]["name"]] = int(spec["replicas"])
        elif each["kind"] == "HorizontalPodAutoscaler":
            # https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/: the default is 1.
            found[spec["scaleTargetRef"]["name"]] = int(spec.get("minReplicas", 1))
        elif each["kind"] == "ScaledObject":
            found[spec["scaleTargetRef"]["name"]] = int(spec.get("minReplicaCount", 0))
    return found


def paused_autoscalers(scaled_objects: Iterable[Manifest], stopped: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the ScaledObjects of KEDA that would start stopped Deployments.

    Args:
        scaled_objects: ScaledObjects of the cluster.
        stopped: Deployments, as P(jewelry_shop.platform.stopped_workloads#filter) returns them.

    Returns:
        Names of the ScaledObjects.

    Example:
        {{ scaled.resources | jewelry_shop.platform.paused_autoscalers([{'name': 'celery-worker'}]) }}
    """
    names = {each["name"] for each in stopped}
    return [each["metadata"]["name"] for each in scaled_objects if each["spec"]["scaleTargetRef"]["name"] in names]
