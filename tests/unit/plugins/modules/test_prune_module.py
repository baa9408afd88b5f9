# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that lists and deletes as an API server does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import PATHS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune import run as prune_run
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import as_config_map
from ansible_collections.jewelry_shop.platform.plugins.modules import prune
from conftest import Serve
from http_server import Handler, InTurn, Server, reply

Manifest = dict[str, Any]
Run = Callable[..., dict[str, Any]]

LABELS = {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}
OURS = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsType": "FieldsV1"}
CONTENT = "aHVudGVyMg=="
NOW_USED, OLD_USED, UNUSED, UNUSED_SECRET = (
    "web-config-2222222222",
    "web-config-4444444444",
    "web-config-5555555555",
    "web-secrets-6666666666",
)


class Namespace:
    """The namespace `shop` of a cluster: what it holds, and what it was asked to delete.

    Args:
        serve: starts a server.
    """

    def __init__(self, serve: Serve) -> None:
        self.objects: dict[str, list[Manifest]] = {kind: [] for kind in PATHS}
        self.deletions: dict[str, Manifest] = {}
        self.refused: dict[str, str] = {}
        self.after_list: Callable[[str], None] = lambda kind: None
        routes: dict[str, Any] = {path.format(namespace="shop"): self._list(kind) for kind, path in PATHS.items()}
        routes["/version"] = reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"})
        routes["/apis"] = reply({"kind": "APIGroupList", "groups": []})
        self.server: Server = serve(routes)

    def put(self, kind: str, name: str, created: str = "2026-01-01T00:00:00Z", ours: bool = True, **content: Any) -> Manifest:
        metadata = {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": "4711",
            "creationTimestamp": created,
            "labels": {**LABELS, **content.pop("labels", {})},
            "managedFields": [{**OURS, "fieldsV1": {"f:data": {}, "f:immutable": {}}}] if ours else [],
            "ownerReferences": [{"uid": f"uid-{owner}", "controller": True} for owner in content.pop("owners", [])],
        }
        item = {"kind": kind, "metadata": metadata, **content}
        self.objects[kind].append(item)
        self.server.routes[f"{PATHS[kind].format(namespace='shop')}/{name}"] = self._delete(item)  # type: ignore[index]
        return item

    def names(self, *kinds: str) -> set[str]:
        return {item["metadata"]["name"] for kind in kinds for item in self.objects[kind]}

    def _list(self, kind: str) -> Callable[[Handler], None]:
        def route(handler: Handler) -> None:
            if kind in self.refused:
                reply({"kind": "Status", "code": 403, "message": self.refused[kind]}, 403)(handler)
                return
            selector = parse_qs(handler.path.partition("?")[2]).get("labelSelector", [""])[0]
            wanted = dict(term.split("=") for term in selector.split(",") if term)
            items: list[Manifest] | None = [item for item in self.objects[kind] if wanted.items() <= item["metadata"]["labels"].items()]
            if handler.headers["Accept"].startswith("application/json;as=PartialObjectMetadataList;"):
                # A list of metadata without entries has null there.
                items = [{"kind": "PartialObjectMetadata", "metadata": item["metadata"]} for item in items or ()] or None
            reply({"kind": f"{kind}List", "metadata": {"resourceVersion": "4711"}, "items": items})(handler)
            self.after_list(kind)

        return route

    def _delete(self, item: Manifest) -> Callable[[Handler], None]:
        def route(handler: Handler) -> None:
            options = json.loads(handler.server.requests[-1].body)
            kind, metadata = item["kind"], item["metadata"]
            if metadata["name"] in self.refused:
                reply({"kind": "Status", "code": 403, "message": self.refused[metadata["name"]]}, 403)(handler)
            elif item not in self.objects[kind]:
                reply({"kind": "Status", "code": 404, "message": "not found"}, 404)(handler)
            elif options["preconditions"] != {key: metadata[key] for key in ("uid", "resourceVersion")}:
                reply({"kind": "Status", "code": 409, "message": "the precondition is not met"}, 409)(handler)
            else:
                self.objects[kind].remove(item)
                self.deletions[metadata["name"]] = options
                reply(item)(handler)

        return route


def uses(*config_maps: str) -> Manifest:
    return {"containers": [{"name": "web", "envFrom": [{"configMapRef": {"name": name}} for name in config_maps]}]}


