# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the action plugin as a task, since what it does is to show lines while a task runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api_server import ApiServer
from conftest import Serve

REPOSITORY = Path(__file__).parents[4]
CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "uid": "c-1"}, "spec": {}, "status": {"phase": "Bound"}}
LINE = "  [localhost] PersistentVolumeClaim test/data: ready, is bound (0 s)"


@pytest.fixture
def server(serve: Serve) -> ApiServer:
    found = ApiServer(serve)
    found.put(CLAIM)
    return found


def run_task(server: ApiServer, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
    """The lines that a run of the task shows before its result, and the result."""
    task = {"host": server.url, "api_key": "token", "namespace": "test", "resources": [{"kind": "PersistentVolumeClaim", "name": "data"}]}
    command = [sys.executable, "-m", "ansible.cli.adhoc", "localhost", "-m", "jewelry_shop.platform.rollout"]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
        "ANSIBLE_INVENTORY": "localhost,",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    done = subprocess.run(
        [*command, "-a", json.dumps({**task, **arguments})], env=environment, cwd=Path(__file__).parent, capture_output=True, text=True
    )
    before, _, result = done.stdout.partition("localhost | SUCCESS => ")
    assert result, done.stdout + done.stderr
    return before.splitlines(), json.loads(result)


def test_progress_is_shown_before_the_result(server: ApiServer) -> None:
    lines, result = run_task(server)
    assert lines == [LINE]
    assert result["msg"] == "1 of 1 ready"


def test_a_file_that_the_task_asked_for_is_left_to_the_task(server: ApiServer, tmp_path: Path) -> None:
    lines, _result = run_task(server, progress_path=str(tmp_path / "progress"))
    assert lines == []
    assert (tmp_path / "progress").read_text() == f"{LINE.partition('] ')[2]}\n"
