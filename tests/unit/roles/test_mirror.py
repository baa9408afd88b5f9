"""Where platform_image_mirror changes an image outside the pods, and what does not change without it."""

from __future__ import annotations

from typing import Any

MIRROR = {"platform_image_mirror": "registry.internal:5000"}
VALUES = {"platform_image_registry": "quay.io/shop", "platform_image": "django", "platform_image_tag": "1"}


def test_the_image_of_the_release_is_the_one_of_the_mirror(resolve: Any) -> None:
    assert resolve("platform_app_image", **VALUES) == "quay.io/shop/django:1"
    assert resolve("platform_app_image", **VALUES, **MIRROR) == "registry.internal:5000/shop/django:1"


def test_the_mirror_keeps_the_digest_of_the_application(resolve: Any) -> None:
    digest = f"sha256:{'a' * 64}"
    values = {**VALUES, **MIRROR, "platform_image_digest": digest}
    assert resolve("platform_app_image", **values) == f"registry.internal:5000/shop/django@{digest}"


def test_an_image_that_the_inventory_names_in_the_mirror_stays(resolve: Any) -> None:
    values = {**VALUES, **MIRROR, "platform_image_registry": "registry.internal:5000/shop"}
    assert resolve("platform_app_image", **values) == "registry.internal:5000/shop/django:1"


def test_a_tier_with_its_own_tag_a_sidecar_and_waiting_containers_uses_the_mirror(workload: Any) -> None:
    sidecar = {"containers": [{"name": "log", "image": "log:1"}]}
    found = workload("celery_worker", **MIRROR, celery_worker_image_tag="2", celery_worker_pod=sidecar)
    spec = found["template"]["spec"]
    images = [each["image"] for key in ("initContainers", "containers") for each in spec[key]]
    shop = "registry.internal:5000/library/shop:2"
    assert images == [shop, shop, shop, "registry.internal:5000/library/log:1"]
    assert found["version"] == "2"


def test_another_registry_gives_the_job_of_nginx_another_name(resolve: Any) -> None:
    values = {"nginx_config_map": {"metadata": {"name": "nginx-config-0"}}, "nginx_tls_secret_name": ""}
    names = [resolve("__nginx_check_job_name", **values, **mirror) for mirror in ({}, MIRROR)]
    assert names[0] != names[1]


def test_the_version_of_a_data_service_stays(workload: Any) -> None:
    found = workload("redis", **MIRROR)
    assert found["template"]["spec"]["containers"][0]["image"] == "registry.internal:5000/library/redis:8"
    assert found["version"] == "8"
