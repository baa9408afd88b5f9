"""remove.yml finds every kind of object that the collection creates."""

from __future__ import annotations

import pathlib

import yaml

from tests.unit.manifests.conftest import Manifests

REMOVE = pathlib.Path(__file__).parents[3] / "roles/remove"
# Removed by tasks of their own: claims with the namespace, workloads first so that no pod uses what is removed.
ELSEWHERE = {"Namespace", "PersistentVolumeClaim", "Deployment", "StatefulSet"}


def test_every_kind_that_is_deployed_is_removed(productions: dict[str, Manifests]) -> None:
    variables = yaml.safe_load((REMOVE / "vars/main.yml").read_text())
    optional = ("service_monitors", "rules", "scaled_objects", "trigger_authentications")
    operators = [variables[f"__remove_{name}"] for name in optional]
    listed = {
        (each["api_version"], each["kind"]) for each in [*variables["__remove_first_kinds"], *variables["__remove_last_kinds"], *operators]
    }
    deployed = {
        (each["apiVersion"], each["kind"])
        for manifests in productions.values()
        for each in [*manifests.objects, *manifests.secrets]
        if each["kind"] not in ELSEWHERE
    }
    assert deployed == listed
