# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""When the renewal of a Lease writes, and when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible import constants

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.run import LostError
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.background import run_in_background, start_of
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.lease_mark import LeaseMark
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.lease_renewal import Run, keep_renewing


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LeaseMark:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return LeaseMark("kind")


class Clock:
    """A clock that only sleep() moves, and what happens at a time."""

    def __init__(self, **events: Callable[[], object]) -> None:
        self.now = 0.0
        self._events = {int(at.removeprefix("at_")): event for at, event in events.items()}

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._events.pop(int(self.now), lambda: None)()


def renewals(mark: LeaseMark, clock: Clock, fail: dict[int, Exception] | None = None) -> list[int]:
    """The times at which a renewal with an interval of 20 s was tried."""
    tried: list[int] = []

    def renew() -> None:
        tried.append(int(clock.now))
        error = (fail or {}).get(len(tried))
        if error:
            raise error

    run = Run(os.getpid(), start_of(os.getpid()), mark, mark.set(60))
    keep_renewing(run, renew, 20, clock.sleep, lambda: clock.now)
    return tried


def test_a_lease_is_renewed_at_its_interval_until_it_is_released(mark: LeaseMark) -> None:
    assert renewals(mark, Clock(at_65=mark.clear)) == [20, 40, 60]


def test_a_failed_renewal_is_repeated_soon(mark: LeaseMark) -> None:
    away = PlatformError("unavailable", away=True)
    assert renewals(mark, Clock(at_45=mark.clear), {1: away, 2: away}) == [20, 21, 22, 42]


def test_a_lost_lease_is_not_renewed_again_and_the_tasks_find_out(mark: LeaseMark) -> None:
    assert renewals(mark, Clock(), {2: LostError("another run")}) == [20, 40]
    assert mark.state() == "overdue"


def test_a_later_acquisition_replaces_the_renewal(mark: LeaseMark) -> None:
    assert renewals(mark, Clock(at_30=lambda: mark.set(60))) == [20]
    assert mark.state() == "held"


def test_the_state_follows_from_the_age_of_the_last_renewal(mark: LeaseMark) -> None:
    assert mark.state() == "none"
    mark.set(60)
    assert mark.state() == "held"
    [path] = Path(constants.DEFAULT_LOCAL_TMP).iterdir()
    for age, state in ((39, "held"), (41, "overdue"), (-10, "overdue")):
        os.utime(path, (time.time() - age, time.time() - age))
        assert mark.state() == state, age
    mark.renewed()
    assert mark.state() == "held"
    mark.clear()
    assert mark.state() == "none"


def test_the_identity_differs_between_runs_and_hosts(mark: LeaseMark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path / "other"))
    assert len({mark.identity, LeaseMark("kind").identity, LeaseMark("prod").identity}) == 3


def test_a_killed_process_has_ended_even_if_nobody_reads_its_exit_code() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_of(process.pid)
    assert started
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert start_of(process.pid) == ""
    process.communicate()
    assert start_of(process.pid) == ""


def test_a_process_in_the_background_keeps_no_pipe_and_has_a_session_of_its_own(tmp_path: Path) -> None:
    """The caller would wait for the end of a pipe that the process keeps, as ansible-runner does."""
    reader, writer = os.pipe()
    started, go_on, session = tmp_path / "started", tmp_path / "go_on", tmp_path / "session"

    def work() -> None:
        session.write_text(f"{os.getsid(0)} {os.getppid()}")
        started.touch()
        while not go_on.exists() and tmp_path.exists():
            time.sleep(0.05)

    run_in_background(work)
    os.close(writer)
    while not started.exists():
        time.sleep(0.05)
    assert os.read(reader, 1) == b"", "the pipe has ended although the process lives"
    os.close(reader)
    number, parent = map(int, session.read_text().split())
    assert number != os.getsid(0)
    assert parent != os.getpid()
    go_on.touch()
