"""A run recognizes an installation of the seed before any write and fails with instructions. Adoption does not interrupt it."""

from __future__ import annotations

import hashlib
import json
import pathlib
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

SEED = pathlib.Path(__file__).parents[1] / "seed"
TIERS = {"django": 3, "nginx": 2, "celery-worker": 2, "celery-beat": 1}
SERVICES = ("django-service", "nginx-service", "celery-worker-service", "celery-beat-service")
UPLOAD = "kept by the volume"
EVERYTHING = "namespaces,configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments,replicasets,statefulsets,jobs"


def named(cluster: Any, kind: str) -> dict[str, Any]:
    """Read the objects of a kind by their names."""
    return {item["metadata"]["name"]: item for item in cluster.get(kind)}


def as_written(cluster: Any) -> dict[str, str]:
    """A hash of each object without its status, and of the field managers of its fields."""
    found = {}
    for item in cluster.get(EVERYTHING, "--show-managed-fields"):
        metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
        metadata["managedFields"] = [entry for entry in metadata.get("managedFields", []) if not entry.get("subresource")]
        content = {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}
        found[f"{item['kind']}/{metadata['name']}"] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return found


def copy_content(cluster: Any, kind: str, name: str) -> None:
    """Create the objects that the seed expects to exist, with the content of this platform."""
    [content] = [item["data"] for own, item in named(cluster, kind).items() if own.startswith(f"{name}-")]
    kinds = {"configmaps": "ConfigMap", "secrets": "Secret"}
    plain = {"apiVersion": "v1", "kind": kinds[kind], "metadata": {"name": name}, "data": content}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plain, file)
        file.flush()
        cluster.kubectl("create", f"--filename={file.name}")


@pytest.fixture(scope="module", autouse=True)
def seed(cluster: Any, playbook: Any) -> None:
    """The seed as its documents install it, with the data services of this collection, since it brings none."""
    cluster.kubectl("apply", f"--filename={SEED / 'namespace.yaml'}")
    data_services = playbook("site.yml", "--tags=configuration,data_services")
    assert data_services.returncode == 0, data_services.output
    copy_content(cluster, "configmaps", "django-config")
    copy_content(cluster, "secrets", "django-secrets")
    cluster.kubectl("apply", "-k", str(SEED))
    for tier in TIERS:
        cluster.kubectl("rollout", "status", f"deployment/{tier}", "--timeout=300s", timeout=310)
        # Beat does not become ready before that.
        for command in (["migrate"], ["collectstatic", "--noinput"]) if tier == "django" else ():
            cluster.kubectl("exec", "deployment/django", "--", "python", "manage.py", *command, timeout=300)
    cluster.kubectl("exec", "deployment/django", "--", "sh", "-c", f"echo '{UPLOAD}' > /app/media/upload.txt")


def test_an_existing_installation_is_rejected_before_any_write_with_a_remedy(cluster: Any, playbook: Any) -> None:
    before = as_written(cluster)
    run = playbook("site.yml")
    assert run.returncode != 0
    said = " ".join(run.output.split())
    for tier in TIERS:
        assert f"Deployment jewelry-shop/{tier}: its selector contains managed-by=kustomize" in said, run.output
    assert "run again with -e preflight_take_over=true" in said, run.output
    assert run.changed == 0, run.output
    assert as_written(cluster) == before


def test_check_mode_shows_the_adoption_and_writes_nothing(cluster: Any, playbook: Any) -> None:
    before = as_written(cluster)
    run = playbook("site.yml", "--check", "--diff", preflight_take_over=True)
    assert run.returncode == 0, run.output
    assert run.changed > 0
    for name in (*(f"Deployment jewelry-shop/{tier}" for tier in TIERS), *(f"Service jewelry-shop/{service}" for service in SERVICES)):
        assert f"--- before: {name}" in run.output, run.output
    assert as_written(cluster) == before


