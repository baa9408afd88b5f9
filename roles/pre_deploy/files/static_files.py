"""Keep the static files of several releases in one volume, each release with its own directory and manifest.

prepare VOLUME REVISION creates the directory of a revision, which the container of the command mounts.
collect VOLUME REVISION [OPTIONS] -- COMMAND runs the command, which writes into that directory. Then it publishes the files: each one also
gets its name in the root of the volume, from which nginx serves the files of all releases. At the end it removes old revisions.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

DIRECTORY = ".releases"
# The manifest of ManifestStaticFilesStorage. Pods of the application read the one of their own revision.
MANIFEST = Path("staticfiles.json")
# A Job ends long before.
UNFINISHED_SECONDS = 24 * 60 * 60


class Volume:
    """The volume with the static files.

    Args:
        root: where it is mounted.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.releases = root / DIRECTORY
        # Another Job may run at the same time. The name of a pod is unique.
        self.temporary = self.releases / f".new-{os.uname().nodename}"

    def directory(self, revision: str) -> Path:
        """The directory with the files of a revision."""
        return self.releases / revision

    def marker(self, revision: str) -> Path:
        """The file whose existence means that the directory is complete. Its time is that of the last deployment."""
        return self.releases / f"{revision}.complete"

    def revisions(self) -> list[str]:
        """All revisions, complete or not."""
        return [entry.name for entry in self.releases.iterdir() if entry.is_dir()]

    def complete(self) -> list[str]:
        """The complete revisions, the one that was deployed last first."""
        times = {each: self.marker(each).stat().st_mtime_ns for each in self.revisions() if self.marker(each).exists()}
        return sorted(times, key=lambda each: times[each], reverse=True)


def files(directory: Path) -> Iterator[Path]:
    """The paths of all files below a directory, relative to it. The manifest is last, because the files that it names come first."""
    found = [Path(folder, name).relative_to(directory) for folder, _folders, names in os.walk(directory) for name in names]
    yield from sorted((path for path in found if (directory / path).is_file()), key=lambda path: (path == MANIFEST, path))


def same(one: Path, other: Path) -> bool:
    """Whether two regular files have the same content."""
    return other.is_file() and not other.is_symlink() and (one.samefile(other) or filecmp.cmp(str(one), str(other), shallow=False))


def replace(volume: Volume, source: Path, target: Path, *, copy: bool) -> None:
    """Give a file another name. A reader of that name sees the file before or the file after, and never a part of it.

    Args:
        volume: the volume of both.
        source: the file.
        target: the other name.
        copy: whether to copy the file if the file system has no hard links.
    """
    if volume.temporary.exists():
        volume.temporary.unlink()
    try:
        # A link to a symbolic link is a symbolic link.
        os.link(str(source.resolve()), str(volume.temporary))
    except OSError:
        if not copy:
            return
        shutil.copyfile(str(source), str(volume.temporary))
    volume.temporary.replace(target)


def publish(volume: Volume, revision: str, *, keep_manifest: bool) -> int:
    """Give the files of a revision their names in the root of the volume.

    Args:
        volume: the volume.
        revision: the revision.
        keep_manifest: whether pods may still read the manifest in the root.

    Returns:
        The number of files that are new or have another content.
    """
    number = 0
    for path in files(volume.directory(revision)):
        own, served = volume.directory(revision) / path, volume.root / path
        if path == MANIFEST and keep_manifest and served.exists():
            continue
        if not same(own, served):
            served.parent.mkdir(parents=True, exist_ok=True)
            replace(volume, own, served, copy=True)
            number += 1
        elif not own.samefile(served):
            # nginx makes the ETag from the time of the served file, so that file stays. The revisions share its space.
            replace(volume, served, own, copy=False)
    return number


def remove(volume: Volume, revision: str, kept: Iterable[str]) -> int:
    """Remove a revision, and its files in the root that no other revision has.

    A file in the root that no revision has is of unknown origin, and stays.

    Args:
        volume: the volume.
        revision: the revision to remove.
        kept: the revisions that stay.

    Returns:
        The number of files that were removed from the root.
    """
    directory, others = volume.directory(revision), [volume.directory(each) for each in kept]
    # First, because a directory without a marker is not complete.
    if volume.marker(revision).exists():
        volume.marker(revision).unlink()
    number = 0
    for path in files(directory):
        served = volume.root / path
        if same(directory / path, served) and not any((other / path).exists() for other in others):
            served.unlink()
            number += 1
            remove_empty(served.parent, volume.root)
    shutil.rmtree(str(directory))
    return number


def remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and the folders above it, as far as they are empty."""
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def prune(volume: Volume, kept: set[str]) -> None:
    """Remove the revisions that are not kept. A failure is shown, and the next Job tries again.

    A young directory without a marker stays, because the Job of another release may fill it.
    """
    for revision in sorted(set(volume.revisions()) - kept):
        if not volume.marker(revision).exists() and time.time() - volume.directory(revision).stat().st_mtime < UNFINISHED_SECONDS:
            continue
        try:
            number = remove(volume, revision, kept)
        except OSError as error:
            print(f"Revision {revision} cannot be removed: {error}. The next Job tries again.", flush=True)
        else:
            print(f"Revision {revision} removed, with {number} files that no other revision has.", flush=True)


def collect(volume: Volume, revision: str, options: argparse.Namespace) -> int:
    """Run the command unless the revision is complete, then publish its files and remove old revisions.

    Returns:
        The exit code of the command.
    """
    if revision in volume.complete() and not options.force:
        print(f"The static files of revision {revision} are complete. The command does not run again.", flush=True)
    else:
        if volume.marker(revision).exists():
            volume.marker(revision).unlink()
        try:
            status = subprocess.run(options.command, check=False).returncode
        except OSError as error:
            print(f"The command of the static files cannot run: {error}", file=sys.stderr)
            return 1
        if status:
            # A negative number is a signal.
            return status if status > 0 else 128 - status
    number = publish(volume, revision, keep_manifest=options.keep_manifest)
    volume.marker(revision).touch()
    kept = {revision, *options.used, *volume.complete()[: options.history + 1]}
    print(f"Revision {revision} published: {number} files are new or have changed.", flush=True)
    prune(volume, kept)
    return 0


def main(arguments: list[str]) -> int:
    """Run one of the two actions. An error is one line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["prepare", "collect"])
    parser.add_argument("volume", type=lambda path: Volume(Path(path)))
    parser.add_argument("revision")
    parser.add_argument("--history", type=int, default=0, help="number of revisions to keep, without the current one")
    parser.add_argument("--used", action="append", default=[], help="a revision that pods use")
    parser.add_argument("--force", action="store_true", help="run the command although the revision is complete")
    parser.add_argument("--keep-manifest", action="store_true", help="do not replace the manifest in the root")
    # argparse would remove a further -- from the command.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end], argparse.Namespace(command=arguments[end + 1 :]))
    try:
        if not options.volume.directory(options.revision).exists() and options.volume.marker(options.revision).exists():
            # Somebody removed the files.
            options.volume.marker(options.revision).unlink()
        # By the user of the application: a directory that the kubelet creates belongs to root.
        options.volume.directory(options.revision).mkdir(parents=True, exist_ok=True)
        return collect(options.volume, options.revision, options) if options.action == "collect" else 0
    except OSError as error:
        print(f"The static files of revision {options.revision} cannot be kept in the claim static: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
