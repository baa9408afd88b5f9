"""The volumes: in a host directory that every node mounts (ReadWriteMany), or on the node of the pod (ReadWriteOnce)."""

import json
import shutil
from pathlib import Path

from local_cluster import node_image
from local_cluster.config import NODE_VOLUMES, PACKAGE, SHARED_MOUNT, Cluster
from local_cluster.process import output


def directory(cluster: Cluster) -> Path:
    """Return the host directory that holds a cluster's volumes."""
    return cluster.directory / "shared"


def mounts(cluster: Cluster) -> list[dict[str, object]]:
    """Return the mounts of a node for shared volumes, as kind's configuration writes them, and make the directory."""
    if not cluster.shared_volumes:
        return []
    directory(cluster).mkdir(parents=True, exist_ok=True)
    return [{"hostPath": str(directory(cluster)), "containerPath": SHARED_MOUNT}]


def provisioner(cluster: Cluster) -> str:
    """Return the manifest of the provisioner. It rejects ReadWriteMany if each volume is on one node."""
    settings: dict[str, object] = {"nodePathMap": [], "sharedFileSystemPath": SHARED_MOUNT}
    if not cluster.shared_volumes:
        settings = {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [NODE_VOLUMES]}]}
    return (PACKAGE / "manifests" / "local-path-provisioner.yaml").read_text().replace("@SETTINGS@", json.dumps(settings))


def remove(cluster: Cluster) -> None:
    """Delete a cluster's volumes, whose files belong to the users of the pods."""
    if not directory(cluster).exists():
        return
    try:
        shutil.rmtree(directory(cluster))
    except PermissionError:
        folder = f"{cluster.directory}:/cluster"
        output(["docker", "run", "--rm", "--volume", folder, node_image.BUSYBOX, "rm", "-rf", "/cluster/shared"])
