"""Static files of several releases in one volume: what the Jobs that collect them do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "roles" / "pre_deploy" / "files" / "static_files.py"
# Stands in for collectstatic: writes the files of its argument into the directory of the revision, and counts its runs.
WRITE = (
    "import json, pathlib, sys; root = pathlib.Path(sys.argv[1])\n"
    "for name, text in json.loads(sys.argv[2]).items():\n"
    "    (root / name).parent.mkdir(parents=True, exist_ok=True); (root / name).write_text(text)\n"
    "print('it runs')"
)


class Claim:
    """A claim, and the Job that collects a revision."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def collect(self, revision: str, files: dict[str, str], *options: str) -> str:
        directory = self.root / ".releases" / revision
        self.run("prepare", str(self.root), revision)
        files = {**files, "staticfiles.json": json.dumps(sorted(files))}
        command = [sys.executable, "-c", WRITE, str(directory), json.dumps(files)]
        done = self.run("collect", str(self.root), revision, *options, "--", *command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(FILE), *arguments], capture_output=True, text=True)

    def served(self) -> dict[str, str]:
        """What nginx serves, without the directories of the revisions."""
        paths = [path for path in self.root.rglob("*") if path.is_file() and ".releases" not in path.parts]
        return {str(path.relative_to(self.root)): path.read_text() for path in paths}

    def manifest(self, revision: str = "") -> list[str]:
        folder = self.root / ".releases" / revision if revision else self.root
        found: list[str] = json.loads((folder / "staticfiles.json").read_text())
        return found

    def revisions(self) -> set[str]:
        return {path.name for path in (self.root / ".releases").iterdir() if path.is_dir()}


@pytest.fixture
def claim(tmp_path: Path) -> Claim:
    return Claim(tmp_path)


def release(letter: str) -> dict[str, str]:
    return {"app.css": letter, f"app.{letter}.css": letter, "img/same.1.svg": "same"}


def test_each_revision_has_its_own_manifest_and_nginx_serves_the_files_of_both(claim: Claim) -> None:
    claim.collect("a", release("a"), "--history=1")
    claim.collect("b", release("b"), "--history=1")
    assert claim.manifest("a") == ["app.a.css", "app.css", "img/same.1.svg"]
    assert claim.manifest("b") == claim.manifest() == ["app.b.css", "app.css", "img/same.1.svg"]
    served = claim.served()
    assert {name for name in served if name.endswith(".css")} == {"app.a.css", "app.b.css", "app.css"}
    # Names without a hash are those of the newest release.
    assert served["app.css"] == "b"


def test_a_file_that_is_already_served_stays_and_shares_its_space(claim: Claim) -> None:
    """nginx makes the ETag of a file from its time."""
    claim.collect("a", release("a"), "--history=1")
    served = claim.root / "img" / "same.1.svg"
    before = served.stat()
    claim.collect("b", release("b"), "--history=1")
    after = served.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert {(claim.root / ".releases" / each / "img" / "same.1.svg").stat().st_ino for each in "ab"} == {after.st_ino}


def test_a_change_in_the_directory_of_a_revision_changes_no_other(claim: Claim) -> None:
    """Django deletes a file before it writes it, as an operator's collectstatic in a pod does."""
    claim.collect("a", release("a"), "--history=1")
    own = claim.root / ".releases" / "a" / "app.css"
    own.unlink()
    own.write_text("changed")
    assert claim.served()["app.css"] == "a"


def test_old_revisions_go_with_the_files_that_no_kept_one_has(claim: Claim) -> None:
    for letter in "abc":
        said = claim.collect(letter, {**release(letter), f"{letter}/only.txt": letter}, "--history=1")
    assert claim.revisions() == {"b", "c"}
    assert "Revision a removed, with 2 files that no other revision has." in said
    assert set(claim.served()) == {
        *("app.b.css", "app.c.css", "app.css", "b/only.txt", "c/only.txt", "img/same.1.svg", "staticfiles.json"),
    }
    assert not (claim.root / "a").exists()


def test_a_revision_that_pods_use_stays(claim: Claim) -> None:
    """The releases after it failed."""
    for letter in "abcd":
        claim.collect(letter, release(letter), "--history=1", "--used=a")
    assert claim.revisions() == {"a", "c", "d"}
    assert "app.a.css" in claim.served()
    assert "app.b.css" not in claim.served()


def test_files_of_unknown_origin_stay(claim: Claim) -> None:
    """Put there by hand, or by an earlier version of the collection."""
    (claim.root / "by-hand.txt").write_text("kept")
    (claim.root / "app.old.css").write_text("old")
    for letter in "abc":
        claim.collect(letter, release(letter), "--history=0")
    assert claim.revisions() == {"c"}
    assert set(claim.served()) == {"app.c.css", "app.css", "app.old.css", "by-hand.txt", "img/same.1.svg", "staticfiles.json"}


def test_pods_from_before_the_update_keep_their_manifest(claim: Claim) -> None:
    """They read the one in the root. It is replaced when these pods are gone."""
    (claim.root / "staticfiles.json").write_text('["app.old.css"]')
    claim.collect("a", release("a"), "--keep-manifest")
    assert claim.manifest() == ["app.old.css"]
    assert claim.served()["app.a.css"] == "a"
    claim.collect("b", release("b"))
    assert claim.manifest() == claim.manifest("b")


def test_a_revision_that_is_complete_is_published_again_without_the_command(claim: Claim) -> None:
    """For example after a rollback. It then counts as the newest."""
    assert "it runs" in claim.collect("a", release("a"), "--history=2")
    claim.collect("b", release("b"), "--history=2")
    again = claim.collect("a", release("a"), "--history=2")
    assert "it runs" not in again
    assert "Revision a published: 2 files are new or have changed." in again
    assert claim.served()["app.css"] == "a"
    claim.collect("c", release("c"), "--history=1")
    assert claim.revisions() == {"a", "c"}


