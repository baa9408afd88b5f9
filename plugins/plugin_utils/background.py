# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a function beside an ansible-playbook process, for as long as that process lives (private to the collection)."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path


def start_of(pid: int) -> str:
    """When a process started; empty if it has ended. A process id can be used again, but not with the same start.

    Args:
        pid: id of the process.
    """
    if Path("/proc/self/stat").exists():
        try:
            # The name of the program is in parentheses and may contain spaces and parentheses.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        state, started = fields[0], fields[19]
    else:
        command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        state, _space, started = shown.strip().partition(" ")
    # A killed process stays as a zombie until its parent has read its exit code.
    return "" if state[:1] in ("Z", "X") else started.strip()


def run_in_background(work: Callable[[], None]) -> None:
    """Run a function in a new process that keeps nothing of this one: no terminal, no pipe, no connection.

    A fork keeps what this process has in memory. So credentials are neither in arguments, nor in files, nor in a new environment.

    Args:
        work: the function. Its exceptions end the process.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        # A process that is not the first of its session never gets a terminal. Its parent is init, which reads its exit code.
        if os.fork() == 0:
            _let_go()
            work()
    finally:
        # Without the handlers of Ansible that run at the end of a process.
        os._exit(0)


def _let_go() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    # The numbers stay in use, because objects of the former process may still close them.
    for number in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        try:
            os.dup2(nothing, number)
        except OSError:  # the descriptor of the listing itself
            continue
