"""A reader who has only the artifact and its guides reaches a running shop, with the oldest and with the newest ansible-core."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tools import installed
from tools.collection_tree import ROOT
from tools.installed import LATER, PLAYBOOKS, WITHOUT_CLUSTER, Reader


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return installed.build(tmp_path_factory.mktemp("artifact"))


@pytest.fixture(scope="module")
def reader(artifact: pathlib.Path, administrator: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Reader]:
    """A reader with the programs of one environment and the kubeconfig of the cluster."""
    subprocess.run(["make", "--no-print-directory", ".cache/oldest/requirements.txt"], cwd=ROOT, check=True)
    return installed.readers(tmp_path_factory.mktemp("readers"), artifact, KUBECONFIG=administrator["platform_kubeconfig"])


def ready_replicas(cluster: Any) -> dict[str, int]:
    return {o["metadata"]["name"]: o["status"].get("readyReplicas", 0) for o in cluster.get("deployments")}


# The newest is the last, because the tests of the playbooks use its platform.
@pytest.mark.parametrize("environment", installed.ENVIRONMENTS)
def test_the_guide_of_the_first_deploy_leads_to_a_running_shop(
    reader: Callable[[str], Reader], environment: str, cluster: Any, shop: Any
) -> None:
    here = reader(environment)
    here.add_further_settings()
    here.follow("first_deploy")
    assert shop.get("/").status_code == 200
    assert ready_replicas(cluster) == {"django": 3, "nginx": 2, "celery-worker": 2, "celery-beat": 1}
    again = here.playbook("site")
    assert "changed=0 " in again, again
    if environment != list(installed.ENVIRONMENTS)[-1]:
        here.playbook("remove", *PLAYBOOKS["remove"])
        assert cluster.get("deployments") == []


def test_the_guide_of_a_new_environment_leads_to_a_green_check(reader: Callable[[str], Reader], cluster: Any) -> None:
    here = reader("newest")
    # The node port belongs to the first environment.
    here.add_further_settings("staging", nginx_service_type="ClusterIP")
    output = here.follow("new_environment", until="4. Deploy")
    assert "jewelry-shop-staging" in output
    assert "failed=0 " in output
    assert cluster.kubectl("get", "namespace", "jewelry-shop-staging", check=False).returncode != 0


def test_the_guide_of_an_upgrade_leads_to_the_same_objects(reader: Callable[[str], Reader], cluster: Any, tmp_path: pathlib.Path) -> None:
    here = reader("newest")
    here.receive(installed.build(tmp_path, LATER))
    before = cluster.generations()
    assert f"jewelry_shop.platform {LATER}" in here.follow("upgrade")
    assert cluster.generations() == before


def replicas_of_nginx(cluster: Any) -> int:
    [deployment] = cluster.get("deployments", "--field-selector=metadata.name=nginx")
    return int(deployment["spec"]["replicas"])


def tag_of_django(cluster: Any) -> str:
    [deployment] = cluster.get("deployments", "--field-selector=metadata.name=django")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return str(container["image"]).rpartition(":")[2]


# What a playbook leaves behind, for those that do not only show something.
EFFECTS: dict[str, Callable[[Reader, Any], bool]] = {
    "site": lambda _reader, cluster: tag_of_django(cluster) == "1.0.0-next",
    "images": lambda reader, _cluster: (reader.folder / "mirror.sh").is_file(),
    "render": lambda reader, _cluster: (reader.folder / "manifests-of-all" / "08-tiers.yaml").is_file(),
    "scale": lambda _reader, cluster: replicas_of_nginx(cluster) == 1,
    "grant_deployer": lambda reader, _cluster: (reader.folder / "deployer.kubeconfig").is_file(),
    "rollback": lambda _reader, cluster: tag_of_django(cluster) == "1.0.0",
    "remove": lambda _reader, cluster: cluster.get("deployments") == [],
}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_every_playbook_works_by_its_full_name(reader: Callable[[str], Reader], cluster: Any, name: str) -> None:
    here = reader("newest")
    output = here.playbook(name, *PLAYBOOKS[name])
    assert "failed=0 " in output
    effect = EFFECTS.get(name)
    assert effect is None or effect(here, cluster), output


def test_the_table_has_every_playbook_of_the_artifact(artifact: pathlib.Path) -> None:
    assert [name for name in installed.playbooks(artifact) if name not in (*PLAYBOOKS, *WITHOUT_CLUSTER)] == []
