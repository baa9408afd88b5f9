"""Versions and names, read from the files that pin them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_cluster import base_images, binaries, cache, config, node_image, platform_images
from local_cluster.errors import LocalClusterError

_GO_MOD = """module x

go 1.26.0

require example.org/alone v1.2.3

require (
	example.org/a v0.1.0
	example.org/a/b v0.2.0-rc.1
)
"""
_KUBEADM = "registry.k8s.io/kube-apiserver:v1\nregistry.k8s.io/coredns/coredns:v1.12.1\nregistry.k8s.io/pause:3.10.1"


@pytest.mark.parametrize(
    ("path", "version"),
    [("example.org/alone", "v1.2.3"), ("example.org/a", "v0.1.0"), ("example.org/a/b", "v0.2.0-rc.1")],
)
def test_required_version(path: str, version: str) -> None:
    assert binaries.required_version(_GO_MOD, path) == version


def test_a_module_that_is_not_required_is_reported() -> None:
    with pytest.raises(LocalClusterError, match=r"example\.org/c"):
        binaries.required_version(_GO_MOD, "example.org/c")


def test_minimum_go() -> None:
    assert binaries.minimum_go(_GO_MOD) == (1, 26)


def test_a_missing_go_is_reported_with_its_purpose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    sentence = r"^Building etcd needs Go 1\.26 or newer; there is no `go` on PATH\.$"
    with pytest.raises(LocalClusterError, match=sentence):
        binaries.ETCD.ensure()
    with pytest.raises(LocalClusterError, match=sentence):
        binaries.module_directory(binaries.ETCD.source, "go.etcd.io/etcd/v3")


@pytest.mark.parametrize("version", config.KUBERNETES_MODULES)
def test_each_version_of_kubernetes_is_pinned_in_its_module(version: str) -> None:
    pins = (config.PACKAGE / "go" / config.KUBERNETES_MODULES[version] / "go.mod").read_text()
    assert binaries.required_version(pins, "k8s.io/kubernetes") == version


def test_an_unknown_version_of_kubernetes_is_rejected() -> None:
    environment = {**os.environ, "LOCAL_CLUSTER_KUBERNETES": "v1.2.3"}
    command = [sys.executable, "-m", "local_cluster", "status"]
    done = subprocess.run(command, cwd=config.REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    sentence = "local_cluster: LOCAL_CLUSTER_KUBERNETES is 'v1.2.3'. Set it to one of v1.34.4, v1.24.17.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


def test_the_names_of_the_coredns_and_pause_images() -> None:
    names = node_image.published_names(_KUBEADM, '  sandbox_image = "registry.k8s.io/pause:3.10"\n')
    assert names["coredns"] == "registry.k8s.io/coredns/coredns:v1.12.1"
    assert names["pause"] == "registry.k8s.io/pause:3.10"


def test_every_image_of_the_manifests_is_in_the_node_image() -> None:
    names = node_image.published_names(_KUBEADM, 'sandbox_image = "registry.k8s.io/pause:3.10"')
    manifests = (config.PACKAGE / "manifests").glob("*.yaml")
    used = {image for file in manifests for image in re.findall(r"image: (\S+)", file.read_text())}
    assert used
    assert used <= set(names.values())


def test_the_debian_mirror_comes_from_the_machine() -> None:
    targets = (
        "Packages\tnodesource\tmain\thttp://other/\n"
        "DEP-11\tDebian\tmain\thttp://metadata/\n"
        "Packages\tDebian-Security\tmain\thttp://security/\n"
        "Packages\tDebian\tmain\thttp://mirror/debian/"
    )
    assert base_images.debian_mirror(targets) == "http://mirror/debian/"


@pytest.mark.parametrize("targets", ["", "Packages\tUbuntu\tmain\thttp://ubuntu/"])
def test_a_missing_debian_mirror_is_reported(targets: str) -> None:
    with pytest.raises(LocalClusterError, match="Debian mirror"):
        base_images.debian_mirror(targets)


@pytest.mark.parametrize(
    ("build", "version", "tag"),
    [
        (binaries.TRAEFIK, config.TRAEFIK_VERSION, "traefik:v3.5"),
        (binaries.KEDA, config.KEDA_VERSION, "keda:2.20"),
        (binaries.EXTERNAL_SECRETS, config.EXTERNAL_SECRETS_VERSION, "external-secrets:0.16"),
        (binaries.CERT_MANAGER, config.CERT_MANAGER_VERSION, "cert-manager:1.21"),
    ],
)
def test_a_program_is_pinned_to_its_version(build: binaries.GoBuild, version: str, tag: str) -> None:
    assert binaries.module_version(build, build.copied) == version
    images = [*platform_images.network_images(), *platform_images.keda_images(), *platform_images.operator_images()]
    [used] = [f"{image.name}:{image.tag}" for image in images if build in image.programs]
    assert used == tag
    assert version.removeprefix("v").startswith(tag.partition(":")[2].removeprefix("v") + ".")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A module as it lies in Go's cache: read-only, without a folder that it embeds."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = tmp_path / "source"
    (source / "webui").mkdir(parents=True)
    (source / "webui" / "embed.go").write_text("package webui")
    (source / "webui" / "embed.go").chmod(0o444)
    for folder in (source / "webui", source):
        folder.chmod(0o555)
    monkeypatch.setattr(binaries, "module_directory", lambda _folder, _path: source)
    monkeypatch.setattr(binaries, "_check_go", lambda _go_mod: None)
    return source


def test_a_module_without_its_embedded_files_is_built_from_a_copy(monkeypatch: pytest.MonkeyPatch, module: Path) -> None:
    built: list[Path] = []

    def go_build(_command: object, *, cwd: Path, **_options: object) -> None:
        assert (cwd / "webui" / "embed.go").read_text() == "package webui"
        assert (cwd / "webui" / "static" / "index.html").read_text() == ""
        built.append(cwd)

    monkeypatch.setattr(binaries, "run", go_build)
    binaries.TRAEFIK.build()
    assert built
    assert binaries.TRAEFIK.directory.is_dir()
    assert not built[0].exists()
    assert not (module / "webui" / "static").exists()


@pytest.mark.parametrize("build", [binaries.EXTERNAL_SECRETS, binaries.CERT_MANAGER])
@pytest.mark.usefixtures("module")
def test_the_files_of_an_overlay_are_in_the_copy(monkeypatch: pytest.MonkeyPatch, build: binaries.GoBuild) -> None:
    overlay = build.source / "overlay"
    files = [path.relative_to(overlay) for path in overlay.rglob("*.go")]
    built: list[Path] = []

    def go_build(_command: object, *, cwd: Path, **_options: object) -> None:
        assert files
        assert all((cwd / name).read_text() == (overlay / name).read_text() for name in files)
        assert (cwd / "webui" / "embed.go").exists()
        built.append(cwd)

    monkeypatch.setattr(binaries, "run", go_build)
    build.build()
    assert built


@pytest.mark.usefixtures("module")
def test_an_interrupted_build_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_command: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(binaries, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        binaries.TRAEFIK.build()
    assert not binaries.TRAEFIK.directory.exists()
    assert list((cache.root() / "tmp").iterdir()) == []
