# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workloads that write to the database, which a restore stops: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_content

Manifest = Mapping[str, Any]
_DATABASE = "db"
# https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling
_PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"


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


def paused_autoscalers(
    scaled_objects: Iterable[Manifest], stopped: Iterable[Mapping[str, Any]], field_manager: str
) -> list[dict[str, Any]]:
    """Render the ScaledObjects of KEDA that a restore pauses, because they would start stopped Deployments.

    The field manager of the platform applies the pause. So the next run of C(site.yml) removes a pause that an interrupted restore left.
    A ScaledObject that another client paused without replicas stays as it is.

    Args:
        scaled_objects: ScaledObjects of the cluster.
        stopped: Deployments, as P(jewelry_shop.platform.stopped_workloads#filter) returns them.
        field_manager: Name of the field manager of the platform.

    Returns:
        The manifest of each ScaledObject as O(field_manager) applied it, without a pause.

    Example:
        {{ scaled.resources | jewelry_shop.platform.paused_autoscalers([{'name': 'celery-worker'}], 'jewelry_shop.platform') }}
    """
    names = {each["name"] for each in stopped}
    starting = [each for each in scaled_objects if each["spec"]["scaleTargetRef"]["name"] in names]
    applied = [(each, applied_content(each, field_manager)) for each in starting]
    return [_without_pause(own) for live, own in applied if not _is_paused_by_others(live, own)]


def _is_paused_by_others(live: Manifest, own: Manifest) -> bool:
    annotations = live["metadata"].get("annotations") or {}
    return annotations.get(_PAUSED_REPLICAS) == "0" and _PAUSED_REPLICAS not in own["metadata"].get("annotations", {})


def _without_pause(manifest: Manifest) -> dict[str, Any]:
    metadata = manifest["metadata"]
    kept = {name: value for name, value in metadata.get("annotations", {}).items() if name != _PAUSED_REPLICAS}
    return {
        **manifest,
        "metadata": {**{key: value for key, value in metadata.items() if key != "annotations"}, **({"annotations": kept} if kept else {})},
    }
