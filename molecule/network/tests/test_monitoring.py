"""A real Prometheus scrapes every tier and loads the rules. ServiceMonitors and PrometheusRules are created and removed."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
OBJECTS = pathlib.Path(__file__).parent / "objects"
TIERS = ("django", "nginx", "celery-worker", "celery-beat")
QUEUES = {"celery", "backups", "pricing", "reports", "notifications"}
KINDS = "servicemonitors.monitoring.coreos.com,prometheusrules.monitoring.coreos.com"
SERVICE = "/api/v1/namespaces/monitoring/services/prometheus:http/proxy"

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kubectl(watch_environment: dict[str, str]) -> Kubectl:
    """kubectl without a default namespace, for objects of several namespaces."""

    def run(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["kubectl", *arguments], env=watch_environment, capture_output=True, text=True, check=False, timeout=300, **options
        )
        assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    return run


def wait_for(what: str, ask: Callable[[], Any], seconds: float = 60) -> Any:
    """Retry until the answer is true. The last answer is part of the failure."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(1)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The rules of this platform, rendered as a user does it."""
    folder = tmp_path_factory.mktemp("rendered")
    done = subprocess.run(
        [
            "ansible-playbook",
            "playbooks/render.yml",
            f"--inventory={ROOT}/inventories/kind",
            f"--extra-vars=@{ROOT}/molecule/cluster.yml",
            f"--extra-vars={json.dumps({'render_directory': str(folder), 'monitoring_rules': True})}",
        ],
        cwd=ROOT,
        env={**os.environ, "MOLECULE_PROJECT_DIRECTORY": str(ROOT), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [rule] = [each for path in folder.glob("*-monitoring.yaml") for each in yaml.safe_load_all(path.read_text()) if each]
    return rule["spec"]


class Prometheus:
    """The HTTP API of Prometheus, through the API server."""

    def __init__(self, kubectl: Kubectl) -> None:
        self.kubectl = kubectl

    def ask(self, path: str, **query: str) -> Any:
        answer = json.loads(self.kubectl("get", "--raw", f"{SERVICE}/api/v1/{path}?{urlencode(query)}").stdout)
        assert answer["status"] == "success", answer
        return answer["data"]

    def targets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("targets", state="active")["activeTargets"]
        return found

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def value(self, expression: str) -> float:
        """The single value of an expression; 0 if there is no value yet."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else 0.0


@pytest.fixture(scope="module")
def prometheus(kubectl: Kubectl, rules: Any) -> Iterator[Prometheus]:
    objects = [each for each in yaml.safe_load_all((OBJECTS / "prometheus.yaml").read_text()) if each]
    namespace, others = objects[0], objects[1:]
    others.insert(
        0,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "prometheus-rules", "namespace": "monitoring"},
            "data": {"rules.json": json.dumps(rules)},
        },
    )
    # Pods of other tests may exist.
    ours = kubectl("get", "namespace", "monitoring", check=False).returncode != 0
    removed = [*others, namespace] if ours else others
    try:
        for each in (namespace, *others):
            kubectl("apply", "--filename=-", input=json.dumps(each))
        kubectl("rollout", "status", "--namespace=monitoring", "deployment/prometheus", "--timeout=180s")
        yield Prometheus(kubectl)
    finally:
        for each in removed:
            kubectl("delete", "--ignore-not-found", "--filename=-", input=json.dumps(each))


def pods(cluster: Any, tier: str) -> set[str]:
    """Names of a tier's pods; a pod that a test created with the same labels has no Deployment."""
    found = cluster.get("pods", f"--selector=app=jewelry-shop,component={tier},pod-template-hash")
    return {pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]}


def test_every_pod_of_every_tier_is_a_target_that_is_up(cluster: Any, prometheus: Prometheus) -> None:
    expected = {(tier, pod) for tier in TIERS for pod in pods(cluster, tier)}
    assert {tier for tier, _pod in expected} == set(TIERS)
    seen: list[Any] = []

    def all_up() -> bool:
        seen[:] = [
            (t["labels"]["component"], t["labels"]["pod"], t["health"], t["lastError"], t["scrapeUrl"]) for t in prometheus.targets()
        ]
        return sorted(each[:3] for each in seen) == sorted((*each, "up") for each in expected)

    deadline = time.monotonic() + 60
    while not all_up():
        assert time.monotonic() < deadline, f"pods: {sorted(expected)}; targets: {sorted(seen)}"
        time.sleep(1)
    # Each pod address occurs once.
    assert len(seen) == len(expected)
    assert {url.rpartition(":")[2] for *_others, url in seen} == {"8000/metrics", "9113/metrics"}


@pytest.mark.parametrize(
    "counter",
    [
        # Without the requests of probes and of Prometheus itself.
        pytest.param('sum(shop_http_requests_total{namespace="jewelry-shop",view="product-list"})', id="django"),
        pytest.param('sum(nginx_http_requests_total{namespace="jewelry-shop"})', id="nginx"),
    ],
)
def test_requests_through_nginx_are_counted(prometheus: Prometheus, ask: Callable[..., Any], counter: str) -> None:
    def visit() -> None:
        answer = ask("/")
        assert answer["status"] == 200, answer

    visit()
    wait_for(f"the first scrape of {counter}", lambda: prometheus.query(counter))
    # Two scrapes, so that earlier requests are counted.
    time.sleep(11)
    before = prometheus.value(counter)
    for _ in range(10):
        visit()
    wait_for(f"{counter} >= {before} + 10", lambda: prometheus.value(counter) >= before + 10)


def test_tasks_are_counted(prometheus: Prometheus) -> None:
    """Celery beat sends tasks every minute."""
    wait_for("a task", lambda: prometheus.value('sum(celery_worker_tasks_total{namespace="jewelry-shop"})') >= 1, 120)


@pytest.mark.parametrize("metric", ["celery_queue_length", "celery_queue_oldest_task_seconds"])
def test_every_queue_is_watched(prometheus: Prometheus, metric: str) -> None:
    expression = f'{metric}{{namespace="jewelry-shop",component="celery-beat"}}'
    wait_for(metric, lambda: {each["metric"]["queue"] for each in prometheus.query(expression)} == QUEUES)


def test_prometheus_loads_the_rules(prometheus: Prometheus, rules: Any) -> None:
    expected = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}

    def loaded() -> list[dict[str, Any]]:
        found = [rule for group in prometheus.ask("rules", type="alert")["groups"] for rule in group["rules"]]
        return found if found and all(rule["health"] != "unknown" for rule in found) else []

    found = wait_for("the first evaluation of the rules", loaded)
    assert {rule["name"] for rule in found} == expected
    assert {rule["name"]: rule.get("lastError", "") for rule in found if rule["health"] != "ok"} == {}
    # A healthy platform has no alerts.
    assert {rule["name"]: rule["alerts"] for rule in found if rule["state"] == "firing"} == {}


