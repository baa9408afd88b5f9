# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas that a HorizontalPodAutoscaler sets: pure functions (private to the collection).

A manifest without C(replicas) keeps the autoscaler's number. The API server resets a field that loses its last owner to its default, 1.
The field manager that applied a number therefore has to transfer ownership before it omits the field; see "Transferring ownership" in
the Kubernetes documentation of server-side apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import (
    CHANGE,
    CREATE,
    NONE,
    REFUSED,
    REMOVE,
    Manifest,
    Planned,
    without_bookkeeping,
)

SCALED = ("Deployment", "StatefulSet")
# What the admission webhook of KEDA says of a ScaledObject whose target already has an autoscaler.
_OTHER_AUTOSCALER = re.compile(r"is already managed by the hpa '([^']+)'")


def leaves_replicas_out(manifest: Manifest) -> bool:
    """Whether a manifest leaves the replicas to an autoscaler."""
    return manifest["kind"] in SCALED and "replicas" not in manifest["spec"]


def owns_replicas(live: Manifest, manager: str) -> bool:
    """Whether a field manager has applied the replicas.

    Args:
        live: the live workload.
        manager: name of the field manager.
    """
    return any(
        entry["manager"] == manager and entry["operation"] == "Apply" and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def taken_from_autoscaler(live: Manifest, manifest: Manifest) -> str:
    """A warning if an autoscaler set the replicas and the manifest sets another number; otherwise empty.

    Args:
        live: the live workload.
        manifest: the manifest to apply.
    """
    there, wanted = live.get("spec", {}).get("replicas"), manifest.get("spec", {}).get("replicas")
    if manifest["kind"] not in SCALED or wanted is None or wanted == there or not _is_autoscaled(live):
        return ""
    return (
        f"an autoscaler set {there} replicas, and this run sets {wanted}. If another tool, such as KEDA, scales this workload, "
        "set <tier>_hpa_enabled and <tier>_hpa_external"
    )


def _is_autoscaled(live: Manifest) -> bool:
    # Of the controllers that write replicas, only the autoscaler uses the subresource.
    return any(
        entry["manager"] == "kube-controller-manager"
        and entry.get("subresource") == "scale"
        and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def with_replicas_of(live: Manifest, manifest: Manifest) -> Manifest:
    """The manifest with the current number of replicas."""
    return {**manifest, "spec": {**manifest["spec"], "replicas": live["spec"]["replicas"]}}


def handed_over(entry: Planned, live: Manifest, least: int = 0) -> Planned:
    """The entry of a workload whose replicas get another owner. This is a change although the number stays the same.

    Args:
        entry: the other changes.
        live: the live workload.
        least: number of replicas that it gets if it has fewer.
    """
    before, after = {"replicas": live["spec"]["replicas"]}, {"replicas": "left to the HorizontalPodAutoscaler"}
    return replace(
        entry,
        action=CHANGE,
        hands_over=True,
        least_replicas=least,
        before={**entry.before, "spec": {**entry.before.get("spec", {}), **before}},
        after={**entry.after, "spec": {**entry.after.get("spec", {}), **after}},
    )


def handovers(entries: Iterable[Planned]) -> list[dict[str, str | int | None]]:
    """Workloads whose ownership of replicas must be transferred when the plan is applied.

    Args:
        entries: the entries of a plan.

    Returns:
        Kind, namespace, name and replicas of each; None for a workload that is to be created.
    """
    return [
        {
            "kind": entry.manifest["kind"],
            "namespace": entry.manifest["metadata"].get("namespace", ""),
            "name": entry.manifest["metadata"]["name"],
            "replicas": max(entry.before["spec"]["replicas"], entry.least_replicas) if entry.hands_over else None,
        }
        for entry in entries
        if entry.hands_over or (entry.action == CREATE and leaves_replicas_out(entry.manifest))
    ]


def after_autoscaler(entry: Planned, entries: Iterable[Planned]) -> Planned:
    """The entry of a ScaledObject, created if only an autoscaler that the run removes before is in its way.

    Args:
        entry: an entry of any kind.
        entries: the entries of the plan.
    """
    found = _OTHER_AUTOSCALER.search(entry.refusal) if entry.action == REFUSED and entry.manifest["kind"] == "ScaledObject" else None
    removed = [each.manifest["metadata"]["name"] for each in entries if _is_removed(each, "HorizontalPodAutoscaler")]
    if not found or found[1] not in removed:
        return entry
    return replace(entry, action=CREATE, refusal="", before={}, after=without_bookkeeping(entry.manifest))


def starts_again(entry: Planned, entries: Iterable[Planned]) -> int:
    """The number of replicas that a workload needs if it has none; 0 for a workload that its autoscaler starts.

    A HorizontalPodAutoscaler never starts a workload with 0 replicas, which KEDA or an interrupted restore may have left.

    Args:
        entry: an entry of any kind.
        entries: the entries of the plan.
    """
    if entry.action not in (CHANGE, NONE) or not leaves_replicas_out(entry.manifest):
        return 0
    name = entry.manifest["metadata"]["name"]
    staying = [each for each in entries if each.action != REMOVE and _target_name(each.manifest) == name]
    by_keda = [each for each in staying if each.manifest["kind"] == "ScaledObject"]
    if by_keda:
        # The change may be the end of a pause. Otherwise KEDA has reasons for 0 replicas.
        return max(int(each.manifest["spec"].get("minReplicaCount") or 0) if each.action == CHANGE else 0 for each in by_keda)
    # https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/: the default is 1.
    return max((int(each.manifest["spec"].get("minReplicas") or 1) for each in staying), default=0)


def _target_name(manifest: Manifest) -> str:
    """The name of the workload that an autoscaler scales; empty for other objects."""
    if manifest["kind"] not in ("HorizontalPodAutoscaler", "ScaledObject"):
        return ""
    name: str = manifest.get("spec", {}).get("scaleTargetRef", {}).get("name", "")
    return name


def _is_removed(entry: Planned, kind: str) -> bool:
    return entry.action == REMOVE and entry.manifest["kind"] == kind
