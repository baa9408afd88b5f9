# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that stores objects as an API server does."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover import run as takeover_run
from ansible_collections.jewelry_shop.platform.plugins.modules import take_over
from conftest import Serve
from http_server import Handler, Server, reply

Run = Callable[..., dict[str, Any]]
LABELS = {"app": "web"}
KUSTOMIZED = {"app": "web", "managed-by": "kustomize"}
SERVICE_PATH = "/api/v1/namespaces/shop/services/web"
DEPLOYMENT_PATH = "/apis/apps/v1/namespaces/shop/deployments/web"
BY_KUBECTL = {
    "manager": "kubectl-client-side-apply",
    "operation": "Update",
    "apiVersion": "v1",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:metadata": {"f:labels": {"f:managed-by": {}}}, "f:spec": {"f:selector": {}}},
}


def service(labels: dict[str, str]) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    metadata = {"name": "web", "namespace": "shop", "labels": labels}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": labels, "ports": ports}}


def deployment(labels: dict[str, str]) -> dict[str, Any]:
    container = {"name": "web", "image": "web:1", "ports": [{"name": "http", "containerPort": 80}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _is_dry(method: str, query: str, body: Any) -> bool:
    """As an API server takes it: the options of a deletion with a body are in that alone."""
    return body.get("dryRun") == ["All"] if method == "DELETE" and body else "dryrun=all" in query.lower()


class Cluster:
    """Objects by their paths; a deletion takes one read."""

    def __init__(self, serve: Serve) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.server: Server = serve({})
        self._going: set[str] = set()
        routes: dict[str, Any] = self.server.routes  # type: ignore[assignment]
        routes["/version"] = reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"})
        routes["/api"] = reply({"kind": "APIVersions", "versions": ["v1"]})
        version = {"groupVersion": "apps/v1", "version": "v1"}
        groups = [{"name": "apps", "versions": [version], "preferredVersion": version}]
        routes["/apis"] = reply({"kind": "APIGroupList", "groups": groups})
        routes["/api/v1"] = self._kinds("v1", services="Service", pods="Pod")
        routes["/apis/apps/v1"] = self._kinds("apps/v1", deployments="Deployment")
        routes["/api/v1/namespaces/shop/pods"] = reply({})
        for path in (SERVICE_PATH, DEPLOYMENT_PATH, f"{DEPLOYMENT_PATH}-anew"):
            routes[path] = self._object

    @staticmethod
    def _kinds(version: str, **kinds: str) -> Callable[[Handler], None]:
        verbs = ["get", "patch", "delete"]
        resources = [
            {"name": name, "singularName": kind.lower(), "kind": kind, "namespaced": True, "verbs": verbs} for name, kind in kinds.items()
        ]
        return reply({"kind": "APIResourceList", "groupVersion": version, "resources": resources})

    def put(self, path: str, manifest: dict[str, Any], *managed: dict[str, Any]) -> None:
        """Hold an object."""
        metadata = {**manifest["metadata"], "uid": "u-1", "resourceVersion": "7", "managedFields": list(managed)}
        self.objects[path] = copy.deepcopy({**manifest, "metadata": metadata})

    def _object(self, handler: Handler) -> None:
        path, _, query = handler.path.partition("?")
        body = json.loads(self.server.requests[-1].body or b"null")
        if _is_dry(handler.command, query, body):
            reply({"kind": "Status"} if handler.command == "DELETE" else body)(handler)
            return
        if handler.command == "GET" and path in self._going:
            self._going.discard(path)
            reply(self.objects.pop(path))(handler)
        elif handler.command == "GET" and path not in self.objects:
            reply({"kind": "Status", "code": 404, "message": "not found"}, 404)(handler)
        else:
            if handler.command == "DELETE":
                self._going.add(path)
            elif handler.command == "PATCH" and isinstance(body, dict):
                self.put(path, body)
            reply(self.objects[path])(handler)

    def writes(self) -> list[tuple[str, str, Any]]:
        """What was written: method, path and body."""
        return [
            (request.method, request.path.partition("?")[0], json.loads(request.body))
            for request in self.server.requests
            if request.method not in ("GET", "HEAD") and not _is_dry(request.method, request.path, json.loads(request.body or b"null"))
        ]


@pytest.fixture
def cluster(serve: Serve) -> Cluster:
    return Cluster(serve)


@pytest.fixture
def run(cluster: Cluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the module as Ansible does and returns what it prints, plus its exit code."""
    # Where kubernetes.core keeps what it discovered.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(takeover_run, "_POLL", 0)

    def start(*manifests: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        given = {"host": cluster.server.url, "api_key": "the-token", "manifests": list(manifests), **arguments}
        with patch_module_args(given), pytest.raises(SystemExit) as ended:
            take_over.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "code": ended.value.code}

    return start


def test_an_existing_installation_is_adopted(run: Run, cluster: Cluster) -> None:
    cluster.put(SERVICE_PATH, service(KUSTOMIZED), BY_KUBECTL)
    cluster.put(DEPLOYMENT_PATH, deployment(KUSTOMIZED), BY_KUBECTL)
    result = run(service(LABELS), deployment(LABELS))
    assert (result["code"], result["changed"], result["msg"]) == (0, True, "2 objects: 2 to adopt")
    hand_over, apply_service, delete, apply_deployment = cluster.writes()
    assert hand_over[:2] == ("PATCH", SERVICE_PATH)
    entries = [{**BY_KUBECTL, "manager": "jewelry_shop.platform", "operation": "Apply"}]
    assert hand_over[2] == [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
    ]
    assert apply_service == ("PATCH", SERVICE_PATH, service(LABELS))
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "u-1"}, "propagationPolicy": "Orphan"}
    assert delete == ("DELETE", DEPLOYMENT_PATH, options)
    assert apply_deployment == ("PATCH", DEPLOYMENT_PATH, deployment(LABELS))


@pytest.mark.parametrize("diff_mode", [False, True])
def test_check_mode_reports_the_changes_and_writes_nothing(run: Run, cluster: Cluster, diff_mode: bool) -> None:
    cluster.put(SERVICE_PATH, service(KUSTOMIZED), BY_KUBECTL)
    cluster.put(DEPLOYMENT_PATH, deployment(KUSTOMIZED), BY_KUBECTL)
    result = run(service(LABELS), deployment(LABELS), _ansible_check_mode=True, _ansible_diff=diff_mode)
    assert (result["changed"], [entry["action"] for entry in result["objects"]]) == (True, ["take_over"] * 2)
    assert [each["before_header"] for each in result.get("diff", [])] == ["Service shop/web", "Deployment shop/web"] * diff_mode
    assert cluster.writes() == []


def test_nothing_is_written_if_one_change_would_be_rejected(run: Run, cluster: Cluster) -> None:
    cluster.put(SERVICE_PATH, service(KUSTOMIZED), BY_KUBECTL)
    cluster.put(DEPLOYMENT_PATH, deployment({"app": "other"}))
    result = run(service(LABELS), deployment(LABELS))
    assert result["code"] == 1
    assert result["msg"].startswith("nothing was changed, because the cluster would reject: Deployment shop/web: it cannot be adopted")
    assert cluster.writes() == []


def test_own_objects_are_applied_if_they_differ(run: Run, cluster: Cluster) -> None:
    cluster.put(SERVICE_PATH, service(LABELS))
    result = run(service(LABELS))
    assert (result["changed"], cluster.writes()) == (False, [])
    cluster.put(SERVICE_PATH, service({"app": "old"}))
    result = run(service(LABELS))
    assert (result["changed"], cluster.writes()) == (True, [("PATCH", SERVICE_PATH, service(LABELS))])


def test_a_secret_is_rejected(run: Run, cluster: Cluster) -> None:
    result = run({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "passwords", "namespace": "shop"}})
    assert (result["code"], result["msg"]) == (
        1,
        "Secret shop/passwords: this module does not apply Secrets; use apply_secrets",
    )
    assert cluster.server.requests == []
