"""What a person reads on a machine without apt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.collection_tree import ROOT


def test_without_apt_one_sentence_says_what_is_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.debian_programs"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == ("promtool is needed, which the Debian package prometheus has: install it, or run this on Debian or Ubuntu.\n")
