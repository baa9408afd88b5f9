"""Ten thousand requests during rollouts of nginx and Django, with each supported gunicorn."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "molecule" / "cluster.yml").read_text())
REQUESTS = 10_000
# Requests of each kind per second: 16 with GET and 16 with POST.
PACE = 8.0
# The times of production, which are the defaults of the roles, instead of the short times of the scenarios.
DRAIN = {"django_drain_seconds": 15, "nginx_drain_seconds": 15}


@pytest.fixture(scope="module")
def pods_of_production(playbook: Any) -> Iterator[None]:
    """The platform with the drain of production, before the first request of a customer."""
    images = [sys.executable, "-m", "local_cluster", "images", "--set=drill", f"--registry-port={SETTINGS['kind_registry_port']}"]
    subprocess.run(images, cwd=ROOT, check=True)
    run = playbook("site.yml", **DRAIN)
    assert run.returncode == 0, run.output
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


@pytest.mark.drill
def test_no_request_of_ten_thousand_is_lost(
    pods_of_production: None, playbook: Any, customers: Any, kind_config: dict[str, Any], measured: Callable[[str], None]
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "Django to gunicorn 21.2": {"django_image_tag": "1.0.0-next"},
        "Django back to the newest": {},
        "Django to gunicorn 20.1": {"django_image_tag": "gunicorn-20.1"},
        "nginx": {"django_image_tag": "gunicorn-20.1", "nginx_client_max_body_size": "40m"},
        "configuration": {"django_image_tag": "gunicorn-20.1", "platform_config": {**kind_config, "DRILL": "1"}},
        "all back": {},
    }
    for change, values in changes.items():
        run = playbook("site.yml", **DRAIN, **values)
        assert run.returncode == 0, run.output
        measured(f"{change}: {customers.count}")
    deadline = time.monotonic() + 600
    while customers.count.total < REQUESTS and time.monotonic() < deadline:
        time.sleep(1)
    measured(f"all: {customers.count}")
    assert customers.count.failures == []
    assert customers.count.total >= REQUESTS


@pytest.mark.drill
def test_a_deleted_service_is_found_at_its_new_address(cluster: Any, playbook: Any, shop: Any) -> None:
    def address() -> str:
        found: str = cluster.kubectl("get", "service", "django-service", "--output=jsonpath={.spec.clusterIP}").stdout
        return found

    before = address()
    cluster.kubectl("delete", "service", "django-service")
    run = playbook("site.yml")
    assert run.returncode == 0, run.output
    assert address() != before
    assert [shop.get("/request/").status_code for _request in range(20)] == [200] * 20
