"""Images of the docker engine that are built here. Their names contain a hash of their content."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from local_cluster.process import run, succeeds

_REPOSITORY = "jewelry-shop.local"


def local_reference(name: str, tag: str) -> str:
    """Return the reference of an image that is built on this machine.

    Args:
        name: Name of the image.
        tag: Tag of the image. It ends with a hash of the inputs of the build, so an existing image is up to date.
    """
    return f"{_REPOSITORY}/{name}:{tag}"


def image_exists(reference: str) -> bool:
    """Return whether the engine has an image."""
    return succeeds(["docker", "image", "inspect", "--format", "{{.Id}}", reference])


def import_root(root: Path, reference: str, *, log: Path, changes: Sequence[str] = ()) -> None:
    """Make an image of one layer from a folder.

    Args:
        root: The image's root file system.
        reference: Name of the image.
        log: File for the command's output.
        changes: Dockerfile instructions, such as ``CMD ["sh"]``.
    """
    archive = root.with_name(root.name + ".tar")
    run(["tar", "--numeric-owner", "-C", root, "-cf", archive, "."], log=log)
    options = [option for change in changes for option in ("--change", change)]
    run(["docker", "import", *options, archive, reference], log=log)
    archive.unlink()


def build(
    context: Path,
    reference: str,
    *,
    log: Path,
    dockerfile: Path | None = None,
    target: str = "",
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Build an image from a Dockerfile.

    Args:
        context: Folder that is sent to the engine.
        reference: Name of the image.
        log: File for the command's output.
        dockerfile: The Dockerfile, if it is not in the context.
        target: Stage to stop at, if it is not the last.
        arguments: Build arguments.
    """
    command: list[str | Path] = ["docker", "build", "--tag", reference]
    if dockerfile:
        command += ["--file", dockerfile]
    if target:
        command += ["--target", target]
    for key, value in (arguments or {}).items():
        command += ["--build-arg", f"{key}={value}"]
    run([*command, context], log=log, environment=_builder())


def _builder() -> dict[str, str]:
    """Use the classic builder if there is no buildx, as with Debian's client."""
    return {} if succeeds(["docker", "buildx", "version"]) else {"DOCKER_BUILDKIT": "0"}
