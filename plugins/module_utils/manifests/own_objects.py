# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests that users write: reading, order and problems (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Kinds that other objects need: their namespace, or their definition. The API server rejects the other objects until these exist.
_FIRST = ("Namespace", "CustomResourceDefinition")


class _ProblemError(Exception):
    """An entry cannot be applied."""


def own_objects(
    manifests: Iterable[Any], texts: Iterable[str], paths: Iterable[str], labels: Mapping[str, str] | None = None
) -> dict[str, list[Any]]:
    """Read manifests that users write themselves.

    Replaces lists with their items, and omits empty documents. Namespaces come first, then CustomResourceDefinitions. The other objects
    keep their order.

    Args:
        manifests: Manifests, such as C(extra_objects_manifests).
        texts: Rendered templates, one string with YAML documents for each template.
        paths: Paths of the templates, in the same order as O(texts). The sentences in C(problems) show them.
        labels: Labels to add to each object. They take precedence over the labels of the manifest.

    Returns:
        A mapping with C(objects), and with C(problems), a sentence for each entry that cannot be applied.

    Example:
        {{ (extra_objects_manifests | jewelry_shop.platform.own_objects([], [])).problems }}
    """
    objects: list[Mapping[str, Any]] = []
    problems: list[str] = []
    for place, document in (*_of_manifests(manifests), *_of_templates(texts, paths)):
        for where, each in _unpacked(place, document):
            try:
                _require_name(where, each)
            except _ProblemError as problem:
                problems.append(str(problem))
            else:
                objects.append(_labelled(each, labels or {}))
    ranks = {kind: rank for rank, kind in enumerate(_FIRST)}
    return {"objects": sorted(objects, key=lambda each: ranks.get(each["kind"], len(ranks))), "problems": problems}


def _labelled(manifest: Mapping[str, Any], labels: Mapping[str, str]) -> Mapping[str, Any]:
    has = manifest["metadata"].get("labels") or {}
    # The API server rejects labels that are not a mapping, and reports why.
    if not labels or not isinstance(has, Mapping):
        return manifest
    return {**manifest, "metadata": {**manifest["metadata"], "labels": {**has, **labels}}}


def _of_manifests(manifests: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"extra_objects_manifests[{number}]", manifest) for number, manifest in enumerate(manifests))


def _of_templates(texts: Iterable[str], paths: Iterable[str]) -> Iterator[tuple[str, Any]]:
    # Imported here, as Ansible's import sanity test requires.
    import yaml

    for path, text in zip(paths, texts, strict=True):
        try:
            documents = list(yaml.safe_load_all(text))
        except yaml.MarkedYAMLError as error:
            # The complete error message quotes lines of the document, which may contain a secret.
            line = f" at line {error.problem_mark.line + 1} of the rendered text" if error.problem_mark else ""
            yield f"{path} (extra_objects_templates)", _ProblemError(f"is not YAML: {error.problem}{line}")
            continue
        except yaml.YAMLError as error:
            yield f"{path} (extra_objects_templates)", _ProblemError(f"is not YAML: {type(error).__name__}")
            continue
        for number, document in enumerate(documents, start=1):
            # A document between two separators may be empty.
            if document is not None:
                yield f"document {number} of {path} (extra_objects_templates)", document


def _unpacked(place: str, document: Any) -> Iterator[tuple[str, Any]]:
    """Yield a document, or the items of a list at any depth, with the kind and version that kubernetes.core sets."""
    kind = document.get("kind") if isinstance(document, Mapping) else None
    if not isinstance(kind, str) or not kind.endswith("List"):
        yield place, document
        return
    items = document.get("items")
    if not isinstance(items, list):
        # kubernetes.core treats each kind with such a name as a list, and applies nothing.
        yield place, _ProblemError(f"is of kind {kind} and has no list of items, which a kind that ends with List needs")
        return
    of_items = {} if kind == "List" else {"apiVersion": document.get("apiVersion"), "kind": kind[: -len("List")]}
    for number, item in enumerate(items):
        yield from _unpacked(f"{place}.items[{number}]", {**of_items, **item} if isinstance(item, Mapping) else item)


def _require_name(place: str, manifest: Any) -> None:
    if isinstance(manifest, _ProblemError):
        raise _ProblemError(f"{place} {manifest}")
    if not isinstance(manifest, Mapping):
        raise _ProblemError(f"{place} is not a mapping: write a manifest with apiVersion, kind and metadata.name")
    for key in ("apiVersion", "kind"):
        if not isinstance(manifest.get(key), str) or not manifest[key]:
            raise _ProblemError(f"{place} has no {key}")
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    if isinstance(metadata.get("name"), str) and metadata["name"]:
        return
    if "name" in metadata:
        raise _ProblemError(f"{place}, a {manifest['kind']}, has a metadata.name that is not a string: quote it")
    if "generateName" in metadata:
        raise _ProblemError(
            f"{place}, a {manifest['kind']}, has metadata.generateName, so each run would create another object: set metadata.name"
        )
    raise _ProblemError(f"{place}, a {manifest['kind']}, has no metadata.name")


def custom_resources(manifests: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Find custom resources whose definition is in the same list.

    Args:
        manifests: Manifests, each with apiVersion and kind.

    Returns:
        One manifest of each kind and API version.

    Example:
        {{ extra_objects_manifests | jewelry_shop.platform.custom_resources | map(attribute='kind') }}
    """
    manifests = list(manifests)
    defined = {kind for manifest in manifests for kind in defined_kinds(manifest)}
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for manifest in manifests:
        kind = (manifest["apiVersion"], manifest["kind"])
        if kind in defined:
            found.setdefault(kind, manifest)
    return list(found.values())


def defined_kinds(manifest: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The scope (C(Namespaced) or C(Cluster)) of each kind that a manifest defines, by its apiVersion and kind.

    Args:
        manifest: a manifest of any kind. Only a CustomResourceDefinition defines kinds.
    """
    if manifest["kind"] != "CustomResourceDefinition":
        return {}
    spec = manifest.get("spec") or {}
    kind = (spec.get("names") or {}).get("kind", "")
    return {
        (f"{spec.get('group')}/{version.get('name')}", kind): spec.get("scope", "")
        for version in spec.get("versions") or ()
        if version.get("served")
    }
