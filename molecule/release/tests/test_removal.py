"""A removal keeps the volumes, the Namespace and objects of others, and a deploy brings the shop back with its data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

NOTES = "notes-of-others"
# The group prefers v1, which does not serve the second kind.
KINDS = {"Settled": "v1", "Draft": "v1beta1"}
GROUP = "molecule.example.com"


def squeezed(text: str) -> str:
    return "".join(text.split())


def names(cluster: Any, *kinds: str) -> set[str]:
    return {f"{each['kind']}/{each['metadata']['name']}" for kind in kinds for each in cluster.get(kind)}


@pytest.fixture(scope="module")
def notes(cluster: Any) -> Iterator[str]:
    """A ConfigMap of others in the namespace, with the labels of the platform."""
    cluster.kubectl("create", "configmap", NOTES, "--from-literal=a=b")
    cluster.kubectl("label", "configmap", NOTES, "app=jewelry-shop", "app.kubernetes.io/managed-by=ansible")
    yield NOTES
    cluster.kubectl("delete", "configmap", NOTES, "--ignore-not-found")


def definition(kind: str, version: str) -> dict[str, Any]:
    """The definition of a custom resource."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    names = {"kind": kind, "plural": f"{kind.lower()}s", "singular": kind.lower(), "listKind": f"{kind}List"}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{GROUP}"},
        "spec": {**spec, "versions": [{"name": version, "served": True, "storage": True, "schema": schema}]},
    }


@pytest.fixture
def draft(cluster: Any) -> Iterator[str]:
    """A custom resource of others that its API group serves only in a version that is not the preferred one."""
    definitions = [definition(kind, version) for kind, version in KINDS.items()]
    crds = [f"crd/{each['metadata']['name']}" for each in definitions]
    cluster.kubectl("create", "--filename=-", input="\n---\n".join(map(json.dumps, definitions)))
    try:
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *crds)
        manifest = {"apiVersion": f"{GROUP}/v1beta1", "kind": "Draft", "metadata": {"name": "ring"}}
        cluster.kubectl("create", "--filename=-", input=json.dumps(manifest))
        yield "ring"
    finally:
        cluster.kubectl("delete", *crds)


@pytest.fixture
def deployed_again(playbook: Any) -> Iterator[None]:
    """The platform after the test."""
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


def test_the_namespace_is_not_removed_with_volumes_and_objects_of_others_in_it(
    cluster: Any, playbook: Any, administrator: dict[str, Any], notes: str, draft: str
) -> None:
    before = cluster.resource_versions()
    run = playbook("playbooks/remove.yml", remove_confirmed=True, remove_namespace=True, **administrator)
    assert run.returncode != 0
    output = squeezed(run.output)
    assert squeezed(f"ConfigMap {notes} (it was created by the field managers kubectl-create and kubectl-label, not by") in output, (
        run.output
    )
    # An object without fields has no entry of a field manager.
    assert squeezed(f"Draft {draft} (it was created by an unknown field manager, not by") in output, run.output
    assert squeezed("(volume that remove_volumes does not name)") in output, run.output
    assert cluster.written_since(before) == []


def test_a_removal_without_a_confirmation_shows_both_parts_and_changes_nothing(cluster: Any, playbook: Any, notes: str) -> None:
    before = cluster.resource_versions()
    run = playbook("playbooks/remove.yml")
    assert run.returncode != 0
    shown = squeezed(run.output)
    goes, stays = shown.index("Goes:"), shown.index("Stays:")
    assert goes < shown.index("Deploymentdjango") < stays < shown.index(f"ConfigMap{notes}"), run.output
    assert stays < shown.index("PersistentVolumeClaimmedia-pvc"), run.output
    assert cluster.written_since(before) == []


def test_the_shop_returns_with_its_data_after_a_removal(
    cluster: Any, playbook: Any, shop: Any, administrator: dict[str, Any], notes: str, deployed_again: None
) -> None:
    shop.get("/")
    products = shop.get("/").text
    claims = {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.get("persistentvolumeclaims")}
    cluster.kubectl("exec", "deployment/django", "--", "sh", "-c", "echo kept > /app/media/removal-test")

    run = playbook("playbooks/remove.yml", remove_confirmed=True, **administrator)
    assert run.returncode == 0, run.output
    assert names(cluster, "deployments", "statefulsets", "services", "jobs", "ingresses", "networkpolicies", "pods") == set()
    assert names(cluster, "configmaps") == {f"ConfigMap/{notes}", "ConfigMap/kube-root-ca.crt"}
    assert {each["metadata"]["name"]: each["metadata"]["uid"] for each in cluster.get("persistentvolumeclaims")} == claims
    again = playbook("playbooks/remove.yml", remove_confirmed=True, **administrator)
    assert (again.returncode, again.changed) == (0, 0), again.output

    run = playbook("site.yml")
    assert run.returncode == 0, run.output
    assert cluster.kubectl("exec", "deployment/django", "--", "cat", "/app/media/removal-test").stdout == "kept\n"
    assert shop.get("/").status_code == 200
    assert len(shop.get("/").text) == len(products)


def test_only_the_named_volume_is_removed(cluster: Any, playbook: Any, administrator: dict[str, Any], deployed_again: None) -> None:
    before = names(cluster, "persistentvolumeclaims")
    run = playbook("playbooks/remove.yml", remove_confirmed=True, remove_volumes=["backups-pvc"], **administrator)
    assert run.returncode == 0, run.output
    assert names(cluster, "persistentvolumeclaims") == before - {"PersistentVolumeClaim/backups-pvc"}
