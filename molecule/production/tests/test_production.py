"""The platform of tests/inventories/production_like, beside objects that others manage."""

from __future__ import annotations

import base64
import json
import pathlib
from typing import Any

import pytest
import requests
import urllib3

COMPONENTS = ("django", "nginx", "celery-worker", "reports", "celery-beat")
HEADERS = {"Host": "shop.example.com"}
LOGIN = "/admin/login/"


@pytest.fixture(scope="module")
def browser(shop_of_module: Any) -> requests.Session:
    """A client of nginx with TLS, whose certificate is generated."""
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session: requests.Session = shop_of_module.session
    session.verify = False
    session.headers.update(HEADERS)
    return session


def uids(cluster: Any) -> dict[str, set[str]]:
    """The UIDs of the pods of each tier."""
    return {component: {pod["metadata"]["uid"] for pod in cluster.pods(component)} for component in COMPONENTS}


def environment(cluster: Any, component: str, name: str) -> set[str]:
    """The values of an environment variable in the pods of a tier."""
    pods = [pod["metadata"]["name"] for pod in cluster.pods(component)]
    return {cluster.kubectl("exec", pod, f"--container={component}", "--", "printenv", name, check=False).stdout.strip() for pod in pods}


def test_the_objects_of_the_inventory_exist(cluster: Any) -> None:
    assert {component: len(found) for component, found in uids(cluster).items()} == {
        "django": 2,
        "nginx": 2,
        "celery-worker": 2,
        "reports": 1,
        "celery-beat": 1,
    }
    [autoscaler] = cluster.get("horizontalpodautoscalers")
    assert {each["resource"]["name"] for each in autoscaler["spec"]["metrics"]} == {"cpu", "memory"}
    assert autoscaler["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 600
    assert "static-pvc" not in {claim["metadata"]["name"] for claim in cluster.get("persistentvolumeclaims")}


def test_pods_run_only_in_the_pool(cluster: Any) -> None:
    pool = {node["metadata"]["name"] for node in cluster.get("nodes", "--selector=pool=shop")}
    assert {pod["spec"]["nodeName"] for pod in cluster.get("pods")} <= pool


@pytest.mark.parametrize("component", ["django", "reports", "celery-beat"])
def test_the_application_reads_the_client_certificate(cluster: Any, component: str) -> None:
    """libpq rejects a key that others may read."""
    pod = cluster.pods(component)[0]["metadata"]["name"]
    command = ["sh", "-c", "stat --dereference --format=%a $PGSSLKEY && cat $PGSSLKEY"]
    said = cluster.kubectl("exec", pod, f"--container={component}", "--", *command).stdout
    assert said.split("\n", 1) == ["440", "key of the client"]


def test_a_rotated_secret_rolls_exactly_the_pods_that_use_it(cluster: Any, playbook: Any, tmp_path: pathlib.Path) -> None:
    assert environment(cluster, "reports", "PAYMENT_API_KEY") == {"key-of-the-payment-provider"}
    assert environment(cluster, "celery-worker", "PAYMENT_API_KEY") == {""}
    before = uids(cluster)
    rotated = {"data": {"api-key": base64.b64encode(b"rotated-key").decode()}}
    cluster.kubectl("patch", "secret", "shop-payment", f"--patch={json.dumps(rotated)}")

    run = playbook("site.yml", platform_report_dir=str(tmp_path))
    assert run.returncode == 0, run.output
    after = uids(cluster)
    assert {component for component in COMPONENTS if after[component] != before[component]} == {"reports"}
    assert environment(cluster, "reports", "PAYMENT_API_KEY") == {"rotated-key"}
    for secret in ("rotated-key", "key-of-the-payment-provider"):
        assert secret not in run.output
    [report] = [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")]
    assert [check for check in report["checks"] if check["severity"] != "ok"] == []
    assert "WARNING]" not in run.output, run.output


OTHERS = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: left-over}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: celery-worker}
  minReplicas: 2
  maxReplicas: 2
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: left-over}
spec:
  minAvailable: 1
  selector: {matchLabels: {app: jewelry-shop, component: django}}
"""


def test_the_preflight_names_autoscalers_and_budgets_of_others(cluster: Any, playbook: Any) -> None:
    cluster.kubectl("create", "--filename=-", input=OTHERS)
    try:
        run = playbook("site.yml")
    finally:
        cluster.kubectl("delete", "--filename=-", input=OTHERS)
    said = " ".join(run.output.split())
    assert run.returncode != 0
    assert run.changed == 0, run.output
    assert "Delete it with kubectl delete horizontalpodautoscaler left-over -n jewelry-shop" in said, run.output
    assert "PodDisruptionBudget jewelry-shop/django selects them too. Kubernetes evicts no pod that has two budgets" in said, run.output


def test_static_files_come_from_the_image(browser: requests.Session, https: str) -> None:
    page = browser.get(f"{https}/", timeout=30)
    assert page.status_code == 200, page.text
    address = page.text.split('rel="stylesheet"')[1].split('href="')[1].split('"')[0]
    stylesheet = browser.get(https + address, timeout=30)
    assert (stylesheet.status_code, stylesheet.headers["Content-Type"]) == (200, "text/css")


def test_the_location_of_websockets_passes_the_upgrade_to_django(browser: requests.Session, https: str) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x" * 22 + "=="}
    # The demo shop has no websockets, so Django answers.
    assert browser.get(f"{https}/ws/orders/", headers=headers, timeout=30).status_code == 404


def test_logins_are_limited_and_other_pages_are_not(browser: requests.Session, https: str) -> None:
    # Two replicas of nginx count separately, each with a burst of 3.
    statuses = [browser.get(https + LOGIN, timeout=30).status_code for _ in range(20)]
    assert set(statuses) == {200, 429}, statuses
    assert statuses.count(200) <= 2 * (1 + 3 + 2), statuses
    assert browser.get(f"{https}/", timeout=30).status_code == 200


def test_nginx_writes_its_log_in_json(cluster: Any, browser: requests.Session, https: str) -> None:
    assert browser.get(f"{https}/ws/in-the-log/", timeout=30).status_code == 404
    pods = [pod["metadata"]["name"] for pod in cluster.pods("nginx")]
    lines = [line for pod in pods for line in cluster.kubectl("logs", pod, "--container=nginx", "--tail=200").stdout.splitlines()]
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    [entry] = [each for each in entries if "/ws/in-the-log/" in json.dumps(each)]
    assert str(entry["status"]) == "404"


def test_what_others_manage_stays(cluster: Any) -> None:
    names = {each["metadata"]["name"] for kind in ("secrets", "limitranges") for each in cluster.get(kind)}
    assert {"shop-database", "shop-payment", "shop-client-certificate", "containers"} <= names
