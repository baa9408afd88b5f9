"""Programs built from Go modules; each has a go.mod and go.sum that pin everything."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_cluster import cache
from local_cluster.config import (
    CERT_MANAGER_VERSION,
    DEFAULT_KUBERNETES_VERSION,
    KEDA_VERSION,
    KUBERNETES_MODULES,
    KUBERNETES_VERSION,
    PACKAGE,
    TRAEFIK_VERSION,
)
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run
from local_cluster.steps import Step


@dataclass(frozen=True)
class GoBuild:
    """One call of ``go build``.

    Attributes:
        module: Name of the folder that holds go.mod and go.sum.
        binaries: Names of the programs to build.
        packages: Go packages to build. ``tool`` builds all tools of go.mod.
        linker_flags: Linker flags in addition to ``-s -w``.
        minutes: Approximate build time on two cores with an empty Go build cache.
        modules: Parent folder of ``module``.
        copied: Module that is built from a copy of its source. Only then do the replace directives of its go.mod apply. The files of the
            folder ``overlay`` beside go.mod replace files of the copy, or are added to it.
        placeholders: Empty files that are added to the copy, because the module embeds files that it does not contain.
    """

    module: str
    binaries: tuple[str, ...]
    packages: tuple[str, ...] = ("tool",)
    linker_flags: str = ""
    minutes: float = 0.5
    modules: Path = PACKAGE / "go"
    copied: str = ""
    placeholders: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        """Folder that holds go.mod and go.sum."""
        return self.modules / self.module

    @property
    def hash(self) -> str:
        """Content hash of the sources of the programs."""
        return cache.content_hash(self.source, *self.packages, self.linker_flags, *self.placeholders)

    @property
    def directory(self) -> Path:
        """Folder of the programs. It exists only when all programs are built."""
        return cache.root() / "builds" / f"{self.module}-{self.hash}"

    def ensure(self) -> None:
        """Build the programs unless they exist."""
        if not self.directory.exists():
            self.build()

    def build(self) -> None:
        """Build the programs and put links to them into the cache's bin folder."""
        _check_go(self.source / "go.mod")
        with self._working_directory() as source, cache.atomic_directory(self.directory) as folder:
            target = folder / self.binaries[0] if len(self.binaries) == 1 else f"{folder}/"
            flags = f"-s -w {self.linker_flags}".strip()
            run(
                [
                    "nice",
                    "go",
                    "build",
                    "-trimpath",
                    "-buildvcs=false",
                    f"-ldflags={flags}",
                    "-o",
                    target,
                    *self.packages,
                ],
                cwd=source,
                environment={"CGO_ENABLED": "0"},
                log=cache.log_file(self.module),
            )

    @contextmanager
    def _working_directory(self) -> Iterator[Path]:
        if not self.copied:
            yield self.source
            return
        with cache.scratch() as folder:
            copy = folder / "source"
            # Do not copy the file modes, because the module cache is read-only.
            shutil.copytree(module_directory(self.source, self.copied), copy, copy_function=shutil.copyfile)
            for path in (copy, *copy.rglob("*/")):
                path.chmod(0o755)
            for name in self.placeholders:
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                (copy / name).touch()
            if (self.source / "overlay").is_dir():
                shutil.copytree(self.source / "overlay", copy, dirs_exist_ok=True)
            yield copy

    def link(self) -> None:
        """Put links to the programs into the cache's bin folder."""
        cache.binaries().mkdir(parents=True, exist_ok=True)
        for name in self.binaries:
            link = cache.binaries() / name
            if not link.is_symlink() or link.readlink() != self.directory / name:
                temporary = link.with_name(f".{name}.{os.getpid()}")
                temporary.symlink_to(self.directory / name)
                temporary.replace(link)

    def step(self) -> Step:
        """Return the step that builds the programs."""
        title = f"{', '.join(self.binaries)} from Go modules (about {self.minutes:g} min)"
        return Step(title, self.directory.exists, self.build)


def _version_flags(version: str) -> str:
    major, minor, _ = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{key}={value}" for package in packages for key, value in values.items())


