# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the modules of records against a server that stores ConfigMaps as an API server does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.modules import release_history, release_record, release_rollback, release_status
from conftest import Serve
from http_server import Handler, Server, reply

Manifest = dict[str, Any]
Run = Callable[..., dict[str, Any]]

MANAGER = "jewelry_shop.platform"
LABELS = {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}
DIGEST = f"sha256:{'1' * 64}"
SECRET_VALUE = "hunter2-and-more"
KINDS = {
    "/api/v1": {"configmaps": "ConfigMap", "pods": "Pod", "secrets": "Secret"},
    "/apis/apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet", "replicasets": "ReplicaSet"},
    "/apis/batch/v1": {"jobs": "Job"},
}


def deployment(image: str) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "django", "namespace": "shop", "labels": LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"component": "django"}},
            "template": {"metadata": {}, "spec": {"containers": [{"name": "django", "image": image}]}},
        },
    }


def config(suffix: str, site: str) -> Manifest:
    metadata = {"name": f"django-config-{suffix}", "namespace": "shop", "labels": LABELS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, "data": {"SITE_URL": site}}


POD = {
    "metadata": {
        "name": "django-1-x",
        "namespace": "shop",
        "labels": {**LABELS, "component": "django"},
        "ownerReferences": [{"uid": "uid-django-1", "controller": True}],
    },
    "spec": {"containers": [{"name": "django", "image": "shop:1"}]},
    "status": {
        "phase": "Running",
        "startTime": "2026-11-30T10:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "django", "image": "shop:1", "imageID": f"registry/shop@{DIGEST}", "restartCount": 2}],
    },
}


class Namespace:
    """The namespace `shop`. An apply replaces an object, and a dry run returns the manifest.

    Args:
        serve: starts a server.
    """

    def __init__(self, serve: Serve) -> None:
        self.objects: dict[str, dict[str, Manifest]] = {name: {} for kinds in KINDS.values() for name in kinds}
        routes: dict[Any, Any] = {
            "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
            "/api": reply({"kind": "APIVersions", "versions": ["v1"]}),
            "/apis": reply({"kind": "APIGroupList", "groups": [self._group("apps"), self._group("batch")]}),
        }
        for path, kinds in KINDS.items():
            resources = [
                {"name": name, "singularName": kind.lower(), "kind": kind, "namespaced": True, "verbs": ["get", "list", "patch", "delete"]}
                for name, kind in kinds.items()
            ]
            routes[path] = reply({"kind": "APIResourceList", "groupVersion": path.split("/", 2)[2], "resources": resources})
            for name in kinds:
                routes[f"{path}/namespaces/shop/{name}"] = self._list(name)
                routes[re.compile(f"{path}/namespaces/shop/{name}/([^/?]+)")] = self._one(name)
        self.server: Server = serve(Routes(routes))

    @staticmethod
    def _group(name: str) -> Manifest:
        version = {"groupVersion": f"{name}/v1", "version": "v1"}
        return {"name": name, "versions": [version], "preferredVersion": version}

    def put(self, kind: str, item: Manifest, **managed: Any) -> None:
        metadata = item["metadata"]
        entry = {"manager": MANAGER, "operation": "Apply", "time": "2026-11-30T09:00:00Z", "fieldsV1": {}, **managed}
        found = {**metadata, "uid": f"uid-{metadata['name']}", "resourceVersion": "1"}
        found.setdefault("creationTimestamp", "2026-11-30T09:00:00Z")
        self.objects[kind][metadata["name"]] = {**item, "metadata": {"managedFields": [entry], **found}}

    def records(self) -> list[str]:
        return sorted(name for name in self.objects["configmaps"] if name.startswith("release-"))

    def writes(self) -> list[str]:
        asked = [(request.method, request.path) for request in self.server.requests]
        return [f"{method} {path}" for method, path in asked if method != "GET" and "dryRun=All" not in path]

    def _list(self, name: str) -> Callable[[Handler], None]:
        def route(handler: Handler) -> None:
            selector = parse_qs(handler.path.partition("?")[2]).get("labelSelector", [""])[0]
            # Only a label, or a label with its value.
            terms = [term.partition("=") for term in selector.split(",") if term]
            items = [item for item in self.objects[name].values() if all(self._has(item, *term) for term in terms)]
            reply({"items": items, "metadata": {}})(handler)

        return route

    @staticmethod
    def _has(item: Manifest, label: str, equals: str, value: str) -> bool:
        labels = item["metadata"].get("labels") or {}
        return label in labels and (not equals or labels[label] == value)

    def _one(self, name: str) -> Callable[[Handler], None]:
        def route(handler: Handler) -> None:
            path, _question, query = handler.path.partition("?")
            own = self.objects[name].get(path.rpartition("/")[2])
            if handler.command == "PATCH":
                sent = yaml.safe_load(handler.server.requests[-1].body)
                if "dryRun=All" not in query:
                    self.put(name, sent, fieldsV1={"f:binaryData": {}})
                reply(sent if own is None else {**own, **sent, "metadata": {**own["metadata"], **sent["metadata"]}})(handler)
            elif own is None:
                reply({"kind": "Status", "code": 404, "message": "not found"}, 404)(handler)
            else:
                reply(own)(handler)

        return route


