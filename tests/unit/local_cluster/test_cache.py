"""Build results have names with a hash of their content."""

import os
from pathlib import Path

import pytest

from local_cluster import cache


def _tree(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_the_key_does_not_depend_on_the_location_of_a_folder(tmp_path: Path) -> None:
    first = _tree(tmp_path / "first", a="1", b="2")
    second = _tree(tmp_path / "second", b="2", a="1")
    assert cache.content_hash(first) == cache.content_hash(second)


@pytest.mark.parametrize(
    "changed",
    [{"a": "1", "b": "3"}, {"a": "1", "c": "2"}, {"a": "12", "b": ""}, {"a": "1"}],
    ids=["content", "name", "shifted", "removed"],
)
def test_the_key_depends_on_the_content_of_a_folder(tmp_path: Path, changed: dict[str, str]) -> None:
    original = _tree(tmp_path / "original", a="1", b="2")
    assert cache.content_hash(original) != cache.content_hash(_tree(tmp_path / "changed", **changed))


def test_the_key_depends_on_the_executable_bit(tmp_path: Path) -> None:
    folder = _tree(tmp_path / "folder", a="1")
    before = cache.content_hash(folder)
    (folder / "a").chmod(0o755)
    assert cache.content_hash(folder) != before


def test_the_key_depends_on_the_boundary_between_strings() -> None:
    assert cache.content_hash("ab", "c") != cache.content_hash("a", "bc")


def _fill(target: Path, error: BaseException | None) -> None:
    with cache.atomic_directory(target) as folder:
        (folder / "first").write_text("1")
        if error:
            raise error
        (folder / "second").write_text("2")


def test_an_interrupted_folder_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    target = cache.root() / "builds" / "thing"
    with pytest.raises(KeyboardInterrupt):
        _fill(target, KeyboardInterrupt())
    assert not target.exists()
    _fill(target, None)
    assert sorted(path.name for path in target.iterdir()) == ["first", "second"]


def test_files_of_a_killed_run_are_removed_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    old, young = (cache.root() / "tmp" / name for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    with cache.scratch():
        assert not old.exists()
        assert young.exists()
