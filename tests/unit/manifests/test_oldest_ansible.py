"""On the oldest Python and ansible-core that the collection allows, inventories render the same and the tests of module_utils pass."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.unit.ansible_core import COLLECTIONS_PATH, OLDEST, SITE_PACKAGES
from tests.unit.manifests.variants import IN_ITS_NAMESPACE

ROOT = pathlib.Path(__file__).parents[3]
# The controller of ansible-core 2.17 runs on Python 3.10 to 3.12.
OLDEST_PYTHON = "3.10"
HOSTS = ("production", *IN_ITS_NAMESPACE)


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], inventory_of: Callable[..., pathlib.Path]) -> pathlib.Path:
    """The folder of what the oldest renders of production, with a folder for each host of its one run."""
    folder = tmp_path_factory.mktemp("oldest")
    inventory = inventory_of("production", folder, {host: values[host] for host in HOSTS})
    done = subprocess.run(
        [
            str(OLDEST),
            "playbooks/render.yml",
            f"--inventory={inventory}",
            f"--extra-vars={json.dumps({'render_directory': f'{folder}/{{{{ inventory_hostname }}}}'})}",
        ],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_oldest_supported_ansible_core_is_installed() -> None:
    """The control: of what the others compare."""
    wanted = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"].removeprefix(">=")
    said = subprocess.run([str(OLDEST), "--version"], capture_output=True, text=True, check=True).stdout
    assert f"core {wanted.rpartition('.')[0]}." in said, said
    assert f"python version = {OLDEST_PYTHON}." in said, said


def test_the_tests_of_module_utils_pass_on_it(tmp_path: pathlib.Path) -> None:
    """With the collections that they import and nothing else of the newer environment."""
    (tmp_path / "ansible_collections").mkdir()
    (tmp_path / "ansible_collections" / "kubernetes").symlink_to(SITE_PACKAGES / "ansible_collections" / "kubernetes")
    done = subprocess.run(
        [str(OLDEST.with_name("python")), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/plugins/module_utils"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("host", HOSTS)
def test_the_oldest_ansible_core_renders_the_same_manifests(productions: dict[str, Any], oldest: pathlib.Path, host: str) -> None:
    texts = (path.read_text() for path in sorted((oldest / host).glob("*.yaml")))
    assert [document for text in texts for document in yaml.safe_load_all(text) if document] == productions[host].objects
