# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Claims with ReadWriteOnce, and the nodes that can run the pods that mount them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.nodes import claims_of_one_node, several_nodes

Object = dict[str, Any]
CONTROL = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
ONE_OF: Object = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}


def claim(name: str, mode: str = "ReadWriteOnce") -> Object:
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {"accessModes": [mode]}}


def deployment(name: str, *claims: str, **pod: Any) -> Object:
    volumes = [{"name": "tmp", "emptyDir": {}}, *({"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims)]
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": {"template": {"spec": {"volumes": volumes, **pod}}}}


def replaced(name: str, *claims: str, replicas: int = 1) -> Object:
    """A Deployment whose pods end before others start."""
    made = deployment(name, *claims)
    return {**made, "spec": {**made["spec"], "replicas": replicas, "strategy": {"type": "Recreate"}}}


def node(name: str, *taints: Object, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}}, "spec": {"taints": [*taints]}}


def pinned(name: str) -> Object:
    return {"nodeSelector": {"kubernetes.io/hostname": name}}


NODES = [node("c", CONTROL), node("a", disk="ssd"), node("b", disk="ssd")]
BOTH = [claim("media"), deployment("web", "media"), deployment("worker", "media")]


def warning(manifests: list[Object], nodes: list[Object]) -> str:
    return several_nodes(claims_of_one_node(manifests), nodes)


def test_the_warning_names_claims_workloads_and_number_of_nodes() -> None:
    manifests = [*BOTH, claim("backups"), deployment("backup", "backups"), deployment("other")]
    assert warning(manifests, NODES) == (
        "All pods that mount a claim with ReadWriteOnce (backups, media) must run on one node, and those of backup, web, worker can run "
        "on 2 nodes. Select one node for all of them in platform_pod, such as {nodeSelector: {kubernetes.io/hostname: node-1}}. More "
        "replicas do not help if that node fails; for this the claims need a storage class with ReadWriteMany. Ignore this if the "
        "volumes are local to a node, because the scheduler then selects that node"
    )


@pytest.mark.parametrize(
    ("manifests", "nodes", "warns"),
    [
        (BOTH, NODES, True),
        (BOTH, NODES[:2], False),
        (BOTH, [], False),
        ([claim("media"), replaced("web", "media")], NODES, False),
        ([claim("media"), replaced("web", "media", replicas=2)], NODES, True),
        ([*BOTH[:2], replaced("worker", "media")], NODES, True),
        ([claim("media", "ReadWriteMany"), *BOTH[1:]], NODES, False),
        ([claim("media"), deployment("web")], NODES, False),
        # One node for all, by its name or by a label that it alone has.
        ([claim("media"), deployment("web", "media", **pinned("a")), deployment("worker", "media", **pinned("a"))], NODES, False),
        ([claim("media"), deployment("web", "media", **pinned("a")), deployment("worker", "media", **pinned("b"))], NODES, True),
        ([claim("media"), deployment("web", "media", nodeSelector={"disk": "ssd"})], NODES, True),
        # Two claims on different nodes.
        ([claim("x"), claim("y"), deployment("web", "x", **pinned("a")), deployment("worker", "y", **pinned("b"))], NODES, False),
        ([claim("media"), deployment("web", "media", affinity={"nodeAffinity": ONE_OF})], NODES, False),
        ([claim("media"), deployment("web", "media", affinity={"podAntiAffinity": {}})], NODES, True),
        # A tolerated taint.
        ([claim("media"), deployment("web", "media", tolerations=[{"operator": "Exists"}])], NODES[:2], True),
        ([claim("media"), deployment("web", "media", tolerations=[{"key": CONTROL["key"], "operator": "Exists"}])], NODES[:2], True),
        ([claim("media"), deployment("web", "media", tolerations=[{"key": CONTROL["key"], "value": "x"}])], NODES[:2], False),
        ([claim("media"), deployment("web", "media", tolerations=[{"key": "x", "operator": "Exists"}])], NODES[:2], False),
        ([claim("media"), deployment("web", "media", tolerations=[{"operator": "Exists", "effect": "NoExecute"}])], NODES[:2], False),
        (BOTH, [node("a"), node("b", {"key": "x", "effect": "PreferNoSchedule"})], True),
    ],
)
def test_pods_of_a_claim_that_can_run_on_several_nodes_are_reported(manifests: list[Object], nodes: list[Object], warns: bool) -> None:
    assert bool(warning(manifests, nodes)) is warns
