"""The files of a report that the role report writes after a failure and a rollback. There is no cluster."""

from __future__ import annotations

import html
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.ansible_core import COLLECTIONS_PATH, COMMANDS

SECRET = "hunter2-secret"
CHANGED = {"stage": "tiers", "action": "change", "kind": "Deployment", "namespace": "shop", "name": "django"}
POD = {"pod": "django-1", "node": "worker", "healthy": True, "status": 200, "elapsed": 0.01, "reason": None}
ROLLED_BACK = "Rolled back to release 1 (number 7), which passed the validation."


def role(tasks_from: str) -> dict[str, Any]:
    return {"ansible.builtin.import_role": {"name": "jewelry_shop.platform.report", "tasks_from": tasks_from, "rolespec_validate": False}}


def plan(*objects: dict[str, str]) -> dict[str, Any]:
    return {"ansible.builtin.set_fact": {"preflight_plan": {"objects": list(objects)}}}


@pytest.mark.parametrize("ansible", COMMANDS)
def test_a_failure_with_a_rollback_is_in_all_files_of_the_report(tmp_path: Path, ansible: str) -> None:
    values = {
        "platform_environment": "staging",
        "platform_namespace": "shop",
        "platform_cluster_name": "kind",
        # Relative to the current directory, not to that of the playbook.
        "platform_report_dir": "reports",
        "platform_hidden_values": [SECRET],
        "validate_health": {"endpoints": [{"name": "django", "workload": {"kind": "Deployment", "name": "django"}, "pods": [POD]}]},
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    cause = {"ansible.builtin.fail": {"msg": "<script> {{ '{{' }} 7*7 }} " + SECRET}}
    rescue = [role("cause"), plan(), {"ansible.builtin.set_fact": {"report_rollback": ROLLED_BACK}}, role("failure")]
    play = {"hosts": "all", "gather_facts": False, "vars": values, "tasks": [plan(CHANGED), {"block": [cause], "rescue": rescue}]}
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [*COMMANDS[ansible], "--inventory=kind,", "--connection=local", "playbooks/play.yml"],
        cwd=tmp_path,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH,
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    files = {path.name: path.read_text() for path in (tmp_path / "reports").glob("*")}
    assert sorted(files) == [f"kind_kind_shop.{suffix}" for suffix in ("html", "json", "xml")], done.stdout + done.stderr
    assert not [name for name, content in files.items() if SECRET in content]
    report, page = json.loads(files["kind_kind_shop.json"]), files["kind_kind_shop.html"]
    assert (report["verdict"], report["rollback"], report["changes"], report["waits"]) == ("failed", ROLLED_BACK, [CHANGED], [])
    assert report["failed_at"] <= report["ended"]
    assert [each["pod"] for each in report["replicas"]] == ["django-1"]
    assert "<script>" in report["sentence"]
    assert "{{ 7*7 }} ******" in report["sentence"]
    assert html.escape(report["sentence"]) in page
    assert "<script>" not in page
    assert page.index(ROLLED_BACK) < page.index("django-1") < page.index("Deployment shop/django")
    # AWX shows the whole value on the page of the job.
    assert "django-1" not in done.stdout
