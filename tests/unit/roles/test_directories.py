"""An existing directory on the control node keeps its mode, because it may be /tmp or shared with other users."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

REPOSITORY = pathlib.Path(__file__).parents[3]
MODULE = "ansible.builtin.file"


def directory_tasks() -> dict[str, dict[str, Any]]:
    return {
        path.relative_to(REPOSITORY / "roles").as_posix(): task
        for path in sorted((REPOSITORY / "roles").glob("*/tasks/*.yml"))
        for task in yaml.safe_load(path.read_text()) or []
        if task.get(MODULE, {}).get("state") == "directory"
    }


@pytest.mark.parametrize("path", directory_tasks())
def test_an_existing_directory_keeps_its_mode_and_a_new_one_gets_a_mode(tmp_path: pathlib.Path, path: str) -> None:
    task = directory_tasks()[path]
    [setting] = re.findall(r"^{{ (\w+) }}$", task[MODULE]["path"])
    there, new = tmp_path / "there", tmp_path / "new"
    there.mkdir()
    there.chmod(0o1777)
    plays = [{"hosts": "localhost", "gather_facts": False, "vars": {setting: str(each)}, "tasks": [task]} for each in (there, new)]
    (tmp_path / "play.yml").write_text(json.dumps(plays))
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", "play.yml"],
        env={**os.environ, "ANSIBLE_PYTHON_INTERPRETER": sys.executable},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert oct(there.stat().st_mode & 0o7777) == "0o1777"
    assert oct(new.stat().st_mode & 0o7777) == oct(int(task[MODULE]["mode"], 8))
