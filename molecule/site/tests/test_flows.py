"""Which pods can connect to which, tested with new connections from a pod of each kind to a pod of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

DATA = {"postgresql:5432", "redis:6379"}
DNS = {"dns:53", "dns by name"}
CLIENTS = {"nginx:8080", "nginx:8443"}
METRICS = {"django:8000", "celery-worker:8000", "celery-beat:8000", "nginx:9113"}
# Targets that are not pods of the release.
ELSEWHERE = {"server:8000", "kubernetes:443", "kubernetes:6443"}
# The allowed targets of each pod, from the requirements. All other targets in EVERYTHING are blocked. No policy keeps a pod from itself,
# which is what is asked of those tiers that have one.
ALLOWED = {
    "django": DNS | DATA,
    "celery-worker": DNS | DATA,
    # Its init container waits for Django.
    "celery-beat": DNS | DATA | {"django:8000", "celery-beat:8000"},
    "job": DNS | DATA,
    # Also the other nginx: kube-router ignores the direction if one policy selects both pods, and nginx accepts any client.
    "nginx": DNS | CLIENTS | {"django:8000"},
    "postgresql": DNS | {"postgresql:5432"},
    "redis": DNS | {"redis:6379"},
    "monitoring": DNS | CLIENTS | METRICS | ELSEWHERE,
    "other namespace": DNS | CLIENTS | ELSEWHERE,
    "other pod of the namespace": DNS | CLIENTS | ELSEWHERE,
}
EVERYTHING = DNS | DATA | CLIENTS | METRICS | ELSEWHERE
# Prints the arguments (name=address:port) that accept a connection.
CONNECT = """
for target in "$@"; do
    address=${target#*=}
    (timeout 4 bash -c "exec 3<>/dev/tcp/${address%:*}/${address##*:}" 2>/dev/null && echo "${target%%=*}") &
done
getent hosts kubernetes.default.svc >/dev/null && echo "dns by name"
wait
"""


@dataclass
class Source:
    """A container that opens the connections."""

    namespace: str
    pod: str
    container: str


@pytest.fixture(scope="module")
def sources(cluster: Any, client_pod: Callable[..., Any]) -> dict[str, Source]:
    found = {}
    for component in ("django", "celery-worker", "celery-beat", "nginx", "postgresql", "redis"):
        # A different pod from the target of the other pods.
        *_, pod = cluster.pods(component)
        found[component] = Source("jewelry-shop", pod["metadata"]["name"], component)
    made = {
        "job": ("jewelry-shop", {"app": "jewelry-shop", "component": "drill", "jewelry-shop/release": "drill"}),
        "other pod of the namespace": ("jewelry-shop", {"app": "drill"}),
        "other namespace": ("outside", {"app": "drill"}),
        "monitoring": ("monitoring", {"app": "drill"}),
    }
    for name, (namespace, labels) in made.items():
        pod = client_pod(namespace, labels)
        found[name] = Source(namespace, pod.name, "client")
    return found


@pytest.fixture(scope="module")
def targets(cluster: Any, client_pod: Callable[..., Any]) -> dict[str, str]:
    """Addresses by name."""
    found = {}
    for name in DATA | CLIENTS | METRICS:
        component, port = name.split(":")
        [pod, *_] = cluster.pods(component)
        found[name] = f"{pod['status']['podIP']}:{port}"
    found["server:8000"] = f"{client_pod('outside', {'app': 'server'}).ip}:8000"
    [api] = json.loads(cluster.kubectl("get", "endpointslices", "--namespace=default", "--output=json").stdout)["items"]
    found["kubernetes:6443"] = f"{api['endpoints'][0]['addresses'][0]}:6443"
    for name, namespace, service in (("kubernetes:443", "default", "kubernetes"), ("dns:53", "kube-system", "kube-dns")):
        address = cluster.kubectl("get", "service", service, f"--namespace={namespace}", "--output=jsonpath={.spec.clusterIP}").stdout
        found[name] = f"{address}:{name.split(':')[1]}"
    return found


@pytest.fixture(scope="module")
def reached(cluster: Any, sources: dict[str, Source], targets: dict[str, str]) -> Callable[[], dict[str, set[str]]]:
    """Try all connections from each source to each target."""
    arguments = [f"{name}={address}" for name, address in targets.items()]

    def ask(source: Source) -> set[str]:
        command = (
            "exec",
            source.pod,
            f"--namespace={source.namespace}",
            f"--container={source.container}",
            "--",
            "bash",
            "-c",
            CONNECT,
            "-",
        )
        return set(cluster.kubectl(*command, *arguments).stdout.splitlines())

    def everything() -> dict[str, set[str]]:
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(sources, pool.map(ask, sources.values()), strict=True))

    return everything


def test_exactly_the_flows_of_the_table_are_allowed(reached: Callable[[], dict[str, set[str]]]) -> None:
    found = reached()
    assert found == ALLOWED
    # Each target answers at least one source, and each source reaches at least one target. So only policies block connections.
    assert set().union(*found.values()) == EVERYTHING
    assert all(found.values())


@pytest.mark.drill
def test_without_policies_all_connections_are_allowed(playbook: Any, reached: Callable[[], dict[str, set[str]]]) -> None:
    """Proves for each blocked flow that only the policies block it."""
    off = playbook("site.yml", network_policies_enabled=False)
    try:
        assert off.returncode == 0, off.output
        assert reached() == dict.fromkeys(ALLOWED, EVERYTHING)
    finally:
        on = playbook("site.yml")
    assert on.returncode == 0, on.output
    assert reached() == ALLOWED


@pytest.mark.drill
def test_an_additional_flow_is_allowed_until_it_is_removed(playbook: Any, cluster: Any, reached: Callable[[], dict[str, set[str]]]) -> None:
    own = {
        "network_policies_endpoints": {"mail": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "outside"}}}]},
        "network_policies_flows": [{"from": ["celery-worker"], "to": ["mail"], "ports": [8000]}],
    }
    try:
        run = playbook("site.yml", **own)
        assert run.returncode == 0, run.output
        with_own = {**ALLOWED, "celery-worker": ALLOWED["celery-worker"] | {"server:8000"}}
        assert reached() == with_own
        # The old version still serves, and keeps its flows.
        failed = playbook("site.yml", pre_deploy_commands=[{"name": "drill", "command": ["false"]}])
        assert failed.returncode != 0, failed.output
        assert reached() == with_own
    finally:
        back = playbook("site.yml")
    assert back.returncode == 0, back.output
    assert reached() == ALLOWED
