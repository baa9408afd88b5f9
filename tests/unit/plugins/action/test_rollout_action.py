# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the action plugin as a task, because it shows lines while a task runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from api_server import ApiServer
from http_server import running

REPOSITORY = Path(__file__).parents[4]
CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "uid": "c-1"}, "spec": {}, "status": {"phase": "Bound"}}
# The time of the first answer depends on the machine.
LINE = re.compile(r"PersistentVolumeClaim test/data: ready, is bound \(\d+ s\)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollout")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    """What a run of the task shows for a host, and for one whose task asks for a file."""
    hosts = {"shown": {}, "written": {"progress_path": str(folder / "progress")}}
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    with ExitStack() as stack:
        server = ApiServer(lambda routes: stack.enter_context(running(routes)))
        server.put(CLAIM)
        task = {
            "host": server.url,
            "api_key": "token",
            "namespace": "test",
            "resources": [{"kind": "PersistentVolumeClaim", "name": "data"}],
            "progress_path": "{{ progress_path | default(omit) }}",
        }
        found = "{{ query('jewelry_shop.platform.waits', inventory_hostname) | to_json }}"
        waits = {"ansible.builtin.debug": {"msg": f"waits of {{{{ inventory_hostname }}}}: {found}"}}
        # The second wait does not begin.
        invalid = {"jewelry_shop.platform.rollout": {**task, "timeout": -1}, "failed_when": False, "when": "progress_path is not defined"}
        play = {"hosts": "all", "gather_facts": False, "tasks": [{"jewelry_shop.platform.rollout": task}, invalid, waits]}
        (folder / "play.yml").write_text(yaml.safe_dump([play]))
        done = subprocess.run(
            [sys.executable, "-m", "ansible.cli.playbook", "-v", "-i", "hosts.yml", "-c", "local", "play.yml"],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            },
            cwd=folder,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines_of(host: str, output: str) -> list[str]:
    """The lines that are shown for a host beside its result."""
    return [line for line in output.splitlines() if line.startswith(f"  [{host}] ")]


def test_progress_is_shown_before_the_result(output: str) -> None:
    before, found, result = output.partition("ok: [shown] => ")
    assert found, output
    [line] = lines_of("shown", before)
    assert lines_of("shown", output) == [line]
    assert LINE.fullmatch(line.removeprefix("  [shown] "))
    shown, _end = json.JSONDecoder().raw_decode(result)
    assert shown["msg"] == "1 of 1 ready"


def test_a_progress_file_of_the_task_is_kept(output: str, folder: Path) -> None:
    assert "ok: [written] => " in output
    assert lines_of("written", output) == []
    [line] = (folder / "progress").read_text().splitlines()
    assert LINE.fullmatch(line)


def test_the_waits_of_a_run_are_kept_for_its_report_by_host(output: str) -> None:
    # The hosts end in any order.
    messages = sorted(line.partition('"msg": ')[2] for line in output.splitlines() if "waits of" in line)
    for host, text in zip(("shown", "written"), messages, strict=True):
        name, found = json.loads(text).removeprefix("waits of ").split(": ", 1)
        assert name == host
        [wait] = json.loads(found)
        assert set(wait) == {"started", "seconds", "resources"}
        [resource] = wait["resources"]
        assert (resource["kind"], resource["name"], resource["verdict"]) == ("PersistentVolumeClaim", "data", "ready")
        assert 0 <= (datetime.now(timezone.utc) - datetime.fromisoformat(wait["started"])).total_seconds() < 600
