# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that patches and deletes as an API server does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import PATHS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.unblock import run as unblock_run
from ansible_collections.jewelry_shop.platform.plugins.modules import unblock
from conftest import Serve
from http_server import Handler, InTurn, Server, reply

Manifest = dict[str, Any]
Run = Callable[..., dict[str, Any]]

LABELS = {"app": "jewelry-shop"}
OURS = [{"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
NO_IMAGE = {"name": "main", "image": "shop:nope", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
JOB = {"template": {"spec": {"containers": [{"name": "main"}]}}}
NOT_FOUND = "ImageNotFound: image shop:nope was not found: not found"


class Namespace:
    """The namespace `shop` of a cluster, with a Job and a StatefulSet whose pods have an image that does not exist."""

    def __init__(self, serve: Serve) -> None:
        self.objects: dict[str, list[Manifest]] = {kind: [] for kind in PATHS}
        self.writes: list[tuple[str, str, Manifest]] = []
        self.rejected: dict[str, tuple[int, str]] = {}
        self.after_list: Callable[[str], None] = lambda kind: None
        routes: dict[str, Any] = {path.format(namespace="shop"): self._list(kind) for kind, path in PATHS.items()}
        routes["/version"] = reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"})
        routes["/apis"] = reply({"kind": "APIGroupList", "groups": []})
        self.server: Server = serve(routes)
        self.job = self.put("Job", "migrate-old", labels={**LABELS, "jewelry-shop/release": "old"}, spec=JOB, status={"active": 1})
        self.put_pod("migrate-old-x", "migrate-old", "")
        self.redis = self.put("StatefulSet", "redis", spec={"replicas": 1}, status={"observedGeneration": 1, "updateRevision": "new"})
        self.put_pod("redis-0", "redis", "old")

    def put(self, kind: str, name: str, **content: Any) -> Manifest:
        metadata = {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": "7",
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": content.pop("labels", LABELS),
            "managedFields": OURS,
            "ownerReferences": [{"uid": f"uid-{owner}", "controller": True} for owner in content.pop("owners", [])],
        }
        item = {"kind": kind, "metadata": metadata, **content}
        self.objects[kind].append(item)
        self.server.routes[f"{PATHS[kind].format(namespace='shop')}/{name}"] = self._write(item)  # type: ignore[index]
        return item

    def put_pod(self, name: str, owner: str, revision: str) -> None:
        spec = {"nodeName": "worker", "restartPolicy": "Never", "containers": [{"name": "main"}]}
        status = {"phase": "Pending", "containerStatuses": [{**NO_IMAGE, "restartCount": 0}]}
        self.put("Pod", name, labels={"controller-revision-hash": revision}, owners=[owner], spec=spec, status=status)

    def _list(self, kind: str) -> Callable[[Handler], None]:
        def route(handler: Handler) -> None:
            reply({"kind": f"{kind}List", "metadata": {"resourceVersion": "7"}, "items": self.objects[kind]})(handler)
            self.after_list(kind)

        return route

    def _write(self, item: Manifest) -> Callable[[Handler], None]:
        def route(handler: Handler) -> None:
            name, body = item["metadata"]["name"], json.loads(handler.server.requests[-1].body)
            if handler.command == "PATCH":
                assert handler.headers["Content-Type"] == "application/merge-patch+json"
            precondition = body.get("preconditions") or {"uid": body["metadata"]["uid"]}
            if name in self.rejected:
                code, message = self.rejected[name]
                reply({"kind": "Status", "code": code, "message": message}, code)(handler)
            elif any(item["metadata"][key] != value for key, value in precondition.items()):
                reply({"kind": "Status", "code": 409, "message": "the precondition is not met"}, 409)(handler)
            else:
                self.writes.append((handler.command, name, body))
                if handler.command == "DELETE":
                    self.objects[item["kind"]].remove(item)
                reply(item)(handler)

        return route


@pytest.fixture
def shop(serve: Serve) -> Namespace:
    return Namespace(serve)


@pytest.fixture
def run(shop: Namespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the module against the server as Ansible does and returns what it prints, plus its exit code."""
    # Where kubernetes.core keeps what it discovered.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(unblock_run, "_SETTLE_POLL", 0.0)

    def start(**arguments: Any) -> dict[str, Any]:
        given = {"host": shop.server.url, "api_key": "token", "namespace": "shop", "labels": LABELS}
        with patch_module_args({**given, **arguments}), pytest.raises(SystemExit) as ended:
            unblock.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "code": ended.value.code}

    return start


def stop(job: str, because: str) -> tuple[str, str, Manifest]:
    metadata = {"uid": f"uid-{job}", "annotations": {"jewelry-shop/stopped": because}}
    return ("PATCH", job, {"metadata": metadata, "spec": {"activeDeadlineSeconds": 1}})


def test_a_job_that_cannot_finish_is_failed_and_kept(run: Run, shop: Namespace) -> None:
    result = run(stuck_jobs=True)
    assert (result["code"], result["changed"]) == (0, True)
    assert result["msg"] == f"stopped Job shop/migrate-old ({NOT_FOUND})"
    assert result["stopped"] == [{"kind": "Job", "namespace": "shop", "name": "migrate-old", "because": NOT_FOUND}]
    assert shop.writes == [stop("migrate-old", NOT_FOUND)]


def test_a_stopped_job_gets_the_message_of_the_run_that_stopped_it(run: Run, shop: Namespace) -> None:
    result = run(failed_jobs={"migrate-old": "it said no", "another": "is not there"}, stuck_jobs=True)
    assert [each["because"] for each in result["stopped"]] == ["it said no"]
    assert shop.writes == [stop("migrate-old", "it said no")]


def test_a_broken_pod_of_an_older_revision_is_deleted_with_preconditions(run: Run, shop: Namespace) -> None:
    result = run(stateful_sets=["redis", "postgresql"])
    assert (result["changed"], result["msg"]) == (True, f"deleted Pod shop/redis-0 ({NOT_FOUND})")
    [(command, name, options)] = shop.writes
    assert (command, name, options["preconditions"]) == ("DELETE", "redis-0", {"uid": "uid-redis-0", "resourceVersion": "7"})


def test_only_the_requested_kinds_are_changed(run: Run, shop: Namespace) -> None:
    assert (run()["changed"], run(stateful_sets=["postgresql"])["msg"]) == (False, "no Job to stop and no pod to delete")
    assert shop.writes == []


def test_check_mode_reports_the_same_and_writes_nothing(run: Run, shop: Namespace) -> None:
    result = run(_ansible_check_mode=True, stuck_jobs=True, stateful_sets=["redis"])
    assert result["changed"]
    assert result["msg"] == f"would have stopped Job shop/migrate-old ({NOT_FOUND}); would have deleted Pod shop/redis-0 ({NOT_FOUND})"
    assert {request.method for request in shop.server.requests} == {"GET"}


def test_a_pod_that_became_ready_since_it_was_read_stays(run: Run, shop: Namespace) -> None:
    [pod] = [each for each in shop.objects["Pod"] if each["metadata"]["name"] == "redis-0"]

    def recover(kind: str) -> None:
        if kind == "Event":
            pod["metadata"]["resourceVersion"] = "8"
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]

    shop.after_list = recover
    assert (run(stateful_sets=["redis"])["changed"], shop.writes) == (False, [])


def test_the_module_waits_for_the_stateful_set_controller(run: Run, shop: Namespace) -> None:
    """The newest revision is unknown until the controller has observed the applied object."""
    shop.redis["metadata"]["generation"] = 2
    shop.redis["status"] = {"observedGeneration": 1, "updateRevision": "old"}

    def observe(kind: str) -> None:
        if kind == "Event":
            shop.redis["status"] = {"observedGeneration": 2, "updateRevision": "new"}

    shop.after_list = observe
    assert [each["name"] for each in run(stateful_sets=["redis"])["deleted"]] == ["redis-0"]


def test_the_wait_for_the_controller_is_limited(run: Run, shop: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unblock_run, "_SETTLE_SECONDS", 0.0)
    shop.redis["metadata"]["generation"] = 2
    assert run(stateful_sets=["redis"])["changed"] is False


def test_a_new_job_with_the_same_name_is_not_stopped(run: Run, shop: Namespace) -> None:
    """Another run replaced it after it was read."""
    shop.after_list = lambda kind: shop.job["metadata"].update(uid="uid-new") if kind == "Job" else None
    assert (run(failed_jobs={"migrate-old": "it said no"})["changed"], shop.writes) == (False, [])


def test_a_rejection_is_a_warning_and_does_not_stop_the_other_changes(run: Run, shop: Namespace) -> None:
    shop.rejected["migrate-old"] = (403, 'jobs.batch "migrate-old" is forbidden')
    result = run(stuck_jobs=True, stateful_sets=["redis"])
    assert (result["code"], [each["name"] for each in result["deleted"]]) == (0, ["redis-0"])
    assert result["rejections"] == ['Job shop/migrate-old: jobs.batch "migrate-old" is forbidden']
    assert "is forbidden" in json.dumps(result["warnings"])


def test_an_api_server_that_is_unavailable_does_not_fail_the_call(run: Run, shop: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict of the run that calls it must not be lost."""
    monkeypatch.setattr(client, "OUTAGE", 0.0)
    shop.rejected["migrate-old"] = (503, "the server is currently unable to handle the request")
    result = run(failed_jobs={"migrate-old": "it said no"})
    assert (result["code"], result["changed"]) == (0, False)
    assert "unable to handle the request" in result["rejections"][0]


def test_a_write_is_repeated_while_the_api_server_is_unavailable(run: Run, shop: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_RETRY", 0.01)
    path = f"{PATHS['Job'].format(namespace='shop')}/migrate-old"
    shop.server.routes[path] = InTurn([reply("", 503), shop.server.routes[path]])  # type: ignore[index]
    assert run(stuck_jobs=True)["changed"] is True


def test_labels_must_not_be_empty(run: Run) -> None:
    result = run(labels={})
    assert (result["code"], result["msg"]) == (1, "labels must contain at least one label")
