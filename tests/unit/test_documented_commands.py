"""Every command of README and of the guides in docs/ runs: here without a cluster, or in the scenarios.

The guides of `FOLLOWED` run as a whole, from their first to their last line: in test_installed.py up to the cluster, and in the scenario
`installed`. The checks below hold for their playbooks and examples too.
"""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import scalar_problems, setting_problems
from tests.unit.documents import CODE, DOCUMENTS, FENCED, OPTIONS, blocks, name_of, prose
from tools.collection_tree import ROOT
from tools.installed import FOLLOWED


def commands_of(document: pathlib.Path) -> list[list[str]]:
    return [shlex.split(line, comments=True) for block in blocks(document, "bash") for line in block.splitlines() if line.strip()]


FOLLOWED_DOCUMENTS = [document for document in DOCUMENTS if document.stem in FOLLOWED]
COMMANDS = [command for document in DOCUMENTS for command in commands_of(document)]
SINGLE_COMMANDS = [command for document in DOCUMENTS if document not in FOLLOWED_DOCUMENTS for command in commands_of(document)]
# Commands in the text and in tables; what they replace (`kubectl apply -k k8s/`) is not run.
IN_TEXT = [
    shlex.split(code) for document in DOCUMENTS for code in CODE.findall(prose(document)) if re.match(r"(make|ansible-playbook) ", code)
]
EXAMPLES = [
    (name_of(document), block)
    for document in DOCUMENTS
    for block in blocks(document, "yaml")
    # A list of hosts is no variable. The guides with such a file run.
    if not (document in FOLLOWED_DOCUMENTS and block.splitlines()[0].endswith("/hosts.yml"))
]
# An option with its argument, within a command or alone.
EXTRA = sorted(
    {code for document in DOCUMENTS for code in re.findall(r" -e ('[^']+'|[^\s`]+)", re.sub(r"`-e ", "` -e ", document.read_text()))}
    - {"name=value", "name=true"}
)
SCENARIO = "".join(path.read_text() for path in sorted((ROOT / "molecule").glob("**/*.py")))
# The programs of the documents, with the least number of commands of each.
CHART = {"make": 3, "ansible-playbook": 13, "ansible-vault": 1, "kubectl": 4, ".": 1}


def commands(program: str, among: list[list[str]] | None = None) -> list[list[str]]:
    found = [command for command in (COMMANDS if among is None else among) + IN_TEXT if command[0] == program]
    return [list(command) for command in dict.fromkeys(map(tuple, found))]


def run(command: list[str]) -> None:
    binary = pathlib.Path(sys.executable).with_name(command[0])
    program = str(binary) if binary.exists() else command[0]
    result = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, f"{shlex.join(command)}: {result.stdout}{result.stderr}"


def test_every_program_of_the_documents_has_a_test() -> None:
    assert {command[0] for command in SINGLE_COMMANDS} == set(CHART)
    assert len(FOLLOWED_DOCUMENTS) == len(FOLLOWED)
    assert {program: len(commands(program)) for program in CHART if len(commands(program)) < CHART[program]} == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_code_block_has_a_language_that_is_tested(document: pathlib.Path) -> None:
    assert {language for language, _content in FENCED.findall(document.read_text())} <= {"bash", "yaml", ""}
    # A block without a language is a picture.
    assert all(re.search("[─│]", picture) for picture in blocks(document, ""))


@pytest.mark.parametrize("command", commands("make"), ids=shlex.join)
def test_make_targets_exist(command: list[str]) -> None:
    run([command[0], "--dry-run", *command[1:]])


@pytest.mark.parametrize("command", commands("ansible-playbook"), ids=shlex.join)
def test_playbooks_accept_their_inventories_and_options(command: list[str]) -> None:
    run([argument for argument in command if argument != "--ask-vault-pass"] + ["--syntax-check"])


@pytest.mark.parametrize("command", commands("ansible-playbook"), ids=shlex.join)
def test_commands_name_their_inventory(command: list[str]) -> None:
    inventory = command[command.index("-i") + 1]
    assert (ROOT / inventory).is_dir()


@pytest.mark.parametrize("command", commands("ansible-vault", SINGLE_COMMANDS), ids=shlex.join)
def test_secrets_files_are_encrypted(command: list[str], tmp_path: pathlib.Path) -> None:
    password = tmp_path / "password"
    password.write_text("only for this test")
    secrets = tmp_path / "secrets.yml"
    shutil.copy(ROOT / command[-1], secrets)
    run([*command[:-1], f"--vault-password-file={password}", str(secrets)])
    assert secrets.read_text().startswith("$ANSIBLE_VAULT;")


@pytest.mark.parametrize("command", commands("kubectl", SINGLE_COMMANDS), ids=shlex.join)
def test_kubectl_commands_run_in_the_scenario(command: list[str]) -> None:
    # As one string, or as the words of one call in this order. One component stands for all.
    words = [r'f?"component=[^"]*"' if word.startswith("component=") else f'"{re.escape(word)}"' for word in command]
    assert f'"{shlex.join(command)}"' in SCENARIO or re.search(r",\s*".join(words), SCENARIO)


def test_a_kubectl_command_that_no_scenario_runs_is_found() -> None:
    with pytest.raises(AssertionError):
        test_kubectl_commands_run_in_the_scenario(["kubectl", "logs", "-l", "component=django", "-n", "jewelry-shop"])


def problems(variables: dict[str, Any]) -> list[str]:
    unknown = [f"{name} is not a variable of any role" for name in variables if name not in OPTIONS]
    known = [(name, value, OPTIONS[name]) for name, value in variables.items() if name in OPTIONS]
    return unknown + [problem for each in known for problem in setting_problems(*each) + scalar_problems(*each)]


@pytest.mark.parametrize("argument", EXTRA)
def test_extra_variables_have_the_name_and_type_of_a_variable(argument: str) -> None:
    [value] = shlex.split(argument)
    name, _separator, string = value.partition("=")
    assert problems(json.loads(value) if value.startswith("{") else {name: string}) == []


def test_extra_variables_of_a_wrong_type_are_found() -> None:
    assert len(EXTRA) >= 9
    assert problems({"django_replicas": "5"})
    assert problems({"django_replica": 5})


@pytest.mark.parametrize(("document", "example"), EXAMPLES, ids=[f"{name}-{example.split(':')[0]}" for name, example in EXAMPLES])
def test_examples_of_an_inventory_hold_values_that_the_roles_accept(document: str, example: str) -> None:
    variables = yaml.safe_load(example.replace("!unsafe ", ""))
    assert variables
    assert problems(variables) == []


def test_examples_of_an_inventory_are_found() -> None:
    documents = {name for name, _example in EXAMPLES}
    assert documents >= {"README.md", "docs/monitoring.md", "docs/network_policies.md", "docs/tls_and_ingress.md"}
