"""Rules of the repository that no other tool checks."""

import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.unit.documents import name_of
from tools.collection_tree import ROOT, repository_files

FILES = [ROOT / name for name in repository_files() if not (ROOT / name).is_symlink()]
LOCK_FILES = [path for path in FILES if path.match("requirements*/*.txt") or path.name == "requirements.txt"]
ROLES = sorted(path for path in ROOT.glob("roles/*") if path.is_dir())

# Written so that this file does not contain what it looks for.
PRIVATE_KEY = re.compile(b"-----BEGIN [A-Z ]*PRIVATE" + b" KEY-----")
HOMES = ("/roo" + "t", str(pathlib.Path.home()), str(ROOT))


def names(paths: list[pathlib.Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def load(path: pathlib.Path) -> Any:
    return yaml.safe_load(path.read_text()) or {}


def role_options(role: pathlib.Path) -> dict[str, Any]:
    specification: dict[str, Any] = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    return specification.get("options") or {}


def test_no_private_key_or_certificate_is_kept() -> None:
    kept = [path for path in FILES if path.suffix in {".pem", ".key", ".crt", ".p12"} or PRIVATE_KEY.search(path.read_bytes())]
    assert names(kept) == []


def test_no_file_contains_a_path_of_one_machine() -> None:
    folder = re.compile(rf"(?<![\w.$}}/-])(?:{'|'.join(map(re.escape, HOMES))})/[\w./-]*".encode())
    found = {str(path.relative_to(ROOT)): folder.findall(path.read_bytes()) for path in FILES}
    assert {name: folders for name, folders in found.items() if folders} == {}


def test_no_built_file_is_kept() -> None:
    assert names([path for path in FILES if path.stat().st_size > 1_000_000 or path.read_bytes()[:4] == b"\x7fELF"]) == []


@pytest.mark.parametrize("path", LOCK_FILES, ids=names(LOCK_FILES))
def test_lock_files_set_no_package_index(path: pathlib.Path) -> None:
    assert re.findall(r"^--(?:index|extra|find|trusted)\S*|https?://\S+", path.read_text(), re.MULTILINE) == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_specifies_and_describes_itself(role: pathlib.Path) -> None:
    missing = [name for name in ("README.md", "meta/argument_specs.yml", "defaults/main.yml") if not (role / name).is_file()]
    assert missing == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_names_its_variables_after_itself(role: pathlib.Path) -> None:
    assert [name for name in role_options(role) if not name.startswith(f"{role.name}_")] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_descriptions_of_variables_have_no_template(role: pathlib.Path) -> None:
    """Ansible resolves templates in the whole specification when it validates a variable."""
    descriptions = {name: str(option["description"]) for name, option in role_options(role).items()}
    assert [name for name, text in descriptions.items() if re.search(r"\{[{%#]", text)] == []


def test_the_action_group_has_exactly_the_modules_that_connect_to_the_cluster() -> None:
    entries = load(ROOT / "meta" / "runtime.yml")["action_groups"]["k8s"]
    connecting = [path.stem for path in sorted(ROOT.glob("plugins/modules/*.py")) if "kubernetes.core.k8s_auth_options" in path.read_text()]
    assert [entry for entry in entries if isinstance(entry, str)] == connecting


def test_a_module_without_a_cluster_connection_runs_on_the_control_node() -> None:
    """The control: why one is not in the action group, whose defaults are options of the connection."""
    group = load(ROOT / "meta" / "runtime.yml")["action_groups"]["k8s"]
    outside = [path for path in ROOT.glob("plugins/modules/*.py") if path.stem not in group]
    assert [path.stem for path in outside if "def main" in path.read_text()] == []


def test_the_dependencies_are_the_same_for_galaxy_and_for_a_project_checkout() -> None:
    required = {entry["name"]: entry["version"] for entry in load(ROOT / "collections" / "requirements.yml")["collections"]}
    assert required == load(ROOT / "galaxy.yml")["dependencies"]


def test_the_checkout_is_found_as_a_collection() -> None:
    link = ROOT / ".ansible" / "collections" / "ansible_collections" / "jewelry_shop" / "platform"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOT


def imports(tasks: list[dict[str, Any]]) -> Iterator[str]:
    """The names of tasks that import a role, in blocks too."""
    for task in tasks:
        if "ansible.builtin.import_role" in task:
            yield task.get("name", "")
        for part in ("block", "rescue", "always"):
            yield from imports(task.get(part, []))


@pytest.mark.parametrize("path", [path for path in FILES if path.match("roles/*/tasks/*.yml")], ids=lambda path: "/".join(path.parts[-3:]))
def test_the_name_of_an_import_contains_no_template(path: pathlib.Path) -> None:
    """Ansible resolves the name before facts exist, and warns about template errors. It never shows the name."""
    assert [name for name in imports(yaml.safe_load(path.read_text()) or []) if "{{" in name] == []


# Longer logic is a typed function.
LONGEST_EXPRESSION = 160
LONGEST_FILE_OF_VARIABLES = 150
ANSIBLE_FILES = [
    path for path in FILES if path.suffix == ".yml" and re.fullmatch(r"roles/\w+/(defaults|vars|tasks)/.*|playbooks/.*", name_of(path))
]


@pytest.mark.parametrize("path", ANSIBLE_FILES, ids=name_of)
def test_expressions_are_short(path: pathlib.Path) -> None:
    expressions = [" ".join(found.split()) for found in re.findall(r"\{\{.*?\}\}", path.read_text(), re.DOTALL)]
    assert [each for each in expressions if len(each) > LONGEST_EXPRESSION] == []


def test_files_of_variables_are_short() -> None:
    files = [path for path in ANSIBLE_FILES if path.match("roles/*/vars/**/*.yml") or path.match("roles/*/vars/*.yml")]
    assert len(files) > 30
    assert [name_of(path) for path in files if len(path.read_text().splitlines()) > LONGEST_FILE_OF_VARIABLES] == []


def test_a_variable_names_a_file_by_its_role() -> None:
    """`role_path` is that of the task that runs, which is another role's where a variable is resolved there."""
    assert [name_of(path) for path in ANSIBLE_FILES if "role_path" in path.read_text()] == []


def test_filters_and_lookups_do_not_import_the_kubernetes_client() -> None:
    """Each task imports them in a process of its own, and the client takes 0.7 s of CPU time."""
    package = "ansible_collections.jewelry_shop.platform.plugins"
    paths = [path for kind in ("filter", "lookup") for path in (ROOT / "plugins" / kind).glob("*.py")]
    names = [f"{package}.{path.parent.name}.{path.stem}" for path in paths]
    assert len(names) >= 8
    program = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print('kubernetes' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".ansible" / "collections")}
    run = subprocess.run([sys.executable, "-c", program, *names], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
