# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of a deployment, with the digests that run: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import full_name, image_problem, reference
from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror.rewrite import Use, mirrored_image, uses_of_images
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import leaving
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.table import table

Image = Mapping[str, Any]


def deployed_images(manifests: Iterable[Any], pods: Iterable[Mapping[str, Any]], mirror: str = "") -> list[dict[str, Any]]:
    """List the images that manifests use.

    The digest of an image is the one in its name. Otherwise it is the one that the nodes report for the pods that run this image, or that
    ran it.

    Args:
        manifests: Manifests, or strings with YAML documents. The registries of the images are not replaced yet.
        pods: Pods of the cluster, with their status.
        mirror: The variable C(platform_image_mirror).

    Returns:
        For each image a mapping, ordered by its name. C(image) is the name in the manifests. C(digests) has no entry if the digest is
        unknown, and several if nodes run different images under one tag. C(source) is the name to copy from. C(mirror) is the name in the
        mirror, and C(target) is the name to copy to. Both are empty without a mirror. C(used_by) lists kind, name and container.

    Example:
        {{ [job_manifests] | jewelry_shop.platform.deployed_images([], 'registry.example.com') }}
    """
    running = running_digests(pods)
    found: dict[str, list[Use]] = {}
    for use in uses_of_images([_documents(each) for each in manifests]):
        found.setdefault(full_name(use.image), []).append(use)
    return [_image(name, uses, running, mirror) for name, uses in sorted(found.items())]


def running_digests(pods: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The digests that nodes report, by the complete name of the image.

    Pods that run count. Ended pods, such as those of Jobs, only count for images that no running pod has: the tag may have moved since.

    Args:
        pods: pods with their status.
    """
    pods = list(pods)
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running" and not leaving(pod)]
    return {**_reported(pods), **_reported(running)}


def _reported(pods: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pod in pods:
        spec, status = pod.get("spec") or {}, pod.get("status") or {}
        names = {each["name"]: each["image"] for key in ("initContainers", "containers") for each in spec.get(key) or ()}
        for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            image = names.get(each["name"], "")
            if image and (digest := _digest(each.get("imageID") or "", image)):
                found.setdefault(full_name(image), set()).add(digest)
    return found


def mirror_problems(images: Iterable[Image]) -> list[str]:
    """Find the images that cannot be copied.

    Args:
        images: Images, as P(jewelry_shop.platform.deployed_images#filter) returns them.

    Returns:
        A sentence for each problem.

    Example:
        {{ images_found | jewelry_shop.platform.mirror_problems }}
    """
    images = list(images)
    problems = [f"{each['used_by'][0]}: the image '{each['image']}' {said}." for each in images if (said := image_problem(each["image"]))]
    targets: dict[str, list[Image]] = {}
    for each in images:
        if each["target"]:
            targets.setdefault(each["target"], []).append(each)
    return [*problems, *(_clash(target, sharing) for target, sharing in targets.items() if not _are_same(sharing))]


def images_screen(images: Sequence[Image]) -> list[str]:
    """Format the images of a deployment as a table.

    Args:
        images: Images, as P(jewelry_shop.platform.deployed_images#filter) returns them.

    Returns:
        Lines of the table.

    Example:
        {{ images_found | jewelry_shop.platform.images_screen }}
    """
    with_mirror = any(each["mirror"] for each in images)
    rows = [("IMAGE", "DIGEST", *(("IMAGE IN THE MIRROR",) if with_mirror else ()), "USED BY")]
    for each in images:
        digests = ", ".join(each["digests"]) or "unknown"
        objects = ", ".join(dict.fromkeys(use.partition(" ")[0] for use in each["used_by"]))
        rows.append((each["image"], digests, *((each["mirror"],) if with_mirror else ()), objects))
    return table(rows)


def _documents(source: Any) -> Any:
    # Imported here, as Ansible's import sanity test requires.
    import yaml

    return list(yaml.safe_load_all(source)) if isinstance(source, str) else source


def _digest(image_id: str, image: str) -> str:
    """The digest in an imageID. Some runtimes report no digest, or the digest of a file that the image was loaded from.

    A node that pulled the same image from a mirror too may report its name in the other registry.
    """
    found = reference(image_id.rpartition("://")[2])
    paths = [f"/{found.path}", f"/{reference(image).path}"]
    return found.digest if paths[0].endswith(paths[1]) or paths[1].endswith(paths[0]) else ""


def _image(name: str, uses: Sequence[Use], running: Mapping[str, set[str]], mirror: str) -> dict[str, Any]:
    found, image = reference(name), uses[0].image
    reported = running.get(name, set()) | running.get(full_name(mirrored_image(name, mirror)), set())
    digests = [found.digest] if found.digest else sorted(reported)
    copied = mirrored_image(image, mirror) if mirror else ""
    return {
        "image": image,
        "digests": digests,
        "source": f"{found.repository}@{digests[0]}" if len(digests) == 1 else name,
        "mirror": copied,
        "target": _without_digest(copied) if copied else "",
        "used_by": list(dict.fromkeys(f"{use.owner} ({use.container})" for use in uses)),
    }


def _without_digest(image: str) -> str:
    """The name under which a registry stores an image. The tools do not accept a tag together with a digest."""
    complete = full_name(image)
    return complete.partition("@")[0] if reference(complete).tag else complete


def _are_same(images: Sequence[Image]) -> bool:
    """Whether all of them are one image: they have one name, or one known digest."""
    return len(images) == 1 or (len({tuple(each["digests"]) for each in images}) == 1 and len(images[0]["digests"]) == 1)


def _clash(target: str, images: Sequence[Image]) -> str:
    names = " and ".join(each["image"] for each in images)
    return f"platform_image_mirror gives {names} the same name {target}, but they may be different images: use only one of them."
