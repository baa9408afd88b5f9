"""Put the collection awx.awx beside the checkout in .ansible/collections, from the package `ansible` that requirements/awx.txt pins.

Newer versions of the package have no awx.awx, so the one of the development environment does not contain it. Lint and the unit tests of
the role awx need it. Users install it with ansible-galaxy.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "awx.txt"
COLLECTIONS = ROOT / ".ansible" / "collections"
PREFIX = "ansible_collections/awx/awx/"
# Says which lock file the collection is from. It is written last.
STAMP = COLLECTIONS / PREFIX / "requirements.lock"


def main() -> None:
    """Download and unpack, unless this was done before."""
    if STAMP.is_file() and STAMP.read_text() == LOCK.read_text():
        return
    print(f"Getting the collection awx.awx into {COLLECTIONS.relative_to(ROOT)}")
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", f"--requirement={LOCK}", f"--dest={folder}"]
        subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "download", *options], check=True)
        [wheel] = pathlib.Path(folder).glob("*.whl")
        shutil.rmtree(COLLECTIONS / PREFIX, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(COLLECTIONS, [name for name in archive.namelist() if name.startswith(PREFIX)])
    STAMP.write_text(LOCK.read_text())


if __name__ == "__main__":
    main()
