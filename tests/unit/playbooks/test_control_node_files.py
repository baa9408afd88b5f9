"""Files that site.yml writes on the control node. There is no cluster, so each run ends after it has written them."""

from __future__ import annotations

import html
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.ansible_core import COLLECTIONS_PATH, COMMANDS, REPOSITORY

# The default of the role, which the inventory of the local cluster replaces.
OWN = "{{ platform_former_secrets_directory }}/{{ platform_cluster_name }}/{{ platform_namespace }}"


def run(home: Path, *options: str, ansible: str = "newest") -> str:
    """Run site.yml with generated secrets and a generated certificate in a home directory."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_", "XDG_")) and key != "KUBECONFIG"
    }
    values = {
        "platform_generated_secrets_directory": OWN,
        "platform_kube_context": "elsewhere",
        "platform_report_dir": str(home / "reports"),
    }
    done = subprocess.run(
        [*COMMANDS[ansible], "site.yml", f"--extra-vars={json.dumps(values)}", *options],
        cwd=REPOSITORY,
        env={
            **environment,
            "HOME": str(home),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "The cluster cannot be read" in " ".join(done.stdout.split()), done.stdout + done.stderr
    return done.stdout + done.stderr


def files(home: Path) -> dict[str, str]:
    """The content of each file, by its path, but for what Ansible keeps for itself."""
    found = (path for path in home.rglob("*") if path.is_file() and ".ansible" not in path.parts)
    return {str(path.relative_to(home)): path.read_text() for path in found}


def test_check_mode_writes_no_file(tmp_path: Path) -> None:
    run(tmp_path, "--check", "--diff")
    assert files(tmp_path) == {}


@pytest.mark.parametrize("ansible", COMMANDS)
def test_secrets_of_an_earlier_version_are_kept_and_the_missing_ones_generated(tmp_path: Path, ansible: str) -> None:
    former = tmp_path / ".local/share/jewelry_shop.platform/kind"
    former.mkdir(parents=True)
    (former / "postgres_password").write_text("of-the-database\n")
    output = run(tmp_path, "--diff", ansible=ansible)
    own = ".local/share/jewelry_shop.platform/kind/elsewhere/jewelry-shop"
    found = files(tmp_path)
    assert found[f"{own}/postgres_password"] == "of-the-database\n"
    assert len(found[f"{own}/django_secret_key"].strip()) == 64
    assert len(found[f"{own}/redis_password"].strip()) == 32
    assert {f"{own}/tls/{name}" for name in ("ca.crt", "ca.key", "tls.crt", "tls.key")} <= set(found)
    assert (tmp_path / own).stat().st_mode & 0o777 == 0o700
    assert "reports/kind_elsewhere_jewelry-shop.json" in found
    page = html.unescape(found["reports/kind_elsewhere_jewelry-shop.html"])
    assert json.loads(found["reports/kind_elsewhere_jewelry-shop.json"])["sentence"].splitlines()[0] in page
    reports = [tmp_path / "reports", *(tmp_path / "reports").iterdir()]
    assert [oct(each.stat().st_mode & 0o777) for each in reports] == ["0o750", "0o640", "0o640", "0o640"]
    assert f"Copy the secrets and certificates of {former}" in output
    assert "of-the-database" not in output
    assert found[f"{own}/redis_password"].strip() not in output