class Visitors:
    """Request a page and an upload while the block runs, each with a new connection."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers = 0
        self.failures: list[str] = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(path,)) for path in ("/", "/media/upload.txt")]

    def _visit(self, path: str) -> None:
        while not self._end.is_set():
            try:
                response = requests.get(self.address + path, timeout=15, headers={"Connection": "close"}, allow_redirects=False)
                if response.status_code != 200:
                    self.failures.append(f"{time.strftime('%X')} {path}: {response.status_code}")
            except requests.RequestException as error:
                self.failures.append(f"{time.strftime('%X')} {path}: {error}")
            self.answers += 1
            self._end.wait(0.1)

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def events(text: str) -> Iterator[dict[str, Any]]:
    """The JSON documents of a watch. The last one may be incomplete."""
    decoder = json.JSONDecoder()
    text = text.strip()
    while text:
        try:
            event, end = decoder.raw_decode(text)
        except ValueError:
            return
        yield event
        text = text[end:].lstrip()


def test_the_adoption_loses_no_request(cluster: Any, playbook: Any, shop: Any, measured: Any, watch_environment: dict[str, str]) -> None:
    volumes = {name: item["spec"]["volumeName"] for name, item in named(cluster, "persistentvolumeclaims").items()}
    watch = ["kubectl", "--namespace=jewelry-shop", "get", "pods", "--selector=component=celery-beat", "--watch", "--output=json"]
    with tempfile.TemporaryFile("w+") as seen:
        watching = subprocess.Popen([*watch, "--output-watch-events"], stdout=seen, env=watch_environment)
        try:
            with Visitors(shop.address) as visitors:
                run = playbook("site.yml", preflight_take_over=True)
        finally:
            watching.terminate()
            watching.wait()
        seen.seek(0)
        beats: set[str] = set()
        most = 0
        for event in events(seen.read()):
            (beats.discard if event["type"] == "DELETED" else beats.add)(event["object"]["metadata"]["uid"])
            most = max(most, len(beats))
    assert run.returncode == 0, run.output
    assert visitors.failures == [], f"of {visitors.answers}"
    assert visitors.answers > 100
    assert most == 1, "two schedulers at once"
    measured(f"{visitors.answers} requests, none failed")
    assert "ConfigMap jewelry-shop/django-config" in run.output, run.output
    assert "Secret jewelry-shop/django-secrets" in run.output, run.output
    after = named(cluster, "persistentvolumeclaims")
    assert {name: after[name]["spec"]["volumeName"] for name in volumes} == volumes
    assert shop.get("/media/upload.txt").text.strip() == UPLOAD


@pytest.mark.parametrize("tier", TIERS)
def test_adopted_workloads_have_the_applied_selector_and_template(cluster: Any, tier: str) -> None:
    deployment = named(cluster, "deployments")[tier]
    assert deployment["spec"]["selector"] == {"matchLabels": {"app": "jewelry-shop", "component": tier}}
    pods = cluster.pods(tier)
    assert len(pods) == TIERS[tier]
    for pod in pods:
        assert "managed-by" not in pod["metadata"]["labels"]
        assert pod["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "ansible"
    replica_sets = cluster.get("replicasets", f"--selector=app=jewelry-shop,component={tier}")
    owners = {owner["uid"] for item in replica_sets for owner in item["metadata"].get("ownerReferences", [])}
    assert owners == {deployment["metadata"]["uid"]}
    assert all(item["metadata"].get("ownerReferences") for item in replica_sets), "a ReplicaSet without an owner"


@pytest.mark.parametrize("kind", ["services", "persistentvolumeclaims", "deployments", "namespaces"])
def test_no_field_of_the_old_installation_remains(cluster: Any, kind: str) -> None:
    for name, item in named(cluster, kind).items():
        if kind != "namespaces" or name == "jewelry-shop":
            metadata = item["metadata"]
            assert {"managed-by", "tier"}.isdisjoint(metadata["labels"]), name
            assert {"version", "kubectl.kubernetes.io/last-applied-configuration"}.isdisjoint(metadata.get("annotations", {})), name


def test_adopted_services_select_only_the_applied_pods(cluster: Any) -> None:
    services = named(cluster, "services")
    for tier in TIERS:
        assert services[f"{tier}-service"]["spec"]["selector"] == {"app": "jewelry-shop", "component": tier}
    # The seed lets the cluster choose the node port of 443.
    ports = services["nginx-service"]["spec"]["ports"]
    assert [(port["port"], port["nodePort"]) for port in ports] == [(80, 30080), (443, 30443)]


def test_a_second_run_changes_nothing_and_needs_no_option(playbook: Any) -> None:
    run = playbook("site.yml")
    assert run.returncode == 0, run.output
    assert run.changed == 0, run.output
