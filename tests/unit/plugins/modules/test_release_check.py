# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.modules import release_check
from api_server import ApiServer
from conftest import Serve

Run = Callable[..., dict[str, Any]]

POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {"name": "django-a", "uid": "p-1", "creationTimestamp": "2026-11-25T17:00:00Z", "labels": {"app": "jewelry-shop"}},
    "spec": {"nodeName": "worker", "containers": [{"name": "django"}]},
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-25T17:00:10Z"}]},
}
ACCESS = '10.244.1.1 - - [29/Nov/2026:10:00:00 +0000] "GET /ERROR/ HTTP/1.1" 200 5120 "-" "curl/8.5.0"\n'
METRICS = {
    "kind": "Event",
    "type": "Warning",
    "reason": "FailedGetResourceMetric",
    "message": "no metrics known for pod",
    "lastTimestamp": "2026-11-25T18:00:00Z",
    "metadata": {"name": "e", "uid": "e-1"},
    "involvedObject": {"kind": "HorizontalPodAutoscaler", "name": "django", "uid": "h-1"},
}


@pytest.fixture
def server(serve: Serve) -> ApiServer:
    server = ApiServer(serve)
    server.put(POD)
    server.log("django-a", "django", "started\n")
    return server


@pytest.fixture
def run(server: ApiServer, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the module against the server as Ansible does and returns what it prints."""

    def start(**arguments: Any) -> dict[str, Any]:
        given = {"host": server.url, "api_key": "the-token", "namespace": "test", **arguments}
        with patch_module_args(given), pytest.raises(SystemExit):
            release_check.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return start


def warnings(result: dict[str, Any]) -> list[str]:
    return [check["message"] for check in result["checks"] if check["severity"] == "warning"]


def test_a_healthy_namespace_has_no_warning(run: Run) -> None:
    result = run()
    assert (warnings(result), result["changed"], result["failed"]) == ([], False, False)


def test_an_error_after_many_access_lines_is_found(server: ApiServer, run: Run) -> None:
    server.log("django-a", "django", ACCESS * 1200 + "[2026-11-29 10:00:00,123: ERROR/ForkPoolWorker-1] no stock\n")
    assert warnings(run()) == ["container django wrote 1 error lines, the last: [2026-11-29 10:00:00,123: ERROR/ForkPoolWorker-1] no stock"]


@pytest.mark.parametrize(("status", "expected"), [(403, 1), (404, 1), (None, 0)])
def test_unreadable_autoscalers_are_ignored(server: ApiServer, run: Run, status: int | None, expected: int) -> None:
    """Then it is not known whether what the cluster warned of is over."""
    server.put(METRICS)
    if status:
        server.refused["HorizontalPodAutoscaler"] = status
    result = run()
    assert not result["failed"]
    assert len(warnings(result)) == expected


def test_secrets_in_logs_and_events_are_hidden(server: ApiServer, run: Run) -> None:
    server.put({**METRICS, "involvedObject": {"kind": "Ingress", "name": "shop", "uid": "i-1"}, "message": "hunter2-7"})
    server.log("django-a", "django", f"ERROR {'x' * 290}hunter2-7\n")
    result = run(mask=["hunter2-7", "the-token"])
    assert len(warnings(result)) == 2
    assert "hunter2" not in json.dumps(result)
    assert "the-token" not in json.dumps(result)


def test_a_pod_deleted_before_its_log_was_read_is_not_a_warning(server: ApiServer, run: Run) -> None:
    server.put({**POD, "metadata": {**POD["metadata"], "name": "django-b", "uid": "p-2"}})
    assert warnings(run()) == []


def test_fields_of_others_are_an_error_if_the_field_manager_is_set(server: ApiServer, run: Run) -> None:
    entries = [
        {"manager": "ours", "operation": "Apply", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:securityContext": {}}}}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:hostPID": {}}}}}},
    ]
    metadata = {"name": "django", "uid": "d-1", "creationTimestamp": "2026-11-25T17:00:00Z", "managedFields": entries}
    template = {"metadata": {}, "spec": {"containers": [{"name": "django", "image": "shop"}]}}
    server.put({"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1, "template": template}, "status": {}})

    def fields(**arguments: Any) -> list[tuple[str, str]]:
        checks = run(workloads=[{"name": "django"}], **arguments)["checks"]
        return [(check["severity"], check["message"]) for check in checks if check["name"] == "fields"]

    [(severity, message)] = fields(field_manager="ours")
    assert (severity, message.startswith("spec.template.spec.hostPID is set by the field manager kubectl-edit")) == ("error", True)
    assert [severity for severity, _message in fields(field_manager="ours", allowed_field_managers=["kubectl-edit"])] == ["ok"]
    assert fields() == []
