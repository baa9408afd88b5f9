"""Schemas from an OpenAPI document, and the message if Go is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import openapi_schemas

DOCUMENT: dict[str, Any] = {
    "definitions": {
        "io.k8s.api.apps.v1.Thing": {
            "type": "object",
            "properties": {"size": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"}},
            "x-kubernetes-group-version-kind": [{"group": "apps.k8s.io", "version": "v1", "kind": "Thing"}],
        },
        "io.k8s.apimachinery.pkg.runtime.RawExtension": {"type": "object"},
        "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
    }
}


@pytest.mark.parametrize(
    ("group", "kind", "name"),
    [
        ("", "Service", "service-v1.json"),
        ("apps", "Deployment", "deployment-apps-v1.json"),
        ("rbac.authorization.k8s.io", "Role", "role-rbac-v1.json"),
    ],
)
def test_schema_files_have_the_names_that_kubeconform_requests(group: str, kind: str, name: str) -> None:
    assert openapi_schemas.file_name(group, "v1", kind) == name


def test_schemas_allow_no_additional_properties(tmp_path: Path) -> None:
    openapi_schemas.write_schemas(DOCUMENT, tmp_path)
    assert json.loads((tmp_path / "thing-apps-v1.json").read_text()) == {"$ref": "_definitions.json#/definitions/io.k8s.api.apps.v1.Thing"}
    written = json.loads((tmp_path / "_definitions.json").read_text())["definitions"]
    assert written["io.k8s.api.apps.v1.Thing"]["additionalProperties"] is False
    assert "additionalProperties" not in written["io.k8s.apimachinery.pkg.runtime.RawExtension"]
    assert written["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {"type": ["string", "number"]}