@pytest.fixture
def shop(serve: Serve) -> Namespace:
    """A Deployment with an old ReplicaSet, and a ConfigMap and a Secret of a release before."""
    namespace = Namespace(serve)
    for name in (NOW_USED, OLD_USED, UNUSED):
        namespace.put("ConfigMap", name, data={"A": "1"})
    namespace.put("Secret", UNUSED_SECRET, data={"PASSWORD": CONTENT})
    namespace.put("Deployment", "web", spec={"revisionHistoryLimit": 1, "template": {"spec": uses(NOW_USED)}})
    namespace.put("ReplicaSet", "web-2", owners=["web"], ours=False, spec={"replicas": 2, "template": {"spec": uses(NOW_USED)}})
    namespace.put("ReplicaSet", "web-1", owners=["web"], ours=False, spec={"replicas": 0, "template": {"spec": uses(OLD_USED)}})
    return namespace


def put_job(shop: Namespace, release: str, created: str, **content: Any) -> None:
    shop.put(
        "Job",
        f"migrate-{release}",
        f"{created}T00:00:00Z",
        labels={"jewelry-shop/release": release},
        **{"spec": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}, **content},
    )


@pytest.fixture
def run(shop: Namespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the module against the server as Ansible does and returns what it prints, plus its exit code."""
    # Where kubernetes.core keeps what it discovered.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def start(**arguments: Any) -> dict[str, Any]:
        given = {"host": shop.server.url, "api_key": "token", "namespace": "shop", "labels": LABELS, "release": "now", "history": 1}
        with patch_module_args({**given, **arguments}), pytest.raises(SystemExit) as ended:
            prune.main()
        printed = capsys.readouterr().out
        assert CONTENT not in printed
        result: dict[str, Any] = json.loads(printed)
        return {**result, "code": ended.value.code}

    return start


def removed(result: dict[str, Any]) -> list[str]:
    return [item["name"] for item in result["removed"]]


def test_an_unreferenced_object_is_removed_once(run: Run, shop: Namespace) -> None:
    result = run()
    assert (result["code"], result["changed"], removed(result)) == (0, True, [UNUSED, UNUSED_SECRET])
    assert result["msg"] == f"removed ConfigMap shop/{UNUSED}, Secret shop/{UNUSED_SECRET}"
    assert shop.names("ConfigMap", "Secret") == {NOW_USED, OLD_USED}
    again = run()
    assert (again["changed"], again["removed"], again["msg"]) == (False, [], "removed nothing")


def test_a_deletion_has_the_uid_and_version_that_were_read(run: Run, shop: Namespace) -> None:
    run()
    preconditions = {"uid": f"uid-{UNUSED}", "resourceVersion": "4711"}
    assert shop.deletions[UNUSED].items() >= {"propagationPolicy": "Background", "preconditions": preconditions}.items()


def test_check_mode_reports_the_same_and_removes_nothing(run: Run, shop: Namespace) -> None:
    result = run(_ansible_check_mode=True, _ansible_diff=True)
    assert (result["changed"], removed(result)) == (True, [UNUSED, UNUSED_SECRET])
    assert result["diff"] == {"before": f"ConfigMap shop/{UNUSED}\nSecret shop/{UNUSED_SECRET}\n", "after": ""}
    assert result["msg"].startswith("would remove ConfigMap ")
    assert {request.method for request in shop.server.requests} == {"GET"}
    assert shop.deletions == {}


def test_only_the_metadata_of_secrets_is_read(run: Run, shop: Namespace) -> None:
    run()
    asked = [request for request in shop.server.requests if "secrets" in request.path and request.method == "GET"]
    assert [request.headers["Accept"] for request in asked] == ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"]


def test_kept_new_and_unmanaged_objects_stay(run: Run, shop: Namespace) -> None:
    shop.put("ConfigMap", "web-config-7777777777", "2999-01-01T00:00:00Z")
    shop.put("ConfigMap", "web-config-8888888888", ours=False)
    shop.put("ConfigMap", "web-config-9999999999", labels={"app": "another"})
    assert removed(run(keep=[UNUSED])) == [UNUSED_SECRET]


def test_old_jobs_are_removed_with_the_objects_that_only_they_used(run: Run, shop: Namespace) -> None:
    put_job(shop, "now", "2026-01-01")
    put_job(shop, "before", "2026-01-03")
    put_job(shop, "older", "2026-01-02", spec={"template": {"spec": uses(UNUSED)}})
    shop.put("Pod", "migrate-older-x", owners=["migrate-older"], ours=False, spec=uses(UNUSED), status={"phase": "Succeeded"})
    assert removed(run()) == ["migrate-older", UNUSED, UNUSED_SECRET]
    assert shop.names("Job") == {"migrate-now", "migrate-before"}


def test_an_object_that_a_kept_job_refers_to_stays(run: Run, shop: Namespace) -> None:
    """The job is of the newest other release; then it is of an older one, and the API server refuses."""
    put_job(shop, "before", "2026-01-02", spec={"template": {"spec": uses(UNUSED)}})
    assert removed(run()) == [UNUSED_SECRET]
    put_job(shop, "later", "2026-01-03")
    shop.refused["migrate-before"] = 'jobs.batch "migrate-before" is forbidden: User "deployer" cannot delete resource "jobs"'
    result = run()
    assert (result["code"], removed(result), result["refusals"]) == (0, [], [f"Job shop/migrate-before: {shop.refused['migrate-before']}"])
    assert result["msg"] == "removed nothing; rejected: 1"
    assert shop.refused["migrate-before"] in json.dumps(result["warnings"]).replace('\\"', '"')


def test_an_active_job_is_never_removed(run: Run, shop: Namespace) -> None:
    put_job(shop, "before", "2026-01-03")
    put_job(shop, "older", "2026-01-02", status={"active": 1})
    assert "migrate-older" not in removed(run())


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "CronJob", "Pod", "ControllerRevision"])
def test_all_kinds_that_can_refer_to_an_object_are_read(run: Run, shop: Namespace, kind: str) -> None:
    shop.put(kind, "other", ours=False, labels={"app": "of somebody else"}, spec=uses(UNUSED))
    assert removed(run()) == [UNUSED_SECRET]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ServiceAccount", {"imagePullSecrets": [{"name": UNUSED_SECRET}]}),
        ("Ingress", {"spec": {"tls": [{"secretName": UNUSED_SECRET}]}}),
    ],
)
def test_kinds_that_refer_only_to_secrets_are_read(run: Run, shop: Namespace, kind: str, content: Manifest) -> None:
    shop.put(kind, "other", ours=False, **content)
    assert removed(run()) == [UNUSED]


def test_unreadable_references_keep_the_configuration_but_not_the_jobs(run: Run, shop: Namespace) -> None:
    put_job(shop, "before", "2026-01-02")
    put_job(shop, "older", "2026-01-01")
    shop.refused["CronJob"] = 'cronjobs.batch is forbidden: User "deployer" cannot list resource "cronjobs"'
    result = run()
    assert (result["code"], removed(result)) == (0, ["migrate-older"])
    [refusal] = result["refusals"]
    assert refusal.startswith("ConfigMaps and Secrets stay, because the references to them cannot be read: CronJobs of namespace shop: ")
    assert refusal.endswith(shop.refused["CronJob"])


def test_unreadable_ingresses_are_ignored(run: Run, shop: Namespace) -> None:
    shop.refused["Ingress"] = "ingresses.networking.k8s.io is forbidden"
    assert (removed(result := run()), result["refusals"]) == ([UNUSED, UNUSED_SECRET], [])


def test_secrets_that_cannot_be_listed_stay(run: Run, shop: Namespace) -> None:
    shop.refused["Secret"] = "is forbidden"
    result = run()
    assert removed(result) == [UNUSED]
    assert result["refusals"] == ["Secrets stay: Secrets of namespace shop: is forbidden"]


def test_all_configuration_stays_if_the_records_cannot_be_read(run: Run, shop: Namespace) -> None:
    shop.refused["ConfigMap"] = "is forbidden"
    result = run()
    assert removed(result) == []
    assert result["refusals"] == [
        "ConfigMaps and Secrets stay, because the records of releases cannot be read: ConfigMaps of namespace shop: is forbidden"
    ]


def put_record(shop: Namespace, number: int, release: str, *config_maps: str) -> None:
    """A record as release_record writes it: of a Deployment that uses ConfigMaps."""
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": uses(*config_maps)}}}
    content = {"number": number, "release": release, "image": "shop:1", "deployed_at": "", "deployed_by": {"user": "ci"}, "rollback_to": 0}
    config_map = as_config_map({**content, "stages": {"tiers": [web]}, "jobs": []}, "shop", LABELS)
    labels = config_map["metadata"]["labels"]
    shop.put("ConfigMap", config_map["metadata"]["name"], labels=labels, binaryData=config_map["binaryData"])


def test_the_records_determine_which_releases_stay(run: Run, shop: Namespace) -> None:
    """Release `failed` has the newest Jobs and no record."""
    put_record(shop, 7, "oldest", UNUSED)
    put_record(shop, 8, "before", "web-config-7777777777")
    put_record(shop, 9, "now", NOW_USED)
    for day, release in enumerate(("oldest", "before", "now", "failed"), start=1):
        put_job(shop, release, f"2026-01-0{day}")
    shop.put("ConfigMap", "web-config-7777777777")
    assert removed(run()) == ["release-0007", "migrate-oldest", "migrate-failed", UNUSED, UNUSED_SECRET]
    assert shop.names("ConfigMap") == {"release-0008", "release-0009", NOW_USED, OLD_USED, "web-config-7777777777"}
    assert removed(run()) == []


def test_a_record_that_others_wrote_neither_counts_nor_goes(run: Run, shop: Namespace) -> None:
    put_record(shop, 9, "now", UNUSED)
    shop.objects["ConfigMap"][-1]["metadata"]["managedFields"] = []
    result = run(history=0)
    assert removed(result) == [UNUSED, UNUSED_SECRET]
    assert result["refusals"] == ["ConfigMap shop/release-0009 was not written by this collection. The history ignores it"]


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_deleted_or_changed_object_is_not_counted_as_a_change(run: Run, shop: Namespace, change: str) -> None:
    """Another run removed it, or applied it again, while this one looked for what refers to it."""
    [unused] = [item for item in shop.objects["ConfigMap"] if item["metadata"]["name"] == UNUSED]

    def meddle(kind: str) -> None:
        if kind == "Pod" and change == "gone":
            shop.objects["ConfigMap"].remove(unused)
        elif kind == "Pod":
            unused["metadata"]["resourceVersion"] = "4712"

    shop.after_list = meddle
    result = run()
    assert (result["code"], removed(result), result["refusals"]) == (0, [UNUSED_SECRET], [])


def test_a_reference_created_during_the_read_is_found(run: Run, shop: Namespace) -> None:
    """Another run applies a workload after the ConfigMaps were listed."""

    def deploy(kind: str) -> None:
        if kind == "Secret":
            shop.put("Deployment", "next", ours=False, spec={"revisionHistoryLimit": 1, "template": {"spec": uses(UNUSED)}})

    shop.after_list = deploy
    assert removed(run()) == [UNUSED_SECRET]


def test_prune_waits_until_the_controller_has_removed_old_replica_sets(run: Run, shop: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise what they refer to would go in the next run, in which nothing else changes."""
    monkeypatch.setattr(prune_run, "_SETTLE_POLL", 0.0)
    surplus = shop.put("ReplicaSet", "web-0", owners=["web"], ours=False, spec={"replicas": 0, "template": {"spec": uses(UNUSED)}})
    looks: list[str] = []

    def look(kind: str) -> None:
        looks.append(kind)
        if looks.count("ReplicaSet") == 2 and surplus in shop.objects["ReplicaSet"]:
            shop.objects["ReplicaSet"].remove(surplus)

    shop.after_list = look
    assert removed(run()) == [UNUSED, UNUSED_SECRET]
    assert looks.count("ReplicaSet") == 3


def test_the_wait_for_replica_sets_is_limited(run: Run, shop: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune_run, "_SETTLE_SECONDS", 0.0)
    shop.put("ReplicaSet", "web-0", owners=["web"], ours=False, spec={"replicas": 0, "template": {"spec": uses(UNUSED)}})
    assert removed(run()) == [UNUSED_SECRET]


def test_a_request_to_an_unavailable_api_server_is_retried(run: Run, shop: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_RETRY", 0.01)
    for path, route in shop.server.routes.items():
        if "/namespaces/" in path:
            shop.server.routes[path] = InTurn([reply("", 503), reply("", 429), route])  # type: ignore[index]
    result = run()
    assert (result["code"], removed(result)) == (0, [UNUSED, UNUSED_SECRET]), result["msg"]


def test_a_missing_namespace_has_nothing_to_remove(run: Run, shop: Namespace) -> None:
    """An API server answers with empty lists: of the records, and of what may be removed."""
    shop.objects = {kind: [] for kind in PATHS}
    result = run(_ansible_check_mode=True)
    assert (result["code"], result["changed"], result["msg"]) == (0, False, "would remove nothing")
    lists = [request.path.partition("?")[0].rpartition("/")[2] for request in shop.server.requests if "/namespaces/" in request.path]
    assert lists == ["configmaps", "configmaps", "secrets", "jobs"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"history": -1}, "history must be 0 or more, it is -1"),
        ({"minimum_age": -1}, "minimum_age must be 0 or more, it is -1"),
        ({"labels": {}}, "labels must contain at least one label"),
        ({"host": "http://127.0.0.1:1"}, "ConfigMaps of namespace shop: the API server cannot be reached: "),
    ],
)
def test_a_failure_is_reported_in_one_sentence(
    run: Run, shop: Namespace, arguments: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "OUTAGE", 0.0)
    result = run(**arguments)
    assert result["code"] == 1
    assert result["msg"].startswith(message)
    assert shop.deletions == {}
