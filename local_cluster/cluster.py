"""Create, repair and delete a kind cluster."""

import json
import shutil
import time
from pathlib import Path

from local_cluster import cache, engine, kubectl, network, node_image, registry, storage
from local_cluster.config import (
    HTTP_NODE_PORT,
    HTTPS_NODE_PORT,
    PACKAGE,
    PUBLISHED_NODE_IMAGE,
    Cluster,
)
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run

_MANIFESTS = PACKAGE / "manifests"
_ADD_ONS = ("storage-class", "metrics-server")
_DEPLOYMENTS = {
    "kube-system": ("coredns", "metrics-server"),
    "local-path-storage": ("local-path-provisioner",),
}
_ANSWER_TIMEOUT = 300.0
_LABEL = "io.x-k8s.kind.cluster"


def kind_configuration(
    cluster: Cluster, *, networking: dict[str, object], mounts: list[dict[str, object]], restricted: bool
) -> dict[str, object]:
    """Return the configuration that kind makes a cluster from.

    Args:
        cluster: The cluster.
        networking: networking settings of kind.
        mounts: Host directories that every node mounts.
        restricted: The engine's root lacks capabilities, so that no OOM score can be lowered.
    """
    ports = ((HTTP_NODE_PORT, cluster.http_port), (HTTPS_NODE_PORT, cluster.https_port))
    control_plane = {
        "role": "control-plane",
        "extraMounts": mounts,
        "extraPortMappings": [{"containerPort": node, "hostPort": host, "listenAddress": "127.0.0.1"} for node, host in ports],
    }
    patch = (
        '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
        '[plugins."io.containerd.grpc.v1.cri"]\n'
        f"  restrict_oom_score_adj = {str(restricted).lower()}\n"
    )
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": cluster.name,
        "networking": networking,
        "featureGates": {"KubeletInUserNamespace": True} if restricted else {},
        "containerdConfigPatches": [patch],
        "nodes": [control_plane] + [{"role": "worker", "extraMounts": mounts}] * cluster.workers,
    }


def up(cluster: Cluster) -> None:
    """Create the cluster, or repair an existing one.

    Raises:
        LocalClusterError: The cluster cannot be created, or an existing cluster has other settings or does not become ready.
    """
    configuration = kind_configuration(
        cluster,
        networking=network.kind_settings(),
        mounts=[*storage.mounts(cluster), registry.mount(cluster)],
        restricted=engine.lacks_capabilities(),
    )
    settings = {"kind": configuration, "registry_port": cluster.registry_port}
    nodes = _nodes(cluster)
    created_from = cluster.directory / "settings.json"
    if nodes and not created_from.exists():
        print(f"The creation of {cluster.name} was interrupted. Starting again.", flush=True)
        delete(cluster)
        nodes = {}
    if nodes:
        if json.loads(created_from.read_text()) != settings:
            raise LocalClusterError(
                f"The cluster {cluster.name} has other settings (ports, workers or mounts). "
                f"Delete it first: python3 -m local_cluster down --name {cluster.name}"
            )
        _repair(cluster, nodes)
    else:
        created_from.unlink(missing_ok=True)
        _create(cluster, configuration)
        created_from.write_text(json.dumps(settings, indent=2))
    registry.ensure(cluster)
    _apply_add_ons(cluster)
    _wait_until_ready(cluster)


def delete(cluster: Cluster) -> None:
    """Delete the cluster, its registry container, its context and its volumes' files."""
    log = cache.log_file(f"cluster-{cluster.name}")
    if (cache.binaries() / "kind").exists():  # Without kind, this machine has never created a cluster.
        run([*_kind("delete", "cluster"), "--name", cluster.name, "--kubeconfig", cluster.kubeconfig], log=log)
    registry.remove(cluster)
    storage.remove(cluster)
    shutil.rmtree(cluster.directory, ignore_errors=True)


