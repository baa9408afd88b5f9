# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the action of plan finds about the playbook that runs it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.jewelry_shop.platform.plugins.action.plan import import_tags
from tests.unit.ansible_core import COLLECTIONS_PATH, COMMANDS, REPOSITORY

COMPARES = re.compile(r"Compare the manifests of each stage with the cluster\s+TAGS: \[(.*)\]")


@pytest.mark.parametrize("tags", [[], ["shop", "web"]])
def test_the_tags_on_an_import_of_site_yml_are_those_of_its_task(tmp_path: Path, tags: list[str]) -> None:
    own = tmp_path / "own.yml"
    own.write_text(yaml.safe_dump([{"ansible.builtin.import_playbook": str(REPOSITORY / "site.yml"), "tags": tags}]))
    command = [*COMMANDS["newest"], str(own), "--list-tasks", f"--inventory={REPOSITORY / 'inventories' / 'kind'}"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH, "ANSIBLE_NOCOLOR": "1"}
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    [found] = COMPARES.findall(listed)
    task = Task()
    task.tags = found.split(", ")
    assert import_tags(task) == tags