class Routes(dict[Any, Any]):
    """Routes by path, and by pattern for the paths of objects."""

    def get(self, path: Any, default: Any = None) -> Any:
        if path in self:
            return self[path]
        return next((route for pattern, route in self.items() if not isinstance(pattern, str) and pattern.fullmatch(path)), default)


@pytest.fixture
def shop(serve: Serve) -> Namespace:
    namespace = Namespace(serve)
    namespace.put("pods", POD)
    return namespace


@pytest.fixture
def run(shop: Namespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a module against the server as Ansible does and returns what it prints, plus its exit code."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def start(module: ModuleType, **arguments: Any) -> dict[str, Any]:
        given = {"host": shop.server.url, "api_key": "token", "namespace": "shop", **arguments}
        with patch_module_args(given), pytest.raises(SystemExit) as ended:
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "code": ended.value.code}

    return start


@pytest.fixture
def record(run: Run) -> Run:
    """Records a release with one Deployment and one ConfigMap."""

    def write(image: str = "shop:1", config_map: Manifest | None = None, **arguments: Any) -> dict[str, Any]:
        stages = {"configuration": [config_map or config("2222222222", "a")], "tiers": yaml.safe_dump(deployment(image))}
        given = {"labels": LABELS, "release": image.replace(":", ""), "image": image, "stages": stages, "user": "ci", "collection": "1.0.0"}
        return run(release_record, **{**given, **arguments})

    return write


def test_a_record_is_written_once_per_deployment(record: Run, shop: Namespace) -> None:
    first = record()
    assert (first["code"], first["changed"], first["name"]) == (0, True, "release-0001"), first
    again = record(user="somebody else")
    assert (again["changed"], again["name"], again["msg"]) == (False, "", "the newest record describes this release")
    assert record("shop:2")["name"] == "release-0002"
    assert record("shop:1")["name"] == "release-0003"
    assert shop.records() == ["release-0001", "release-0002", "release-0003"]


def test_check_mode_names_the_record_and_writes_nothing(record: Run, shop: Namespace) -> None:
    result = record(_ansible_check_mode=True, _ansible_diff=True)
    assert (result["changed"], result["msg"], shop.writes()) == (True, "would write the record release-0001", [])
    assert result["diff"]["after"] == "ConfigMap shop/release-0001\n"


def test_a_record_has_digests_and_the_commit_of_the_inventory(record: Run, run: Run) -> None:
    record(inventory_directory=str(Path(__file__).parent), job="42")
    [found] = run(release_history)["records"]
    assert found["images"] == [{"component": "django", "container": "django", "image": "shop:1", "digests": [DIGEST]}]
    assert re.fullmatch("[0-9a-f]{40}", found["inventory"]["commit"])
    assert (found["deployed_by"], found["config_maps"]) == ({"user": "ci", "job": "42"}, ["django-config-2222222222"])


def test_a_record_without_a_repository_has_no_commit(record: Run, run: Run, tmp_path: Path) -> None:
    record(inventory_directory=str(tmp_path))
    assert run(release_history)["records"][0]["inventory"] == {"commit": "", "modified": False}


