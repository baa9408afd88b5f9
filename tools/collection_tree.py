"""Copy what belongs to the collection into a real `ansible_collections` tree.

ansible-test rejects a checkout that is reached through a symbolic link, and an artifact must not contain unrelated files of the
checkout. Both therefore use a copy of the files that git tracks or would add, without those that galaxy.yml ignores.
The collections that this one depends on are linked from the environment's package `ansible`.
"""

from __future__ import annotations

import argparse
import fnmatch
import pathlib
import shutil
import subprocess
import sysconfig

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Not in the artifact, but required by ansible-test.
TEST_SETTINGS = ("tests/config.yml", "tests/sanity/*.txt")


def repository_files(root: pathlib.Path = ROOT) -> list[str]:
    """List the files that git tracks or would add, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def is_left_out(name: str, patterns: list[str]) -> bool:
    """Whether galaxy.yml's `build_ignore` excludes a file or one of its folders."""
    parts = pathlib.PurePath(name)
    return any(fnmatch.fnmatch(str(part), pattern) for part in (parts, *parts.parents[:-1]) for pattern in patterns)


def make(target: pathlib.Path, with_test_settings: bool) -> pathlib.Path:
    """Replace the tree in target with a new copy, and return the folder of the collection in it."""
    target = target.resolve()
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    collection = target.joinpath("ansible_collections", galaxy["namespace"], galaxy["name"])
    shutil.rmtree(target, ignore_errors=True)
    for name in repository_files():
        wanted = not is_left_out(name, galaxy["build_ignore"])
        if wanted or (with_test_settings and any(fnmatch.fnmatch(name, pattern) for pattern in TEST_SETTINGS)):
            (collection / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, collection / name)
    installed = pathlib.Path(sysconfig.get_path("purelib")) / "ansible_collections"
    for dependency in galaxy["dependencies"]:
        link = target.joinpath("ansible_collections", *dependency.split("."))
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(installed.joinpath(*dependency.split(".")))
    return collection


def main() -> None:
    """Create the tree and print the folder of the collection."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=pathlib.Path, help="folder that is replaced")
    parser.add_argument("--with-test-settings", action="store_true", help="add what ansible-test reads")
    arguments = parser.parse_args()
    print(make(arguments.target, arguments.with_test_settings))


if __name__ == "__main__":
    main()
