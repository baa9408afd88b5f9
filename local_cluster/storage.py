"""The host directory that every node mounts, so that ReadWriteMany volumes work across nodes."""

import shutil
from pathlib import Path

from local_cluster import node_image
from local_cluster.config import SHARED_MOUNT, Cluster
from local_cluster.process import output


def directory(cluster: Cluster) -> Path:
    """Return the host directory that holds a cluster's volumes."""
    return cluster.directory / "shared"


def mount(cluster: Cluster) -> dict[str, object]:
    """Return the mount of a node, as kind's configuration writes it, and make its directory."""
    directory(cluster).mkdir(parents=True, exist_ok=True)
    return {"hostPath": str(directory(cluster)), "containerPath": SHARED_MOUNT}


def remove(cluster: Cluster) -> None:
    """Delete a cluster's volumes, whose files belong to the users of the pods."""
    if not directory(cluster).exists():
        return
    try:
        shutil.rmtree(directory(cluster))
    except PermissionError:
        folder = f"{cluster.directory}:/cluster"
        output(["docker", "run", "--rm", "--volume", folder, node_image.BUSYBOX, "rm", "-rf", "/cluster/shared"])
