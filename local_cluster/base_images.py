"""Debian base images, made by debootstrap from the machine's own mirror."""

import os

from local_cluster import cache, docker, packages
from local_cluster.config import PACKAGE
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run
from local_cluster.steps import Step

SUITES = ("bookworm", "trixie", "forky")

_SCRIPT = PACKAGE / "images" / "debian" / "bootstrap.sh"


def reference(suite: str) -> str:
    """Return the reference of the base image of a Debian suite."""
    return docker.local_reference("debian", f"{suite}-{cache.content_hash(_SCRIPT, suite)}")


def step(suite: str) -> Step:
    """Return the step that makes the base image of a Debian suite."""
    return Step(
        f"base image debian {suite} (about 1 min)",
        lambda: docker.image_exists(reference(suite)),
        lambda: _make(suite),
    )


def _make(suite: str) -> None:
    if os.geteuid() != 0:
        raise LocalClusterError("No container registry answers, and base images are made by debootstrap, which needs root.")
    packages.require("debootstrap", "debootstrap")
    log = cache.log_file(f"debian-{suite}")
    with cache.scratch() as folder:
        root = folder / "root"
        run([_SCRIPT, suite, mirror(), root], log=log)
        docker.import_root(root, reference(suite), log=log, changes=['CMD ["bash"]'])


def mirror() -> str:
    """Return the address of the Debian mirror that the machine's apt uses."""
    targets = output(["apt-get", "indextargets", "--format", "$(CREATED_BY)\t$(LABEL)\t$(COMPONENT)\t$(REPO_URI)"])
    return debian_mirror(targets)


def debian_mirror(targets: str) -> str:
    """Return the address of the Debian mirror that the machine's apt uses.

    Args:
        targets: Lines of creator, label, component and address, separated by tabs.

    Raises:
        LocalClusterError: apt is not set up for a Debian mirror.
    """
    for line in targets.splitlines():
        creator, label, component, address = line.split("\t")
        if (creator, label, component) == ("Packages", "Debian", "main"):
            return address
    raise LocalClusterError("The base images come from a Debian mirror, but apt on this machine has no Debian mirror.")