def test_two_releases_are_compared_field_by_field_without_secrets(record: Run, run: Run) -> None:
    record()
    record("shop:2", config("4444444444", SECRET_VALUE))
    result = run(release_history, from_release="1", to_release="shop2", mask=[SECRET_VALUE])
    assert [(each["object"], each["path"], each["before"], each["after"]) for each in result["differences"]] == [
        ("ConfigMap shop/django-config-*", "data.SITE_URL", "a", "******"),
        ("ConfigMap shop/django-config-*", "metadata.name", "django-config-2222222222", "django-config-4444444444"),
        ("Deployment shop/django", "spec.template.spec.containers[name=django].image", "shop:1", "shop:2"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"from_release": "1"}, "from_release and to_release belong together: set both, or none of them"),
        ({"from_release": "1", "to_release": "9"}, "there is no record of release 9; records: 1 (shop1)"),
    ],
)
def test_wrong_releases_are_one_sentence(record: Run, run: Run, arguments: dict[str, str], message: str) -> None:
    record()
    result = run(release_history, **arguments)
    assert (result["code"], result["msg"]) == (1, message)


def test_status_shows_the_release_its_pods_and_the_drift(record: Run, run: Run, shop: Namespace) -> None:
    record()
    fields: Manifest = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"django"}': {"f:image": {}}}}}}}
    by_hand = deployment("shop:hand")
    by_hand["status"] = {"readyReplicas": 1, "updatedReplicas": 1}
    shop.put("deployments", by_hand, manager="kubectl-set", operation="Update", fieldsV1=fields)
    shop.put("replicasets", {"metadata": {"name": "django-1", "ownerReferences": [{"uid": "uid-django", "controller": True}]}})
    written = len(shop.writes())
    stages = [{"name": "configuration", "manifests": [config("2222222222", "a")]}, {"name": "tiers", "manifests": [deployment("shop:1")]}]
    result = run(release_status, stages=stages)
    assert (result["code"], result["changed"], len(shop.writes())) == (0, False, written), result
    assert (result["record"]["release"], result["msg"]) == ("shop1", "2 differences, 1 of 1 workloads are healthy")
    [workload] = result["workloads"]
    assert (workload["image"], workload["ready"], workload["wanted"]) == ("shop:hand", 1, 1)
    assert workload["pods"] == [{"name": "django-1-x", "ready": True, "state": "Running", "restarts": 2, "started": "2026-11-30T10:00:00Z"}]
    missing, image = result["drift"]
    assert (missing["object"], missing["drift"]) == ("ConfigMap shop/django-config-2222222222", "missing")
    assert (image["path"], image["found"], image["expected"], image["manager"], image["time"]) == (
        "spec.template.spec.containers[name=django].image", "shop:hand", "shop:1", "kubectl-set", "2026-11-30T09:00:00Z",
    )  # fmt: skip


def runs(shop: Namespace, workload: Manifest) -> None:
    """A Deployment and the ConfigMap of each release are in the cluster."""
    shop.put("deployments", workload, fieldsV1={"f:spec": {}})
    shop.put("configmaps", config("2222222222", "a"), fieldsV1={"f:data": {}})


def test_a_rollback_gets_the_objects_of_the_last_release(record: Run, run: Run, shop: Namespace) -> None:
    repeated = [{"name": "collectstatic", "command": ["true"], "repeat_on_return": True}]
    record("shop:1", repeated=repeated)
    record("shop:2")
    runs(shop, deployment("shop:2"))
    written = len(shop.writes())
    result = run(release_rollback)
    assert (result["code"], result["problems"], result["replaced"]) == (0, [], "0002"), result
    assert result["msg"] == "What runs is release shop2 (number 2). Restoring release shop1 (number 1), the last release before it."
    [tier] = result["record"]["stages"]["tiers"]
    assert tier["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"
    assert result["record"]["repeated"] == repeated
    assert len(shop.writes()) == written


def test_after_a_failed_release_the_newest_record_is_restored(record: Run, run: Run, shop: Namespace) -> None:
    record("shop:1")
    record("shop:2")
    runs(shop, deployment("shop:2"))
    assert run(release_rollback, failed=True)["record"]["number"] == 2
    shop.put("deployments", deployment("shop:3"))
    result = run(release_rollback, irreversible="drops the column price")
    assert (result["record"]["number"], result["replaced"]) == (2, "a release without a record")
    [problem] = result["problems"]
    assert "the migrations of the last deployment cannot be undone: drops the column price" in problem


def with_limits(memory: str) -> Manifest:
    changed = deployment("shop:2")
    changed["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": memory}}
    return changed


