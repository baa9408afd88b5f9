"""The life of a platform, from the first deployment to its removal. Each step is a job of AWX and needs the steps before it."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from tools.awx_job import Job

Runner = Callable[..., Job]
FIRST, NEXT = "1.0.0", "1.0.0-next"
# As roles/awx/vars/main/job_templates.yml has it.
SCALE = {"scale_replicas": "{{ {survey_tier: survey_replicas} }}"}


def tags(cluster: Any) -> set[str]:
    """The tags of the application's images in the Deployments."""
    images = [c["image"] for o in cluster.get("deployments") for c in o["spec"]["template"]["spec"]["containers"]]
    return {image.rpartition(":")[2] for image in images if "/jewelry-shop:" in image}


def test_an_administrator_grants_the_permissions(grant: Callable[[], Any], deployer_kubeconfig: str) -> None:
    run = grant()
    assert run.returncode == 0, run.output
    assert pathlib.Path(deployer_kubeconfig).is_file()


def test_the_check_shows_changes_and_writes_nothing(runner: Runner, cluster: Any) -> None:
    runner("site.yml", {"platform_image_tag": FIRST}, options="--check --diff")
    assert cluster.get("deployments") == []


def test_the_deployment_serves_customers(runner: Runner, cluster: Any, shop: Any) -> None:
    runner("site.yml", {"platform_image_tag": FIRST})
    assert tags(cluster) == {FIRST}
    assert shop.get("/").status_code == 200


def test_the_validation_finds_no_problem(runner: Runner) -> None:
    runner("playbooks/validate.yml")


def test_the_execution_environment_deploys_and_validates(runner: Runner, execution_environment: str) -> None:
    deployed = runner("site.yml", {"platform_image_tag": FIRST}, image=execution_environment)
    assert re.search(r"changed=0 +unreachable=0 +failed=0", deployed.output), deployed.output
    runner("playbooks/validate.yml", image=execution_environment)


def test_a_new_release_replaces_the_first(runner: Runner, cluster: Any, shop: Any) -> None:
    runner("site.yml", {"platform_image_tag": NEXT})
    assert tags(cluster) == {NEXT}
    assert shop.get("/").status_code == 200


def test_the_history_lists_both_releases(runner: Runner) -> None:
    job = runner("playbooks/history.yml")
    assert FIRST in job.output
    assert NEXT in job.output


def test_the_rollback_restores_the_first_release(runner: Runner, cluster: Any, shop: Any) -> None:
    runner("playbooks/rollback.yml", {"to_release": ""})
    assert tags(cluster) == {FIRST}
    assert shop.get("/").status_code == 200


def test_the_survey_sets_the_replicas(runner: Runner, cluster: Any) -> None:
    runner("playbooks/scale.yml", {"survey_tier": "nginx", "survey_replicas": 3}, **SCALE)
    assert len(cluster.pods("nginx")) == 3


def test_the_restart_replaces_the_pods_of_the_selected_tier(runner: Runner, cluster: Any) -> None:
    nginx, django = ({pod["metadata"]["uid"] for pod in cluster.pods(tier)} for tier in ("nginx", "django"))
    runner("playbooks/restart.yml", {"restart_tiers": ["nginx"]})
    assert not nginx & {pod["metadata"]["uid"] for pod in cluster.pods("nginx")}
    assert django == {pod["metadata"]["uid"] for pod in cluster.pods("django")}


def test_the_backup_succeeds(runner: Runner) -> None:
    runner("playbooks/backup.yml")


def test_the_restore_needs_a_confirmation_and_then_serves_customers(runner: Runner, shop: Any) -> None:
    with pytest.raises(AssertionError, match="restore_confirmed"):
        runner("playbooks/restore.yml", {"restore_backup": "latest", "restore_confirmed": "false"})
    runner("playbooks/restore.yml", {"restore_backup": "latest", "restore_confirmed": "true"})
    assert shop.get("/").status_code == 200


def test_the_status_shows_the_replicas_that_differ(runner: Runner) -> None:
    job = runner("playbooks/status.yml", {"status_fail_on_drift": "false"})
    assert re.search(r"nginx.*replicas", job.output)
    with pytest.raises(AssertionError, match="differs from the inventory"):
        runner("playbooks/status.yml", {"status_fail_on_drift": "true"})


def test_the_images_are_listed_with_their_digests(runner: Runner) -> None:
    assert re.search(rf"jewelry-shop:{re.escape(FIRST)}.*sha256:", runner("playbooks/images.yml").output)


def test_the_export_writes_files(runner: Runner, tmp_path: pathlib.Path) -> None:
    runner("playbooks/export.yml", export_directory=str(tmp_path / "export"))
    assert [path for path in (tmp_path / "export").rglob("*") if path.is_file()]


def test_the_removal_needs_a_confirmation_and_leaves_only_the_volumes(runner: Runner, cluster: Any) -> None:
    answers = {"remove_confirmed": "false", "remove_volumes": [], "remove_namespace": "false"}
    with pytest.raises(AssertionError, match="remove_confirmed=true"):
        runner("playbooks/remove.yml", answers)
    # The deployer may not delete data. The message names the permission.
    with pytest.raises(AssertionError, match='cannot delete resource "persistentvolumeclaims"'):
        runner("playbooks/remove.yml", {**answers, "remove_volumes": ["all"], "remove_confirmed": "true"})
    assert cluster.pods("django")
    runner("playbooks/remove.yml", {**answers, "remove_confirmed": "true"})
    assert cluster.get("deployments,statefulsets") == []
    assert {each["metadata"]["name"] for each in cluster.get("persistentvolumeclaims")} >= {"media-pvc", "data-postgresql-0"}
