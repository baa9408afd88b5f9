# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The script that copies images, run with programs in place of skopeo and crane."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror.script import mirror_script

A = f"sha256:{hashlib.sha256(b'one').hexdigest()}"
# The registries are a directory. A file has the manifest of an image, and a slash in the name of the image is a comma in that of the file.
SKOPEO = """#!/bin/sh
set -eu
echo "$@" >> "$LOG"
file() { echo "${1#docker://}" | sed "s|/|,|g; s|^|$REGISTRY/|"; }
case $1 in
  inspect) cat "$(file "$3")" ;;
  manifest-digest) echo "sha256:$(sha256sum "$2" | cut -d' ' -f1)" ;;
  copy) cp "$(file "$4")" "$(file "$5")" ;;
esac
"""
CRANE = """#!/bin/sh
set -eu
echo "$@" >> "$LOG"
file() { echo "$1" | sed "s|/|,|g; s|^|$REGISTRY/|"; }
case $1 in
  digest) [ -e "$(file "$3")" ] && echo "sha256:$(sha256sum "$(file "$3")" | cut -d' ' -f1)" ;;
  copy) cp "$(file "$3")" "$(file "$4")" ;;
esac
"""
IMAGES: list[dict[str, Any]] = [
    {
        "image": "q.io/shop:1",
        "digests": [A],
        "source": f"q.io/shop@{A}",
        "mirror": "m.io/shop:1",
        "target": "m.io/shop:1",
    },
    {
        "image": "q.io/nginx:1",
        "digests": [],
        "source": "q.io/nginx:1",
        "mirror": "m.io/nginx:1",
        "target": "m.io/nginx:1",
    },
    # It is in the mirror already.
    {"image": "m.io/own:1", "digests": [], "source": "m.io/own:1", "mirror": "m.io/own:1", "target": "m.io/own:1"},
]


class Registries:
    """The folder that stands for the registries, and the programs that use it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.images = folder / "images"
        self.programs = folder / "bin"
        self.images.mkdir()
        self.programs.mkdir()
        for name, content in (("skopeo", SKOPEO), ("crane", CRANE)):
            (self.programs / name).write_text(content)
            (self.programs / name).chmod(0o755)
        self.put(f"q.io/shop@{A}", "one")
        self.put("q.io/nginx:1", "two")

    def put(self, image: str, content: str) -> None:
        (self.images / image.replace("/", ",")).write_text(content)

    def get(self, image: str) -> str:
        return (self.images / image.replace("/", ",")).read_text()

    def run(self, images: list[dict[str, Any]], tool: str, programs: str = "") -> subprocess.CompletedProcess[str]:
        script = self.folder / "mirror.sh"
        script.write_text(mirror_script(images, tool))
        environment = {
            "PATH": programs or f"{self.programs}:{os.environ['PATH']}",
            "REGISTRY": str(self.images),
            "LOG": str(self.folder / "log"),
        }
        return subprocess.run(
            [shutil.which("sh") or "sh", script], env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def calls(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def registries(tmp_path: pathlib.Path) -> Registries:
    return Registries(tmp_path)


@pytest.mark.parametrize("tool", ["skopeo", "crane"])
def test_the_script_copies_each_image_once(registries: Registries, tool: str) -> None:
    first = registries.run(IMAGES, tool)
    assert (first.returncode, first.stdout.splitlines()) == (
        0,
        [f"copy: q.io/shop@{A} to m.io/shop:1", "copy: q.io/nginx:1 to m.io/nginx:1"],
    ), first.stderr
    assert (registries.get("m.io/shop:1"), registries.get("m.io/nginx:1")) == ("one", "two")
    second = registries.run(IMAGES, tool)
    assert (second.returncode, second.stdout.splitlines()) == (0, ["exists: m.io/shop:1", "exists: m.io/nginx:1"]), second.stderr


@pytest.mark.parametrize("tool", ["skopeo", "crane"])
def test_an_image_that_changed_is_copied_again(registries: Registries, tool: str) -> None:
    registries.run(IMAGES, tool)
    registries.put("q.io/nginx:1", "three")
    registries.put("m.io/shop:1", "of somebody else")
    assert [line.partition(":")[0] for line in registries.run(IMAGES, tool).stdout.splitlines()] == ["copy", "copy"]
    assert (registries.get("m.io/shop:1"), registries.get("m.io/nginx:1")) == ("one", "three")


@pytest.mark.parametrize("tool", ["skopeo", "crane"])
def test_the_script_stops_at_an_image_that_cannot_be_copied(registries: Registries, tool: str) -> None:
    missing = {**IMAGES[1], "source": "q.io/missing:1"}
    done = registries.run([missing, IMAGES[0]], tool)
    assert done.returncode != 0
    assert done.stdout.splitlines() == ["copy: q.io/missing:1 to m.io/nginx:1"]


@pytest.mark.parametrize("tool", ["skopeo", "crane"])
def test_the_tool_is_required(registries: Registries, tool: str) -> None:
    done = registries.run(IMAGES, tool, programs="/nonexistent")
    assert (done.returncode, done.stderr) == (1, f"Install {tool}, and run this script again.\n")


def test_skopeo_copies_all_platforms_and_keeps_digests(registries: Registries) -> None:
    registries.run(IMAGES[:1], "skopeo")
    assert registries.calls()[-1] == f"copy --all --preserve-digests docker://q.io/shop@{A} docker://m.io/shop:1"


@pytest.mark.parametrize("name", ["a b", "$(touch HERE)", "'; touch HERE; '", "a`touch HERE`", "-help", "a\ntouch HERE"])
def test_the_shell_does_not_interpret_names(registries: Registries, name: str) -> None:
    name = name.replace("HERE", str(registries.folder / "touched"))
    image = {**IMAGES[1], "source": name, "target": f"{name} there"}
    assert f"copy: {name} to {name} there\n" in registries.run([image], "crane").stdout
    assert not (registries.folder / "touched").exists()


def test_two_names_of_one_copy_are_copied_once() -> None:
    assert mirror_script([IMAGES[0], {**IMAGES[0], "image": "r.io/shop:1"}]).count("\nmirror ") == 1
