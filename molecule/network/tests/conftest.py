"""Pods to ask from, of any namespace and labels."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

SETTINGS: dict[str, Any] = yaml.safe_load((pathlib.Path(__file__).parents[2] / "cluster.yml").read_text())
IMAGE = f"127.0.0.1:{SETTINGS['kind_registry_port']}/jewelry-shop:1.0.0"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def pod(namespace: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    """A pod that Python runs in, and that takes connections on port 8000."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "client",
                    "image": IMAGE,
                    "command": ["python", "-m", "http.server", "8000", "--directory=/proc/self/fdinfo"],
                    "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
                    "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


class Client:
    """A pod that Python runs in."""

    def __init__(self, cluster: Any, namespace: str, name: str) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self.name = name
        [found] = cluster.get("pods", f"--namespace={namespace}", f"--field-selector=metadata.name={name}")
        self.ip: str = found["status"]["podIP"]
        self.node: str = found["spec"]["nodeName"]

    def run(self, script: str, *arguments: str, timeout: float = 120) -> str:
        """Run a program, with arguments in its sys.argv, and return what it prints; one that fails fails the test."""
        command = ["exec", "--stdin", self.name, f"--namespace={self.namespace}", "--", "python", "-", *arguments]
        printed: str = self._cluster.kubectl(*command, input=script, timeout=timeout).stdout
        return printed


@pytest.fixture(scope="session")
def client_pod(cluster: Any) -> Iterator[Callable[[str, dict[str, str]], Client]]:
    """Make a pod of these labels in this namespace, once, and the namespace where it is missing. Both go when the tests end.

    A Service picks such a pod like any other: with the labels of a tier that is behind one, it takes part of the requests.
    """
    made: dict[tuple[str, str], Client] = {}
    pods: list[tuple[str, str]] = []
    namespaces: list[str] = []

    def make(namespace: str, labels: dict[str, str]) -> Client:
        name = f"client-{hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:8]}"
        if (namespace, name) not in made:
            if cluster.kubectl("get", "namespace", namespace, check=False).returncode != 0:
                own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}}
                cluster.kubectl("apply", "--filename=-", input=json.dumps(own))
                namespaces.append(namespace)
            pods.append((namespace, name))
            cluster.kubectl("apply", f"--namespace={namespace}", "--filename=-", input=json.dumps(pod(namespace, name, labels)))
            cluster.kubectl("wait", f"--namespace={namespace}", "--for=condition=Ready", f"pod/{name}", "--timeout=110s")
            made[namespace, name] = Client(cluster, namespace, name)
        return made[namespace, name]

    yield make
    for namespace, name in pods:
        if namespace not in namespaces:
            cluster.kubectl("delete", "pod", name, f"--namespace={namespace}", "--ignore-not-found")
    for namespace in namespaces:
        cluster.kubectl("delete", "namespace", namespace, timeout=300)
