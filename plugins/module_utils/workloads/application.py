# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all pods with the application's image share: pure functions (private to the collection).

The application is the variable C(platform_application): its image, the names of its ConfigMap and Secret, its volumes, and the services
that its pods can wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import hash_named

Application = Mapping[str, Any]
Manifest = dict[str, Any]


def application_pod(
    application: Application,
    container: Mapping[str, Any],
    *,
    image: str = "",
    waits_for: Iterable[str] = (),
    volumes: Iterable[Mapping[str, Any]] = (),
) -> Manifest:
    """Describe a pod with one container of the application's image.

    Args:
        application: the variable C(platform_application).
        container: fields of the container that only it has.
        image: an image in place of the application's.
        waits_for: services for which the pod waits in init containers, in this order.
        volumes: volumes that the container mounts; one without a C(source) is one of the application's.

    Returns:
        C(initContainers), C(containers) and C(volumes) of the pod.
    """
    image = image or application["image"]
    shared = list(application["files"])
    mounted = [volume if _has_source(volume) else application["volumes"][volume["name"]] for volume in volumes]
    own = {
        "image": image,
        "envFrom": [{"configMapRef": {"name": application["config_map"]}}, {"secretRef": {"name": application["secret"]}}],
        **container,
        "volumeMounts": [_mount(volume) for volume in [*shared, *mounted]],
    }
    return {
        "initContainers": [_waiting(application, name, image) for name in waits_for],
        "containers": [own],
        "volumes": [_volume(volume) for volume in [*mounted, *shared]],
    }


def config_maps(volumes: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    """The ConfigMaps with the files of volumes; a hash of the content is part of each name."""
    return [_config_map(volume) for volume in volumes if "files" in volume]


def _config_map(volume: Mapping[str, Any]) -> Manifest:
    return hash_named({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": volume["config_map"]}, "data": volume["files"]})


def _has_source(volume: Mapping[str, Any]) -> bool:
    return "source" in volume or "files" in volume


def _volume(volume: Mapping[str, Any]) -> Manifest:
    source = {"configMap": {"name": _config_map(volume)["metadata"]["name"]}} if "files" in volume else volume["source"]
    return {"name": volume["name"], **source}


def _mount(volume: Mapping[str, Any]) -> Manifest:
    read_only = "files" in volume or {"configMap", "secret"} & volume["source"].keys()
    return {"name": volume["name"], "mountPath": volume["path"], **({"readOnly": True} if read_only else {})}


def _waiting(application: Application, name: str, image: str) -> Manifest:
    """An init container that waits until a service accepts connections. It gets the addresses of the services, and no secrets."""
    dependency = application["dependencies"][name]
    secret = [{"secretRef": {"name": application["secret"]}}] if dependency.get("address_is_secret") else []
    return {
        "name": f"wait-for-{name}",
        "image": image,
        "command": [
            *("python", "-c", application["wait_script"], dependency["title"], dependency["host"], dependency["port"]),
            str(application["dependency_timeout"]),
        ],
        "envFrom": [{"configMapRef": {"name": application["config_map"]}}, *secret],
        "volumeMounts": [],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}},
    }
