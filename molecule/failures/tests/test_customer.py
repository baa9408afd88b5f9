"""Failures that only a customer notices: every pod is ready, but requests through nginx to Django fail."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Checks = list[dict[str, Any]]

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module", autouse=True)
def repaired(playbook: Any, cluster: Any, shop_of_module: Any) -> Iterator[None]:
    """A run of site.yml repairs all of it, and its verdict includes a request like that of a customer."""
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output
    assert shop_of_module.get("/health/ready/").status_code == 200


@pytest.fixture
def failed_checks(playbook: Any, tmp_path: pathlib.Path) -> Callable[[], Checks]:
    """Runs validate.yml, which has to fail, and returns the checks that failed."""

    def run() -> Checks:
        done = playbook("playbooks/validate.yml", validate_timeout=15, platform_report_dir=str(tmp_path))
        assert done.returncode != 0, done.output
        [report] = [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")]
        return [check for check in report["checks"] if check["severity"] == "error"]

    return run


def of_nginx(checks: Checks) -> Checks:
    """The responses that customers get from the replicas of nginx."""
    return [check for check in checks if check["name"] == "customer" and check["subject"].startswith("Pod/nginx-")]


def test_a_network_policy_between_nginx_and_django_is_reported(cluster: Any, failed_checks: Callable[[], Checks]) -> None:
    [policy] = [o["metadata"]["name"] for o in cluster.get("networkpolicies") if o["metadata"]["name"].startswith("nginx-")]
    # The remaining policies of the nginx pods deny everything except DNS.
    cluster.kubectl("delete", "networkpolicy", policy)
    checks = of_nginx(failed_checks())
    assert len(checks) == 2
    # 504 if the network drops denied packets, 502 if it rejects them.
    assert all(re.search("nginx gets no answer from Django .status 50[24]", check["message"]) for check in checks), checks
    assert all("NetworkPolicies between nginx and Django" in check["message"] for check in checks), checks


def test_a_deleted_service_is_reported_and_recreated_by_the_next_run(
    cluster: Any, playbook: Any, shop_of_module: Any, failed_checks: Callable[[], Checks]
) -> None:
    cluster.kubectl("delete", "service", "django-service")
    checks = failed_checks()
    assert ("Service/django-service", "does not exist") in {(check["subject"], check["message"]) for check in checks}
    assert all("nginx gets no answer from Django" in check["message"] for check in of_nginx(checks)), checks

    run = playbook("site.yml")
    assert run.returncode == 0, run.output
    assert shop_of_module.get("/health/ready/").status_code == 200


def test_a_django_that_fails_only_behind_nginx_fails_the_deploy(playbook: Any, tmp_path: pathlib.Path) -> None:
    """Every replica answers a direct request."""
    run = playbook("site.yml", django_env={"DEMO_FAIL_BEHIND_PROXY": True}, validate_timeout=15, platform_report_dir=str(tmp_path))
    assert run.returncode != 0, run.output
    [report] = [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")]
    failed = [check for check in report["checks"] if check["severity"] == "error"]
    assert {check["name"] for check in failed} == {"customer"}
    assert len(of_nginx(failed)) == 2
    assert all("status 500 instead of 200: DEMO_FAIL_BEHIND_PROXY is set; a direct request to Django succeeds" in check["message"]
               for check in of_nginx(failed)), failed  # fmt: skip
