"""Pinned versions and the settings of one cluster."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from local_cluster import cache

PACKAGE = Path(__file__).parent
REPOSITORY = PACKAGE.parent

# Folder with the go.mod of each version. The first is the default; the last is the oldest that the collection supports.
KUBERNETES_MODULES = {"v1.34.4": "kubernetes", "v1.24.17": "kubernetes-oldest"}
DEFAULT_KUBERNETES_VERSION = next(iter(KUBERNETES_MODULES))
KUBERNETES_VERSION = os.environ.get("LOCAL_CLUSTER_KUBERNETES") or DEFAULT_KUBERNETES_VERSION
if KUBERNETES_VERSION not in KUBERNETES_MODULES:
    sys.exit(f"local_cluster: LOCAL_CLUSTER_KUBERNETES is {KUBERNETES_VERSION!r}. Set it to one of {', '.join(KUBERNETES_MODULES)}.")
TRAEFIK_VERSION = "v3.5.0"
EXTERNAL_SECRETS_VERSION = "v0.16.2"
CERT_MANAGER_VERSION = "v1.21.2"
KEDA_VERSION = "v2.20.2"
PUBLISHED_NODE_IMAGE = f"kindest/node:{KUBERNETES_VERSION}"
PUBLISHED_REGISTRY_IMAGE = "registry:2"

# Path on every node of the directory that holds the ReadWriteMany volumes.
SHARED_MOUNT = "/var/lib/shared-volumes"
# Path on a node of its own volumes, which are ReadWriteOnce.
NODE_VOLUMES = "/var/local-path-provisioner"
HTTP_NODE_PORT = 30080
HTTPS_NODE_PORT = 30443

DEMO_CLUSTER = "jewelry-shop"


@dataclass(frozen=True)
class Cluster:
    """The settings that differ between kind clusters.

    Attributes:
        name: Name of the kind cluster; its kubectl context is ``kind-<name>``.
        kubeconfig: File that the context is written to.
        http_port: Port on 127.0.0.1 that leads to node port 30080.
        https_port: Port on 127.0.0.1 that leads to node port 30443.
        registry_port: Port on 127.0.0.1 of the registry beside the nodes.
        workers: Number of worker nodes.
        shared_volumes: Whether volumes work across nodes (ReadWriteMany). Otherwise each volume is on one node (ReadWriteOnce).
    """

    name: str
    kubeconfig: Path
    http_port: int
    https_port: int
    registry_port: int
    workers: int
    shared_volumes: bool = True

    @property
    def context(self) -> str:
        """Name of the kubectl context."""
        return f"kind-{self.name}"

    @property
    def control_plane(self) -> str:
        """Name of the control-plane node and of its container."""
        return f"{self.name}-control-plane"

    @property
    def registry(self) -> str:
        """Name of the registry's container and of its volume."""
        return f"{self.name}-registry"

    @property
    def directory(self) -> Path:
        """Folder of the files that only this cluster uses."""
        return cache.root() / "clusters" / self.name


def default_kubeconfig(name: str) -> Path:
    """Return the user's kubeconfig for the demo cluster, or a separate file for another cluster."""
    if name == DEMO_CLUSTER:
        return Path.home() / ".kube" / "config"
    return cache.root() / "clusters" / name / "kubeconfig"
