"""The artifact in an empty home directory: its guides run up to the first connection to a cluster, and its playbooks are found."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tools import installed
from tools.collection_tree import ROOT
from tools.installed import FOLLOWED, LATER, PLAYBOOKS, WITHOUT_CLUSTER, Reader, values_of_kind


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed.build(tmp_path_factory.mktemp("artifact"))


@pytest.fixture(scope="module")
def reader(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reader]:
    """A reader who followed the guide of the first deploy up to the check, with the oldest or the newest ansible-core."""
    reader = installed.readers(tmp_path_factory.mktemp("readers"), artifact)

    @functools.cache
    def after_the_first_guide(environment: str) -> Reader:
        reader(environment).follow("first_deploy", until=FOLLOWED["first_deploy"])
        return reader(environment)

    return after_the_first_guide


@pytest.mark.parametrize("environment", installed.ENVIRONMENTS)
def test_a_reader_of_the_first_guide_has_an_inventory_and_its_manifests(reader: Callable[[str], Reader], environment: str) -> None:
    folder = reader(environment).folder
    assert (folder / "inventories/production/group_vars/all/secrets.yml").read_text().startswith("$ANSIBLE_VAULT;")
    manifests = [yaml.safe_load_all(path.read_text()) for path in (folder / "manifests").glob("*.yaml")]
    deployments = {o["metadata"]["name"]: o for objects in manifests for o in objects if o and o["kind"] == "Deployment"}
    [container] = deployments["django"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "127.0.0.1:5002/jewelry-shop:1.0.0"


def test_a_reader_of_the_guide_of_a_new_environment_has_a_second_inventory(reader: Callable[[str], Reader]) -> None:
    here = reader("newest")
    here.follow("new_environment", until=FOLLOWED["new_environment"])
    variables = json.loads(here.run("ansible-inventory", "-i", "inventories/staging", *here.vault_options, "--host=staging"))
    assert (variables["platform_environment"], variables["platform_namespace"]) == ("staging", "jewelry-shop-staging")
    assert (here.folder / "inventories/staging/group_vars/all/secrets.yml").read_text().startswith("$ANSIBLE_VAULT;")


def test_a_reader_of_the_guide_of_an_upgrade_has_the_later_version(reader: Callable[[str], Reader], tmp_path: Path) -> None:
    here = reader("newest")
    here.receive(installed.build(tmp_path, LATER))
    assert f"jewelry_shop.platform {LATER}" in here.follow("upgrade", until=FOLLOWED["upgrade"])


@pytest.mark.parametrize("environment", installed.ENVIRONMENTS)
def test_every_playbook_is_found_by_its_full_name(reader: Callable[[str], Reader], artifact: Path, environment: str) -> None:
    names = installed.playbooks(artifact)
    output = reader(environment).run(
        "ansible-playbook", "--syntax-check", "-i", "inventories/production/hosts.yml", *(f"jewelry_shop.platform.{name}" for name in names)
    )
    home = reader(environment).home
    found = [line.removeprefix("playbook: ") for line in output.splitlines() if line.startswith("playbook: ")]
    assert found == [f"{home}/.ansible/collections/ansible_collections/jewelry_shop/platform/playbooks/{name}.yml" for name in names], (
        output
    )


def test_every_playbook_has_arguments_for_the_scenario(artifact: Path) -> None:
    names = installed.playbooks(artifact)
    assert "site" in names
    assert [name for name in names if name not in (*PLAYBOOKS, *WITHOUT_CLUSTER)] == []


def test_the_artifact_has_no_tests_and_tools(artifact: Path) -> None:
    """The control of the others: the reader finds nothing that only a checkout has."""
    tree = artifact.parent / "tree" / "ansible_collections" / "jewelry_shop" / "platform"
    assert {path.name for path in tree.iterdir()} >= {"docs", "meta", "playbooks", "plugins", "roles"}
    assert {path.name for path in tree.iterdir()} & {"inventories", "molecule", "tests", "tools", "ansible.cfg"} == set()


def test_each_value_of_the_cluster_replaces_a_text_of_a_guide() -> None:
    text = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in FOLLOWED)
    assert [before for before in values_of_kind(ROOT) if before not in text] == []
