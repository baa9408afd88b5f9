# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What platform_image_mirror makes of the names of images, and where it finds images."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror.rewrite import (
    Use,
    mirrored_image,
    mirrored_pods,
    uses_of_images,
)

A = f"sha256:{'a' * 64}"
MIRROR = "registry.example.com:5000/mirror"


@pytest.mark.parametrize(
    ("image", "mirrored"),
    [
        # The four names are the same image of Docker Hub.
        ("docker.io/library/nginx:1.27-alpine", f"{MIRROR}/library/nginx:1.27-alpine"),
        ("nginx:1.27-alpine", f"{MIRROR}/library/nginx:1.27-alpine"),
        ("docker.io/nginx:1.27-alpine", f"{MIRROR}/library/nginx:1.27-alpine"),
        ("index.docker.io/library/nginx:1.27-alpine", f"{MIRROR}/library/nginx:1.27-alpine"),
        ("nginx", f"{MIRROR}/library/nginx"),
        ("team/shop:1", f"{MIRROR}/team/shop:1"),
        ("quay.io/team/group/shop:1", f"{MIRROR}/team/group/shop:1"),
        (f"quay.io/team/shop@{A}", f"{MIRROR}/team/shop@{A}"),
        (f"quay.io/team/shop:1@{A}", f"{MIRROR}/team/shop:1@{A}"),
        (f"nginx@{A}", f"{MIRROR}/library/nginx@{A}"),
        ("127.0.0.1:5001/shop:1", f"{MIRROR}/shop:1"),
        ("registry:5000/shop", f"{MIRROR}/shop"),
        (f"registry:5000/team/shop:1@{A}", f"{MIRROR}/team/shop:1@{A}"),
        ("[::1]:5000/shop:1", f"{MIRROR}/shop:1"),
        ("localhost/shop:1", f"{MIRROR}/shop:1"),
        ("Registry/shop:1", f"{MIRROR}/shop:1"),
        # An image of the same registry, but not of the path of the mirror.
        ("registry.example.com:5000/shop:1", f"{MIRROR}/shop:1"),
        ("registry.example.com:5000/mirrored/shop:1", f"{MIRROR}/mirrored/shop:1"),
    ],
)
def test_the_mirror_replaces_the_registry_and_keeps_path_tag_and_digest(image: str, mirrored: str) -> None:
    assert mirrored_image(image, MIRROR) == mirrored
    assert mirrored_image(mirrored, MIRROR) == mirrored
    assert mirrored_image(image, "") == image


POD: dict[str, Any] = {
    "restartPolicy": "Never",
    "initContainers": [{"name": "wait", "image": "shop:1"}, {"name": "proxy", "image": "proxy:2", "restartPolicy": "Always"}],
    "containers": [{"name": "shop", "image": "shop:1", "args": ["nginx:1.27"], "env": [{"name": "IMAGE", "value": "nginx:1.27"}]}],
    "ephemeralContainers": [{"name": "debug", "image": "debug:3"}],
    "volumes": [
        {"name": "model", "image": {"reference": "quay.io/team/model:4", "pullPolicy": "Always"}},
        {"name": "tmp", "emptyDir": {}},
    ],
}
MIRRORED_POD: dict[str, Any] = {
    **POD,
    "initContainers": [
        {"name": "wait", "image": "m.example.com/library/shop:1"},
        {"name": "proxy", "image": "m.example.com/library/proxy:2", "restartPolicy": "Always"},
    ],
    "containers": [{**POD["containers"][0], "image": "m.example.com/library/shop:1"}],
    "ephemeralContainers": [{"name": "debug", "image": "m.example.com/library/debug:3"}],
    "volumes": [
        {"name": "model", "image": {"reference": "m.example.com/team/model:4", "pullPolicy": "Always"}},
        {"name": "tmp", "emptyDir": {}},
    ],
}


def objects(pod: dict[str, Any]) -> list[dict[str, Any]]:
    template = {"metadata": {"name": "ignored"}, "spec": pod}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template}},
        {"kind": "CronJob", "metadata": {"name": "night"}, "spec": {"jobTemplate": {"spec": {"template": template}}}},
        {"kind": "Pod", "metadata": {"name": "one"}, "spec": pod},
        {"kind": "List", "items": [{"kind": "Job", "metadata": {"name": "inner"}, "spec": {"template": template}}]},
        # An operator's resource that contains a template of pods.
        {"kind": "Rollout", "metadata": {"name": "own"}, "spec": {"podTemplate": template}},
    ]


def test_the_images_of_all_kinds_of_objects_are_replaced_and_nothing_else() -> None:
    others = [
        {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"image": "nginx:1.27", "containers": "nginx:1.27"}},
        {"kind": "Tool", "metadata": {"name": "own"}, "spec": {"image": "nginx:1.27", "containers": ["nginx:1.27", {"name": "patch"}]}},
        {"kind": "Schema", "metadata": {"name": "x"}, "spec": {"properties": {"containers": {"image": "nginx:1.27"}}}},
    ]
    assert mirrored_pods([*objects(POD), *others], "m.example.com") == [*objects(MIRRORED_POD), *others]


def test_without_a_mirror_nothing_changes() -> None:
    assert mirrored_pods(objects(POD), "") == objects(POD)


def test_all_uses_of_images_are_found_with_their_objects() -> None:
    found = list(uses_of_images(objects(POD)))
    owners = ["Deployment/web", "CronJob/night", "Pod/one", "Job/inner", "Rollout/own"]
    uses = [("wait", "shop:1"), ("proxy", "proxy:2"), ("shop", "shop:1"), ("debug", "debug:3"), ("volume model", "quay.io/team/model:4")]
    assert found == [Use(owner, *use) for owner in owners for use in uses]


def test_each_image_that_is_found_is_replaced() -> None:
    mirrored = [use.image for use in uses_of_images(mirrored_pods(objects(POD), "m.example.com"))]
    assert mirrored == [mirrored_image(use.image, "m.example.com") for use in uses_of_images(objects(POD))]
    assert all(image.startswith("m.example.com/") for image in mirrored)
