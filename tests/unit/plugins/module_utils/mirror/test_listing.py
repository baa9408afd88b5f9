# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The list of images: digests from the cluster, names to copy from and to, and images that the mirror cannot hold together."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror.listing import (
    deployed_images,
    images_screen,
    mirror_problems,
)

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
MIRROR = "m.example.com/copies"


def deployment(name: str, *images: str) -> dict[str, Any]:
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": {"template": {"spec": {"containers": containers}}}}


def pod(image: str, image_id: str | None, key: str = "containers", phase: str = "Running") -> dict[str, Any]:
    status = {"name": "c", "image": "the name that the node reports", **({} if image_id is None else {"imageID": image_id})}
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [], key: [{"name": "c", "image": image}]},
        "status": {"phase": phase, "initContainerStatuses" if key == "initContainers" else "containerStatuses": [status]},
    }


def listed(image: str, *pods: dict[str, Any], mirror: str = "") -> dict[str, Any]:
    [found] = deployed_images([deployment("web", image)], pods, mirror)
    return found


@pytest.mark.parametrize(
    ("image", "pods", "digests", "source"),
    [
        ("nginx:1.27", [], [], "docker.io/library/nginx:1.27"),
        ("nginx", [], [], "docker.io/library/nginx:latest"),
        ("nginx:1.27", [pod("nginx:1.27", f"docker.io/library/nginx@{A}")], [A], f"docker.io/library/nginx@{A}"),
        ("nginx:1.27", [pod("docker.io/library/nginx:1.27", f"docker.io/library/nginx@{A}")], [A], f"docker.io/library/nginx@{A}"),
        ("r:5000/shop:1", [pod("r:5000/shop:1", f"docker-pullable://r:5000/shop@{A}")], [A], f"r:5000/shop@{A}"),
        ("r:5000/shop:1", [pod("r:5000/shop:1", f"r:5000/shop@{A}", "initContainers")], [A], f"r:5000/shop@{A}"),
        # Running pods of another tag, and of another registry.
        ("r:5000/shop:2", [pod("r:5000/shop:1", f"r:5000/shop@{A}")], [], "r:5000/shop:2"),
        ("r:5000/shop:1", [pod("s:5000/shop:1", f"s:5000/shop@{A}")], [], "r:5000/shop:1"),
        # No pod has started the container yet, or the runtime reports no digest of this image.
        ("r:5000/shop:1", [pod("r:5000/shop:1", None)], [], "r:5000/shop:1"),
        ("r:5000/shop:1", [pod("r:5000/shop:1", "")], [], "r:5000/shop:1"),
        ("r:5000/shop:1", [pod("r:5000/shop:1", A)], [], "r:5000/shop:1"),
        ("r:5000/shop:1", [pod("r:5000/shop:1", f"docker.io/library/import-2026-12-01@{A}")], [], "r:5000/shop:1"),
        # The tag moved between two nodes.
        ("shop:1", [pod("shop:1", f"docker.io/library/shop@{B}"), pod("shop:1", f"shop@{A}")], [A, B], "docker.io/library/shop:1"),
        # The digest in the name counts.
        (f"quay.io/shop@{A}", [], [A], f"quay.io/shop@{A}"),
        (f"quay.io/shop:1@{A}", [pod(f"quay.io/shop:1@{A}", f"quay.io/shop@{B}")], [A], f"quay.io/shop@{A}"),
    ],
)
def test_an_image_has_the_digest_in_its_name_or_the_one_that_runs(
    image: str, pods: list[dict[str, Any]], digests: list[str], source: str
) -> None:
    found = listed(image, *pods)
    assert (found["image"], found["digests"], found["source"]) == (image, digests, source)
    assert (found["mirror"], found["target"]) == ("", "")


@pytest.mark.parametrize(
    ("image", "mirrored", "target"),
    [
        ("docker.io/library/nginx:1.27-alpine", f"{MIRROR}/library/nginx:1.27-alpine", f"{MIRROR}/library/nginx:1.27-alpine"),
        ("nginx", f"{MIRROR}/library/nginx", f"{MIRROR}/library/nginx:latest"),
        (f"quay.io/shop@{A}", f"{MIRROR}/shop@{A}", f"{MIRROR}/shop@{A}"),
        (f"r:5000/shop:1@{A}", f"{MIRROR}/shop:1@{A}", f"{MIRROR}/shop:1"),
        (f"{MIRROR}/shop:1", f"{MIRROR}/shop:1", f"{MIRROR}/shop:1"),
    ],
)
def test_an_image_is_copied_to_its_name_in_the_mirror(image: str, mirrored: str, target: str) -> None:
    found = listed(image, mirror=MIRROR)
    assert (found["mirror"], found["target"]) == (mirrored, target)


