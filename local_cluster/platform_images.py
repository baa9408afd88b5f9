"""The platform's images, and those that only a scenario needs: built from demo/, pushed to the registry beside the nodes."""

import importlib.metadata
import shutil
from dataclasses import dataclass
from pathlib import Path

from local_cluster import base_images, binaries, cache, docker, registry
from local_cluster.binaries import GoBuild
from local_cluster.config import REPOSITORY
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run, succeeds
from local_cluster.steps import run_steps

_DEMO = REPOSITORY / "demo"
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*_cache", ".venv", ".coverage")


@dataclass(frozen=True)
class PlatformImage:
    """One image.

    Attributes:
        name: Name in the registry.
        tag: Tag in the registry.
        context: Folder with the Dockerfile.
        suite: Debian suite of the base image that replaces the published one of the Dockerfile. Empty if nothing is replaced.
        arguments: Build arguments. A change of one builds a new image.
        programs: Programs that are built from Go modules first and copied into the context.
    """

    name: str
    tag: str
    context: Path
    suite: str = "trixie"
    arguments: tuple[tuple[str, str], ...] = ()
    programs: tuple[GoBuild, ...] = ()


def platform_images() -> list[PlatformImage]:
    """Return the images of the set ``platform``."""
    version_file = _DEMO / "shop" / "VERSION"
    if not version_file.exists():
        raise LocalClusterError("demo/shop/VERSION is missing. It contains the tag of the shop's image.")
    version = version_file.read_text().strip()
    shops = [
        PlatformImage("jewelry-shop", tag, _DEMO / "shop", arguments=(("APP_VERSION", tag), *gunicorn))
        for tag, gunicorn in (
            (version, ()),
            # Rollouts of the scenarios go from the newest gunicorn to one that resets idle connections at SIGTERM, and back.
            (f"{version}-next", (("GUNICORN", "21.2"),)),
        )
    ]
    images = _DEMO / "images"
    return [
        PlatformImage("nginx", "1.30", images / "nginx", suite="forky"),
        PlatformImage("nginx-prometheus-exporter", "1.5", images / "nginx-exporter"),
        PlatformImage("postgres", "17", images / "postgres"),
        PlatformImage("redis", "8", images / "redis"),
        *shops,
    ]


def drill_images() -> list[PlatformImage]:
    """Return the images of the set ``drill``: the oldest gunicorn that is still in use."""
    return [
        PlatformImage("jewelry-shop", "gunicorn-20.1", _DEMO / "shop", arguments=(("APP_VERSION", "gunicorn-20.1"), ("GUNICORN", "20.1")))
    ]


def network_images() -> list[PlatformImage]:
    """Return the images of the set ``network``: the programs in front of and beside the platform in the scenario of that name."""
    images = _DEMO / "images"
    return [
        PlatformImage("traefik", "v3.5", images / "traefik", suite="", programs=(binaries.TRAEFIK,)),
        PlatformImage("prometheus", "2", images / "prometheus"),
    ]


def keda_images() -> list[PlatformImage]:
    """Return the images of the set ``keda``: the operator and the metrics server of KEDA in one image."""
    return [PlatformImage("keda", "2.20", _DEMO / "images" / "keda", suite="", programs=(binaries.KEDA,))]


def operator_images() -> list[PlatformImage]:
    """Return the images of the set ``operators``: External Secrets Operator and cert-manager."""
    return [
        PlatformImage("external-secrets", "0.16", _DEMO / "images" / "external-secrets", suite="", programs=(binaries.EXTERNAL_SECRETS,)),
        PlatformImage("cert-manager", "1.21", _DEMO / "images" / "cert-manager", suite="", programs=(binaries.CERT_MANAGER,)),
    ]


def execution_environment_images() -> list[PlatformImage]:
    """Return the images of the set ``execution_environment``: the base image for execution-environment.yml."""
    arguments = (("ANSIBLE", importlib.metadata.version("ansible")),)
    return [PlatformImage("execution-environment-base", "1", _DEMO / "images" / "execution-environment-base", arguments=arguments)]


SETS = {
    "platform": platform_images,
    "network": network_images,
    "keda": keda_images,
    "operators": operator_images,
    "execution_environment": execution_environment_images,
    "drill": drill_images,
}


def build_and_push(set_name: str, port: int) -> None:
    """Build the images of a set and push them to the registry on 127.0.0.1; only what is missing.

    Args:
        set_name: Key of SETS.
        port: Port of the registry.

    Raises:
        LocalClusterError: The registry does not answer, or a build fails.
    """
    if not registry.answers(port):
        raise LocalClusterError(f"No registry answers on 127.0.0.1:{port}. Start the cluster first: python3 -m local_cluster up.")
    images = SETS[set_name]()
    for number, image in enumerate(images, start=1):
        label = f"[{number}/{len(images)}] image {image.name}:{image.tag}"
        local = _build(image, label)
        print(f"{label}: {_push(image, local, port)}", flush=True)


def _build(image: PlatformImage, label: str) -> str:
    with cache.scratch() as folder:
        context = folder / "context"
        shutil.copytree(image.context, context, ignore=_LEFT_OUT)
        arguments = dict(image.arguments)
        if image.suite and not registry.published_images_answer():
            arguments["BASE_IMAGE"] = base_images.reference(image.suite)
        inputs = cache.content_hash(context, repr(sorted(arguments.items())), *(program.hash for program in image.programs))
        local = docker.local_reference(image.name, f"{image.tag}-{inputs}")
        if not docker.image_exists(local):
            print(f"{label}: building ...", flush=True)
            _add_programs(context, image.programs)
            arguments |= _add_host_settings(context)
            docker.build(context, local, arguments=arguments, log=cache.log_file(f"image-{image.name}"))
        return local


def _add_programs(context: Path, programs: tuple[GoBuild, ...]) -> None:
    if programs:
        with cache.lock():
            run_steps([program.step() for program in programs])
    for program in programs:
        for name in program.binaries:
            shutil.copy2(program.directory / name, context)


def _add_host_settings(context: Path) -> dict[str, str]:
    """Give a build that runs pip the host's CA bundle and package index.

    Returns:
        Build arguments; the CA bundle goes into the context's folder ca_bundle/.
    """
    bundle = context / "ca_bundle"
    if not bundle.is_dir():
        return {}
    if _CA_BUNDLE.exists():
        shutil.copy(_CA_BUNDLE, bundle)
    index = _pip_setting("index-url")
    return {"PIP_INDEX_URL": index} if index else {}


def _pip_setting(name: str) -> str:
    for key in (f":env:.{name}", f"global.{name}", f"install.{name}"):
        command = ["python3", "-m", "pip", "config", "get", key]
        if succeeds(command):
            return output(command)
    return ""


def _push(image: PlatformImage, local: str, port: int) -> str:
    repository = f"127.0.0.1:{port}/{image.name}"
    pushed = registry.pushed_digest(port, image.name, image.tag)
    known = output(["docker", "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', local])
    if pushed and f"{repository}@{pushed}" in known.splitlines():
        return "there"
    output(["docker", "tag", local, f"{repository}:{image.tag}"])
    run(["docker", "push", f"{repository}:{image.tag}"], log=cache.log_file(f"image-{image.name}"))
    return "pushed"
