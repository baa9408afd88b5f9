"""Fixtures of the scenario lifecycle: the playbooks as jobs of AWX."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from local_cluster import registry
from tools.awx_job import Awx, BearerToken, Job

ROOT = pathlib.Path(__file__).parents[3]
# The settings of the scenarios, without the kubeconfig and the context of the administrator.
CLUSTER: dict[str, Any] = yaml.safe_load((ROOT / "molecule" / "cluster.yml").read_text())
IMAGE = "jewelry-shop.local/execution-environment:test"
VARIABLES = {key: value for key, value in CLUSTER.items() if key not in ("kind_kubeconfig", "platform_kubeconfig")}
VARIABLES["platform_kube_context"] = ""


@pytest.fixture(scope="session")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Awx:
    """One directory for all jobs, because the inventory keeps generated secrets in the home directory."""
    return Awx(tmp_path_factory.mktemp("awx"), "inventories/kind")


@pytest.fixture(scope="session")
def runner(awx: Awx, deployer_kubeconfig: str) -> Callable[..., Job]:
    """Runs a playbook as a job with the token that playbooks/grant_deployer.yml wrote. Keyword arguments are variables."""

    def run(playbook: str, answers: dict[str, Any] | None = None, options: str = "", image: str = "", **variables: Any) -> Job:
        credential = BearerToken.of_kubeconfig(pathlib.Path(deployer_kubeconfig))
        job = awx.run(playbook, credential, {**VARIABLES, **variables}, answers, options, image)
        assert job.returncode == 0, job.output
        assert credential.bearer_token not in job.output
        return job

    return run


@pytest.fixture(scope="session")
def execution_environment(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of execution-environment.yml. Where no registry answers, its base image is a Debian that has the collections."""
    images = ["--set=execution_environment", f"--registry-port={CLUSTER['kind_registry_port']}"]
    subprocess.run([sys.executable, "-m", "local_cluster", "images", *images], cwd=ROOT, check=True)
    arguments = {
        "EE_BASE_IMAGE": f"127.0.0.1:{CLUSTER['kind_registry_port']}/execution-environment-base:1",
        "PYCMD": "/opt/python/bin/python3",
        "ANSIBLE_GALAXY_CLI_COLLECTION_OPTS": "--offline",
    }
    given = [] if registry.published_images_answer() else [f"--build-arg={name}={value}" for name, value in arguments.items()]
    builder = str(pathlib.Path(sys.executable).with_name("ansible-builder"))
    context = tmp_path_factory.mktemp("execution_environment")
    # As in docs/awx.md.
    command = [builder, "build", f"--tag={IMAGE}", f"--context={context}", "--container-runtime=docker", *given]
    # The classic builder: Debian's client has no buildx.
    subprocess.run(command, cwd=ROOT, env={**os.environ, "DOCKER_BUILDKIT": "0"}, check=True)
    return IMAGE
