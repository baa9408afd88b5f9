"""Pod network and NetworkPolicies for a node image without them."""

from local_cluster import kubectl
from local_cluster.config import PACKAGE, Cluster
from local_cluster.registry import published_images_answer

_MANIFEST = PACKAGE / "manifests" / "kube-router.yaml"


def kind_settings() -> dict[str, object]:
    """Return the networking part of kind's configuration: published node images bring kindnet."""
    return {} if published_images_answer() else {"disableDefaultCNI": True}


def apply(cluster: Cluster) -> None:
    """Install kube-router on every node. It routes, masquerades and enforces NetworkPolicies."""
    if not published_images_answer():
        kubectl.do(cluster, "apply", "--server-side", "--force-conflicts", "-f", _MANIFEST)


def wait(cluster: Cluster) -> None:
    """Wait until kube-router runs on every node."""
    if not published_images_answer():
        kubectl.do(cluster, "-n", "kube-system", "rollout", "status", "daemonset/kube-router", "--timeout=300s")