def status(cluster: Cluster) -> str:
    """Return a few lines about the state of the cluster."""
    if not engine.answers():
        return "The docker engine does not answer."
    nodes = _nodes(cluster)
    if not nodes:
        return f"There is no cluster {cluster.name}."
    lines = [f"{name}: container {state}" for name, state in sorted(nodes.items())]
    if kubectl.works(cluster, "get", "--raw=/readyz"):
        lines += [kubectl.get(cluster, "get", "nodes")]
    else:
        lines += ["The API server does not answer; `up` repairs the cluster."]
    return "\n".join(lines)


def node_image_reference() -> str:
    """Return the node image: the published image if it can be pulled, otherwise an image built on this machine."""
    return PUBLISHED_NODE_IMAGE if registry.published_images_answer() else node_image.reference()


def _kind(*arguments: str) -> list[str | Path]:
    return [cache.binaries() / "kind", *arguments]


def _nodes(cluster: Cluster) -> dict[str, str]:
    """Return the state of each node's container."""
    lines = output(["docker", "ps", "--all", "--filter", f"label={_LABEL}={cluster.name}", "--format", "{{.Names}} {{.State}}"])
    return dict(line.split() for line in lines.splitlines())


def _create(cluster: Cluster, configuration: dict[str, object]) -> None:
    print(f"Creating the cluster {cluster.name} ...", flush=True)
    cluster.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    log = cache.log_file(f"cluster-{cluster.name}")
    command = [*_kind("create", "cluster"), "--name", cluster.name, "--kubeconfig", cluster.kubeconfig, "--config", "-"]
    run([*command, "--image", node_image_reference()], text=json.dumps(configuration), log=log)


def _repair(cluster: Cluster, nodes: dict[str, str]) -> None:
    stopped = sorted(name for name, state in nodes.items() if state != "running")
    if stopped:
        print(f"Starting {', '.join(stopped)} ...", flush=True)
        output(["docker", "start", *stopped])
    # A restarted container has another port for the API server.
    if not kubectl.works(cluster, "get", "--raw=/readyz"):
        output([*_kind("export", "kubeconfig"), "--name", cluster.name, "--kubeconfig", cluster.kubeconfig])
    deadline = time.monotonic() + _ANSWER_TIMEOUT
    while not kubectl.works(cluster, "get", "--raw=/readyz"):
        if time.monotonic() > deadline:
            raise LocalClusterError(
                f"The API server of {cluster.name} does not answer. Create a new cluster: "
                f"python3 -m local_cluster down --name {cluster.name}, then up."
            )
        time.sleep(1)


def _apply_add_ons(cluster: Cluster) -> None:
    print("Applying network, storage and metrics ...", flush=True)
    network.apply(cluster)
    files = [option for name in _ADD_ONS for option in ("-f", _MANIFESTS / f"{name}.yaml")]
    kubectl.do(cluster, "apply", "--server-side", "--force-conflicts", *files, "-f", "-", text=storage.provisioner(cluster))


def _wait_until_ready(cluster: Cluster) -> None:
    kubectl.do(cluster, "wait", "--for=condition=Ready", "nodes", "--all", "--timeout=300s")
    network.wait(cluster)
    for namespace, names in _DEPLOYMENTS.items():
        for name in names:
            kubectl.do(cluster, "-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=300s")
    print("Waiting for the first metrics ...", flush=True)
    deadline = time.monotonic() + _ANSWER_TIMEOUT
    while len(_node_metrics(cluster)) <= cluster.workers:
        if time.monotonic() > deadline:
            raise LocalClusterError(f"metrics-server of {cluster.name} has no metrics; see `kubectl top nodes`.")
        time.sleep(1)


def _node_metrics(cluster: Cluster) -> list[object]:
    path = "--raw=/apis/metrics.k8s.io/v1beta1/nodes"
    if not kubectl.works(cluster, "get", path):
        return []
    items: list[object] = json.loads(kubectl.get(cluster, "get", path))["items"]
    return items
