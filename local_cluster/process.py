"""Run other programs."""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_cluster.errors import LocalClusterError

_HEARTBEAT = 30.0


def output(command: Sequence[str | Path], *, text: str | None = None) -> str:
    """Return what a short command prints.

    Args:
        command: Program and arguments.
        text: What the command reads; nothing when left out.

    Raises:
        LocalClusterError: The command is missing or fails.
    """
    result = _completed(command, text)
    if result.returncode != 0:
        reason = _last_lines(result.stderr or result.stdout, 3) or "it printed nothing"
        raise LocalClusterError(f"`{_words(command)}` ended with {result.returncode}: {reason}")
    return result.stdout.strip()


def succeeds(command: Sequence[str | Path]) -> bool:
    """Return whether a short command ends with 0."""
    return _completed(command, None).returncode == 0


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
) -> None:
    """Run a long command with its output in a log file, and show every 30 s that it is still running.

    Args:
        command: Program and arguments.
        log: File that the output is appended to.
        cwd: Working directory.
        environment: Variables in addition to the inherited ones.
        text: What the command reads; nothing when left out.

    Raises:
        LocalClusterError: The command is missing or fails; carries the last lines of the log.
    """
    started = time.monotonic()
    with log.open("a") as file:
        file.write(f"\n$ {_words(command)}\n")
        file.flush()
        try:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except FileNotFoundError as error:
            raise LocalClusterError(f"`{command[0]}` is not installed.") from error
        try:
            _wait(process, text, started)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        raise LocalClusterError(
            f"`{_words(command)}` ended with {process.returncode}. Last lines of {log}:\n"
            + _last_lines(log.read_text(errors="replace"), 15)
        )


def _wait(process: "subprocess.Popen[str]", text: str | None, started: float) -> None:
    while True:
        try:
            process.communicate(text, timeout=_HEARTBEAT)
            return
        except subprocess.TimeoutExpired:
            text = None  # It is being written already.
            print(f"      ... {time.monotonic() - started:.0f} s", flush=True)


def _completed(command: Sequence[str | Path], text: str | None) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            [str(word) for word in command],
            input=text or "",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess([], 127, "", f"{command[0]} is not installed")


def _words(command: Sequence[str | Path]) -> str:
    line = shlex.join(str(word) for word in command)
    return line if len(line) <= 200 else line[:200] + " ..."


def _last_lines(text: str, count: int) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