def test_force_runs_the_command_of_a_complete_revision(claim: Claim) -> None:
    claim.collect("a", release("a"))
    assert "it runs" in claim.collect("a", {**release("a"), "more.txt": "new"}, "--force")
    assert claim.served()["more.txt"] == "new"


@pytest.mark.parametrize(("program", "code"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_a_command_that_fails_publishes_nothing(claim: Claim, program: str, code: int) -> None:
    claim.collect("a", release("a"))
    before = claim.served()
    claim.run("prepare", str(claim.root), "b")
    failed = claim.run("collect", str(claim.root), "b", "--", sys.executable, "-c", program)
    assert failed.returncode == code
    assert claim.served() == before
    # The next Job runs the command again.
    assert "it runs" in claim.collect("b", release("b"))


def test_a_further_separator_belongs_to_the_command(claim: Claim) -> None:
    done = claim.run("collect", str(claim.root), "a", "--", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--", "x")
    assert "['--', 'x']" in done.stdout, done.stderr


@pytest.mark.parametrize("command", [["no-such-program"], [str(FILE)]])
def test_an_error_is_one_sentence(claim: Claim, command: list[str]) -> None:
    done = claim.run("collect", str(claim.root), "a", "--", *command)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("The command of the static files cannot run: ")


def test_a_volume_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".releases").write_text("a file")
    done = Claim(tmp_path).run("prepare", str(tmp_path), "a")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("The static files of revision a cannot be kept in the claim static: ")


def test_a_file_system_without_hard_links_gets_copies(load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script: ModuleType = load("pre_deploy/files/static_files.py")
    monkeypatch.setattr(script.os, "link", _refuse)
    volume = script.Volume(tmp_path)
    for letter in "ab":
        for name, text in release(letter).items():
            path = volume.directory(letter) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        script.publish(volume, letter, keep_manifest=False)
    assert Claim(tmp_path).served() == {**release("a"), **release("b")}
    assert script.remove(volume, "a", {"b"}) == 1


def _refuse(*_arguments: object) -> None:
    raise PermissionError("no links")


def test_symbolic_links_of_collectstatic_become_files(claim: Claim, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`collectstatic --link` creates links into the image, which nginx does not have."""
    image = tmp_path_factory.mktemp("image") / "app.css"
    image.write_text("a")
    claim.run("prepare", str(claim.root), "a")
    (claim.root / ".releases" / "a" / "app.css").symlink_to(image)
    done = claim.run("collect", str(claim.root), "a", "--", "true")
    assert done.returncode == 0, done.stderr
    served = claim.root / "app.css"
    assert served.read_text() == "a"
    assert not served.is_symlink()


def test_a_revision_that_cannot_be_removed_fails_no_deployment(load: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script: ModuleType = load("pre_deploy/files/static_files.py")
    volume = script.Volume(tmp_path)
    volume.directory("a").mkdir(parents=True)
    volume.marker("a").touch()

    def fail(_path: str) -> None:
        raise OSError("directory is busy")

    original, shutil.rmtree = shutil.rmtree, fail  # type: ignore[assignment]
    try:
        script.prune(volume, set())
    finally:
        shutil.rmtree = original
    assert capsys.readouterr().out == "Revision a cannot be removed: directory is busy. The next Job tries again.\n"


def test_a_revision_that_another_job_fills_stays(load: Any, tmp_path: Path) -> None:
    script: ModuleType = load("pre_deploy/files/static_files.py")
    volume = script.Volume(tmp_path)
    for revision, age in (("young", 0), ("left behind", script.UNFINISHED_SECONDS + 60)):
        volume.directory(revision).mkdir(parents=True)
        os.utime(volume.directory(revision), (time.time() - age,) * 2)
    script.prune(volume, set())
    assert volume.revisions() == ["young"]


def test_a_revision_whose_directory_was_removed_is_collected_again(load: Any, tmp_path: Path) -> None:
    script: ModuleType = load("pre_deploy/files/static_files.py")
    volume = script.Volume(tmp_path)
    volume.releases.mkdir()
    volume.marker("a").touch()
    assert script.main(["prepare", str(tmp_path), "a"]) == 0
    assert volume.complete() == []


def test_files_are_readable_by_nginx(claim: Claim) -> None:
    claim.collect("a", release("a"))
    assert all((claim.root / name).stat().st_mode & 0o044 == 0o044 for name in claim.served())


DJANGO = """
import sys
from django.conf import settings
settings.configure(
    STATIC_ROOT=sys.argv[1], STATIC_URL="/static/", STATICFILES_DIRS=[sys.argv[2]], INSTALLED_APPS=["django.contrib.staticfiles"],
    STORAGES={"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}},
)
import django
from django.core.management import call_command
django.setup()
call_command("collectstatic", interactive=False)
"""


def test_collectstatic_of_django(claim: Claim, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A name with a hash of a changed file is new. The manifest of the release before still has the old one."""
    source = tmp_path_factory.mktemp("source")
    names = []
    for revision in "ab":
        (source / "app.css").write_text(f"body {{ content: '{revision}' }}")
        claim.run("prepare", str(claim.root), revision)
        directory = claim.root / ".releases" / revision
        done = claim.run(
            "collect", str(claim.root), revision, "--history=1", "--", sys.executable, "-c", DJANGO, str(directory), str(source)
        )
        assert done.returncode == 0, done.stderr
        names.append(json.loads((directory / "staticfiles.json").read_text())["paths"]["app.css"])
    assert len(set(names)) == 2
    assert {"app.css", *names} < set(claim.served())