RUNC_SHIM = GoBuild("runc-shim", ("runc-shim",), packages=(".",))
KIND = GoBuild("kind", ("kind",))
KUBECTL = GoBuild(
    KUBERNETES_MODULES[DEFAULT_KUBERNETES_VERSION],
    ("kubectl",),
    packages=("k8s.io/kubernetes/cmd/kubectl",),
    linker_flags=_version_flags(DEFAULT_KUBERNETES_VERSION),
    minutes=2,
)
KUBERNETES = GoBuild(
    KUBERNETES_MODULES[KUBERNETES_VERSION],
    (
        "kube-apiserver",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "kubeadm",
        "kubectl",
        "kubelet",
    ),
    linker_flags=_version_flags(KUBERNETES_VERSION),
    minutes=8,
)
ETCD = GoBuild("etcd", ("etcd",), minutes=1)
COREDNS = GoBuild("coredns", ("coredns",), packages=(".",))
ADD_ONS = GoBuild(
    "add-ons",
    ("crictl", "kube-router", "metrics-server"),
    packages=(
        "sigs.k8s.io/cri-tools/cmd/crictl",
        "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
        "sigs.k8s.io/metrics-server/cmd/metrics-server",
    ),
    minutes=4,
)
# A separate call: it imports a package under a different spelling, which go build rejects together with the other programs.
LOCAL_PATH_PROVISIONER = GoBuild(
    "add-ons",
    ("local-path-provisioner",),
    packages=("github.com/rancher/local-path-provisioner",),
)
# The ingress controller of the scenario network. The node image does not contain it.
TRAEFIK = GoBuild(
    "traefik",
    ("traefik",),
    packages=("./cmd/traefik",),
    linker_flags=f"-X github.com/traefik/traefik/v3/pkg/version.Version={TRAEFIK_VERSION}",
    minutes=6,
    copied="github.com/traefik/traefik/v3",
    placeholders=("webui/static/index.html",),
)
# The autoscaler of the scenario keda. The node image does not contain it.
KEDA = GoBuild(
    "keda",
    ("adapter", "operator"),
    packages=("./cmd/adapter", "./cmd/operator"),
    linker_flags=f"-X github.com/kedacore/keda/v2/version.Version={KEDA_VERSION}",
    minutes=15,
    copied="github.com/kedacore/keda/v2",
)
# The operators of the scenario operators. The node image does not contain them.
EXTERNAL_SECRETS = GoBuild(
    "external-secrets",
    ("external-secrets",),
    packages=(".",),
    minutes=3,
    copied="github.com/external-secrets/external-secrets",
)
CERT_MANAGER = GoBuild(
    "cert-manager",
    ("cert-manager",),
    packages=("./cmd/controller",),
    linker_flags=f"-X github.com/cert-manager/cert-manager/pkg/util.AppVersion={CERT_MANAGER_VERSION}",
    minutes=3,
    copied="github.com/cert-manager/cert-manager",
)

NODE_BUILDS = (KUBERNETES, ADD_ONS, ETCD, COREDNS, LOCAL_PATH_PROVISIONER)


def module_directory(folder: Path, path: str) -> Path:
    """Return the folder of a module's source in the Go module cache.

    Args:
        folder: Where the go.mod is that requires the module.
        path: Path of the module.
    """
    _check_go(folder / "go.mod")
    output(["go", "-C", folder, "mod", "download", path])
    return Path(output(["go", "-C", folder, "list", "-m", "-f", "{{.Dir}}", path]))


def module_version(build: GoBuild, path: str) -> str:
    """Return the version of a module that a build's go.mod requires."""
    return required_version((build.source / "go.mod").read_text(), path)


def required_version(go_mod: str, path: str) -> str:
    """Return the version of ``path`` in the text of a go.mod."""
    match = re.search(rf"^(?:require)?\s+{re.escape(path)} (v\S+)", go_mod, re.MULTILINE)
    if match is None:
        raise LocalClusterError(f"go.mod does not require {path}.")
    return match.group(1)


def minimum_go(go_mod: str) -> tuple[int, ...]:
    """Return the Go version that a go.mod file requires."""
    match = re.search(r"^go (\d+)\.(\d+)", go_mod, re.MULTILINE)
    return tuple(int(number) for number in match.groups()) if match else (0, 0)


def _check_go(go_mod: Path) -> None:
    needed = minimum_go(go_mod.read_text())
    if shutil.which("go") is None:
        raise LocalClusterError(f"Building {go_mod.parent.name} needs Go {needed[0]}.{needed[1]} or newer; there is no `go` on PATH.")
    found = output(["go", "env", "GOVERSION"]).removeprefix("go")
    if tuple(int(number) for number in re.findall(r"\d+", found)[:2]) < needed and (output(["go", "env", "GOTOOLCHAIN"]) == "local"):
        raise LocalClusterError(f"Building {go_mod.parent.name} needs Go {needed[0]}.{needed[1]} or newer; found {found}.")
