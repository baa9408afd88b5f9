# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the action plugin in a play, because the source of a variable is known only there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[4]
TASKS: list[dict[str, Any]] = [
    {"ansible.builtin.set_fact": {"django_facts": True}},
    {"ansible.builtin.command": "true", "register": "django_result"},
    {"jewelry_shop.platform.settings_check": {}, "register": "checked", "vars": {"django_task": True}},
    {"ansible.builtin.debug": {"msg": "{{ checked }}"}},
]


def test_misspelled_variables_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(json.dumps({"django_replica": 3, "nginx_replicas": 2, "kind_own": 1}))
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"one": {"ansible_connection": "local", "redis_imag": "x"}}}}))
    play = {"hosts": "all", "gather_facts": False, "vars": {"django_play": True}, "tasks": TASKS}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.yml", "-e", "platform_image_tags=v1", "play.yml"],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.jsonl",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = [event["hosts"]["one"] for event in map(json.loads, done.stdout.splitlines()) if event["_event"] == "v2_runner_on_ok"]
    checked = results[-1]["msg"]
    assert checked["problems"] == []
    assert checked["warnings"] == [
        "django_replica is not a setting of any role; did you mean django_replicas?",
        "platform_image_tags is not a setting of any role; did you mean platform_image_tag?",
        "redis_imag is not a setting of any role; did you mean redis_image?",
    ]
