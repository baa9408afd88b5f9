# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.own_objects import (
    custom_resources,
    defined_kinds,
    own_objects,
)


def named(kind: str, name: str = "mail", version: str = "v1", **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


NOTE, SERVICE = named("ConfigMap"), named("Service")
BACKUP = named("Backup", version="example.com/v1")
DEFINITION = named(
    "CustomResourceDefinition",
    "backups.example.com",
    "apiextensions.k8s.io/v1",
    spec={
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Backup", "plural": "backups"},
        "versions": [{"name": "v1", "served": True, "storage": True}, {"name": "v0", "served": False, "storage": False}],
    },
)


def lists(kind: str, *items: Any, version: str = "v1") -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "items": list(items)}


@pytest.mark.parametrize(
    ("manifests", "objects"),
    [
        pytest.param([], [], id="none"),
        pytest.param([NOTE, SERVICE], [NOTE, SERVICE], id="in their order"),
        pytest.param([lists("List", NOTE, SERVICE)], [NOTE, SERVICE], id="a list"),
        pytest.param([lists("List", lists("List", NOTE), SERVICE)], [NOTE, SERVICE], id="a list in a list"),
        pytest.param([lists("List")], [], id="an empty list"),
        pytest.param([lists("ConfigMapList", {"metadata": {"name": "mail"}}, NOTE)], [NOTE, NOTE], id="a list of one kind"),
        pytest.param(
            [lists("BackupList", {"metadata": {"name": "mail"}}, version="example.com/v1")], [BACKUP], id="a list of custom resources"
        ),
        pytest.param([BACKUP, DEFINITION], [DEFINITION, BACKUP], id="a definition comes first"),
        pytest.param(
            [NOTE, DEFINITION, named("Namespace"), SERVICE], [named("Namespace"), DEFINITION, NOTE, SERVICE], id="a Namespace comes first"
        ),
    ],
)
def test_objects_are_read(manifests: list[Any], objects: list[Any]) -> None:
    assert own_objects(manifests, [], []) == {"objects": objects, "problems": []}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (None, {"app": "mail", "here": "yes"}),
        ({}, {"app": "mail", "here": "yes"}),
        (["not", "labels"], ["not", "labels"]),
        ({"app": "own", "team": "shop"}, {"app": "mail", "here": "yes", "team": "shop"}),
    ],
)
def test_platform_labels_are_added_and_take_precedence(labels: Any, expected: Any) -> None:
    manifest = named("ConfigMap", data={"A": "1"})
    manifest["metadata"]["labels"] = labels
    [found] = own_objects([manifest], [], [], {"app": "mail", "here": "yes"})["objects"]
    assert found == {**manifest, "metadata": {"name": "mail", "labels": expected}}
    assert manifest["metadata"]["labels"] == labels


TEXT = "---\n# nothing here\n---\n{kind: ConfigMap, apiVersion: v1, metadata: {name: mail}}\n---\n---\nnull\n"


def test_empty_documents_of_a_template_are_left_out() -> None:
    assert own_objects([SERVICE], [TEXT, ""], ["a.j2", "b.j2"]) == {"objects": [SERVICE, NOTE], "problems": []}


FIRST = "extra_objects_manifests[0]"


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (["hunter2"], f"{FIRST} is not a mapping: write a manifest with apiVersion, kind and metadata.name"),
        ({"kind": "Service", "metadata": {"name": "a"}}, f"{FIRST} has no apiVersion"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, f"{FIRST} has no kind"),
        ({"apiVersion": "v1", "kind": "", "metadata": {"name": "a"}}, f"{FIRST} has no kind"),
        ({"apiVersion": "v1", "kind": "Service"}, f"{FIRST}, a Service, has no metadata.name"),
        ({"apiVersion": "v1", "kind": "Service", "metadata": "hunter2"}, f"{FIRST}, a Service, has no metadata.name"),
        ({"apiVersion": "v1", "kind": "Service", "metadata": {"name": 1}}, "has a metadata.name that is not a string: quote it"),
        (
            {"apiVersion": "v1", "kind": "Job", "metadata": {"generateName": "a-"}},
            f"{FIRST}, a Job, has metadata.generateName, so each run would create another object: set metadata.name",
        ),
        (lists("List", NOTE, {"kind": "Service"}), f"{FIRST}.items[1] has no apiVersion"),
        (lists("List", "hunter2"), f"{FIRST}.items[0] is not a mapping"),
        (
            named("AllowList", version="example.com/v1"),
            f"{FIRST} is of kind AllowList and has no list of items, which a kind that ends with List needs",
        ),
    ],
)
def test_an_invalid_manifest_is_one_sentence_with_its_entry(manifest: Any, sentence: str) -> None:
    read = own_objects([manifest, SERVICE], [], [])
    [problem] = read["problems"]
    assert sentence in problem
    assert "hunter2" not in problem
    assert SERVICE in read["objects"], "the others are read all the same"


def test_a_template_error_contains_its_file_and_not_its_content() -> None:
    texts = ["---\n---\nkind: Service\n", "a: 1\nb: [hunter2\n", "\x00hunter2", TEXT]
    read = own_objects([{}], texts, ["a.j2", "b.j2", "c.j2", "d.j2"])
    assert read["problems"] == [
        "extra_objects_manifests[0] has no apiVersion",
        "document 2 of a.j2 (extra_objects_templates) has no apiVersion",
        "b.j2 (extra_objects_templates) is not YAML: expected ',' or ']', but got '<stream end>' at line 3 of the rendered text",
        "c.j2 (extra_objects_templates) is not YAML: ReaderError",
    ]
    assert read["objects"] == [NOTE]


def test_the_kinds_that_a_definition_serves() -> None:
    assert defined_kinds(DEFINITION) == {("example.com/v1", "Backup"): "Namespaced"}
    assert defined_kinds(NOTE) == {}


def test_custom_resources_with_their_definition_are_found_once_per_kind() -> None:
    second = named("Backup", "second", "example.com/v1")
    assert custom_resources([DEFINITION, NOTE, BACKUP, second]) == [BACKUP]
    assert custom_resources([NOTE, BACKUP]) == []
    assert custom_resources([DEFINITION, named("Backup", version="example.com/v0")]) == []
