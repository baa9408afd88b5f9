"""Every command of the README runs: here without a cluster, or in the scenario of the whole platform."""

from __future__ import annotations

import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines() if line.strip()]
SCENARIO = "".join(path.read_text() for path in sorted((ROOT / "molecule").glob("**/*.py")))
CHART = {"make": 3, "ansible-playbook": 6, "ansible-vault": 1, "kubectl": 2, ".": 1}


def commands(program: str) -> list[list[str]]:
    return [command for command in COMMANDS if command[0] == program]


def run(command: list[str]) -> None:
    binary = pathlib.Path(sys.executable).with_name(command[0])
    program = str(binary) if binary.exists() else command[0]
    result = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, f"{shlex.join(command)}: {result.stdout}{result.stderr}"


def test_no_kind_of_command_is_left_out() -> None:
    programs = {command[0] for command in COMMANDS}
    assert programs == set(CHART), "a program of the README that no test here knows"
    assert all(len(commands(program)) >= least for program, least in CHART.items())


@pytest.mark.parametrize("command", commands("make"), ids=shlex.join)
def test_make_targets(command: list[str]) -> None:
    run([command[0], "--dry-run", *command[1:]])


@pytest.mark.parametrize("command", commands("ansible-playbook"), ids=shlex.join)
def test_playbooks_with_their_inventories_and_options(command: list[str]) -> None:
    run([argument for argument in command if argument != "--ask-vault-pass"] + ["--syntax-check"])


@pytest.mark.parametrize("command", commands("ansible-vault"), ids=shlex.join)
def test_secrets_files_are_encrypted(command: list[str], tmp_path: pathlib.Path) -> None:
    password = tmp_path / "password"
    password.write_text("only for this test")
    secrets = tmp_path / "secrets.yml"
    shutil.copy(ROOT / command[-1], secrets)
    run([*command[:-1], f"--vault-password-file={password}", str(secrets)])
    assert secrets.read_text().startswith("$ANSIBLE_VAULT;")


@pytest.mark.parametrize("command", commands("kubectl"), ids=shlex.join)
def test_kubectl_lines_are_run_in_the_scenario(command: list[str]) -> None:
    # As typed, or as the words of one call in this order; one component stands for all.
    words = [r'f?"component=[^"]*"' if word.startswith("component=") else f'"{re.escape(word)}"' for word in command]
    assert f'"{shlex.join(command)}"' in SCENARIO or re.search(r",\s*".join(words), SCENARIO)


def test_a_kubectl_line_that_no_scenario_runs_is_noticed() -> None:
    with pytest.raises(AssertionError):
        test_kubectl_lines_are_run_in_the_scenario(["kubectl", "logs", "-l", "component=django", "-n", "jewelry-shop"])
