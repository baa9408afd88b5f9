# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Static files of several releases in one claim: pure functions (private to the collection).

Each revision of the static files has its own directory in the claim, with its own manifest. The pods of the application mount only this
directory. The Job that fills it runs C(static_files.py) of the role C(pre_deploy), which also publishes the files for nginx.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import short_hash

Manifest = dict[str, Any]
# The directory of the revisions in the claim, as in static_files.py.
_DIRECTORY = ".releases"
# Where the Job mounts the whole claim.
_ROOT = "/mnt/static"
_VOLUME, _CLAIM = "static", "static-pvc"


def static_revision(commands: Iterable[Mapping[str, Any]], image: str, config_map: str, volumes: Iterable[Mapping[str, Any]] = ()) -> str:
    """Name the static files that the commands collect.

    Releases with the same image, commands and configuration have the same static files. Secrets and existing objects do not count, so
    that their rotation does not replace pods that do not use them.

    Args:
        commands: Commands of C(pre_deploy_commands).
        image: Image of the application.
        config_map: Name of the ConfigMap with the configuration of the application.
        volumes: Volumes of settings that can replace the claim in all pods.

    Returns:
        The name. Empty if no command collects static files, or if a setting replaces the volume C(static).

    Example:
        {{ pre_deploy_commands | jewelry_shop.platform.static_revision(platform_app_image, platform_config_map_name) }}
    """
    collecting = [[str(argument) for argument in command["command"]] for command in commands if _collects(command)]
    replaced = any(volume["name"] == _VOLUME and "source" in volume for volume in volumes)
    return short_hash([image, collecting, config_map]) if collecting and not replaced else ""


def with_static_revision(volumes: Mapping[str, Mapping[str, Any]], revision: str) -> dict[str, Mapping[str, Any]]:
    """Let the pods of the application mount only the static files of their own release.

    Args:
        volumes: Volumes of the application by name.
        revision: Name of the static files. If it is empty, the pods mount the whole claim.

    Returns:
        The volumes.

    Example:
        {{ platform_application_volumes | jewelry_shop.platform.with_static_revision(platform_static_revision) }}
    """
    if not revision:
        return dict(volumes)
    return {**volumes, _VOLUME: {**volumes[_VOLUME], "sub_path": f"{_DIRECTORY}/{revision}"}}


def collecting_commands(
    commands: Iterable[Mapping[str, Any]],
    revision: str,
    script: str,
    history: int,
    used_by: Iterable[Mapping[str, Any]] = (),
    force: bool = False,
) -> list[dict[str, Any]]:
    """Let the commands that collect static files run within the script that keeps several revisions.

    Args:
        commands: Commands of C(pre_deploy_commands).
        revision: Name of the static files. If it is empty, the commands do not change.
        script: Content of C(static_files.py).
        history: Number of revisions to keep, without the current one.
        used_by: ReplicaSets and Pods in the cluster. The revisions that they mount stay.
        force: Whether the command runs although the revision is complete.

    Returns:
        The commands. One that collects static files has C(prepare), the command that creates the directory, and C(static_revision).

    Example:
        {{ pre_deploy_commands | jewelry_shop.platform.collecting_commands('a1b2c3d4', script, 5) }}
    """
    users = list(used_by)
    options = [
        f"--history={history}",
        *(f"--used={each}" for each in sorted({each for user in users for each in static_revisions(user)})),
        *(["--force"] if boolean(force, strict=False) else []),
        *(["--keep-manifest"] if any(_serves_from_the_root(user) for user in users) else []),
    ]

    def run(action: str) -> list[str]:
        return ["python", "-c", script, action, _ROOT, revision]

    return [
        {
            **command,
            "command": [*run("collect"), *options, "--", *command["command"]],
            "prepare": run("prepare"),
            "static_revision": revision,
        }
        if revision and _collects(command)
        else dict(command)
        for command in commands
    ]


def collecting_pod(pod: Mapping[str, Any], prepare: list[str], resources: Mapping[str, Any]) -> Manifest:
    """Let the pod of a Job create the directory of its static files and see the whole claim.

    Args:
        pod: Spec of the pod. Its first container mounts the directory.
        prepare: Command that creates the directory.
        resources: Resources of the init container that runs it.

    Returns:
        The spec.

    Example:
        {{ pod | jewelry_shop.platform.collecting_pod(job.prepare, platform_wait_resources) }}
    """
    first, *others = pod["containers"]
    mount = {"name": _VOLUME, "mountPath": _ROOT}
    init = {
        "name": "prepare-static",
        "image": first["image"],
        "command": prepare,
        "resources": resources,
        "volumeMounts": [mount],
    }
    return {
        **pod,
        "initContainers": [*(pod.get("initContainers") or ()), init],
        "containers": [{**first, "volumeMounts": [*first["volumeMounts"], mount]}, *others],
    }


def _collects(command: Mapping[str, Any]) -> bool:
    usual = any("collectstatic" in argument for argument in command.get("command", []))
    return bool(boolean(command.get("collects_static", usual), strict=False))


def _mounts(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """How the containers of a pod, or of the pods of a ReplicaSet, mount the claim."""
    spec = manifest.get("spec") or {}
    spec = (spec.get("template") or {}).get("spec") or spec
    volumes = {
        volume["name"] for volume in spec.get("volumes") or () if (volume.get("persistentVolumeClaim") or {}).get("claimName") == _CLAIM
    }
    for container in spec.get("containers") or ():
        yield from (mount for mount in container.get("volumeMounts") or () if mount["name"] in volumes)


def static_revisions(manifest: Mapping[str, Any]) -> set[str]:
    """The static files that the pods of an object mount.

    Args:
        manifest: a Pod that may have ended, or an object with a pod template.
    """
    # The pod of a finished Job stays for as long as its Job.
    if (manifest.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return set()
    directories = (mount.get("subPath", "").partition("/") for mount in _mounts(manifest))
    return {revision for directory, _slash, revision in directories if directory == _DIRECTORY and revision}


def _serves_from_the_root(manifest: Mapping[str, Any]) -> bool:
    """Whether pods of an application from before the update run: they read the manifest in the root. nginx reads no manifest."""
    has_pods = (manifest.get("status") or {}).get("replicas", 0) > 0
    return has_pods and any(not mount.get("subPath") and not mount.get("readOnly") for mount in _mounts(manifest))
