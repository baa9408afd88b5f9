"""playbooks/export.yml without a cluster: the objects that site.yml applies, in its order, in a kustomization."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.stages import NEEDS
from tests.unit.manifests.variants import HOSTS, VALUES

ROOT = pathlib.Path(__file__).parents[3]
SETTINGS: dict[str, dict[str, Any]] = {
    "changed": HOSTS["changed"],
    "autoscaled": {
        **HOSTS["autoscaled"],
        "export_argocd": True,
        "export_flux": True,
        "export_flux_path": "clusters",
        "export_secrets": "external_secret",
        "export_secret_store_name": "vault",
        "post_deploy_commands": [{"name": "report", "command": ["true"]}],
    },
}
SECRETS = [value for value in VALUES["platform_secrets"].values() if len(value) > 3]


@pytest.fixture(scope="module")
def exported(inventory_of: Callable[..., pathlib.Path], tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The directory with the export of both hosts."""
    directory = tmp_path_factory.mktemp("export")
    inventory = inventory_of("production", directory, SETTINGS)
    values = {"export_read_cluster": False, "export_directory": f"{directory}/clusters"}
    done = subprocess.run(
        [
            str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
            "playbooks/export.yml",
            f"--inventory={inventory}",
            f"--extra-vars={json.dumps(values)}",
        ],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return directory / "clusters"


def test_the_export_has_all_stages_in_the_order_of_site_yml() -> None:
    variables = yaml.safe_load((ROOT / "roles" / "export" / "vars" / "main.yml").read_text())
    exported = [stage["name"] for stage in variables["__export_stages"]]
    without_objects = {"validate", "record"}
    assert [stage for stage in exported if stage != "secrets"] == [stage for stage in NEEDS if stage not in without_objects]


def built(folder: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The objects of a kustomization, in order."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert kustomization["sortOptions"] == {"order": "fifo"}
    for resource in kustomization["resources"]:
        path = folder / resource
        if path.is_dir():
            yield from built(path)
        else:
            yield yaml.safe_load(path.read_text())


def identity(manifest: dict[str, Any]) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def test_a_plain_export_has_the_objects_of_all_stages_in_order(exported: pathlib.Path, productions: Any) -> None:
    # The record of the additional objects is only for site.yml.
    applied = [each for each in productions["changed"] if each["metadata"]["name"] != "extra-objects"]
    found = list(built(exported / "changed"))
    assert [identity(each) for each in found] == [identity(each) for each in applied]
    # The Job of the static files removes old ones. The exported one does not know which are in use.
    assert [each for each in found if each["kind"] != "Job"] == [each for each in applied if each["kind"] != "Job"]


def test_the_job_of_the_static_files_removes_none(exported: pathlib.Path) -> None:
    [job] = [each for each in built(exported / "changed") if identity(each)[1].startswith("collectstatic-")]
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    assert [argument for argument in command if argument.startswith("--history=")] == ["--history=1000000"]


def test_every_file_is_in_a_kustomization_or_explained(exported: pathlib.Path) -> None:
    for host in SETTINGS:
        folder = exported / host
        listed = {path for kustomization in folder.rglob("kustomization.yaml") for path in resources(kustomization)}
        files = {path for path in folder.rglob("*.yaml") if path.name != "kustomization.yaml"}
        assert files == {path for path in listed if path.is_file()}
        written = {line for line in (folder / ".export").read_text().splitlines() if not line.startswith("#")}
        assert written == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {".export"}


def resources(kustomization: pathlib.Path) -> list[pathlib.Path]:
    return [kustomization.parent / each for each in yaml.safe_load(kustomization.read_text())["resources"]]


def test_the_hooks_keep_the_order_of_site_yml(exported: pathlib.Path, productions: Any) -> None:
    found = list(built(exported / "autoscaled"))
    waves = [(int(each["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]), each) for each in found]
    without_claims = [wave for wave, each in waves if each["kind"] != "PersistentVolumeClaim"]
    assert without_claims == sorted(without_claims)
    hooks = {identity(each)[1].rpartition("-")[0]: each["metadata"]["annotations"].get("argocd.argoproj.io/hook") for each in found}
    assert [hooks[name] for name in ("check-services", "migrate", "collectstatic", "report")] == ["Sync", "Sync", "Sync", "PostSync"]
    kustomizations = list(built(exported / "autoscaled" / "flux"))
    assert [each["spec"]["path"].rpartition("/")[0] for each in kustomizations] == ["./clusters/autoscaled"] * len(kustomizations)
    assert all((exported / pathlib.Path(each["spec"]["path"]).relative_to("clusters")).is_dir() for each in kustomizations)
    # Except for annotations, the tiers are those of site.yml.
    tiers = [each for each in found if each["kind"] in ("Deployment", "ScaledObject", "Service")]
    assert [each["spec"] for each in tiers] == [
        each["spec"] for each in productions["autoscaled"].of_kind("Deployment", "ScaledObject", "Service")
    ]


def test_each_secret_of_the_pods_has_an_external_secret(exported: pathlib.Path, productions: Any) -> None:
    found = [each for each in built(exported / "autoscaled") if each["kind"] == "ExternalSecret"]
    assert {each["spec"]["target"]["name"] for each in found} == {each["metadata"]["name"] for each in productions["autoscaled"].secrets}
    assert all(each["spec"]["data"] for each in found)
    text = "".join(path.read_text() for path in exported.rglob("*") if path.is_file())
    assert SECRETS
    assert not [value for value in SECRETS if value in text]
