"""Each module also runs as a program, if Ansible does not run it in the worker process."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

REPOSITORY = pathlib.Path(__file__).parents[4]
FILES = sorted((REPOSITORY / "plugins" / "modules").glob("*.py"))
# The others are documentation of an action plugin.
MODULES = [path.stem for path in FILES if "def main(" in path.read_text()]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_run_as_a_program_reads_its_arguments_and_prints_a_result(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.jewelry_shop.platform.plugins.modules.{name}"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / ".ansible" / "collections")},
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"nonsense": 1}}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    result = json.loads(done.stdout)
    assert result["failed"] is True
    assert "missing required arguments" in result["msg"] or "nonsense" in result["msg"]
