"""The images of each set, and their build contexts."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from local_cluster import binaries, cache, docker, platform_images, registry


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[list[str], Mapping[str, str]]]:
    """What the engine would be asked to build, on a machine where the programs are there: names in the context, and arguments."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for programs in (binaries.TRAEFIK, binaries.KEDA, binaries.EXTERNAL_SECRETS, binaries.CERT_MANAGER):
        programs.directory.mkdir(parents=True)
        for name in programs.binaries:
            (programs.directory / name).write_text("program")
    asked: list[tuple[list[str], Mapping[str, str]]] = []

    def build(context: Path, _reference: str, *, log: Path, arguments: Mapping[str, str]) -> None:
        asked.append((sorted(path.name for path in context.iterdir()), arguments))

    monkeypatch.setattr(docker, "build", build)
    monkeypatch.setattr(docker, "image_exists", lambda _reference: False)
    return asked


def build(name: str) -> str:
    images = [*platform_images.network_images(), *platform_images.keda_images(), *platform_images.operator_images()]
    [image] = [image for image in images if image.name == name]
    return platform_images._build(image, name)


def test_make_demo_does_not_build_images_of_scenarios() -> None:
    names = {image.name for image in platform_images.platform_images()}
    assert {"jewelry-shop", "nginx", "postgres", "redis"} <= names
    assert names.isdisjoint(
        {image.name for image in (*platform_images.network_images(), *platform_images.keda_images(), *platform_images.operator_images())}
    )


@pytest.mark.parametrize("set_name", sorted(platform_images.SETS))
def test_each_image_is_listed_once_and_has_a_dockerfile(set_name: str) -> None:
    images = platform_images.SETS[set_name]()
    assert all((image.context / "Dockerfile").is_file() for image in images)
    references = [(image.name, image.tag) for image in images]
    assert len(references) == len(set(references))


@pytest.mark.parametrize(
    ("name", "tag", "programs"),
    [
        ("traefik", "v3.5", ["traefik"]),
        ("keda", "2.20", ["adapter", "operator"]),
        ("external-secrets", "0.16", ["external-secrets"]),
        ("cert-manager", "1.21", ["cert-manager"]),
    ],
)
def test_an_image_of_programs_contains_nothing_else(
    monkeypatch: pytest.MonkeyPatch, builds: list[tuple[list[str], Mapping[str, str]]], name: str, tag: str, programs: list[str]
) -> None:
    monkeypatch.setattr(registry, "published_images_answer", lambda: False)
    assert build(name).startswith(f"jewelry-shop.local/{name}:{tag}-")
    assert builds == [(["Dockerfile", *programs], {})]


@pytest.mark.parametrize(("published", "base"), [(False, "jewelry-shop.local/debian:trixie-"), (True, "")])
def test_prometheus_uses_the_published_base_image_if_it_can_be_pulled(
    monkeypatch: pytest.MonkeyPatch, builds: list[tuple[list[str], Mapping[str, str]]], published: bool, base: str
) -> None:
    monkeypatch.setattr(registry, "published_images_answer", lambda: published)
    build("prometheus")
    [(names, arguments)] = builds
    assert names == ["Dockerfile"]
    assert arguments.get("BASE_IMAGE", "").startswith(base)
    assert ("BASE_IMAGE" in arguments) is not published


@pytest.mark.usefixtures("builds")
def test_another_program_is_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    before = build("traefik")
    assert build("traefik") == before
    monkeypatch.setattr(binaries.GoBuild, "hash", property(lambda _build: cache.content_hash("another")))
    binaries.TRAEFIK.directory.mkdir(parents=True)
    (binaries.TRAEFIK.directory / "traefik").write_text("another")
    assert build("traefik") != before
