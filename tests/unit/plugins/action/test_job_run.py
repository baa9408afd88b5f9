"""A Job is repeated after an eviction, up to a limit, unless its command forbids it. A failed Job is stopped."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import PATHS
from api_server import NAMESPACE, ApiServer
from conftest import Serve
from http_server import Handler, Server, reply, running
from outcome import Outcome

REPOSITORY = Path(__file__).parents[4]
JOBS = PATHS["Job"].format(namespace=NAMESPACE)
PLACE = f"{JOBS}/migrate-a"
RESOURCE = {"name": "jobs", "singularName": "job", "kind": "Job", "namespaced": True, "verbs": ["delete", "get", "list", "patch"]}
POD_SPEC = {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": "shop:1"}], "nodeName": "worker"}
MANIFEST = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "migrate-a", "namespace": NAMESPACE},
    "spec": {"backoffLimit": 0, "template": {"spec": POD_SPEC}},
}
EVICTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
# Of the container, by the way in which its Job ends.
STATES = {
    "complete": {"terminated": {"exitCode": 0}},
    "evicted": {"terminated": {"exitCode": 143}},
    "no image": {"waiting": {"reason": "ErrImagePull", "message": "not found"}},
}
NO_SUCH_JOB = {"kind": "Status", "status": "Failure", "code": 404, "message": "not found"}


# As the role report makes it.
VERDICT = "the verdict: {{ (ansible_failed_result | jewelry_shop.platform.run_failure('it', [], platform_rolled_out)).sentence }}"


class Cluster:
    """An API server whose Jobs end at once: by a success, an eviction, or an image that does not exist.

    Args:
        serve: starts a server.
        ends: the result of each Job, in order. All further Jobs get the last result.
    """

    def __init__(self, serve: Serve, ends: list[str]) -> None:
        self.api = ApiServer(serve)
        self.started = 0
        self.requests: list[str] = []
        # As while the node of a Job's pod does not answer.
        self.keeps_jobs = False
        self.stopped: list[dict[str, Any]] = []
        self._ends = ends
        self._lock = threading.Lock()
        self._live: dict[str, Any] | None = None
        routes: Any = self.api._server.routes
        routes["/api"] = reply({"kind": "APIVersions", "versions": ["v1"]})
        groups = [
            {
                "name": "batch",
                "versions": [{"groupVersion": "batch/v1", "version": "v1"}],
                "preferredVersion": {"groupVersion": "batch/v1", "version": "v1"},
            }
        ]
        routes["/apis"] = reply({"kind": "APIGroupList", "groups": groups})
        routes["/apis/batch/v1"] = reply({"kind": "APIResourceList", "groupVersion": "batch/v1", "resources": [RESOURCE]})
        routes["/api/v1"] = reply({"kind": "APIResourceList", "groupVersion": "v1", "resources": []})
        routes[PLACE] = self._job

    def _job(self, handler: Handler) -> None:
        with self._lock:
            if handler.command != "GET":
                self.requests.append(handler.command)
            stopping = handler.headers["Content-Type"] == "application/merge-patch+json"
            if stopping:
                self.stopped.append(json.loads(handler.server.requests[-1].body))
            elif handler.command == "PATCH":
                self._start()
            live = self._live
            if handler.command == "DELETE" and live and not self.keeps_jobs:
                self.api.delete("Job", live["metadata"]["uid"])
                self._live = None
        reply(live if live else NO_SUCH_JOB, 200 if live else 404)(handler)

    def _start(self) -> None:
        end = self._ends[min(self.started, len(self._ends) - 1)]
        self.started += 1
        # What is older than half a minute when the wait begins is not believed at once, and a busy machine takes that long to begin.
        created = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).isoformat()
        manager = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:spec": {}}}
        metadata = {
            "name": "migrate-a",
            "namespace": NAMESPACE,
            "uid": f"j-{self.started}",
            "resourceVersion": "1",
            "creationTimestamp": created,
            "managedFields": [manager],
        }
        condition = "Complete" if end == "complete" else "Failed"
        conditions = (
            [] if end == "no image" else [{"type": condition, "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}]
        )
        self._live = {**MANIFEST, "metadata": metadata, "status": {"conditions": conditions}}
        owner = {"kind": "Job", "uid": metadata["uid"], "controller": True}
        pod = {
            "kind": "Pod",
            "metadata": {
                "name": f"migrate-a-{self.started}",
                "uid": f"p-{self.started}",
                "ownerReferences": [owner],
                "creationTimestamp": created,
            },
            "spec": POD_SPEC,
            "status": {
                "phase": {"complete": "Succeeded", "no image": "Pending"}.get(end, "Failed"),
                "conditions": [EVICTED] if end == "evicted" else [],
                "containerStatuses": [{"name": "migrate", "image": "shop:1", "restartCount": 0, "state": STATES[end]}],
            },
        }
        self.api.put(pod, self._live)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome[Cluster]]:
    """One run for three hosts, each with a cluster of its own."""
    home = tmp_path_factory.mktemp("job")
    play = {
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {"group/jewelry_shop.platform.k8s": {"host": "{{ url }}", "api_key": "token"}},
        # As in site.yml.
        "tasks": [
            {"ansible.builtin.import_role": {"name": "jewelry_shop.platform.platform", "rolespec_validate": False}},
            {
                "block": [{"ansible.builtin.include_role": {"name": "jewelry_shop.platform.job", "tasks_from": "run"}}],
                "rescue": [
                    {
                        "ansible.builtin.import_role": {
                            "name": "jewelry_shop.platform.job",
                            "tasks_from": "stop",
                            "rolespec_validate": False,
                        }
                    },
                    {"ansible.builtin.fail": {"msg": VERDICT}},
                ],
            },
        ],
    }
    (home / "play.yml").write_text(yaml.safe_dump([play]))
    values = {
        "job_name": "migrate-a",
        "job_commands": [{"name": "migrate"}],
        "job_manifests": [MANIFEST],
        "platform_namespace": NAMESPACE,
        "platform_secret_values": {},
        "__job_removal_timeout": "{{ removal_timeout }}",
    }
    with ExitStack() as stack:

        def serve(routes: Any) -> Server:
            return stack.enter_context(running(routes))

        clusters = {
            "evicted": Cluster(serve, ["evicted"]),
            "given_up": Cluster(serve, ["no image"]),
            "kept": Cluster(serve, ["evicted", "complete"]),
        }
        clusters["kept"].keeps_jobs = True
        hosts = {host: {"url": cluster.api.url, "removal_timeout": 1 if host == "kept" else 120} for host, cluster in clusters.items()}
        (home / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
        done = subprocess.run(
            [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.yml", "-c", "local", "-e", json.dumps(values), "play.yml"],
            env={
                **os.environ,
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
                "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_NOCOLOR": "1",
                "TMPDIR": str(home),
            },
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
    return {host: Outcome(cluster, host, done.stdout + done.stderr) for host, cluster in clusters.items()}


def test_a_command_is_repeated_at_most_twice_after_evictions(outcomes: dict[str, Outcome[Cluster]]) -> None:
    found = outcomes["evicted"]
    assert (found.cluster.started, found.failed) == (3, True), found.all
    # Each Job is gone before the next one starts.
    assert found.cluster.requests == ["PATCH", "DELETE", "PATCH", "DELETE", "PATCH"]
    evicted = "it was evicted from node worker while it ran: Eviction API: evicting (EvictionByEvictionAPI)"
    verdict = f"the verdict: Job {NAMESPACE}/migrate-a failed, pod migrate-a-3, container migrate: {evicted} (JobEvicted)"
    assert verdict in found.shown, found.all


def test_a_failed_job_is_stopped_and_keeps_its_verdict(outcomes: dict[str, Outcome[Cluster]]) -> None:
    found = outcomes["given_up"]
    assert found.failed
    verdict = "image shop:1 was not found: not found (ImageNotFound)"
    assert f"the verdict: Job {NAMESPACE}/migrate-a failed, pod migrate-a-1, container migrate: {verdict}" in found.shown, found.all
    assert len(found.cluster.stopped) == 1, found.all
    [stop] = found.cluster.stopped
    assert stop["spec"] == {"activeDeadlineSeconds": 1}
    assert verdict in stop["metadata"]["annotations"]["jewelry-shop/stopped"]
    assert "stopped Job" not in found.shown, "it would repeat the verdict"


def test_a_job_whose_pod_does_not_end_is_not_started_twice(outcomes: dict[str, Outcome[Cluster]]) -> None:
    """The node of an evicted pod may be cut off, and the command may still run there."""
    found = outcomes["kept"]
    assert (found.failed, found.cluster.started) == (True, 1), found.all
    assert f"Job {NAMESPACE}/migrate-a cannot be replaced: " in found.shown, found.all
    assert f"kubectl get pods -n {NAMESPACE} -l job-name=migrate-a -o wide" in found.shown
