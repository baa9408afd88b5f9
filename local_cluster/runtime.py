"""The OCI runtime shim for engines whose root lacks capabilities (see go/runc-shim)."""

import shutil
from pathlib import Path

from local_cluster import binaries

NAME = "capability-shim"
# Not in a user's cache, because the engine needs the file as long as daemon.json names it.
_INSTALLED = Path("/usr/local/lib/jewelry-shop/runc-shim")


def missing_capabilities(process: str) -> frozenset[int]:
    """Return the numbers of the capabilities that a process cannot have.

    Args:
        process: Process id, or ``self``.
    """
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return missing_from_status(Path(f"/proc/{process}/status").read_text(), last)


def missing_from_status(status: str, last: int) -> frozenset[int]:
    """Return the capability numbers from 0 to ``last`` that are not in the status text's CapBnd."""
    bounding = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd:"))
    return frozenset(number for number in range(last + 1) if not bounding & 1 << number)


def install() -> Path:
    """Build and install the shim, and return its path."""
    binaries.RUNC_SHIM.ensure()
    built = binaries.RUNC_SHIM.directory / "runc-shim"
    if not _INSTALLED.exists() or _INSTALLED.read_bytes() != built.read_bytes():
        _INSTALLED.parent.mkdir(parents=True, exist_ok=True)
        temporary = _INSTALLED.with_suffix(".new")
        shutil.copy2(built, temporary)
        temporary.replace(_INSTALLED)
    return _INSTALLED
