"""JSON schemas of Kubernetes objects, from the OpenAPI document of a Kubernetes release. They are strict: unknown fields are errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

# The Go types of these accept more than the document states.
_WIDER: dict[str, Schema] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}
_DEFINITIONS = "_definitions.json"


def write_schemas(document: Schema, folder: Path) -> None:
    """Write a file for each kind, named `<kind>[-<first part of the group>]-<version>.json`, as kubeconform requires.

    Args:
        document: the OpenAPI document, version 2.
        folder: an existing folder for the files.
    """
    definitions: dict[str, Schema] = document["definitions"]
    strict = {name: _WIDER.get(name) or _strict(schema) for name, schema in definitions.items()}
    (folder / _DEFINITIONS).write_text(json.dumps({"definitions": strict}))
    for name, schema in definitions.items():
        reference = json.dumps({"$ref": f"{_DEFINITIONS}#/definitions/{name}"})
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            (folder / file_name(**kind)).write_text(reference)


def file_name(group: str, version: str, kind: str) -> str:
    """Return the file name of a kind."""
    return "-".join(part.lower() for part in (kind, group.partition(".")[0], version) if part) + ".json"


def _strict(schema: Schema) -> Schema:
    return {**schema, "additionalProperties": False} if "properties" in schema else schema
