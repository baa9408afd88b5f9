"""Programs of Debian packages that the unit tests run: unpacked once per machine into the user's cache, never installed.

An installed package would start its service. `python -m tools.debian_programs` fetches them beforehand and shows how far it is.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path

from local_cluster import cache, packages
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run
from local_cluster.steps import Step, run_steps

_PACKAGES = {"promtool": "prometheus", "redis-server": "redis-server"}


def program(name: str) -> Path:
    """Return a program that is there after C(ensure): the machine's own, or the one in the cache."""
    own = shutil.which(name)
    return Path(own) if own else _folder(name) / name


def environment(name: str) -> dict[str, str]:
    """Return the environment that a program runs in: that of this process, and where its libraries are."""
    return {**os.environ, "LD_LIBRARY_PATH": str(_folder(name) / "lib")}


def ensure() -> None:
    """Fetch what is missing.

    Raises:
        LocalClusterError: There is no apt-get, or a package cannot be had.
    """
    steps = [
        Step(f"{name} of the Debian package {package}", program(name).exists, lambda name=name: _fetch(name))  # type: ignore[misc]
        for name, package in _PACKAGES.items()
    ]
    if not all(step.done() for step in steps):
        with cache.lock():
            run_steps(steps)


def _folder(name: str) -> Path:
    try:
        release = platform.freedesktop_os_release()
    except OSError:  # no such file, as on macOS
        release = {}
    return cache.root() / "builds" / f"debian-{name}-{release.get('VERSION_CODENAME', 'unknown')}"


def _fetch(name: str) -> None:
    package = _PACKAGES[name]
    if shutil.which("apt-get") is None:
        raise LocalClusterError(f"{name} is needed, which the Debian package {package} has: install it, or run this on Debian or Ubuntu.")
    if os.geteuid() == 0:
        packages.update()
    # The package, and of what it needs that which is not installed.
    planned = output(["apt-get", "--simulate", "--no-install-recommends", "install", package])
    log = cache.log_file("packages")
    with cache.scratch() as scratch:
        run(["apt-get", "download", *re.findall(r"^Inst (\S+)", planned, re.MULTILINE)], log=log, cwd=scratch)
        unpacked = scratch / "unpacked"
        for archive in sorted(scratch.glob("*.deb")):
            run(["dpkg-deb", "--extract", archive, unpacked], log=log)
        with cache.atomic_directory(_folder(name)) as folder:
            shutil.copy2(unpacked / "usr" / "bin" / name, folder)
            for libraries in unpacked.glob("usr/lib/*-linux-gnu"):
                shutil.copytree(libraries, folder / "lib", symlinks=True)


if __name__ == "__main__":
    try:
        ensure()
    except LocalClusterError as error:
        sys.exit(str(error))
