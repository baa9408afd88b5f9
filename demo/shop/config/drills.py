"""Failure switches that act while a process starts (demo/README.md lists all)."""

import sys
from pathlib import Path

from config import environment

ROLES = ("web", "worker", "beat")


def process_role(argv: list[str]) -> str:
    """Return ``web``, ``worker``, ``beat``, or ``command`` for anything else."""
    program = Path(argv[0])
    if program.name == "gunicorn" or program.parent.name == "gunicorn":
        return "web"
    if program.name == "celery" or program.parent.name == "celery":
        return next((word for word in argv[1:] if word in ROLES), "command")
    return "command"


def fail_boot(role: str) -> None:
    """Refuse to start when ``DEMO_FAIL_BOOT`` names this process's role."""
    wanted = environment.text("DEMO_FAIL_BOOT")
    if wanted and wanted not in (*ROLES, "all"):
        environment.refuse(f"the environment variable DEMO_FAIL_BOOT is none of web, worker, beat, all: {wanted!r}")
    if wanted in (role, "all"):
        environment.refuse(f"DEMO_FAIL_BOOT={wanted} asks {role} to fail")


def crash_once(role: str) -> None:
    """Refuse to start while the file named by ``DEMO_CRASH_ONCE`` is absent."""
    marker = environment.text("DEMO_CRASH_ONCE")
    if not marker or Path(marker).exists():
        return
    try:
        Path(marker).touch()
    except OSError as error:
        environment.refuse(f"DEMO_CRASH_ONCE cannot write {marker}: {error.strerror}")
    environment.refuse(f"DEMO_CRASH_ONCE asks {role} to fail once")


def apply() -> None:
    """Apply the switches to a web, worker or beat process, never to a command."""
    role = process_role(sys.argv)
    if role in ROLES:
        fail_boot(role)
        crash_once(role)
