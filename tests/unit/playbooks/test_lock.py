"""Each playbook that changes the platform acquires the Lease before its first write, and releases it however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[3]
# These write nothing that another run reads or writes.
WITHOUT_LEASE = ("configure_awx", "export", "grant_deployer", "history", "images", "render", "status", "validate")
PLAYBOOKS = [path for path in sorted((REPOSITORY / "playbooks").glob("*.yml")) if path.stem not in WITHOUT_LEASE]
# Roles that write with tasks of the role platform.
STAGES = (("configuration", "main"), ("network_policies", "main"), ("tiers", "main"), ("job", "run"))
IMPORTS = ("ansible.builtin.import_role", "ansible.builtin.include_role")
# Modules of these collections write, except those that end like this.
WRITING = ("kubernetes.core.k8s", "jewelry_shop.platform.")
READING = (
    "_info",
    ".plan",
    ".existing_check",
    ".rollout",
    ".release_check",
    ".release_history",
    ".release_rollback",
    ".removal_check",
    ".operator_wait",
    ".lease",
)


def imported(task: dict[str, Any]) -> tuple[str, str]:
    """Role and file of an import or an include."""
    found: dict[str, str] = next((task[key] for key in IMPORTS if key in task), {})
    return found.get("name", "").rpartition(".")[2], found.get("tasks_from", "main")


def tasks_of(role: str, file: str) -> Iterator[dict[str, Any]]:
    """The tasks of a file, with those of the files that it imports."""
    for task in yaml.safe_load((REPOSITORY / "roles" / role / "tasks" / file).read_text()):
        if "ansible.builtin.import_tasks" in task:
            yield from tasks_of(role, task["ansible.builtin.import_tasks"])
        else:
            yield task


def writes(task: dict[str, Any]) -> bool:
    return any(key.startswith(WRITING) and not key.endswith(READING) for key in task)


def steps(block: list[dict[str, Any]]) -> Iterator[str]:
    """The acquisitions and writes of a playbook, in order; the first role of site.yml is the preflight, which acquires the Lease."""
    for entry in block:
        role, file = imported(entry)
        for task in tasks_of(role, "main.yml") if file == "main" else []:
            if imported(task) == ("platform", "lock") and "overdue" not in str(task.get("when")):
                yield "lock"
            elif writes(task) or imported(task) in STAGES:
                yield "write"


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_a_playbook_acquires_the_lease_before_it_writes_and_releases_it_always(path: Path) -> None:
    [play] = yaml.safe_load(path.read_text())
    [block] = play["tasks"]
    assert next(steps(block["block"])) == "lock"
    assert "write" in [*steps(block["block"])]
    assert [imported(task) for task in block["always"]] == [("platform", "unlock")]
    assert "rescue" in block
