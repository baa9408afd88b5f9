"""The source of the documentation site. `make docs` builds the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools import docs_site
from tools.docs_site import described, linked


def test_all_guides_decisions_and_readmes_of_roles_are_documents() -> None:
    documents = docs_site.documents()
    assert {"README.md", "docs/deploy.md", "docs/decisions/0009-one-report.md", "roles/django/README.md"} <= set(documents)
    assert [name for name in documents if name.startswith(("tests/", "molecule/", "changelogs/"))] == []


def test_a_link_to_a_directory_leads_to_a_list_and_a_linked_file_is_copied(tmp_path: Path) -> None:
    docs_site.copy("README.md", tmp_path)
    assert "](docs/decisions/index.md)" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "docs" / "deployer.yaml").is_file()
    # A document is copied as one, not as a file of another.
    assert list(tmp_path.rglob("*.md")) == [tmp_path / "README.md"]


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ({"type": "str", "default": "{{ a }}", "description": "Text."}, {"type": "str", "default": "{{ a }}", "description": "Text."}),
        ({"type": "int", "default": 5, "description": "Number."}, {"type": "int", "default": 5, "description": "Number."}),
        (
            {"type": "int", "default": "{{ a }}", "description": "Number."},
            {"type": "int", "description": ["Number.", "The default is C({{ a }})."]},
        ),
        (
            {"type": "list", "elements": "dict", "default": "{{ a }}", "description": ["One.", "Two."]},
            {"type": "list", "elements": "dict", "description": ["One.", "Two.", "The default is C({{ a }})."]},
        ),
    ],
)
def test_a_default_that_is_no_string_is_described_if_it_is_a_template(option: dict[str, Any], shown: dict[str, Any]) -> None:
    assert described(option) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See O(nginx_uid).", "See O(nginx_uid)."),
        ("See O(platform_pod) and C(O).", "See O(jewelry_shop.platform.platform#role:main:platform_pod) and C(O)."),
        ("With O(platform_kind=a b).", "With O(jewelry_shop.platform.platform#role:main:platform_kind=a b)."),
    ],
)
def test_a_link_to_an_option_of_another_role_names_the_role(text: str, shown: str) -> None:
    assert linked(text, "nginx", {"nginx_uid": "nginx", "platform_pod": "platform", "platform_kind": "platform"}) == shown
