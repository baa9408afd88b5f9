"""ansible-builder reads the requirements of the collection, and creates the build context of the execution environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import collection_tree
from tools.collection_tree import ROOT

BUILDER = str(Path(sys.executable).with_name("ansible-builder"))
DEFINITION = yaml.safe_load((ROOT / "execution-environment.yml").read_text())


def build(*command: str) -> str:
    done = subprocess.run([BUILDER, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def names(requirements: list[str]) -> set[str]:
    """The packages of requirements, without versions and comments."""
    return {line.split("#")[0].split(">")[0].split("[")[0].strip() for line in requirements} - {""}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    build("create", "--file=execution-environment.yml", "--output-filename=Containerfile", f"--context={folder}")
    return folder


def test_introspect_finds_the_requirements_of_the_collection_and_of_its_dependencies(tmp_path: Path) -> None:
    collection_tree.make(tmp_path, with_test_settings=False)
    found: dict[str, Any] = yaml.safe_load(build("introspect", str(tmp_path)))
    for collection, package in (("jewelry_shop.platform", "kubernetes"), ("kubernetes.core", "jsonpatch")):
        assert [line for line in found["python"] if line.startswith(package) and line.endswith(collection)], found


def test_the_build_context_installs_the_collections_and_packages_that_the_playbooks_need(context: Path) -> None:
    installed = yaml.safe_load((context / "_build" / "requirements.yml").read_text())
    dependencies = yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]
    assert {each["name"]: each["version"] for each in installed["collections"]} == dependencies
    assert names((context / "_build" / "requirements.txt").read_text().splitlines()) == {"kubernetes"}


def test_the_image_is_built_from_the_base_image_with_ansible_and_runner(context: Path) -> None:
    containerfile = (context / "Containerfile").read_text()
    assert DEFINITION["images"]["base_image"]["name"] in containerfile
    for package in ("ansible_core", "ansible_runner"):
        assert DEFINITION["dependencies"][package]["package_pip"] in containerfile


def test_the_execution_environment_has_an_ansible_core_that_the_collection_supports() -> None:
    oldest = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"].removeprefix(">=").rpartition(".")[0]
    # The next version makes numbers of answers of surveys: tests/unit/playbooks/test_awx_job.py.
    assert DEFINITION["dependencies"]["ansible_core"]["package_pip"] == f"ansible-core>={oldest},<2.19"
