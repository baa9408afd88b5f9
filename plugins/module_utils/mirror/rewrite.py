# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images of a registry of copies: pure functions (private to the collection).

Pods are found by their form, a mapping with a list C(containers), so that each kind counts: workloads, Jobs, CronJobs and objects of users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import reference

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


class Use(NamedTuple):
    """A place that names an image.

    Args:
        owner: kind and name of the object; empty for a pod without an object.
        container: name of the container, or of the volume.
        image: the image.
    """

    owner: str
    container: str
    image: str


def mirrored_image(image: str, mirror: str) -> str:
    """Replace the registry in the name of an image.

    Path, tag and digest stay. With the mirror V(registry.example.com/copies), the images V(docker.io/library/nginx:1.27-alpine) and
    V(nginx:1.27-alpine) become V(registry.example.com/copies/library/nginx:1.27-alpine). An image of the mirror stays as it is.

    Args:
        image: Name of an image, with or without registry, tag and digest.
        mirror: The registry, optionally with port and path. Empty returns the image as it is.

    Returns:
        Name of the image in the mirror.

    Example:
        {{ nginx_image | jewelry_shop.platform.mirrored_image(platform_image_mirror) }}
    """
    found = reference(image)
    if not mirror or found.repository.startswith(f"{mirror}/"):
        return image
    return f"{mirror}/{found.path}{found.suffix}"


def mirrored_pods(value: Any, mirror: str) -> Any:
    """Replace the registry of all images in manifests.

    Changes the images of containers, of init containers and of volumes with the source C(image), wherever a manifest has a pod.

    Args:
        value: A manifest, the spec of a pod, or a list of them.
        mirror: The registry, optionally with port and path. Empty returns the value as it is.

    Returns:
        The value with the other images.

    Example:
        {{ extra_objects_manifests | jewelry_shop.platform.mirrored_pods(platform_image_mirror) }}
    """
    if not mirror:
        return value
    if isinstance(value, (list, tuple)):
        return [mirrored_pods(each, mirror) for each in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: mirrored_pods(each, mirror) for key, each in value.items()}
    if _is_pod(value):
        found |= {
            key: [_with_image(each, "image", mirror) for each in found[key]] for key in _CONTAINERS if isinstance(found.get(key), list)
        }
        if isinstance(found.get("volumes"), list):
            found["volumes"] = [_mirrored_volume(each, mirror) for each in found["volumes"]]
    return found


def uses_of_images(value: Any, owner: str = "") -> Iterator[Use]:
    """The images that manifests name, in their order.

    Args:
        value: a manifest, or a list of manifests.
        owner: kind and name of the object that contains the value.
    """
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from uses_of_images(each, owner)
    elif isinstance(value, Mapping):
        owner = _identity(value) or owner
        if _is_pod(value):
            yield from (Use(owner, name, image) for name, image in _images(value))
        for each in value.values():
            yield from uses_of_images(each, owner)


def _images(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in _CONTAINERS:
        yield from ((str(each.get("name", "")), each["image"]) for each in _mappings(pod.get(key)) if isinstance(each.get("image"), str))
    for each in _mappings(pod.get("volumes")):
        source = each.get("image")
        if isinstance(source, Mapping) and isinstance(source.get("reference"), str):
            yield f"volume {each.get('name', '')}", source["reference"]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, (list, tuple)) else []


def _is_pod(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("containers"), (list, tuple))


def _identity(value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return f"{value['kind']}/{name}" if name and isinstance(value.get("kind"), str) else ""


def _with_image(entry: Any, key: str, mirror: str) -> Any:
    if not isinstance(entry, Mapping) or not isinstance(entry.get(key), str):
        return entry
    return {**entry, key: mirrored_image(entry[key], mirror)}


def _mirrored_volume(volume: Any, mirror: str) -> Any:
    if not isinstance(volume, Mapping) or not isinstance(volume.get("image"), Mapping):
        return volume
    return {**volume, "image": _with_image(volume["image"], "reference", mirror)}
