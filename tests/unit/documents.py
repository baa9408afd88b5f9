"""The documents of the repository, and what they contain: code blocks, code in the text, links and headings."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import yaml

from tools.collection_tree import ROOT, repository_files

GUIDES = sorted(ROOT.glob("docs/*.md"))
# The documents whose commands and examples the tests run.
DOCUMENTS = [ROOT / "README.md", *GUIDES]
MARKDOWN = [ROOT / name for name in repository_files() if name.endswith(".md")]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Loader(yaml.SafeLoader):
    """Loads YAML with the tag !unsafe of Ansible."""


Loader.add_constructor("!unsafe", lambda _loader, node: node.value)


def load_variables(path: pathlib.Path) -> Any:
    """The variables of a file, with unresolved templates."""
    return yaml.load(path.read_text(), Loader) or {}  # noqa: S506 - a SafeLoader


SPECIFICATIONS = {path.parents[1].name: yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))}
OPTIONS = {
    name: option
    for specification in SPECIFICATIONS.values()
    for name, option in (specification["argument_specs"]["main"].get("options") or {}).items()
}


def name_of(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: pathlib.Path, language: str) -> list[str]:
    return [content for found, content in FENCED.findall(path.read_text()) if found == language]


def prose(path: pathlib.Path) -> str:
    """Return a document without its code blocks."""
    return FENCED.sub("", path.read_text())


def links(path: pathlib.Path) -> list[str]:
    """Return the targets of the links in a document."""
    return LINK.findall(CODE.sub("", prose(path)))


def anchors(path: pathlib.Path) -> list[str]:
    """Return the anchors of a document's headings, as GitHub forms them."""
    found: list[str] = []
    for heading in HEADING.findall(prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        earlier = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", each) is not None for each in found)
        found.append(f"{anchor}-{earlier}" if earlier else anchor)
    return found
