"""Fixtures of the scenario release."""

from __future__ import annotations

import contextlib
import http.client
import os
import pathlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

CLUSTER = "jewelry-shop-test"
PROBE = ("127.0.0.1", 8000, "/health/ready/")
INTERVAL = 0.1


def containers_of_nodes() -> set[str]:
    """The identifiers of the containers that are nodes of the cluster."""
    command = ["docker", "ps", "--quiet", "--no-trunc", f"--filter=label=io.x-k8s.kind.cluster={CLUSTER}"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split())


def read(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # The process has ended.
        return ""


def is_ready(process: pathlib.Path) -> bool:
    """Whether a process answers that it is ready. Celery beat is, while it may send tasks, and is not while it waits for the lock."""
    host, port, path = PROBE
    try:
        with (process / "ns" / "net").open("rb") as network:
            # Only this thread enters the network of the pod.
            os.setns(network.fileno(), os.CLONE_NEWNET)
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=2)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        # The process has ended, or does not listen.
        return False


class BeatWatch:
    """Counts the processes of Celery beat that send tasks, ten times a second, while its block runs."""

    def __init__(self) -> None:
        self._nodes = containers_of_nodes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        # Processes of each sample.
        self.samples: list[list[str]] = []

    def _look(self) -> None:
        while not self._over.wait(INTERVAL):
            self.samples.append([each.name for each in pathlib.Path("/proc").iterdir() if self._is_beat(each) and is_ready(each)])

    def _is_beat(self, process: pathlib.Path) -> bool:
        if "platform_beat:Scheduler" not in read(process / "cmdline"):
            return False
        groups = read(process / "cgroup")
        return any(node in groups for node in self._nodes)

    @property
    def most(self) -> int:
        """The highest number at any time."""
        return max(len(each) for each in self.samples)

    @property
    def different(self) -> int:
        """The number of processes that were seen."""
        return len({process for sample in self.samples for process in sample})

    def __enter__(self) -> BeatWatch:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()


def deploy(playbook: Any) -> None:
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


@pytest.fixture(scope="module")
def inventory_after(playbook: Any) -> Iterator[None]:
    """After the tests of a file, the platform of the inventory is deployed."""
    yield
    deploy(playbook)


@pytest.fixture(scope="module")
def inventory_before_and_after(playbook: Any, inventory_after: None) -> None:
    """Before and after the tests of a file, the platform of the inventory is deployed."""
    deploy(playbook)


@pytest.fixture
def watch_beats() -> Callable[[], BeatWatch]:
    """Watches the processes of Celery beat, in a with statement."""
    return BeatWatch


@pytest.fixture
def in_django(cluster: Any) -> Callable[[str], str]:
    """Runs a program with the application's settings in a pod of Django, and returns what it prints."""

    def run(program: str) -> str:
        pod = cluster.pods("django")[0]["metadata"]["name"]
        setup = "import django; django.setup(); "
        command = ["exec", pod, "--container=django", "--", "python", "-c", setup + program]
        said: str = cluster.kubectl(*command).stdout.strip()
        return said

    return run
