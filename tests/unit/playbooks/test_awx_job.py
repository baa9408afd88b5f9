"""Jobs of AWX that need no cluster: ansible-runner runs the playbooks from a private data directory."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools.awx_job import Awx, BearerToken

# Nothing listens there.
NOWHERE = BearerToken("https://127.0.0.1:1", "token-of-the-deployer", "")
# A token takes the place of the context.
WITHOUT_CONTEXT = {"platform_kube_context": ""}


@pytest.fixture(scope="module")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Awx:
    return Awx(tmp_path_factory.mktemp("awx"), "inventories/kind")


def test_a_job_renders_the_release_of_a_survey(awx: Awx, tmp_path: Path) -> None:
    job = awx.run("playbooks/render.yml", variables={"render_directory": str(tmp_path)}, answers={"platform_image_tag": "v1.10"})
    assert job.returncode == 0, job.output
    objects = yaml.safe_load_all((tmp_path / "08-tiers.yaml").read_text())
    images = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment"}
    assert images["django"]["containers"][0]["image"].endswith(":v1.10")
    assert "is not a setting of any role" not in job.output


def test_a_tag_that_ansible_reads_as_a_number_is_rejected(awx: Awx, tmp_path: Path) -> None:
    """From ansible-core 2.19 on, Ansible reads the answer 1.10 as 1.1, which is another tag."""
    job = awx.run("playbooks/render.yml", variables={"render_directory": str(tmp_path)}, answers={"platform_image_tag": "1.10"})
    assert job.returncode != 0, job.output
    assert "platform_image_tag must be a string but is a decimal number" in job.output
    assert list(tmp_path.iterdir()) == []


def test_a_job_uses_the_credential_of_awx_and_no_kubeconfig(awx: Awx) -> None:
    job = awx.run("playbooks/status.yml", NOWHERE, WITHOUT_CONTEXT, {"status_fail_on_drift": "false"})
    assert job.returncode != 0
    words = " ".join(job.output.split())
    assert "The cluster cannot be read" in words, job.output
    assert "No cluster is set" not in words
    assert "must be a boolean" not in words
    assert NOWHERE.bearer_token not in job.output


def test_a_wrong_answer_of_a_survey_is_one_sentence(awx: Awx) -> None:
    job = awx.run("site.yml", NOWHERE, WITHOUT_CONTEXT, {"platform_image_tag": "not a tag"}, options="--check --diff")
    assert job.returncode != 0
    assert "platform_image_tag" in job.output
    assert "Traceback" not in job.output
