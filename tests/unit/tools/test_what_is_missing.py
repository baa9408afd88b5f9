"""The message on a machine that lacks the program that a tool needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.collection_tree import ROOT


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [
        ("manifest_checkers", "Building manifest-checkers needs Go 1.26 or newer; there is no `go` on PATH."),
        ("debian_programs", "promtool is needed, which the Debian package prometheus has: install it, or run this on Debian or Ubuntu."),
    ],
)
def test_a_missing_program_is_reported_in_one_sentence(tmp_path: Path, tool: str, sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tools.{tool}"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")
