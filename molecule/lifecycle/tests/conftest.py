"""Fixtures of the scenario lifecycle: the playbooks as jobs of AWX."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tools.awx_job import Awx, BearerToken, Job

ROOT = pathlib.Path(__file__).parents[3]
# The settings of the scenarios, without the kubeconfig and the context of the administrator.
CLUSTER: dict[str, Any] = yaml.safe_load((ROOT / "molecule" / "cluster.yml").read_text())
VARIABLES = {key: value for key, value in CLUSTER.items() if key not in ("kind_kubeconfig", "platform_kubeconfig")}
VARIABLES["platform_kube_context"] = ""


@pytest.fixture(scope="session")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Awx:
    """One directory for all jobs, because the inventory keeps generated secrets in the home directory."""
    return Awx(tmp_path_factory.mktemp("awx"), "inventories/kind")


@pytest.fixture(scope="session")
def runner(awx: Awx, deployer_kubeconfig: str) -> Callable[..., Job]:
    """Runs a playbook as a job with the token that playbooks/grant_deployer.yml wrote. Keyword arguments are variables."""

    def run(playbook: str, answers: dict[str, Any] | None = None, options: str = "", **variables: Any) -> Job:
        credential = BearerToken.of_kubeconfig(pathlib.Path(deployer_kubeconfig))
        job = awx.run(playbook, credential, {**VARIABLES, **variables}, answers, options)
        assert job.returncode == 0, job.output
        assert credential.bearer_token not in job.output
        return job

    return run
