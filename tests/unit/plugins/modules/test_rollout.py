# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.modules import rollout
from api_server import ApiServer
from conftest import Serve

Run = Callable[..., dict[str, Any]]

JOB = {
    "kind": "Job",
    "metadata": {"name": "migrate", "uid": "j-1"},
    "spec": {"template": {"spec": {"containers": [{"name": "migrate", "image": "shop:1"}]}}},
    "status": {"active": 1},
}
COMPLETE = {**JOB, "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}
FAILED = {**JOB, "status": {"failed": 1, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}
POD = {
    "kind": "Pod",
    "metadata": {
        "name": "migrate-a",
        "uid": "p-1",
        "creationTimestamp": "2026-11-25T17:00:00Z",
        "ownerReferences": [{"uid": "j-1", "controller": True}],
    },
    "spec": {"restartPolicy": "Never", "nodeName": "worker", "containers": [{"name": "migrate"}]},
    "status": {"phase": "Failed", "containerStatuses": [{"name": "migrate", "restartCount": 0, "state": {"terminated": {"exitCode": 3}}}]},
}


@pytest.fixture
def server(serve: Serve) -> ApiServer:
    return ApiServer(serve)


@pytest.fixture
def run(server: ApiServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the module against the server as Ansible does and returns what it prints, plus its exit code and all that it logged."""
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, message, log_args=None: logged.append(f"{message} {log_args}"))

    def start(**arguments: Any) -> dict[str, Any]:
        with patch_module_args({"host": server.url, "api_key": "the-token", **arguments}), pytest.raises(SystemExit) as ended:
            rollout.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "code": ended.value.code, "logged": "\n".join(logged)}

    return start


def job(**more: Any) -> list[dict[str, Any]]:
    return [{"kind": "Job", "name": "migrate", **more}]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_completed_job_succeeds_and_returns_its_log(server: ApiServer, run: Run, check_mode: bool) -> None:
    server.put(COMPLETE, {**POD, "status": {"phase": "Succeeded"}})
    server.log("migrate-a", "migrate", "one\ntwo\n")
    result = run(namespace="test", resources=job(), _ansible_check_mode=check_mode)
    assert (result["code"], result["changed"], result["msg"]) == (0, False, "1 of 1 ready")
    assert [(entry["verdict"], entry["log"]) for entry in result["resources"]] == [("ready", ["one", "two"])]


def test_a_failed_job_fails_with_one_sentence_and_the_full_result(server: ApiServer, run: Run) -> None:
    server.put(FAILED, POD)
    server.log("migrate-a", "migrate", "column exists\n")
    result = run(namespace="test", resources=job())
    assert (result["code"], result["failed"], result["changed"]) == (1, True, False)
    assert result["msg"] == (
        "Job test/migrate failed, pod migrate-a, container migrate: ended with exit code 3 (JobFailed); "
        "the last line of its log: column exists"
    )
    assert [(entry["verdict"], entry["reason"], entry["exit_code"]) for entry in result["resources"]] == [("failed", "JobFailed", 3)]


def test_the_sentence_contains_a_cause_that_follows_long_lines(server: ApiServer, run: Run) -> None:
    server.put(FAILED, POD)
    server.log("migrate-a", "migrate", f"{'x' * 5_000}\n" * 20 + "column exists\n")
    assert run(namespace="test", resources=job())["msg"].endswith("; the last line of its log: column exists")


def test_a_missing_object_is_reported_in_one_sentence(run: Run) -> None:
    result = run(namespace="test", resources=job())
    assert (result["code"], result["msg"]) == (1, "Job test/migrate failed: there is no Job migrate in namespace test (NotFound)")


def test_a_resource_can_have_its_own_namespace_and_timeout(server: ApiServer, run: Run) -> None:
    server.put(JOB)
    result = run(namespace="other", timeout=600, resources=job(namespace="test", timeout=3))
    assert result["code"] == 1
    assert re.fullmatch(
        r"Job test/migrate is not ready after \d+ s and made no progress for \d+ s: it has not completed \(JobNotComplete\)", result["msg"]
    )
    assert not [request for request in server.asked if "other" in request]


def test_the_total_limit_ends_the_wait_before_the_timeout(server: ApiServer, run: Run) -> None:
    server.put(JOB)
    result = run(namespace="test", resources=job(), total_timeout=1)
    assert result["code"] == 1
    assert re.fullmatch(r"Job test/migrate is not ready after \d+ s: it has not completed \(JobNotComplete\)", result["msg"])


def test_a_rejected_list_request_is_reported_in_one_sentence(server: ApiServer, run: Run) -> None:
    server.refused["Pod"] = 403
    result = run(namespace="test", resources=job())
    assert (result["code"], result["msg"]) == (1, "Pods of namespace test: Pod is refused with 403")


def test_masked_values_appear_nowhere_but_numbers_and_names_stay(server: ApiServer, run: Run) -> None:
    server.put(FAILED, POD)
    server.log("migrate-a", "migrate", "password is hunter2-7\n")
    result = run(namespace="test", resources=job(), mask=["hunter2-7", "migrate", "3"])
    assert "hunter2-7" not in json.dumps(result)
    entry = result["resources"][0]
    assert (entry["name"], entry["pod"], entry["exit_code"], entry["log"]) == ("migrate", "migrate-a", 3, ["password is ******"])


def test_credentials_stay_hidden_if_they_are_also_values_to_mask(server: ApiServer, run: Run) -> None:
    """Names are not masked, but a credential stays out of them too."""
    server.put({**COMPLETE, "metadata": {"name": "the-token", "uid": "j-1"}})
    result = run(namespace="test", resources=[{"kind": "Job", "name": "the-token"}], mask=["the-token"])
    assert [entry["verdict"] for entry in result["resources"]] == ["ready"]
    assert "the-token" not in json.dumps(result)


def test_progress_is_appended_to_a_file_without_secrets(server: ApiServer, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text("first\n")
    server.put(COMPLETE)
    run(namespace="test", resources=job(), progress_path=str(path), mask=["1 of 1 succeeded"])
    first, line = path.read_text().splitlines()
    assert first == "first"
    assert re.fullmatch(r"Job test/migrate: ready, \*{6}, 0 failed, 0 active \(\d+ s\)", line)


def test_unreadable_storage_classes_are_ignored(server: ApiServer, run: Run) -> None:
    server.refused["StorageClass"] = 403
    server.put({"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "uid": "c-1"}, "spec": {}, "status": {"phase": "Bound"}})
    result = run(namespace="test", resources=[{"kind": "PersistentVolumeClaim", "name": "data"}])
    assert (result["code"], result["resources"][0]["verdict"]) == (0, "ready")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resources": job()}, "Job migrate needs a namespace, its own or the module's"),
        ({"namespace": "test", "timeout": 0, "resources": job()}, "timeout must be more than 0, it is 0.0"),
        ({"namespace": "test", "timeout": "nan", "resources": job()}, "timeout must be more than 0, it is nan"),
        ({"namespace": "test", "tolerated_failures": -1, "resources": job()}, "tolerated_failures must not be negative, it is -1"),
        ({"namespace": "test", "unschedulable_grace": -0.5, "resources": job()}, "unschedulable_grace must not be negative, it is -0.5"),
        ({"namespace": "test", "total_timeout": -1, "resources": job()}, "total_timeout must not be negative, it is -1.0"),
        ({"namespace": "test", "resources": job(timeout=-3)}, "the timeout of Job migrate must be more than 0, it is -3.0"),
        (
            {"namespace": "test", "progress_path": "/nowhere/progress", "resources": job()},
            "progress_path /nowhere/progress cannot be written: No such file or directory",
        ),
    ],
)
def test_invalid_input_is_one_sentence_without_a_request(server: ApiServer, run: Run, arguments: dict[str, Any], message: str) -> None:
    result = run(**arguments)
    assert (result["code"], result["msg"]) == (1, message)
    assert server.asked == []
