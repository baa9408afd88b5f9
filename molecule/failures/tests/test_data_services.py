"""A data service whose only pod is broken. The next good deploy repairs it without manual steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def redis_image(cluster: Any) -> Iterator[str]:
    """The image of Redis. Redis serves again after the test, also after a failure."""
    [found] = {container["image"] for pod in cluster.pods("redis") for container in pod["spec"]["containers"]}
    yield found
    cluster.kubectl("rollout", "status", "statefulset/redis", "--timeout=110s")


@pytest.mark.drill
def test_a_good_deploy_replaces_a_pod_of_redis_that_never_became_ready(
    cluster: Any, playbook: Any, shop: Any, redis_image: str, measured: Any
) -> None:
    """The check of the image is bypassed by hand. A StatefulSet does not replace a pod that is not ready."""
    cluster.kubectl("set", "image", "statefulset/redis", f"redis={redis_image}-nope")
    deadline = time.monotonic() + 110
    waiting: set[str] = set()
    while not waiting & {"ErrImagePull", "ImagePullBackOff"}:
        assert time.monotonic() < deadline, waiting
        statuses = [status for pod in cluster.pods("redis") for status in pod["status"].get("containerStatuses") or []]
        waiting = {status["state"].get("waiting", {}).get("reason") for status in statuses}
        time.sleep(0.5)

    began = time.monotonic()
    run = playbook("site.yml")
    measured(f"repaired within {time.monotonic() - began:.0f} s")
    assert run.returncode == 0, run.output
    assert "Pod jewelry-shop/redis-0 (ImageNotFound: " in " ".join(run.output.split()), run.output
    assert shop.get("/health/ready/").status_code == 200


@pytest.mark.drill
def test_a_new_image_of_both_data_services_passes_its_check(
    cluster: Any, playbook: Any, shop: Any, redis_image: str, administrator: dict[str, Any]
) -> None:
    """With the real programs: Redis answers with its configuration, PostgreSQL finds its own major version in the server that runs.

    As an administrator, since the Namespace gets the annotation too.
    """
    label = {"drill": f"a{time.time_ns()}"}
    run = playbook("site.yml", "--tags=data_services", platform_annotations=label, **administrator)
    assert run.returncode == 0, run.output
    assert "the image starts: Redis server v=" in run.output
    assert "the image starts: postgres (PostgreSQL) 17" in run.output
    assert "is not compared" not in run.output
    run = playbook("site.yml", **administrator)
    assert run.returncode == 0, run.output
    assert shop.get("/health/ready/").status_code == 200
