"""The node image of the cluster, built where kindest/node cannot be pulled."""

import re
import shutil
from pathlib import Path

from local_cluster import base_images, binaries, cache, docker
from local_cluster.config import KUBERNETES_VERSION, PACKAGE
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run
from local_cluster.steps import Step

_IMAGES = PACKAGE / "images"
_STORAGE_CLASS = PACKAGE / "manifests" / "storage-class.yaml"
_NODE_PROGRAMS = ("crictl", "kubeadm", "kubectl", "kubelet")
BUSYBOX = "docker.io/library/busybox:1.35.0"


def reference() -> str:
    """Return the reference of the node image."""
    inputs = cache.content_hash(
        base_images.reference("bookworm"),
        *(_IMAGES / name for name in ("node", "network", "tools")),
        _STORAGE_CLASS,
        *(build.hash for build in binaries.NODE_BUILDS),
        binaries.KIND.hash,
        BUSYBOX,
    )
    return docker.local_reference("node", f"{KUBERNETES_VERSION}-{inputs}")


def step() -> Step:
    """Return the step that builds the node image."""
    return Step("node image (about 2 min)", lambda: docker.image_exists(reference()), _make)


def published_names(kubeadm_list: str, containerd_config: str) -> dict[str, str]:
    """Return the names under which a node looks for its images, by program.

    Args:
        kubeadm_list: Output of ``kubeadm config images list``.
        containerd_config: Text of the nodes' containerd configuration, which names the pause image.
    """
    sandbox = re.search(r'sandbox_image = "(.+)"', containerd_config)
    if sandbox is None:
        raise LocalClusterError("kind's containerd configuration names no sandbox_image.")
    names = {name.rsplit("/", 1)[1].split(":")[0]: name for name in kubeadm_list.splitlines()}
    kube_router = binaries.module_version(binaries.ADD_ONS, "github.com/cloudnativelabs/kube-router/v2")
    metrics_server = binaries.module_version(binaries.ADD_ONS, "sigs.k8s.io/metrics-server")
    provisioner = binaries.module_version(binaries.LOCAL_PATH_PROVISIONER, "github.com/rancher/local-path-provisioner")
    return names | {
        "pause": sandbox.group(1),
        "busybox": BUSYBOX,
        "kube-router": f"docker.io/cloudnativelabs/kube-router:{kube_router}",
        "metrics-server": f"registry.k8s.io/metrics-server/metrics-server:{metrics_server}",
        "local-path-provisioner": f"docker.io/rancher/local-path-provisioner:{provisioner}",
    }


def _make() -> None:
    log = cache.log_file("node-image")
    kind_files = binaries.module_directory(binaries.KIND.source, "sigs.k8s.io/kind") / "images" / "base" / "files"
    names = published_names(
        output([_program("kubeadm"), "config", "images", "list", "--kubernetes-version", KUBERNETES_VERSION]),
        (kind_files / "etc" / "containerd" / "config.toml").read_text(),
    )
    with cache.scratch() as context:
        _make_static_images(names, context, log)
        _make_network_images(names, context, log)
        _make_tools(names, context, log)
        run(["docker", "save", "--output", context / "images.tar", *names.values()], log=log)
        # The module cache is read-only, but the folders of a build context must be writable.
        run(["cp", "-r", "--no-preserve=mode", kind_files, context / "files"], log=log)
        (context / "bin").mkdir()
        for program in _NODE_PROGRAMS:
            shutil.copy2(_program(program), context / "bin")
        shutil.copy(_STORAGE_CLASS, context / "default-storage.yaml")
        shutil.copy(_IMAGES / "node" / "service-range.service", context)
        docker.build(
            context,
            reference(),
            dockerfile=_IMAGES / "node" / "Dockerfile",
            arguments={"BASE_IMAGE": base_images.reference("bookworm"), "KUBERNETES_VERSION": KUBERNETES_VERSION},
            log=log,
        )


def _program(name: str) -> Path:
    for build in binaries.NODE_BUILDS:
        if name in build.binaries:
            return build.directory / name
    raise LocalClusterError(f"No Go build produces {name}.")


def _make_static_images(names: dict[str, str], context: Path, log: Path) -> None:
    """Create a separate image for each static program."""
    for program in set(names) - {"pause", "busybox", "kube-proxy", "kube-router"}:
        root = context / program
        target = root / "usr" / "local" / "bin" / program
        target.parent.mkdir(parents=True)
        shutil.copy2(_program(program), target)
        changes = ["ENV PATH=/usr/local/bin", f'ENTRYPOINT ["/usr/local/bin/{program}"]']
        docker.import_root(root, names[program], changes=changes, log=log)
        shutil.rmtree(root)


def _make_network_images(names: dict[str, str], context: Path, log: Path) -> None:
    for program in ("kube-proxy", "kube-router"):
        root = context / program
        root.mkdir()
        shutil.copy2(_program(program), root)
        docker.build(
            root,
            names[program],
            dockerfile=_IMAGES / "network" / "Dockerfile",
            arguments={"BASE_IMAGE": base_images.reference("bookworm"), "PROGRAM": program},
            log=log,
        )
        shutil.rmtree(root)


def _make_tools(names: dict[str, str], context: Path, log: Path) -> None:
    kubernetes = binaries.module_directory(binaries.KUBERNETES.source, "k8s.io/kubernetes")
    root = context / "tools"
    root.mkdir()
    shutil.copy(kubernetes / "build" / "pause" / "linux" / "pause.c", root)
    arguments = {
        "BASE_IMAGE": base_images.reference("bookworm"),
        "PAUSE_VERSION": names["pause"].rsplit(":", 1)[1],
    }
    for tool in ("pause", "busybox"):
        docker.build(
            root,
            names[tool],
            dockerfile=_IMAGES / "tools" / "Dockerfile",
            target=tool,
            arguments=arguments,
            log=log,
        )
    shutil.rmtree(root)
