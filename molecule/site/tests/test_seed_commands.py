"""Each kubectl and curl line of the seed works as printed (Verification, Logs, Scaling, Manual Steps, Troubleshooting)."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

KUBECONFIG = str(pathlib.Path(__file__).parents[3] / ".cache" / "jewelry-shop-test.kubeconfig")


def shell(command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a line as typed."""
    return subprocess.run(
        command,
        shell=True,
        env={**os.environ, "KUBECONFIG": KUBECONFIG},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )


STATUS = [
    ("kubectl get all -n jewelry-shop", "deployment.apps/celery-beat"),
    ("kubectl get pods -n jewelry-shop", "celery-worker-"),
    ("kubectl get svc -n jewelry-shop", "nginx-service"),
    ("kubectl get pvc -n jewelry-shop", "backups-pvc"),
    ("kubectl get endpoints -n jewelry-shop", "django-service"),
    ("kubectl get storageclass", "standard"),
    ("kubectl get pv", "jewelry-shop/media-pvc"),
    ("kubectl describe pvc media-pvc -n jewelry-shop", "Bound"),
    ("kubectl get deployment django -n jewelry-shop -o yaml --show-managed-fields", "manager: jewelry_shop.platform"),
    ("kubectl rollout status deployment/django -n jewelry-shop", "successfully rolled out"),
    ("kubectl exec -n jewelry-shop -it deployment/django -- python manage.py migrate", "No migrations to apply"),
]


@pytest.mark.parametrize(("command", "expected"), STATUS)
def test_status_lines(command: str, expected: str) -> None:
    result = shell(command)
    assert result.returncode == 0, result.stderr
    assert expected in result.stdout, result.stdout


def test_manual_collectstatic_finds_all_files_in_place() -> None:
    result = shell("kubectl exec -n jewelry-shop -it deployment/django -- python manage.py collectstatic --noinput")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "unmodified" in result.stdout or "0 static files copied" in result.stdout, result.stdout


@pytest.mark.parametrize("component", ["django", "celery-worker", "celery-beat", "nginx"])
def test_log_lines(shop: Any, component: str) -> None:
    """With -f the command does not end, so some output is sufficient."""
    # A new nginx pod without requests has an empty log.
    for _ in range(20):
        shop.get("/")
    process = subprocess.Popen(
        ["kubectl", "logs", "-n", "jewelry-shop", "-l", f"component={component}", "-f"],
        env={**os.environ, "KUBECONFIG": KUBECONFIG},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    silence = threading.Timer(60, process.terminate)
    silence.start()
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
    finally:
        silence.cancel()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
    assert first.strip(), "no output"
    assert not first.lower().startswith("error"), first


@pytest.fixture(scope="module")
def forwarded() -> Iterator[None]:
    """kubectl port-forward -n jewelry-shop svc/django-service 8000:8000"""
    process = subprocess.Popen(
        ["kubectl", "port-forward", "-n", "jewelry-shop", "svc/django-service", "8000:8000"],
        env={**os.environ, "KUBECONFIG": KUBECONFIG},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "Forwarding from" in line, line
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.mark.parametrize("path", ["/health/", "/health/live/", "/health/ready/", "/health/detailed/"])
def test_curl_lines(forwarded: None, path: str) -> None:
    result = shell(f"curl --silent --show-error --write-out '\\n%{{http_code}}' http://localhost:8000{path}")
    assert result.returncode == 0, result.stderr
    body, _, status = result.stdout.rpartition("\n")
    assert status == "200", result.stdout
    assert '"status"' in body


@pytest.mark.parametrize(("deployment", "replicas"), [("django", 5), ("celery-worker", 4), ("nginx", 3)])
def test_scaling_lines(cluster: Any, deployment: str, replicas: int) -> None:
    result = shell(f"kubectl scale deployment {deployment} -n jewelry-shop --replicas={replicas}")
    assert result.returncode == 0, result.stderr
    deadline = time.monotonic() + 180
    while cluster.kubectl("get", "deployment", deployment, "--output=jsonpath={.status.readyReplicas}").stdout != str(replicas):
        assert time.monotonic() < deadline, cluster.kubectl("get", "pods").stdout
        time.sleep(2)


def test_the_next_run_restores_the_replicas_and_reports_it(cluster: Any, playbook: Any) -> None:
    run = playbook("site.yml", "--diff")
    assert run.returncode == 0, run.output
    assert run.changed > 0, run.output
    wanted = {o["metadata"]["name"]: o["spec"]["replicas"] for o in cluster.get("deployments")}
    assert wanted == {"django": 3, "celery-worker": 2, "nginx": 2, "celery-beat": 1}


def test_the_autoscale_line(cluster: Any) -> None:
    line = "kubectl autoscale deployment django -n jewelry-shop --cpu-percent=70 --min=3 --max=10"
    try:
        result = shell(line)
        assert result.returncode == 0, result.stderr
        (autoscaler,) = cluster.get("hpa")
        assert (autoscaler["spec"]["minReplicas"], autoscaler["spec"]["maxReplicas"]) == (3, 10)
    finally:
        shell("kubectl delete hpa django -n jewelry-shop")


def test_a_pod_is_described_and_its_logs_are_read(cluster: Any) -> None:
    pod = cluster.pods("django")[0]["metadata"]["name"]
    assert "Liveness" in shell(f"kubectl describe pod {pod} -n jewelry-shop").stdout
    assert shell(f"kubectl logs {pod} -n jewelry-shop").stdout.strip()
    # A container that never restarted has no previous instance. The command then reports this.
    previous = shell(f"kubectl logs {pod} -n jewelry-shop --previous")
    assert previous.returncode == 0 or "previous terminated container" in previous.stderr, previous.stderr


@pytest.mark.parametrize(
    "command",
    [
        "kubectl create configmap django-config --from-literal=KEY=value -n jewelry-shop",
        "kubectl create secret generic django-secrets --from-literal=KEY=value -n jewelry-shop",
    ],
)
def test_manual_configuration_lines(command: str) -> None:
    try:
        result = shell(command)
        assert result.returncode == 0, result.stderr
    finally:
        shell("kubectl delete configmap/django-config secret/django-secrets --ignore-not-found -n jewelry-shop")
