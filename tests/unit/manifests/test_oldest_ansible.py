"""The oldest ansible-core that meta/runtime.yml allows makes the same of an inventory as the newest, whose templates keep types."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
OLDEST = ROOT / ".cache" / "oldest" / "bin" / "ansible-playbook"


def render(directory: pathlib.Path, inventory: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    site_packages = next(pathlib.Path(sys.prefix).glob("lib/python*/site-packages"))
    done = subprocess.run(
        [
            str(OLDEST),
            "playbooks/render.yml",
            f"--inventory=inventories/{inventory}",
            f"--extra-vars={json.dumps({**values, 'render_directory': str(directory)})}",
        ],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / '.ansible' / 'collections'}:{site_packages}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    texts = (path.read_text() for path in sorted(directory.glob("*.yaml")))
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


def test_it_is_the_oldest() -> None:
    """The control: of what the others compare."""
    wanted = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"].removeprefix(">=")
    said = subprocess.run([str(OLDEST), "--version"], capture_output=True, text=True, check=True).stdout
    assert f"core {wanted.rpartition('.')[0]}." in said, said


@pytest.mark.parametrize("name", ["production", "changed"])
def test_it_renders_the_same(request: pytest.FixtureRequest, values: dict[str, Any], tmp_path: pathlib.Path, name: str) -> None:
    assert render(tmp_path, "production", values[name]) == request.getfixturevalue(name).objects
