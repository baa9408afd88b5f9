"""A canary that answers 5xx for one path is deleted before the current release changes, and a good canary is rolled out."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inventory_after")

# Requests of each kind per second, on /request/.
PACE = 8.0
CANARY: dict[str, Any] = {
    "django_canary": True,
    "django_canary_seconds": 40,
    "django_canary_requests_metric": "shop_http_requests_total",
    "django_canary_latency_metric": "shop_http_request_duration_seconds",
}


def squeezed(text: str) -> str:
    return "".join(text.split())


def deployments(cluster: Any) -> set[str]:
    return {each["metadata"]["name"] for each in cluster.get("deployments")}


def test_a_canary_that_answers_5xx_for_one_path_is_deleted(
    cluster: Any, playbook: Any, customers: Any, measured: Callable[[str], None]
) -> None:
    before, first, failed = cluster.generations(), customers.count.total, len(customers.count.failures)
    replicas = len(cluster.pods("django"))
    run = playbook("site.yml", **CANARY, django_env={"DEMO_FAIL_VIEW": "request"})
    assert run.returncode != 0
    requests, failures = customers.count.total - first, len(customers.count.failures) - failed
    measured(f"{failures} failed of {requests} requests, canary 1 of {replicas + 1} pods")
    shown = squeezed(run.output)
    assert squeezed("The canary is worse after") in shown, run.output
    assert squeezed("requests of request, the current release 5xx in 0 of") in shown, run.output
    assert squeezed("The canary was deleted, and the current release was not changed.") in shown, run.output
    assert 0 < failures <= requests / (replicas + 1)
    assert "django-canary" not in deployments(cluster)
    assert cluster.generations() == before


def test_check_mode_reports_that_a_canary_would_run(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", "--check", **CANARY, django_env={"CANARY_TEST": "check"})
    assert run.returncode == 0, run.output
    assert squeezed("A canary with 1 pods of the new release would run for 40 s before the rollout.") in squeezed(run.output), run.output
    assert cluster.written_since(before) == []


def test_a_good_canary_is_rolled_out_and_reported(cluster: Any, playbook: Any, customers: Any, tmp_path: pathlib.Path) -> None:
    failed = len(customers.count.failures)
    run = playbook("site.yml", **CANARY, django_env={"CANARY_TEST": "good"}, platform_report_dir=str(tmp_path))
    assert run.returncode == 0, run.output
    [report] = [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")]
    [check] = [each for each in report["checks"] if each["name"] == "canary"]
    assert "Compared over 40 s" in check["message"]
    assert "django-canary" not in deployments(cluster)
    assert len(customers.count.failures) == failed
    again = playbook("site.yml", **CANARY, django_env={"CANARY_TEST": "good"})
    assert (again.returncode, again.changed) == (0, 0), again.output


@pytest.mark.parametrize(
    ("selector", "code", "words"),
    [
        pytest.param("!jewelry-shop/canary", 0, "The canary is not worse.", id="of the current release"),
        pytest.param("jewelry-shop/canary", 2, "of its pods ended. The canary was deleted", id="of the canary"),
    ],
)
def test_a_pod_that_ends_during_the_comparison(
    cluster: Any, running_playbook: Any, customers: Any, selector: str, code: int, words: str
) -> None:
    run = running_playbook("site.yml", **CANARY, django_env={"CANARY_TEST": words})
    assert run.wait_for("after 5 s: canary"), run.output
    pods = cluster.get("pods", f"--selector=component=django,{selector}")
    cluster.kubectl("delete", "pod", pods[0]["metadata"]["name"], "--wait=false")
    assert run.end() == code, run.output
    assert squeezed(words) in squeezed(run.output), run.output


def test_a_canary_that_a_killed_run_left_is_deleted(cluster: Any, playbook: Any) -> None:
    [django] = [each for each in cluster.get("deployments") if each["metadata"]["name"] == "django"]
    label = {"jewelry-shop/canary": "true"}
    metadata = {key: django["metadata"][key] for key in ("namespace", "labels")}
    template = django["spec"]["template"]
    pod = {"labels": {**template["metadata"]["labels"], **label}}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {**django["spec"]["selector"]["matchLabels"], **label}},
        "template": {**template, "metadata": pod},
    }
    canary = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {**metadata, "name": "django-canary"}, "spec": spec}
    apply = ["apply", "--server-side", "--field-manager=jewelry_shop.platform", "--filename=-"]
    cluster.kubectl(*apply, input=json.dumps(canary))
    run = playbook("site.yml", django_env={"CANARY_TEST": "good"})
    assert run.returncode == 0, run.output
    assert "django-canary" not in deployments(cluster)