def test_pods_that_run_the_image_of_the_mirror_show_its_digest() -> None:
    found = listed("nginx:1.27", pod(f"{MIRROR}/library/nginx:1.27", f"{MIRROR}/library/nginx@{A}"), mirror=MIRROR)
    assert found["digests"] == [A]


def test_ended_pods_count_only_for_images_that_no_pod_runs() -> None:
    ended = {"phase": "Succeeded"}
    assert listed("q.io/shop:1", pod("q.io/shop:1", f"q.io/shop@{A}", **ended))["digests"] == [A]
    assert listed("q.io/shop:1", pod("q.io/shop:1", f"q.io/shop@{A}", **ended), pod("q.io/shop:1", f"q.io/shop@{B}"))["digests"] == [B]
    deleted = pod("q.io/shop:1", f"q.io/shop@{A}")
    deleted["metadata"]["deletionTimestamp"] = "2026-12-01T00:00:00Z"
    assert listed("q.io/shop:1", deleted, pod("q.io/shop:1", f"q.io/shop@{B}"))["digests"] == [B]


def test_a_node_may_report_the_name_in_the_other_registry() -> None:
    pods = [pod(f"{MIRROR}/library/nginx:1.27", f"docker.io/library/nginx@{A}"), pod("redis:8", f"{MIRROR}/library/redis@{B}")]
    found = deployed_images([deployment("web", "nginx:1.27", "redis:8")], pods, MIRROR)
    assert [each["digests"] for each in found] == [[A], [B]]


def test_two_names_of_one_image_are_one_entry_and_strings_are_read_too() -> None:
    job = """\
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {containers: [{name: m, image: "docker.io/library/shop:1"}]}}}
---
"""
    found = deployed_images([[deployment("web", "shop:1", "nginx:1")], job, None], [])
    assert [(each["image"], each["used_by"]) for each in found] == [
        ("nginx:1", ["Deployment/web (c1)"]),
        ("shop:1", ["Deployment/web (c0)", "Job/migrate (m)"]),
    ]


@pytest.mark.parametrize(
    ("images", "pods", "problems"),
    [
        (("quay.io/shop:1", "quay.io/shop:2", f"quay.io/shop@{A}"), [], []),
        (
            ("ghcr.io/team/shop:1", "quay.io/team/shop:1"),
            [],
            [
                f"platform_image_mirror gives ghcr.io/team/shop:1 and quay.io/team/shop:1 the same name {MIRROR}/team/shop:1, but they may "
                "be different images: use only one of them."
            ],
        ),
        # One image in two registries.
        ((f"ghcr.io/team/shop:1@{A}", "quay.io/team/shop:1"), [pod("quay.io/team/shop:1", f"quay.io/team/shop@{A}")], []),
        (
            ("quay.io/The Shop:1",),
            [],
            [
                "Deployment/web (c0): the image 'quay.io/The Shop:1' is not a valid image name; write registry/path with at most 255 "
                "characters, the path in lower-case letters, digits and single ., _ and - between them."
            ],
        ),
    ],
)
def test_images_that_cannot_be_copied_are_problems(images: tuple[str, ...], pods: list[dict[str, Any]], problems: list[str]) -> None:
    assert mirror_problems(deployed_images([deployment("web", *images)], pods, MIRROR)) == problems


def test_without_a_mirror_images_of_several_registries_are_no_problem() -> None:
    assert mirror_problems(deployed_images([deployment("web", "ghcr.io/team/shop:1", "quay.io/team/shop:1")], [])) == []


def test_the_table_shows_digests_and_objects() -> None:
    images = deployed_images([deployment("web", "nginx:1.27", "nginx:1.27"), deployment("cron", f"quay.io/shop:1@{A}")], [], "")
    shop = f"quay.io/shop:1@{A}"
    width = len(shop)
    assert images_screen(images) == [
        f"{'IMAGE':{width}}  {'DIGEST':{len(A)}}  USED BY",
        f"{'nginx:1.27':{width}}  {'unknown':{len(A)}}  Deployment/web",
        f"{shop}  {A}  Deployment/cron",
    ]
    header, *rows = images_screen(deployed_images([deployment("web", "nginx:1.27")], [], MIRROR))
    assert header.split("  ")[0] == "IMAGE"
    assert "IMAGE IN THE MIRROR" in header
    assert [row.split() for row in rows] == [["nginx:1.27", "unknown", f"{MIRROR}/library/nginx:1.27", "Deployment/web"]]
