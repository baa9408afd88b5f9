"""Find, install and start the docker engine."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from local_cluster import cache, packages, runtime
from local_cluster.errors import LocalClusterError
from local_cluster.process import output, succeeds

_DAEMON_JSON = Path("/etc/docker/daemon.json")
_PID_FILES = (
    (Path("/var/run/docker.pid"), "dockerd"),
    (Path("/var/run/docker/containerd/containerd.pid"), "containerd"),
)
_START_TIMEOUT = 60.0
_INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
_ENOUGH_INOTIFY_INSTANCES = 1024


def answers() -> bool:
    """Return whether a docker engine answers."""
    return succeeds(["docker", "version", "--format", "{{.Server.Version}}"])


def ensure() -> None:
    """Find, install or start a docker engine that can run the nodes of a kind cluster.

    Raises:
        LocalClusterError: No engine answers and this user cannot install or start one.
    """
    if not answers():
        if os.geteuid() != 0:
            raise LocalClusterError("No docker engine answers (`docker version`). Start one, or run this command as root to install it.")
        if shutil.which("dockerd") is None:
            print("Installing the docker engine from Debian packages ...", flush=True)
            packages.install("docker.io", "containerd", "runc", "iptables")
        _configure_runtime(runtime.missing_capabilities("self"))
        print("Starting the docker engine ...", flush=True)
        _start()
    elif os.geteuid() == 0:
        _configure_running()
    _raise_inotify_limit()


def lacks_capabilities() -> bool:
    """Return whether the engine's containers run behind the shim, because capabilities are missing."""
    return output(["docker", "info", "--format", "{{.DefaultRuntime}}"]) == runtime.NAME


def merged_configuration(current: dict[str, Any], shim: Path) -> dict[str, Any]:
    """Return a daemon.json with the shim as default runtime and everything else as it was."""
    runtimes = {**current.get("runtimes", {}), runtime.NAME: {"path": str(shim)}}
    return {**current, "runtimes": runtimes, "default-runtime": runtime.NAME}


def _configure_runtime(missing: frozenset[int]) -> None:
    """Set the shim as default runtime in daemon.json if capabilities are missing."""
    if not missing:
        return
    shim = runtime.install()
    try:
        current = json.loads(_DAEMON_JSON.read_text()) if _DAEMON_JSON.exists() else {}
    except json.JSONDecodeError as error:
        raise LocalClusterError(f"{_DAEMON_JSON} is not valid JSON: {error}. Fix the file, then run this command again.") from error
    wanted = merged_configuration(current, shim)
    if wanted == current:
        return
    _DAEMON_JSON.parent.mkdir(parents=True, exist_ok=True)
    temporary = _DAEMON_JSON.with_suffix(".new")
    temporary.write_text(json.dumps(wanted, indent=2) + "\n")
    temporary.replace(_DAEMON_JSON)


def _configure_running() -> None:
    """Add the shim to a running engine that this program did not start, if the engine needs it."""
    pid = _running_pid(*_PID_FILES[0])
    missing = runtime.missing_capabilities(str(pid)) if pid else frozenset()
    _configure_runtime(missing)
    if pid and missing and not lacks_capabilities():
        os.kill(pid, signal.SIGHUP)
        _wait_for_runtime()


def _start() -> None:
    log = cache.log_file("dockerd")
    with log.open("a") as file:
        process = subprocess.Popen(_start_command(), stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
    deadline = time.monotonic() + _START_TIMEOUT
    while not answers():
        # `systemctl start` exits with 0 after it started the engine. dockerd itself must not exit.
        if process.poll() or time.monotonic() > deadline:
            lines = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise LocalClusterError(f"The docker engine did not start. Last lines of {log}:\n{lines}")
        time.sleep(0.2)


def _start_command() -> list[str]:
    if Path("/run/systemd/system").is_dir():
        return ["systemctl", "start", "docker"]
    for file, program in _PID_FILES:
        # After a hard kill, another program may have the process ID in the file, and dockerd would not start.
        if file.exists() and _running_pid(file, program) is None:
            file.unlink()
    return ["dockerd"]


def _wait_for_runtime() -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not lacks_capabilities():
        if time.monotonic() > deadline:
            raise LocalClusterError(f"The docker engine did not load {_DAEMON_JSON}. Stop it (`dockerd`), then run this command again.")
        time.sleep(0.2)


def _running_pid(file: Path, program: str) -> int | None:
    try:
        pid = int(file.read_text())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return None
    return pid if name == program else None


def _raise_inotify_limit() -> None:
    """Several nodes together need more inotify instances than the kernel's default of 128."""
    if os.geteuid() == 0 and int(_INOTIFY_INSTANCES.read_text()) < _ENOUGH_INOTIFY_INSTANCES:
        try:
            _INOTIFY_INSTANCES.write_text(str(_ENOUGH_INOTIFY_INSTANCES))
        except OSError as error:
            print(f"Note: {_INOTIFY_INSTANCES} could not be raised ({error}); nodes may run out of them.", flush=True)
