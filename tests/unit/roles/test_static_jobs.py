"""Which Jobs and pods see which static files."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.roles.conftest import WORKLOAD_VALUES

VALUES = {**WORKLOAD_VALUES, "platform_release": "1"}
ADDED = {"name": "render", "command": ["python", "manage.py", "render"]}
PATH = "/app/staticfiles"


def jobs(resolve: Any, commands: list[dict[str, Any]] | None = None, **values: Any) -> dict[str, dict[str, Any]]:
    """The pod of each Job, by the name of its command; by default those of the stage pre_deploy."""
    commands = commands or resolve("__pre_deploy_commands", **{**VALUES, **values})
    found = yaml.safe_load_all(resolve("job_manifests", **{**VALUES, "job_commands": commands, **values}))
    return {job["metadata"]["labels"]["component"]: job["spec"]["template"]["spec"] for job in found if job}


def sub_paths(pod: dict[str, Any]) -> dict[str, str]:
    """The directory of the claim that each path of the first container shows."""
    return {mount["mountPath"]: mount.get("subPath", "") for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "static"}


def test_django_and_the_job_that_collects_mount_the_directory_of_the_release(resolve: Any, workload: Any) -> None:
    found = jobs(resolve)
    django = sub_paths(workload("django")["pod"])[PATH]
    assert django == f".releases/{resolve('platform_static_revision', **VALUES)}"
    assert sub_paths(found["collectstatic"]) == {PATH: django, "/mnt/static": ""}
    # The directory does not exist yet when they run.
    assert sub_paths(found["migrate"]) == sub_paths(found["check-services"]) == {PATH: ""}


def test_the_job_creates_the_directory_without_the_environment_of_the_application(resolve: Any) -> None:
    *_waiting, init = jobs(resolve)["collectstatic"]["initContainers"]
    assert init["name"] == "prepare-static"
    assert "envFrom" not in init
    assert init["securityContext"]["readOnlyRootFilesystem"] is True


def test_commands_after_the_tiers_see_the_static_files_of_the_release(resolve: Any) -> None:
    after = jobs(resolve, [ADDED], __job_follows_tiers=True)
    assert sub_paths(after["render"])[PATH] == f".releases/{resolve('platform_static_revision', **VALUES)}"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"storage_claims": {"static": {"enabled": False}}}, id="no claim"),
        pytest.param({"pre_deploy_commands": [ADDED]}, id="no command that collects"),
    ],
)
def test_without_static_files_of_a_release_nothing_changes(resolve: Any, workload: Any, values: dict[str, Any]) -> None:
    assert resolve("platform_static_revision", **{**VALUES, **values}) == ""
    assert set(sub_paths(workload("django", **values)["pod"]).values()) <= {""}
    for pod in jobs(resolve, **values).values():
        assert "/mnt/static" not in sub_paths(pod)
        assert "prepare-static" not in [init["name"] for init in pod["initContainers"]]


def test_a_rotated_secret_is_no_other_revision(resolve: Any) -> None:
    """The pods that do not use it stay."""
    revision = resolve("platform_static_revision", **VALUES)
    assert resolve("platform_static_revision", **VALUES, platform_revisions={"Secret/payment": "2"}) == revision
    assert resolve("platform_static_revision", **{**VALUES, "platform_secret_name": "django-secrets-1"}) == revision
    assert resolve("platform_static_revision", **{**VALUES, "platform_image_tag": "v2"}) != revision


def test_the_job_keeps_what_the_pods_in_the_cluster_use(resolve: Any) -> None:
    volume = {"name": "static", "persistentVolumeClaim": {"claimName": "static-pvc"}}
    mount = {"name": "static", "mountPath": PATH, "subPath": ".releases/older"}
    users = [{"spec": {"template": {"spec": {"containers": [{"volumeMounts": [mount]}], "volumes": [volume]}}}}]
    found = jobs(resolve, pre_deploy_users={"results": [{"resources": users}, {"resources": []}]}, platform_release_history=3)
    command = found["collectstatic"]["containers"][0]["command"]
    assert {"--history=3", "--used=older"} < set(command)
    # A skipped task has no result.
    assert "--used=older" not in jobs(resolve, pre_deploy_users={"skipped": True})["collectstatic"]["containers"][0]["command"]


def test_the_record_of_a_release_has_the_same_job_whatever_pods_run(resolve: Any) -> None:
    """Otherwise a second run would write another record."""
    pod = {
        "kind": "Pod",
        "spec": {
            "volumes": [{"name": "static", "persistentVolumeClaim": {"claimName": "static-pvc"}}],
            "containers": [{"name": "django", "volumeMounts": [{"name": "static", "mountPath": "/s", "subPath": ".releases/abc"}]}],
        },
    }
    users = {"results": [{"resources": [pod]}]}
    values = {"platform_static_revision": "r1", "pre_deploy_users": users, "pre_deploy_force": True}
    commands = [resolve("__pre_deploy_collecting", **values, pre_deploy_records=records) for records in (False, True)]
    [deployed, recorded] = [next(set(each["command"]) for each in found if each["name"] == "collectstatic") for found in commands]
    assert {"--used=abc", "--force"} <= deployed
    assert not {"--used=abc", "--force"} & recorded
