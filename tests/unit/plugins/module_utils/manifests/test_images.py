# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import (
    digest_of,
    image_version,
    is_same_image,
    mirror_problem,
    reference,
)

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        ("registry:5000/shop:1", "registry:5000/shop:1", True),
        (f"registry:5000/shop:1@{A}", "registry:5000/shop:1", True),
        (f"registry:5000/shop@{A}", "registry:5000/shop:1", True),
        (f"registry:5000/shop@{A}", "registry:5000/shop", True),
        ("registry:5000/shop:latest", "registry:5000/shop", True),
        (f"registry:5000/shop:1@{A}", f"registry:5000/shop@{A}", True),
        (f"registry:5000/shop@{A}", f"registry:5000/shop:1@{A}", True),
        ("registry:5000/shop:2", "registry:5000/shop:1", False),
        ("registry:5000/shop:1", "registry:5000/shop", False),
        (f"registry:5000/shop:2@{A}", "registry:5000/shop:1", False),
        ("registry:5000/shop:1", f"registry:5000/shop:1@{A}", False),
        (f"registry:5000/shop:1@{B}", f"registry:5000/shop:1@{A}", False),
        (f"registry:5000/other@{A}", "registry:5000/shop:1", False),
        # A mirror, in place of the registry or before it.
        ("mirror:5000/shop:1", "registry:5000/shop:1", True),
        (f"mirror:5000/shop:1@{A}", "registry:5000/shop:1", True),
        ("mirror.example.com/registry.example.com/team/shop:1", "registry.example.com/team/shop:1", True),
        ("mirror.example.com/docker-hub/library/nginx:1.30", "nginx:1.30", True),
        ("mirror:5000/proxy/nginx:1.30", "docker.io/library/nginx:1.30", True),
        ("mirror:5000/team/shop:2", "registry.example.com/team/shop:1", False),
        ("mirror:5000/shop:1", "registry.example.com/team/shop:1", False),
        ("mirror:5000/webshop:1", "registry:5000/shop:1", False),
        (f"mirror:5000/shop@{B}", f"registry:5000/shop@{A}", False),
        # Kyverno names the default registry as well.
        (f"docker.io/redis:8@{A}", "redis:8", True),
        (f"docker.io/library/redis:8@{A}", "redis:8", True),
        (f"docker.io/shop/django:1@{A}", "shop/django:1", True),
        (f"localhost/redis:8@{A}", "redis:8", True),
    ],
)
def test_an_image_can_be_pinned_to_a_digest_or_mirrored_but_not_replaced(found: str, wanted: str, same: bool) -> None:
    assert is_same_image(found, wanted) == same


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (f"registry:5000/shop@{A}", A),
        (f"docker-pullable://mirror/shop@{A}", A),
        (A, A),
        ("docker://sha256:1", "docker://sha256:1"),
        ("", ""),
    ],
)
def test_a_running_image_is_identified_by_its_digest(image_id: str, digest: str) -> None:
    assert digest_of(image_id) == digest


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("nginx:1.30", "1.30"),
        ("registry:5000/shop/nginx:1.30", "1.30"),
        (f"registry:5000/nginx:1.30@{A}", "1.30"),
        (f"registry:5000/nginx@{A}", "a" * 12),
        ("registry:5000/nginx", "latest"),
        ("nginx", "latest"),
    ],
)
def test_the_version_of_an_image_is_its_tag_or_the_start_of_its_digest(image: str, version: str) -> None:
    assert image_version(image) == version


@pytest.mark.parametrize(
    ("image", "registry", "path", "suffix"),
    [
        ("nginx", "docker.io", "library/nginx", ""),
        ("nginx:1.27", "docker.io", "library/nginx", ":1.27"),
        ("team/shop:1", "docker.io", "team/shop", ":1"),
        ("docker.io/nginx:1.27", "docker.io", "library/nginx", ":1.27"),
        ("index.docker.io/team/shop:1", "docker.io", "team/shop", ":1"),
        ("registry:5000/nginx", "registry:5000", "nginx", ""),
        ("registry:5000/team/nginx:1.27", "registry:5000", "team/nginx", ":1.27"),
        (f"registry:5000/nginx@{A}", "registry:5000", "nginx", f"@{A}"),
        (f"registry:5000/nginx:1.27@{A}", "registry:5000", "nginx", f":1.27@{A}"),
        (f"nginx@{A}", "docker.io", "library/nginx", f"@{A}"),
        ("[2001:db8::1]:5000/shop:1", "[2001:db8::1]:5000", "shop", ":1"),
        ("localhost/shop:1", "localhost", "shop", ":1"),
        # A path has no upper-case letters, so this is the host of a registry.
        ("Registry/shop:1", "Registry", "shop", ":1"),
    ],
)
def test_the_name_of_an_image_has_a_registry_a_path_a_tag_and_a_digest(image: str, registry: str, path: str, suffix: str) -> None:
    found = reference(image)
    assert (found.registry, found.path, found.suffix) == (registry, path, suffix)


@pytest.mark.parametrize(
    ("mirror", "valid"),
    [
        ("registry.example.com", True),
        ("registry.example.com:5000", True),
        ("registry:5000/team/copies", True),
        ("10.0.0.1:5000", True),
        ("[2001:db8::1]:5000/copies", True),
        ("localhost", True),
        ("docker.io/acme", True),
        # Without a point or a port, the name is a path of Docker Hub.
        ("registry", False),
        ("acme/copies", False),
        ("https://registry.example.com", False),
        ("registry.example.com/", False),
        ("registry.example.com/Copies", False),
        ("registry.example.com/copies:1", False),
        (f"registry.example.com/copies@{A}", False),
        ("registry.example.com:port", False),
        ("registry.example.com /copies", False),
    ],
)
def test_a_mirror_is_a_registry_with_an_optional_path(mirror: str, valid: bool) -> None:
    assert (mirror_problem(mirror) == "") is valid
