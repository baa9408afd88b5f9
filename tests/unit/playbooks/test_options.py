"""Options of ansible-playbook that a run rejects before its first task, and runs with several hosts. No cluster is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.ansible_core import COLLECTIONS_PATH, COMMANDS, REPOSITORY

INVENTORY = REPOSITORY / "inventories" / "kind"
NEWEST, OLDEST = COMMANDS["newest"], COMMANDS["oldest"]
# Each run takes seconds. All options are in module_utils/rules/test_options.py, and all playbooks begin alike: test_hosts.py.
REJECTED = [
    (NEWEST, "site.yml", "--start-at-task=Tiers", "--start-at-task is not supported, because it skips the checks before the first write."),
    (OLDEST, "playbooks/history.yml", "--start-at-task=*", "--start-at-task is not supported, because it skips the checks"),
    (NEWEST, "jewelry_shop.platform.scale", "--step", "--step is not supported, because later tasks need the results of the tasks"),
    (NEWEST, "jewelry_shop.platform.site", "--tags=teirs", "--tags has teirs, which no stage has; did you mean tiers?"),
    (NEWEST, "playbooks/history.yml", "--tags=tiers", "--tags tiers is not supported, because this playbook has no tags."),
]


def run(*command: str, directory: Path = REPOSITORY, inventory: Path = INVENTORY, **variables: str) -> tuple[int, str]:
    """Run a playbook with further environment variables, and return its exit code and output without line breaks."""
    kept = (key for key in os.environ if not key.startswith(("ANSIBLE_", "K8S_AUTH_", "XDG_")) and key != "KUBECONFIG")
    environment = {**{key: os.environ[key] for key in kept}, **variables}
    done = subprocess.run(
        [*command, f"--inventory={inventory}"],
        cwd=directory,
        env={**environment, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(("ansible", "playbook", "option", "sentence"), REJECTED)
def test_an_unsupported_option_is_one_sentence_before_the_first_task(ansible: list[str], playbook: str, option: str, sentence: str) -> None:
    code, output = run(*ansible, playbook, option)
    assert code != 0, output
    assert output.count(sentence) == 1, output
    assert output.count("Nothing was changed.") == 1, output
    assert "PLAY [" not in output
    assert "Traceback" not in output


def test_a_playbook_that_imports_one_of_the_collection_keeps_its_own_tags(tmp_path: Path) -> None:
    own = {"name": "Web", "hosts": "all", "gather_facts": False, "tags": ["web"], "tasks": [{"ansible.builtin.debug": {"msg": "web"}}]}
    (tmp_path / "own.yml").write_text(yaml.safe_dump([own, {"ansible.builtin.import_playbook": "jewelry_shop.platform.history"}]))
    code, output = run(*NEWEST, "own.yml", "--tags=web", "--skip-tags=slow", directory=tmp_path)
    assert code == 0, output
    assert "PLAY [List the releases" in output


@pytest.fixture
def two_hosts(tmp_path: Path) -> Path:
    """An inventory with two environments. The settings of the first are wrong."""
    inventory = tmp_path / "inventory"
    shutil.copytree(INVENTORY, inventory)
    common = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts: dict[str, Any] = {"staging": {**common, "django_replicas": "many"}, "production": common}
    (inventory / "hosts.yml").write_text(json.dumps({"platform": {"hosts": hosts}}))
    return inventory


def render(inventory: Path, *options: str, directory: str = "{{ inventory_hostname }}") -> tuple[int, str, list[str]]:
    """Render the manifests of the hosts. Returns the exit code, the output and the hosts with manifests."""
    folder = inventory.parent / "rendered"
    value = json.dumps({"render_directory": f"{folder}/{directory}"})
    code, output = run(*NEWEST, "playbooks/render.yml", f"--extra-vars={value}", *options, inventory=inventory)
    return code, output, sorted(path.parent.name for path in folder.rglob("08-tiers.yaml"))


def test_a_failing_environment_does_not_stop_the_others(two_hosts: Path) -> None:
    code, output, rendered = render(two_hosts)
    assert code == 2, output
    assert "1 problem, nothing was changed: - django_replicas is of type str" in output
    assert rendered == ["production"]


@pytest.mark.parametrize("limit", ["@{}/limit", "production,other", "other:production", "!staging"])
def test_a_limit_with_hosts_of_other_groups_selects_those_of_the_platform(two_hosts: Path, limit: str) -> None:
    hosts = yaml.safe_load((two_hosts / "hosts.yml").read_text())
    (two_hosts / "hosts.yml").write_text(json.dumps({**hosts, "web": {"hosts": {"other": {}}}}))
    (two_hosts.parent / "limit").write_text("production\nother\n")
    code, output, rendered = render(two_hosts, f"--limit={limit.format(two_hosts.parent)}")
    assert code == 0, output
    assert rendered == ["production"]


def test_one_environment_at_a_time_ends_at_the_first_that_fails(two_hosts: Path) -> None:
    code, output, rendered = render(two_hosts, "--extra-vars=platform_serial=1")
    assert code == 2, output
    assert "django_replicas is of type str" in output
    assert "production" not in output.partition("PLAY RECAP")[2]
    assert rendered == []


def test_two_environments_do_not_overwrite_each_others_manifests(two_hosts: Path) -> None:
    code, output, rendered = render(two_hosts, directory="")
    assert code == 2, output
    for host, other in (("staging", "production"), ("production", "staging")):
        assert f"fatal: [{host}]: FAILED! => msg: |- 1 problem, nothing was changed: - render_directory" in output, output
        assert f"is also the directory of the host {other}, so the files of one host would overwrite those of the other." in output
    assert rendered == []


def test_the_secrets_certificates_and_reports_of_two_namespaces_are_separate(two_hosts: Path, tmp_path: Path) -> None:
    """Without a cluster, a run ends after it has written these files."""
    hosts = yaml.safe_load((two_hosts / "hosts.yml").read_text())
    del hosts["platform"]["hosts"]["staging"]["django_replicas"]
    hosts["platform"]["hosts"]["staging"]["platform_namespace"] = "staging"
    (two_hosts / "hosts.yml").write_text(json.dumps(hosts))
    code, output = run(
        *NEWEST, "site.yml", f"--extra-vars=platform_report_dir={tmp_path}/reports", inventory=two_hosts, HOME=str(tmp_path / "home")
    )
    assert code == 2, output
    assert output.count("The cluster cannot be read") >= 2, output
    secrets = tmp_path / "home" / ".cache" / "jewelry_shop.platform" / "secrets"
    first, second = ((secrets / name) for name in ("jewelry-shop", "jewelry-shop_staging"))
    for name in ("django_secret_key", "postgres_password", "redis_password", "tls/ca.crt", "tls/tls.key"):
        assert (first / name).read_text() != (second / name).read_text()
    assert sorted(path.stem for path in (tmp_path / "reports").glob("*.json")) == [
        "production_kind-jewelry-shop_jewelry-shop",
        "staging_kind-jewelry-shop_staging",
    ]
