# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claims whose pods must run on one node: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest

_KEEPS_PODS_AWAY = ("NoSchedule", "NoExecute")


def claims_of_one_node(manifests: Iterable[Manifest]) -> dict[str, list[Manifest]]:
    """The Deployments that mount a claim with the access mode ReadWriteOnce, by the name of the claim.

    Args:
        manifests: the manifests of all stages.
    """
    found = [*manifests]
    claims = [each for each in found if each["kind"] == "PersistentVolumeClaim" and each["spec"]["accessModes"] == ["ReadWriteOnce"]]
    mounting = {each["metadata"]["name"]: [one for one in found if each["metadata"]["name"] in _claims(one)] for each in claims}
    return {name: deployments for name, deployments in mounting.items() if deployments and not _is_alone(deployments)}


def several_nodes(mounting: Mapping[str, Iterable[Manifest]], nodes: Iterable[Manifest]) -> str:
    """A warning if pods that mount the same claim can run on several nodes; otherwise empty.

    Taints that a pod tolerates count, and a required node affinity counts as the choice of a node.

    Args:
        mounting: what C(claims_of_one_node) returned.
        nodes: all nodes.
    """
    candidates = [*nodes]
    places = {
        claim: {node["metadata"]["name"] for each in deployments for node in candidates if _can_run(_pod(each), node)}
        for claim, deployments in mounting.items()
    }
    spread = {claim: found for claim, found in places.items() if len(found) > 1}
    if not spread:
        return ""
    names = sorted({each["metadata"]["name"] for claim in spread for each in mounting[claim]})
    return (
        f"All pods that mount a claim with ReadWriteOnce ({', '.join(sorted(spread))}) must run on one node, and those of "
        f"{', '.join(names)} can run on {max(map(len, spread.values()))} nodes. Select one node for all of them in platform_pod, such as "
        "{nodeSelector: {kubernetes.io/hostname: node-1}}. More replicas do not help if that node fails; for this the claims need a "
        "storage class with ReadWriteMany. Ignore this if the volumes are local to a node, because the scheduler then selects that node"
    )


def _is_alone(deployments: list[Manifest]) -> bool:
    """Whether the only pod with a claim ends before the next one starts."""
    first, *others = deployments
    spec = first["spec"]
    return not others and spec.get("replicas", 1) == 1 and (spec.get("strategy") or {}).get("type") == "Recreate"


def _pod(deployment: Manifest) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def _claims(manifest: Manifest) -> set[str]:
    volumes = _pod(manifest).get("volumes") or () if manifest["kind"] == "Deployment" else ()
    return {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}


def _can_run(pod: Mapping[str, Any], node: Manifest) -> bool:
    if ((pod.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution"):
        return False
    labels, spec = node["metadata"].get("labels") or {}, node.get("spec") or {}
    taints = [each for each in spec.get("taints") or () if each["effect"] in _KEEPS_PODS_AWAY]
    return all(labels.get(key) == value for key, value in (pod.get("nodeSelector") or {}).items()) and all(
        any(_tolerates(toleration, taint) for toleration in pod.get("tolerations") or ()) for taint in taints
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]) or toleration.get("key") not in (None, "", taint["key"]):
        return False
    return bool(toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", ""))
