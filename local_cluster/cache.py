"""The per-machine cache: the results of builds, named by a hash of their inputs."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DAY = 24 * 3600.0  # seconds. No build takes longer.


def root() -> Path:
    """Return the cache folder of this user on this machine."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "jewelry_shop.platform"


def binaries() -> Path:
    """Return the folder with links to kind, kubectl and the other programs."""
    return root() / "bin"


def log_file(name: str) -> Path:
    """Return the log file of one step; its folder exists."""
    folder = root() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def content_hash(*parts: str | Path) -> str:
    """Return 12 hex digits that change with any part.

    Args:
        parts: Text, a file, or a folder. A file counts by its content. A folder counts by the relative
            names, executable bits and contents of its files. The location does not count.
    """
    digest = hashlib.sha256()
    for part in parts:
        for name, data in _entries(part):
            digest.update(f"{len(name)} {len(data)} {name}".encode())
            digest.update(data)
    return digest.hexdigest()[:12]


def _entries(part: str | Path) -> Iterator[tuple[str, bytes]]:
    if isinstance(part, str):
        yield "", part.encode()
    elif part.is_dir():
        for path in sorted(part.rglob("*")):
            if path.is_file():
                mode = "x" if os.access(path, os.X_OK) else "-"
                yield f"{mode}{path.relative_to(part).as_posix()}", path.read_bytes()
    else:
        yield "", part.read_bytes()


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a temporary folder on the file system of the cache, and remove it at the end."""
    folder = root() / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():  # left by a run that was killed
        with suppress(FileNotFoundError):  # another run may remove its folder at the same time
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Yield a folder to fill, which becomes ``target`` only when the block ends without an error."""
    with scratch() as folder:
        filled = folder / target.name
        filled.mkdir()
        yield filled
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        filled.rename(target)


@contextmanager
def lock() -> Iterator[None]:
    """Let only one process of this user prepare this machine at a time."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another run that prepares this machine.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
