"""Renders each inventory once."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from local_cluster.errors import LocalClusterError
from tests.unit.manifests.variants import HOSTS, IN_ITS_NAMESPACE, VALUES, VARIANTS
from tools import manifest_checkers

ROOT = pathlib.Path(__file__).parents[3]
INVENTORIES = ("kind", "staging", "production")

Manifest = dict[str, Any]


class Manifests:
    """The objects of one inventory, by kind and name.

    Args:
        objects: all but the Secrets.
        secrets: the Secrets, without content.
    """

    def __init__(self, objects: list[Manifest], secrets: list[Manifest] | None = None) -> None:
        self.objects = objects
        self.secrets = secrets or []

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self.objects)

    @property
    def documents(self) -> str:
        """All of them as one stream of YAML documents, each in JSON."""
        return "".join(f"---\n{json.dumps(each)}\n" for each in self.objects)

    def get(self, kind: str, name: str) -> Manifest:
        found = [o for o in self.objects if o["kind"] == kind and o["metadata"]["name"] == name]
        assert found, f"there is no {kind} {name}; there are {sorted({(o['kind'], o['metadata']['name']) for o in self.objects})}"
        return found[0]

    def of_kubernetes(self) -> Manifests:
        """Those whose schemas Kubernetes has.

        The Prometheus operator's are in its releases, which not every machine reaches: test_monitoring.py holds its objects against the
        Services and pods that they are about, test_alerts.py the rules against promtool. The scenario `keda` applies KEDA's objects.
        """
        others = ("monitoring.coreos.com/", "keda.sh/")
        return Manifests([o for o in self.objects if not o["apiVersion"].startswith(others)])

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [o for o in self.objects if o["kind"] in kinds]

    def pod_specs(self) -> dict[str, Manifest]:
        """Pod templates' specs by the name of their owner."""
        return {o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in self.of_kind("Deployment", "StatefulSet", "Job")}

    def container(self, kind: str, name: str, container: str) -> Manifest:
        containers: list[Manifest] = self.get(kind, name)["spec"]["template"]["spec"]["containers"]
        return next(c for c in containers if c["name"] == container)


def copied_inventory(name: str, directory: pathlib.Path, hosts: dict[str, dict[str, Any]]) -> pathlib.Path:
    """Copy an inventory, with these hosts and their settings in place of its own host."""
    copy = directory / "inventory"
    shutil.copytree(ROOT / "inventories" / name, copy)
    own = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (copy / "hosts.yml").write_text(json.dumps({"platform": {"hosts": {host: {**own, **values} for host, values in hosts.items()}}}))
    return copy


def render(inventory: str, directory: pathlib.Path, hosts: dict[str, dict[str, Any]]) -> dict[str, Manifests]:
    """Run the roles that playbooks/render.yml runs, once for all hosts, and read what they made for each."""
    result = subprocess.run(
        [
            str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
            "tests/unit/manifests/render.yml",
            f"--inventory={copied_inventory(inventory, directory, hosts)}",
            f"--extra-vars={json.dumps({'render_directory': f'{directory}/{{{{ inventory_hostname }}}}.json'})}",
        ],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return {host: _manifests(json.loads((directory / f"{host}.json").read_text())) for host in hosts}


def _manifests(made: dict[str, Any]) -> Manifests:
    return Manifests([manifest for stage in made["stages"].values() for manifest in _objects(stage)], list(_objects(made["secrets"])))


def _objects(stage: Any) -> Iterator[Manifest]:
    """The objects of a stage, which is a text of YAML documents, an object, a list of objects or of lists, or null."""
    if isinstance(stage, str):
        yield from (document for document in yaml.safe_load_all(stage) if document)
    elif isinstance(stage, list):
        for each in stage:
            yield from _objects(each)
    elif stage:
        yield stage


@pytest.fixture(scope="session", params=INVENTORIES)
def manifests(request: pytest.FixtureRequest, rendered: Callable[[str], Manifests]) -> Manifests:
    """The objects of each inventory in turn."""
    return rendered(request.param)


@pytest.fixture(scope="session")
def production(rendered: Callable[[str], Manifests]) -> Manifests:
    return rendered("production")


@pytest.fixture(scope="session")
def values() -> dict[str, dict[str, Any]]:
    """What production is rendered with, by host."""
    return HOSTS


@pytest.fixture(scope="session")
def inventory_of() -> Callable[..., pathlib.Path]:
    """Copies an inventory for other hosts."""
    return copied_inventory


@pytest.fixture(scope="session")
def productions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifests]:
    """Production with the settings of each host."""
    return render("production", tmp_path_factory.mktemp("production"), HOSTS)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Manifests]:
    """Render an inventory, once."""

    @functools.cache
    def get(inventory: str) -> Manifests:
        if inventory == "production":
            productions: dict[str, Manifests] = request.getfixturevalue("productions")
            return productions[inventory]
        values = {} if inventory == "kind" else VALUES
        return render(inventory, tmp_path_factory.mktemp(inventory), {inventory: values})[inventory]

    return get


def _variant(name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def variant(productions: dict[str, Manifests]) -> Manifests:
        """Production with the settings of a variant."""
        return productions[name]

    return variant


changed, optional, locations, adapted, references, autoscaled, groups = map(_variant, VARIANTS)


@pytest.fixture(scope="session")
def every_manifest(rendered: Callable[[str], Manifests], productions: dict[str, Manifests]) -> Manifests:
    """The objects of all inventories, and of the variants of production in its namespace; equal ones once."""
    objects = [manifest for inventory in INVENTORIES for manifest in rendered(inventory)]
    objects += [manifest for name in IN_ITS_NAMESPACE for manifest in productions[name].objects]
    return Manifests(list({json.dumps(manifest, sort_keys=True): manifest for manifest in objects}.values()))


@pytest.fixture(scope="session")
def checkers() -> None:
    """kube-score, kubeconform and the schemas of Kubernetes 1.24 are there."""
    try:
        manifest_checkers.ensure()
    except LocalClusterError as error:
        pytest.fail(str(error), pytrace=False)
