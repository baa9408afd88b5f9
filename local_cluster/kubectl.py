"""kubectl against one cluster."""

from pathlib import Path

from local_cluster import cache
from local_cluster.config import Cluster
from local_cluster.process import output, run, succeeds


def command(cluster: Cluster, *arguments: str | Path) -> list[str | Path]:
    """Return a kubectl command that can only reach the given cluster."""
    return [
        cache.binaries() / "kubectl",
        f"--kubeconfig={cluster.kubeconfig}",
        f"--context={cluster.context}",
        *arguments,
    ]


def get(cluster: Cluster, *arguments: str | Path) -> str:
    """Return what a short kubectl command prints."""
    return output(command(cluster, *arguments))


def works(cluster: Cluster, *arguments: str | Path) -> bool:
    """Return whether a short kubectl command ends with 0."""
    return succeeds(command(cluster, *arguments))


def do(cluster: Cluster, *arguments: str | Path, text: str | None = None) -> None:
    """Run a kubectl command that may read a text, its output in the cluster's log."""
    run(command(cluster, *arguments), text=text, log=cache.log_file(f"cluster-{cluster.name}"))
