"""Which static files a release has, and what the Jobs that collect them run."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.static_files import (
    collecting_commands,
    collecting_pod,
    static_revision,
    with_static_revision,
)

MIGRATE = {"name": "migrate", "command": ["python", "manage.py", "migrate"]}
COLLECT = {"name": "collectstatic", "command": ["python", "manage.py", "collectstatic", "--noinput"]}
SHELL = {"name": "assets", "command": ["sh", "-c", "npm run build && python manage.py collectstatic --noinput"]}
SCRIPT = {"name": "assets", "command": ["./assets.sh"]}
REVISION = static_revision([COLLECT], "shop:1", "config-1")


@pytest.mark.parametrize(
    ("commands", "image", "config_map", "same"),
    [
        pytest.param([MIGRATE, COLLECT], "shop:1", "config-1", True, id="the same with another command"),
        pytest.param([{**COLLECT, "wait_for_db": False}], "shop:1", "config-1", True, id="another setting of the Job"),
        pytest.param([COLLECT], "shop:2", "config-1", False, id="another image"),
        pytest.param([COLLECT], "shop:1", "config-2", False, id="another configuration"),
        pytest.param([SHELL], "shop:1", "config-1", False, id="another command"),
    ],
)
def test_the_revision_names_what_the_static_files_come_from(
    commands: list[dict[str, Any]], image: str, config_map: str, same: bool
) -> None:
    found = static_revision(commands, image, config_map)
    assert found
    assert (found == REVISION) is same


@pytest.mark.parametrize(
    ("commands", "volumes", "collects"),
    [
        pytest.param([COLLECT], [], True, id="collectstatic"),
        pytest.param([SHELL], [], True, id="in a shell"),
        pytest.param([SCRIPT], [], False, id="a script says nothing about itself"),
        pytest.param([{**SCRIPT, "collects_static": True}], [], True, id="a script with the setting"),
        pytest.param([{**COLLECT, "collects_static": "False"}], [], False, id="switched off, as a string of an older Ansible"),
        pytest.param([MIGRATE], [], False, id="no such command"),
        pytest.param([COLLECT], [{"name": "static", "path": "/app/staticfiles", "source": {"nfs": {}}}], False, id="another volume"),
        pytest.param([COLLECT], [{"name": "static", "path": "/further"}], True, id="mounted at another path"),
    ],
)
def test_only_releases_that_collect_into_the_claim_have_a_revision(
    commands: list[dict[str, Any]], volumes: list[dict[str, Any]], collects: bool
) -> None:
    assert bool(static_revision(commands, "shop:1", "config-1", volumes)) is collects


def test_pods_mount_only_their_own_static_files() -> None:
    volumes = {"media": {"path": "/app/media"}, "static": {"path": "/app/staticfiles"}}
    assert with_static_revision(volumes, "") == volumes
    assert with_static_revision(volumes, "a1") == {
        "media": {"path": "/app/media"},
        "static": {"path": "/app/staticfiles", "sub_path": ".releases/a1"},
    }


def replica_set(replicas: int, **mount: Any) -> dict[str, Any]:
    return {"kind": "ReplicaSet", "spec": {"template": {"spec": pod_spec(**mount)}}, "status": {"replicas": replicas}}


def pod(phase: str, **mount: Any) -> dict[str, Any]:
    return {"kind": "Pod", "spec": pod_spec(**mount), "status": {"phase": phase}}


def pod_spec(claim: str = "static-pvc", **mount: Any) -> dict[str, Any]:
    volumes = [{"name": "tmp", "emptyDir": {}}, {"name": "files", "persistentVolumeClaim": {"claimName": claim}}]
    mounts = [{"name": "tmp", "mountPath": "/tmp", "subPath": ".releases/no"}, {"name": "files", "mountPath": "/app/staticfiles", **mount}]
    return {"containers": [{"name": "plain"}, {"name": "app", "volumeMounts": mounts}], "volumes": volumes}


@pytest.mark.parametrize(
    ("users", "options"),
    [
        pytest.param([], [], id="nothing runs"),
        pytest.param(
            [replica_set(3, subPath=".releases/b"), replica_set(0, subPath=".releases/a")], ["--used=a", "--used=b"], id="history"
        ),
        pytest.param([pod("Running", subPath=".releases/c")], ["--used=c"], id="a pod without a ReplicaSet"),
        pytest.param([pod("Succeeded", subPath=".releases/c")], [], id="the pod of a finished Job"),
        pytest.param([replica_set(2)], ["--keep-manifest"], id="pods from before the update"),
        pytest.param([replica_set(0)], [], id="they are gone"),
        pytest.param([replica_set(2, readOnly=True)], [], id="nginx"),
        pytest.param([replica_set(2, claim="media-pvc", subPath=".releases/x")], [], id="another claim"),
        pytest.param([replica_set(2, subPath="own/x")], [], id="another directory"),
        pytest.param([{"kind": "Pod", "spec": {"containers": [{"name": "a"}]}}], [], id="no volume, and no status yet"),
    ],
)
def test_what_pods_use_stays(users: list[dict[str, Any]], options: list[str]) -> None:
    [command] = collecting_commands([COLLECT], "r", "script", 2, users)
    assert command["command"] == [
        *("python", "-c", "script", "collect", "/mnt/static", "r", "--history=2"),
        *options,
        *("--", "python", "manage.py", "collectstatic", "--noinput"),
    ]


def test_only_commands_that_collect_static_files_are_wrapped() -> None:
    kept, wrapped = collecting_commands([MIGRATE, {**COLLECT, "repeat_on_return": True}], "r", "script", 2, force=True)
    assert kept == MIGRATE
    assert wrapped["prepare"] == ["python", "-c", "script", "prepare", "/mnt/static", "r"]
    assert "--force" in wrapped["command"]
    assert wrapped["repeat_on_return"] is True
    assert collecting_commands([MIGRATE, COLLECT], "", "script", 2) == [MIGRATE, COLLECT]


def test_the_pod_of_the_job_creates_the_directory_first() -> None:
    """A directory that the kubelet creates belongs to root."""
    own = {"name": "static", "mountPath": "/app/staticfiles", "subPath": ".releases/r"}
    found = collecting_pod(
        {"initContainers": [{"name": "wait"}], "containers": [{"name": "c", "image": "i", "volumeMounts": [own]}], "volumes": []},
        ["prepare"],
        {"limits": {"memory": "1Mi"}},
    )
    whole = {"name": "static", "mountPath": "/mnt/static"}
    assert found["initContainers"] == [
        {"name": "wait"},
        {
            "name": "prepare-static",
            "image": "i",
            "command": ["prepare"],
            "resources": {"limits": {"memory": "1Mi"}},
            "volumeMounts": [whole],
        },
    ]
    assert found["containers"] == [{"name": "c", "image": "i", "volumeMounts": [own, whole]}]