def kept(kubectl: Kubectl) -> set[str]:
    listed = json.loads(kubectl("get", KINDS, "--namespace=jewelry-shop", "--output=json").stdout)["items"]
    return {f"{each['kind']}/{each['metadata']['name']}" for each in listed}


def test_missing_operator_kinds_are_reported_before_the_first_write(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", monitoring_service_monitors=True, monitoring_rules=True)
    said = " ".join(run.output.split())
    assert run.returncode != 0, run.output
    assert "The API server does not serve the kind ServiceMonitor (monitoring.coreos.com/v1)" in said, run.output
    assert "set monitoring_service_monitors to false" in said, run.output
    assert "The API server does not serve the kind PrometheusRule (monitoring.coreos.com/v1)" in said, run.output
    assert "set monitoring_rules to false" in said, run.output
    assert cluster.written_since(before) == []


@pytest.fixture
def operators_kinds(kubectl: Kubectl) -> Iterator[None]:
    kinds = f"--filename={OBJECTS / 'prometheus_operator_kinds.yaml'}"
    kubectl("apply", kinds)
    try:
        kubectl("wait", "--for=condition=Established", "--timeout=60s", kinds)
        yield
    finally:
        kubectl("delete", "--ignore-not-found", kinds)


@pytest.mark.usefixtures("operators_kinds")
def test_service_monitors_and_rules_come_and_go_with_the_settings(playbook: Any, kubectl: Kubectl) -> None:
    """Runs only the stage, so the other settings of the scenario stay unchanged."""
    wanted = {"monitoring_service_monitors": True, "monitoring_rules": True, "monitoring_labels": {"release": "prometheus"}}
    run = playbook("site.yml", "--tags=monitoring", **wanted)
    assert run.returncode == 0, run.output
    assert kept(kubectl) == {*(f"ServiceMonitor/{tier}" for tier in TIERS), "PrometheusRule/jewelry-shop"}
    again = playbook("site.yml", "--tags=monitoring", **wanted)
    assert (again.returncode, again.changed) == (0, 0), again.output

    fewer = playbook("site.yml", "--tags=monitoring", monitoring_rules=True, monitoring_labels={"release": "prometheus"})
    assert fewer.returncode == 0, fewer.output
    assert kept(kubectl) == {"PrometheusRule/jewelry-shop"}
    none = playbook("site.yml", "--tags=monitoring")
    assert none.returncode == 0, none.output
    assert kept(kubectl) == set()