def scaled() -> Manifest:
    changed = deployment("shop:2")
    changed["spec"]["replicas"] = 5
    return changed


def test_a_failed_change_of_limits_restores_the_newest_record(record: Run, run: Run, shop: Namespace) -> None:
    """Its migrations are those of the newest record, which ran."""
    record("shop:1")
    record("shop:2")
    runs(shop, with_limits("1Mi"))
    result = run(release_rollback, irreversible="drops the column price")
    assert (result["record"]["number"], result["replaced"], result["problems"]) == (2, "a release without a record", []), result
    assert (
        "Deployment shop/django: spec.template.spec.containers[name=django].resources. Restoring release shop2 (number 2)" in result["msg"]
    )
    assert run(release_rollback, to_release="1")["record"]["number"] == 1


def test_replicas_that_another_client_set_are_no_other_release(record: Run, run: Run, shop: Namespace) -> None:
    record("shop:1")
    record("shop:2")
    runs(shop, scaled())
    shop.put("deployments", scaled(), manager="scale", operation="Update", fieldsV1={"f:spec": {"f:replicas": {}}})
    assert run(release_rollback)["record"]["number"] == 1


def test_a_tier_that_only_a_failed_release_has_restores_the_newest_record(record: Run, run: Run, shop: Namespace) -> None:
    record("shop:1")
    record("shop:2")
    runs(shop, deployment("shop:2"))
    further = deployment("shop:2")
    further["metadata"] = {**further["metadata"], "name": "reports"}
    shop.put("deployments", further, fieldsV1={"f:spec": {}})
    owned = [{"stage": "tiers", "api_version": "apps/v1", "kind": "Deployment", "namespace": "shop"}]
    result = run(release_rollback, owned=owned)
    assert (result["record"]["number"], "Deployment shop/reports: unexpected" in result["msg"]) == (2, True), result


def ends_before_the_tiers(shop: Namespace) -> None:
    labels = {**LABELS, "jewelry-shop/release": "shop3"}
    created = "2026-11-30T09:00:01Z"
    job = {"kind": "Job", "metadata": {"name": "migrate-shop3", "namespace": "shop", "labels": labels, "creationTimestamp": created}}
    shop.put("jobs", job, fieldsV1={"f:spec": {}})


def test_a_deployment_that_ended_before_the_tiers_restores_the_newest_record(record: Run, run: Run, shop: Namespace) -> None:
    record("shop:1")
    record("shop:2")
    runs(shop, deployment("shop:2"))
    ends_before_the_tiers(shop)
    result = run(release_rollback)
    assert (result["record"]["number"], result["unfinished"]) == (2, ["Job shop/migrate-shop3"]), result
    assert result["msg"].startswith(
        "What runs is release shop2 (number 2). A later deployment ended before it changed the tiers, and left Job shop/"
    )
    # Its migrations may have run, although its tiers do not.
    [problem] = run(release_rollback, irreversible="drops the column price")["problems"]
    assert "drops the column price" in problem


def test_a_missing_secret_is_a_problem_before_the_first_write(record: Run, run: Run) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "django-secrets-2222222222", "namespace": "shop"}}
    tiers = deployment("shop:1")
    tiers["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": secret["metadata"]["name"]}}]  # type: ignore[index]
    record("shop:1", stages={"configuration": [], "secrets": [secret], "tiers": [tiers]})
    [problem] = run(release_rollback)["problems"]
    assert "the release needs Secret shop/django-secrets-2222222222, which no longer exists" in problem


def test_the_same_release_is_recorded_again_after_a_deployment_that_ended_before_the_tiers(record: Run, run: Run, shop: Namespace) -> None:
    """Otherwise the next rollback would restore the release that runs."""
    record("shop:1")
    record("shop:2")
    runs(shop, deployment("shop:2"))
    ends_before_the_tiers(shop)
    assert record("shop:2")["name"] == "release-0003"
    shop.objects["configmaps"]["release-0003"]["metadata"]["creationTimestamp"] = "2026-11-30T09:01:00Z"
    assert record("shop:2")["changed"] is False
    listed = run(release_history)["records"]
    assert (listed[0]["rollback_to"], listed[0]["rollback_of"]) == (2, "")
    result = run(release_rollback)
    assert (result["record"]["number"], result["unfinished"]) == (1, []), result
