"""A run that selects no host of the group platform fails, instead of ending with exit code 0 and nothing done.

All playbooks begin alike, so that most cases need only this beginning, which Ansible loads in a fraction of the time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[3]
PLAYBOOKS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((REPOSITORY / "playbooks").glob("*.yml"))}
OTHERS = "[platform]\nproduction\n[web]\nweb1\nweb2\n"


def run(playbook: str, directory: Path, *options: str) -> tuple[int, str]:
    """Run a playbook where no ansible.cfg of the repository counts, and return its exit code and output without line breaks."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", playbook, "--connection=local", *options],
        cwd=directory,
        env={**environment, "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """An inventory with hosts in the group platform and others."""
    path = tmp_path / "others.ini"
    path.write_text(OTHERS)
    return path


@pytest.fixture
def beginning(tmp_path: Path) -> str:
    """A playbook with the first tasks of the playbooks of the collection, and no other tasks."""
    play = beginning_of(PLAYBOOKS["site"])
    [require_hosts] = play["pre_tasks"]
    require_hosts["ansible.builtin.import_tasks"] = str(REPOSITORY / "playbooks" / require_hosts["ansible.builtin.import_tasks"])
    (tmp_path / "beginning.yml").write_text(yaml.safe_dump([play]))
    return "beginning.yml"


def beginning_of(playbook: list[dict[str, Any]]) -> dict[str, Any]:
    """What decides which hosts the only play of a playbook has, and whether it goes on."""
    [play] = playbook
    return {key: play[key] for key in ("hosts", "serial", "gather_facts", "pre_tasks")}


def test_all_playbooks_begin_with_the_same_tasks() -> None:
    assert {"remove", "render", "restart", "scale", "site", "validate"} <= set(PLAYBOOKS)
    # Only site.yml has stages that a tag can select.
    hosts = PLAYBOOKS["site"][0]["hosts"]
    # This one configures AWX, so its host is in another group.
    other = {"site": hosts, "configure_awx": hosts.replace("stages=true", "group='awx'")}
    for name, playbook in PLAYBOOKS.items():
        expected = {**beginning_of(PLAYBOOKS["site"]), "hosts": other.get(name, hosts.replace(", stages=true", ""))}
        assert beginning_of(playbook) == expected, name
    assert PLAYBOOKS["configure_awx"][0]["vars"]["require_hosts_group"] == "awx"


def tags_of(task: dict[str, Any]) -> set[str]:
    """The tags of a task and of the tasks in it."""
    parts = [each for part in ("block", "rescue", "always") for each in task.get(part, ())]
    return {*task.get("tags", ())}.union(*(tags_of(each) for each in parts))


def test_only_site_yml_has_tags() -> None:
    """The other playbooks reject --tags, because a tag would select a part that does not work alone."""
    tagged = {name for name, [play] in PLAYBOOKS.items() if set().union(*(tags_of(task) for task in play["tasks"])) - {"always"}}
    assert tagged == {"site"}


@pytest.mark.parametrize("playbook", ["jewelry_shop.platform.restart", str(REPOSITORY / "site.yml")])
def test_an_inventory_without_the_group_platform_ends_with_one_sentence(playbook: str, tmp_path: Path) -> None:
    code, output = run(playbook, tmp_path, "--inventory=localhost,")
    assert code == 2, output
    assert output.count("fatal: ") == 1, output
    assert "This run selects no host of the group platform (inventory localhost,). Nothing was changed." in output
    assert "ok=0 changed=0 unreachable=0 failed=1" in output


def test_an_inventory_without_the_group_awx_ends_with_one_sentence(tmp_path: Path) -> None:
    code, output = run("jewelry_shop.platform.configure_awx", tmp_path, f"--inventory={REPOSITORY / 'inventories' / 'kind'}")
    assert code == 2, output
    assert "This run selects no host of the group awx (inventory " in output
    assert "Add the host to the group awx of the inventory" in output


def test_an_inventory_with_an_empty_group_ends_with_the_same_sentence(beginning: str, tmp_path: Path) -> None:
    (tmp_path / "empty.ini").write_text("[platform]\n")
    code, output = run(beginning, tmp_path, "--inventory=empty.ini")
    assert code == 2, output
    assert f"This run selects no host of the group platform (inventory {tmp_path}/empty.ini). Nothing was changed." in output


def test_a_limit_outside_of_the_group_ends_with_one_sentence(beginning: str, others: Path, tmp_path: Path) -> None:
    code, output = run(beginning, tmp_path, f"--inventory={others}", "--limit=web")
    assert code == 2, output
    assert output.count("fatal: ") == 1, output
    assert f"This run selects no host of the group platform (inventory {others}, limit web). Nothing was changed." in output


@pytest.mark.parametrize("options", [(), ("--limit=production",), ("--limit=web1,production",), ("--limit=all:!web",)])
def test_hosts_outside_the_group_are_not_selected_together_with_hosts_of_it(
    beginning: str, others: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    code, output = run(beginning, tmp_path, f"--inventory={others}", "--list-hosts", *options)
    assert code == 0, output
    assert "hosts (1): production" in output


def test_a_limit_file_selects_its_hosts(beginning: str, others: Path, tmp_path: Path) -> None:
    """As in --limit @FILE, which Ansible offers after a failed run."""
    (tmp_path / "limit").write_text("production\n")
    code, output = run(beginning, tmp_path, f"--inventory={others}", "--limit=@limit")
    assert code == 0, output
    assert "PLAY RECAP ********************************************************************* production : ok=1" in output


def test_the_syntax_can_be_checked_without_an_inventory(tmp_path: Path) -> None:
    """As ansible-lint does in a project that imports the playbook."""
    code, output = run("jewelry_shop.platform.site", tmp_path, "--syntax-check")
    assert code == 0, output
