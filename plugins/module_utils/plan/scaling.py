# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas that a HorizontalPodAutoscaler sets: pure functions (private to the collection).

A manifest that leaves C(replicas) out means the autoscaler's number. The API server sets a field that loses its last owner back to its
default, 1. So whoever applied a number has to hand the field over before leaving it out; see "Transferring ownership" in Kubernetes'
documentation of server-side apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import CHANGE, CREATE, Manifest, Planned

SCALED = ("Deployment", "StatefulSet")


def leaves_replicas_out(manifest: Manifest) -> bool:
    """Whether a manifest leaves the number of replicas to an autoscaler."""
    return manifest["kind"] in SCALED and "replicas" not in manifest["spec"]


def owns_replicas(live: Manifest, manager: str) -> bool:
    """Whether a field manager has applied the number of replicas.

    Args:
        live: the workload as it is.
        manager: name of the field manager.
    """
    return any(
        entry["manager"] == manager and entry["operation"] == "Apply" and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def taken_from_autoscaler(live: Manifest, manifest: Manifest) -> str:
    """A warning where an autoscaler set the number of replicas, and the manifest another one; empty else.

    Args:
        live: the workload as it is.
        manifest: what would be applied.
    """
    there, wanted = live.get("spec", {}).get("replicas"), manifest.get("spec", {}).get("replicas")
    if manifest["kind"] not in SCALED or wanted is None or wanted == there or not _is_autoscaled(live):
        return ""
    return (
        f"an autoscaler set its {there} replicas, and this sets {wanted}; if it stays (KEDA has one for each ScaledObject), "
        "say so with <tier>_hpa_enabled and <tier>_hpa_external"
    )


def _is_autoscaled(live: Manifest) -> bool:
    # Of the controllers that write it, only the autoscaler's uses the subresource.
    return any(
        entry["manager"] == "kube-controller-manager"
        and entry.get("subresource") == "scale"
        and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def with_replicas_of(live: Manifest, manifest: Manifest) -> Manifest:
    """The manifest with the number of replicas that there are."""
    return {**manifest, "spec": {**manifest["spec"], "replicas": live["spec"]["replicas"]}}


def handed_over(entry: Planned, live: Manifest) -> Planned:
    """The entry of a workload whose number of replicas is to be handed over, which is a change although the number stays.

    Args:
        entry: what else would change.
        live: the workload as it is.
    """
    before, after = {"replicas": live["spec"]["replicas"]}, {"replicas": "left to the HorizontalPodAutoscaler"}
    return replace(
        entry,
        action=CHANGE,
        hands_over=True,
        before={**entry.before, "spec": {**entry.before.get("spec", {}), **before}},
        after={**entry.after, "spec": {**entry.after.get("spec", {}), **after}},
    )


def handovers(entries: Iterable[Planned]) -> list[dict[str, str | int | None]]:
    """Workloads whose number of replicas has to be handed over when the plan is applied.

    Args:
        entries: of a plan.

    Returns:
        Kind, namespace and name of each, and its replicas; none for one that is still to be created.
    """
    return [
        {
            "kind": entry.manifest["kind"],
            "namespace": entry.manifest["metadata"].get("namespace", ""),
            "name": entry.manifest["metadata"]["name"],
            "replicas": entry.before["spec"]["replicas"] if entry.hands_over else None,
        }
        for entry in entries
        if entry.hands_over or (entry.action == CREATE and leaves_replicas_out(entry.manifest))
    ]
