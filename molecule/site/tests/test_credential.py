"""A run with a bearer token and no kubeconfig, as AWX makes it, which may do what docs/deployer.yaml says and nothing more."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[3]
MANIFESTS = ROOT / "docs" / "deployer.yaml"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a playbook so, and returns what it says."""
    folder = tmp_path_factory.mktemp("credential")
    name = "jewelry-shop-deployer"
    cluster.kubectl("apply", f"--filename={MANIFESTS}", f"--namespace={name}")
    [known] = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json").stdout)["clusters"]
    (folder / "ca.crt").write_bytes(base64.b64decode(known["cluster"]["certificate-authority-data"]))
    credential = {
        "K8S_AUTH_HOST": known["cluster"]["server"],
        "K8S_AUTH_API_KEY": cluster.kubectl("create", "token", name, f"--namespace={name}").stdout.strip(),
        "K8S_AUTH_SSL_CA_CERT": str(folder / "ca.crt"),
        "K8S_AUTH_VERIFY_SSL": "true",
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_")) and key != "KUBECONFIG"}

    def play(playbook: str, *arguments: str, **values: Any) -> str:
        values = {"platform_kube_context": "", "platform_kubeconfig": "", "platform_api_host": credential["K8S_AUTH_HOST"], **values}
        done = subprocess.run(
            ["ansible-playbook", playbook, f"--extra-vars=@{ROOT}/molecule/cluster.yml", f"--extra-vars={json.dumps(values)}", *arguments],
            cwd=ROOT,
            env={**environment, **credential, "MOLECULE_PROJECT_DIRECTORY": str(ROOT), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        assert credential["K8S_AUTH_API_KEY"] not in output
        return output

    yield play
    cluster.kubectl("delete", f"--filename={MANIFESTS}", f"--namespace={name}")


def test_it_finds_everything_as_it_should_be(run: Run) -> None:
    output = run("site.yml")
    assert "changed=0" in output, output
    assert "checks are fine" in output, output


@pytest.mark.drill
def test_it_may_deploy_scale_restart_and_check(run: Run) -> None:
    run("site.yml", platform_image_tag="1.0.0-next", nginx_replicas=1)
    run("playbooks/scale.yml", scale_replicas={"celery-worker": 3})
    run("playbooks/restart.yml", restart_tiers=["celery-beat"])
    run("playbooks/validate.yml", validate_round_trip_queues=["celery"], platform_image_tag="1.0.0-next")
    run("site.yml")
