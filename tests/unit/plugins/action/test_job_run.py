"""A Job whose pod is evicted is repeated within bounds, unless its command says that it must not be; a Job that is given up is stopped."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils._rollout_api import PATHS
from api_server import NAMESPACE, ApiServer
from conftest import Serve
from http_server import Handler, reply

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
        ends: how the Jobs end, one after another; the last way holds for all that follow.
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


def run(cluster: Cluster, home: Path, values: dict[str, Any] | None = None, **command: Any) -> tuple[int, str]:
    """Run the command in its Job, and return the exit code and all output."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/jewelry_shop.platform.k8s": {"host": cluster.api.url, "api_key": "token"}},
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
    given = {
        "job_name": "migrate-a",
        "job_commands": [{"name": "migrate", **command}],
        "job_manifests": [MANIFEST],
        "platform_namespace": NAMESPACE,
        "platform_secret_values": {},
    }
    (home / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible.cli.playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            json.dumps({**given, **(values or {})}),
            "play.yml",
        ],
        env={
            **os.environ,
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
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_command_is_repeated_twice_at_most_after_an_eviction(serve: Serve, tmp_path: Path) -> None:
    cluster = Cluster(serve, ["evicted"])
    code, output = run(cluster, tmp_path)
    assert (cluster.started, code != 0) == (3, True), output
    # Each Job is gone before the next one starts.
    assert cluster.requests == ["PATCH", "DELETE", "PATCH", "DELETE", "PATCH"]
    evicted = "it was evicted from node worker while it ran: Eviction API: evicting (EvictionByEvictionAPI)"
    assert f"the verdict: Job {NAMESPACE}/migrate-a failed, pod migrate-a-3, container migrate: {evicted} (JobEvicted)" in output, output


def test_a_job_that_is_given_up_is_stopped_and_the_verdict_stays(serve: Serve, tmp_path: Path) -> None:
    cluster = Cluster(serve, ["no image"])
    code, output = run(cluster, tmp_path)
    assert code != 0
    verdict = "image shop:1 was not found: not found (ImageNotFound)"
    assert f"the verdict: Job {NAMESPACE}/migrate-a failed, pod migrate-a-1, container migrate: {verdict}" in output, output
    assert len(cluster.stopped) == 1, output
    [stop] = cluster.stopped
    assert stop["spec"] == {"activeDeadlineSeconds": 1}
    assert verdict in stop["metadata"]["annotations"]["jewelry-shop/stopped"]
    assert f"stopped Job {NAMESPACE}/migrate-a" in output


def test_a_job_whose_pod_does_not_end_is_not_started_twice(serve: Serve, tmp_path: Path) -> None:
    """The node of an evicted pod may be cut off, and the command may still run there."""
    cluster = Cluster(serve, ["evicted", "complete"])
    cluster.keeps_jobs = True
    code, output = run(cluster, tmp_path, {"__job_removal_timeout": 1})
    assert (code != 0, cluster.started) == (True, 1), output
    assert f"Job {NAMESPACE}/migrate-a cannot be replaced: " in output, output
    assert f"kubectl get pods -n {NAMESPACE} -l job-name=migrate-a -o wide" in output
