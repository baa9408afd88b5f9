"""Write the source of the documentation site: the documents of the repository, and the reference of modules, plugins and roles.

The documents keep their place relative to each other, so that their links lead to the same files as in the repository.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from tools.collection_tree import ROOT, make, repository_files

COLLECTION = "jewelry_shop.platform"
_DOCUMENT = re.compile(r"(docs/|docs/decisions/|roles/\w+/|demo/|local_cluster/)?[\w-]+\.md")
_OPTION = re.compile(r"\bO\((\w+)((?:=[^)]*)?)\)")
_LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)\s]*)?\))")


def documents() -> list[str]:
    """The documents of the site, relative to the root of the repository."""
    return [name for name in repository_files() if _DOCUMENT.fullmatch(name)]


def copy(name: str, target: pathlib.Path) -> None:
    """Copy a document, and the files that it links to. A link to a directory leads to the list of its documents."""
    folder = (ROOT / name).parent

    def link(match: re.Match[str]) -> str:
        linked = (folder / match[2]).resolve()
        if linked.is_dir():
            return f"{match[1]}{match[2].rstrip('/')}/index.md{match[3]}"
        own = target / linked.relative_to(ROOT)
        if linked.is_file() and not own.exists() and linked.suffix != ".md":
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(linked, own)
        return match[0]

    (target / name).parent.mkdir(parents=True, exist_ok=True)
    (target / name).write_text(_LINK.sub(link, (ROOT / name).read_text()))


def table_of_contents(*names: str, caption: str = "", title: str = "") -> str:
    """A list of documents, as MyST writes it."""
    heading = f"# {title}\n\n" if title else ""
    options = [":maxdepth: 1", ":glob:", *([f":caption: {caption}"] if caption else [])]
    return heading + "\n".join(["```{toctree}", *options, "", *names, "```", "", ""])


def index(target: pathlib.Path) -> None:
    """Write the first page, with the guides in the order of README."""
    guides = list(dict.fromkeys(re.findall(r"\]\((docs/\w+)\.md", (ROOT / "README.md").read_text())))
    parts = [
        f"# {COLLECTION}\n\n",
        table_of_contents("README", *guides, caption="Guides"),
        table_of_contents("reference/index", "roles/index", caption="Reference"),
        table_of_contents("SECURITY", "CONTRIBUTING", "docs/decisions/index", "demo/README", "local_cluster/README", caption="Project"),
    ]
    (target / "index.md").write_text("".join(parts))
    (target / "roles" / "index.md").write_text(table_of_contents("*/README", title="Variables of the roles"))
    (target / "docs" / "decisions" / "index.md").write_text(table_of_contents("0*", title="Decisions"))


def described(option: dict[str, Any]) -> dict[str, Any]:
    """Return an option of a role as antsibull-docs reads it: a default that is a template must be a string."""
    default = option.get("default")
    if option["type"] == "str" or not (isinstance(default, str) and "{{" in default):
        return option
    text = option["description"]
    paragraphs = [text] if isinstance(text, str) else text
    rest = {key: value for key, value in option.items() if key not in {"default", "description"}}
    return {**rest, "description": [*paragraphs, f"The default is C({default})."]}


def linked(text: str, role: str, owners: Mapping[str, str]) -> str:
    """Name the role in each link to an option of another role, as antsibull-docs expects.

    Args:
        text: Argument specification of a role, as YAML.
        role: Name of this role.
        owners: Name of the role that has an option, by option.
    """

    def link(match: re.Match[str]) -> str:
        owner = owners[match[1]]
        return match[0] if owner == role else f"O({COLLECTION}.{owner}#role:main:{match[1]}{match[2]})"

    return _OPTION.sub(link, text)


def reference(target: pathlib.Path, work: pathlib.Path) -> None:
    """Write the pages of all modules, plugins and roles."""
    tree = make(work, with_test_settings=False)
    paths = {path.parent.parent.name: path for path in sorted(tree.glob("roles/*/meta/argument_specs.yml"))}
    specifications = {role: yaml.safe_load(path.read_text()) for role, path in paths.items()}
    owners: dict[str, str] = {}
    for role, specification in specifications.items():
        for entry in specification["argument_specs"].values():
            entry["options"] = {name: described(option) for name, option in (entry.get("options") or {}).items()}
            owners |= dict.fromkeys(entry["options"], role)
    for role, path in paths.items():
        path.write_text(linked(yaml.safe_dump(specifications[role], sort_keys=False, width=sys.maxsize), role, owners))
    target.mkdir(parents=True)
    program = pathlib.Path(sys.executable).with_name("antsibull-docs")
    options = [
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--no-add-antsibull-docs-version",
        f"--dest-dir={target}",
    ]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(work)}
    subprocess.run([str(program), "collection", *options, COLLECTION], check=True, env=environment)


def main() -> None:
    """Write the source into a folder, which is replaced."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=pathlib.Path, help="folder that is replaced")
    target: pathlib.Path = parser.parse_args().target.resolve()
    shutil.rmtree(target, ignore_errors=True)
    for name in documents():
        copy(name, target / "source")
    index(target / "source")
    shutil.copy2(pathlib.Path(__file__).with_name("docs_site.conf.py"), target / "source" / "conf.py")
    reference(target / "source" / "reference", target / "tree")


if __name__ == "__main__":
    main()
