"""Programs from Debian packages for the unit tests: unpacked once per machine into the user's cache, never installed.

An installed package would start its service. `python -m tools.debian_programs` fetches the programs in advance and shows the progress.
nginx comes from the Debian suite of the demo's image, with its own C library, because the roles need 1.27.4 or newer.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path

from local_cluster import base_images, cache, packages
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, run
from local_cluster.steps import Step, run_steps

_CHROMIUM = "chromium-headless-shell"
_PACKAGES = {"promtool": "prometheus", "redis-server": "redis-server", "nginx": "nginx", _CHROMIUM: _CHROMIUM}
# Programs for which the machine's own release is too old, with the suite to use.
_SUITES = {"nginx": "forky"}
# Programs that need the files beside them. Their folder in the package; elsewhere only the program and its libraries are kept.
_FOLDERS = {_CHROMIUM: "usr/lib/chromium"}
# The settings with which the package of PostgreSQL creates no database.
_NO_DATABASE = Path("/etc/postgresql-common/createcluster.conf")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def program(name: str) -> Path:
    """Return the path of a program, which exists after C(ensure): the machine's own program, or the one in the cache."""
    own = None if name in _SUITES else shutil.which(name)
    return Path(own) if own else _folder(name) / name


def environment(name: str) -> dict[str, str]:
    """Return the environment for a program: that of this process, with the paths of the program's libraries."""
    if name in _SUITES:
        return {**os.environ}
    libraries = _folder(name) / "lib"
    # Some packages have libraries in a folder of their own, such as lib/pulseaudio.
    folders = [libraries, *sorted(path for path in libraries.glob("*") if path.is_dir())]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}


def ensure(*names: str) -> None:
    """Fetch the missing ones of these programs; without names, of all programs.

    Raises:
        LocalClusterError: There is no apt-get, or a package cannot be fetched.
    """
    steps = [
        Step(f"{name} of the Debian package {package}", program(name).exists, lambda name=name: _fetch(name))  # type: ignore[misc]
        for name, package in _PACKAGES.items()
        if name in names or not names
    ]
    if not all(step.done() for step in steps):
        with cache.lock():
            run_steps(steps)


def ensure_postgresql() -> None:
    """Install the programs of PostgreSQL if they are missing, without a database and a running service.

    Its server does not start as root, and other users cannot read the cache.

    Raises:
        LocalClusterError: This is not root on a Debian-like system, or the package cannot be installed.
    """
    if shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return
    if os.geteuid() == 0 and not _NO_DATABASE.exists():
        _NO_DATABASE.parent.mkdir(parents=True, exist_ok=True)
        _NO_DATABASE.write_text("create_main_cluster = false\n")
    packages.install("postgresql")


def _folder(name: str) -> Path:
    try:
        release = platform.freedesktop_os_release()
    except OSError:  # no such file, as on macOS
        release = {}
    return cache.root() / "builds" / f"debian-{name}-{_SUITES.get(name) or release.get('VERSION_CODENAME', 'unknown')}"


def _fetch(name: str) -> None:
    package = _PACKAGES[name]
    if shutil.which("apt-get") is None:
        raise LocalClusterError(f"{name} is needed, which the Debian package {package} has: install it, or run this on Debian or Ubuntu.")
    log = cache.log_file("packages")
    with cache.scratch() as scratch:
        if name in _SUITES:
            options = _options_of_suite(_SUITES[name], scratch)
            run(["apt-get", *options, "update"], log=log)
        else:
            options = []
            if os.geteuid() == 0:
                packages.update()
        # The package and those of its dependencies that are not installed.
        planned = output(["apt-get", *options, "--simulate", "--no-install-recommends", "install", package])
        run(["apt-get", *options, "download", *re.findall(r"^Inst (\S+)", planned, re.MULTILINE)], log=log, cwd=scratch)
        unpacked = scratch / "unpacked"
        for archive in sorted(scratch.glob("*.deb")):
            run(["dpkg-deb", "--extract", archive, unpacked], log=log)
        with cache.atomic_directory(_folder(name)) as folder:
            if name in _FOLDERS:
                shutil.copytree(unpacked / _FOLDERS[name], folder, dirs_exist_ok=True)
            [found] = [each for parent in (_FOLDERS.get(name, "usr/bin"), "usr/sbin") for each in unpacked.glob(f"{parent}/{name}")]
            for libraries in unpacked.glob("usr/lib/*-linux-gnu"):
                shutil.copytree(libraries, folder / "lib", symlinks=True)
            if name in _SUITES:
                shutil.copy2(found, folder / f"{name}.bin")
                _write_starter(folder, name)
            elif name not in _FOLDERS:
                shutil.copy2(found, folder)


def _options_of_suite(suite: str, folder: Path) -> list[str]:
    """Return apt-get options that use only one suite, as if no package were installed."""
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={_KEYRING}] {base_images.mirror()} {suite} main\n")
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True)
    values = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    return [f"--option={key}={value}" for key, value in values.items()]


def _write_starter(folder: Path, name: str) -> None:
    """Write a script that starts a program with the C library that the program was built for."""
    starter = folder / name
    starter.write_text(
        f'#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n'
        f'exec "$here"/lib/ld-linux*.so.* --library-path "$here/lib" "$here/{name}.bin" "$@"\n'
    )
    starter.chmod(0o755)


if __name__ == "__main__":
    try:
        ensure()
        ensure_postgresql()
    except LocalClusterError as error:
        sys.exit(str(error))
