"""Every object against the schema of every supported version of Kubernetes; unknown fields are rejected."""

from __future__ import annotations

import copy
import functools
import json
import subprocess
from typing import Any

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tools import manifest_checkers

OLDEST = "1.24.17"  # kubernetes-validate begins with the next one
VERSIONS = sorted({utils.major_minor(version) for version in utils.all_versions()}, key=lambda version: int(version.partition(".")[2]))


@pytest.fixture(scope="module", autouse=True)
def _schemas_are_read_once() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", functools.cache(utils.schema_contents))
        yield


def kubeconform(manifests: str) -> dict[str, str]:
    """The problems of each rejected object, by kind and name."""
    location = f"-schema-location={manifest_checkers.oldest_schemas()}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    done = subprocess.run(
        [manifest_checkers.program("kubeconform"), "-strict", f"-kubernetes-version={OLDEST}", location, "-output=json"],
        input=manifests,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return {f"{each['kind']}/{each['name']}": each["msg"] for each in json.loads(done.stdout)["resources"] or []}


def deployment(manifests: Any, **fields: Any) -> Any:
    """Django's Deployment with further fields in its pods' spec."""
    changed = copy.deepcopy(manifests.get("Deployment", "django"))
    changed["spec"]["template"]["spec"].update(fields)
    return changed


def test_all_versions_are_covered() -> None:
    assert VERSIONS[0] == "1.25"
    assert len(VERSIONS) == int(VERSIONS[-1].partition(".")[2]) - 24


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_follow_the_schema(every_manifest: Any, version: str) -> None:
    for manifest in every_manifest.of_kubernetes():
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.usefixtures("checkers")
def test_manifests_follow_the_schema_of_the_oldest_version(every_manifest: Any) -> None:
    assert kubeconform(every_manifest.of_kubernetes().documents) == {}


@pytest.mark.usefixtures("checkers")
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"replica": 3}, "additional properties 'replica' not allowed"),
        ({"hostNetwork": "yes"}, "got string, want boolean"),
        ({"containers": [{"image": "x"}]}, "missing property 'name'"),
        # Kubernetes 1.25 brought it.
        ({"hostUsers": False}, "additional properties 'hostUsers' not allowed"),
    ],
)
def test_the_oldest_schema_rejects_newer_fields(production: Any, fields: dict[str, Any], message: str) -> None:
    refused = kubeconform(json.dumps(deployment(production, **fields)))
    assert message in refused["Deployment/django"]


def test_a_schema_rejects_unknown_fields(production: Any) -> None:
    kubernetes_validate.validate(deployment(production, hostUsers=False), "1.25", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment(production, replica=3), "1.25", strict=True)
