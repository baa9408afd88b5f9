"""Debian packages of the host."""

import os
import shutil

from local_cluster import cache
from local_cluster.errors import LocalClusterError
from local_cluster.process import run


def install(*names: str) -> None:
    """Install Debian packages.

    Raises:
        LocalClusterError: This is not root on a Debian-like system, or apt-get fails.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LocalClusterError(f"These Debian packages are needed: {' '.join(names)}. Install them, or run this as root on Debian.")
    update()
    run(
        ["apt-get", "install", "--yes", "--no-install-recommends", *names],
        log=cache.log_file("packages"),
        environment={"DEBIAN_FRONTEND": "noninteractive"},
    )


def update() -> None:
    """Fetch the lists of Debian packages."""
    run(["apt-get", "update"], log=cache.log_file("packages"))


def require(program: str, package: str) -> None:
    """Install a package when its program is not there."""
    if shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        install(package)
