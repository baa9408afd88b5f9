# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""playbooks/backup.yml and playbooks/restore.yml against a server whose Jobs end at once, with the output that a test gives them."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import as_config_map
from api_server import NAMESPACE, ApiServer, discovery
from conftest import Serve
from http_server import Handler, reply
from lease_server import KeptLease

REPOSITORY = Path(__file__).parents[4]
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
KINDS = {
    "v1": {"namespaces": "Namespace", "pods": "Pod", "configmaps": "ConfigMap"},
    "apps/v1": {"deployments": "Deployment", "deployments/scale": "Scale", "replicasets": "ReplicaSet"},
    "authorization.k8s.io/v1": {"selfsubjectrulesreviews": "SelfSubjectRulesReview"},
    "batch/v1": {"jobs": "Job"},
    "coordination.k8s.io/v1": {"leases": "Lease"},
}
ID = "20261201T031500Z"
FILES = {"database.dump": {"bytes": 2048, "sha256": "a"}, "media.tar": {"bytes": 10, "sha256": "b"}}
BACKUP = {"id": ID, "start": "2026-12-01T03:15:00Z", "release": "abc123", "seconds": 3, "files": FILES}
TIERS = {"django": 2, "celery-worker": 3, "celery-beat": 1, "nginx": 2}
RECORD = {
    "number": 7,
    "release": "abc123",
    "image": "registry/shop:1.0",
    "images": [],
    "deployed_at": "2026-11-30T10:00:00Z",
    "deployed_by": {"user": "anna", "job": ""},
    "inventory": {"commit": "", "modified": False},
    "collection": "1.0.0",
    "verdict": "passed",
    "checks": {},
    "rollback_of": "",
    "rollback_to": 0,
    "irreversible": "",
    "stages": {"tiers": []},
    "jobs": [],
    "repeated": [],
    "names": {"release": "abc123", "config_map": "django-config-7", "secret": "django-secrets-7"},
    "rollouts": {"storage": [], "data_services": [], "tiers": []},
}


class Routes(dict[Any, Any]):
    """Routes by path, and by pattern."""

    def get(self, path: Any, default: Any = None) -> Any:
        if path in self:
            return self[path]
        return next((route for pattern, route in self.items() if not isinstance(pattern, str) and pattern.fullmatch(path)), default)


class Cluster:
    """A platform with a record and tiers.

    Args:
        serve: starts a server.
        outputs: the output of the Jobs by the beginning of their names. A Job with a line that begins with `error: ` fails.
    """

    def __init__(self, serve: Serve, outputs: dict[str, list[str]]) -> None:
        self.api = ApiServer(lambda routes: serve(Routes(routes)))
        self.outputs = outputs
        self.jobs: dict[str, dict[str, Any]] = {}
        self.replicas = dict(TIERS)
        # Names of the Jobs that started, and changes of replicas, in order.
        self.done: list[str] = []
        self.lease = KeptLease(NAMESPACE)
        routes: Any = self.api._server.routes
        listed = {path: routes[path] for path in (PODS, DEPLOYMENTS)}
        metadata = {"name": NAMESPACE, "uid": "u"}
        record = as_config_map(RECORD, NAMESPACE, {})
        manager = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:binaryData": {"f:record.json.gz": {}}}}
        record["metadata"] |= {"uid": "r", "managedFields": [manager], "creationTimestamp": "2026-11-30T10:00:00Z"}
        allowed = {"resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], "incomplete": False}
        routes |= {
            **discovery(KINDS, ("Namespace", "SelfSubjectRulesReview")),
            **self.lease.routes,
            "/api/v1/namespaces/kube-system": reply({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}}),
            f"/api/v1/namespaces/{NAMESPACE}": reply({"kind": "Namespace", "metadata": metadata}),
            f"/api/v1/namespaces/{NAMESPACE}/configmaps": reply({"kind": "ConfigMapList", "metadata": {}, "items": [record]}),
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": reply({"status": allowed}, 201),
            # The pods of the tiers end at once.
            PODS: lambda handler: self._pods(handler, listed[PODS]),
            re.compile(f"{JOBS}/[^/]+"): self._job,
            re.compile(f"{DEPLOYMENTS}/[^/]+/scale"): self._scale,
            re.compile(f"{DEPLOYMENTS}/[^/]+"): self._deployment,
        }
        for name in TIERS:
            self._put_tier(name)

    def _pods(self, handler: Handler, listed: Any) -> None:
        if "fieldSelector" in handler.path:
            reply({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []})(handler)
        else:
            listed(handler)

    def _put_tier(self, name: str) -> None:
        replicas = self.replicas[name]
        self.api.put(*tier(name, replicas))

    def _deployment(self, handler: Handler) -> None:
        name = handler.path.partition("?")[0].split("/")[-1]
        reply(tier(name, self.replicas[name])[0])(handler)

    def _scale(self, handler: Handler) -> None:
        name = handler.path.partition("?")[0].split("/")[-2]
        if handler.command == "PATCH":
            self.replicas[name] = json.loads(handler.server.requests[-1].body)["spec"]["replicas"]
            self.done.append(f"{name}={self.replicas[name]}")
            self._put_tier(name)
        scale = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": name, "namespace": NAMESPACE, "uid": name}}
        reply({**scale, "spec": {"replicas": self.replicas[name]}})(handler)

    def _job(self, handler: Handler) -> None:
        name = handler.path.partition("?")[0].split("/")[-1]
        if handler.command == "PATCH" and name not in self.jobs:
            self._start(name, json.loads(handler.server.requests[-1].body))
        job = self.jobs.get(name)
        reply(job or {"kind": "Status", "status": "Failure", "code": 404, "message": "not found"}, 200 if job else 404)(handler)

    def _start(self, name: str, manifest: dict[str, Any]) -> None:
        self.done.append(name.rpartition("-")[0])
        lines = next((lines for start, lines in self.outputs.items() if name.startswith(f"{start}-2")), [])
        failed = any(line.startswith("error: ") for line in lines)
        # What is older than half a minute when the wait begins is not believed at once, and a busy machine takes that long to begin.
        created = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).isoformat()
        metadata = {**manifest["metadata"], "uid": f"j-{name}", "resourceVersion": "1", "creationTimestamp": created}
        condition = {"type": "Failed" if failed else "Complete", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}
        self.jobs[name] = {**manifest, "metadata": metadata, "status": {"conditions": [condition]}}
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        state = {"terminated": {"exitCode": int(failed)}}
        ended = {
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-x",
                "uid": f"p-{name}",
                "ownerReferences": [{"kind": "Job", "uid": metadata["uid"], "controller": True}],
                "creationTimestamp": created,
            },
            "spec": {**manifest["spec"]["template"]["spec"], "nodeName": "worker"},
            "status": {
                "phase": "Failed" if failed else "Succeeded",
                "containerStatuses": [{"name": container["name"], "image": container["image"], "restartCount": 0, "state": state}],
            },
        }
        self.api.log(f"{name}-x", container["name"], "\n".join([*lines, ""]))
        self.api.put(ended, {**self.jobs[name], "kind": "Job"})

    def run(self, playbook: str, home: Path, *options: str, **values: Any) -> tuple[int, str]:
        """Run a playbook, and return its exit code and its output without line breaks."""
        settings = {"platform_kube_context": "", "platform_api_host": self.api.url, "platform_namespace": NAMESPACE, **values}
        done = subprocess.run(
            [sys.executable, "-m", "ansible.cli.playbook", f"playbooks/{playbook}.yml", f"--extra-vars={json.dumps(settings)}", *options],
            cwd=REPOSITORY,
            env={**os.environ, "K8S_AUTH_HOST": self.api.url, "K8S_AUTH_API_KEY": "a", "HOME": str(home), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())


def tier(name: str, replicas: int) -> list[dict[str, Any]]:
    """A Deployment that is ready, with its ReplicaSet and pods."""
    labels = {"app": "jewelry-shop", "component": name}
    spec = {"containers": [{"name": name, "image": "registry/shop:1.0"}]}
    created = "2026-11-30T10:00:00Z"
    numbers = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    conditions = [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]
    common = {
        "namespace": NAMESPACE,
        "labels": labels,
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "creationTimestamp": created,
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "uid": f"d-{name}", "generation": 1, **common},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
        "status": {"observedGeneration": 1, **numbers, "conditions": conditions},
    }
    owner = {"kind": "Deployment", "name": name, "uid": f"d-{name}", "controller": True}
    replica_set = {
        "kind": "ReplicaSet",
        "metadata": {"name": f"{name}-a", "uid": f"rs-{name}", "ownerReferences": [owner], **common},
        "spec": {"replicas": replicas},
    }
    return [deployment, replica_set]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


LISTED = {"restore-list": [json.dumps(BACKUP)]}
CHECKED = {**LISTED, "restore-check": [f"the backup {ID} is complete"]}
STOPPED = ["celery-beat=0", "celery-worker=0", "django=0"]
STARTED = ["celery-beat=1", "celery-worker=3", "django=2"]
CONFIRMED = {"restore_backup": ID, "restore_confirmed": True}


def changes_of(done: list[str]) -> list[str]:
    """The Jobs and changes of replicas. The order of the tiers does not matter."""
    return [*done[:2], *sorted(done[2:5]), *done[5:6], *sorted(done[6:9]), *done[9:]]


def test_a_backup_has_the_environment_of_the_running_release(serve: Serve, home: Path) -> None:
    cluster = Cluster(serve, {"backup": ["removed the old backup x", json.dumps(BACKUP)]})
    code, output = cluster.run("backup", home, backup_keep=3)
    assert code == 0, output
    assert cluster.done == ["backup"]
    assert re.search(rf"{ID} +2026-12-01T03:15:00Z +abc123 +2.0 KiB +10 B +3 s", output), output
    [job] = cluster.jobs.values()
    template = job["spec"]["template"]
    assert template["metadata"]["labels"]["jewelry-shop/release"] == "abc123", "the network policy of Jobs selects it"
    pod, [container] = template["spec"], template["spec"]["containers"]
    assert {"secretRef": {"name": "django-secrets-7"}} in container["envFrom"]
    assert {"configMapRef": {"name": "django-config-7"}} in container["envFrom"]
    assert container["command"][4:] == [job_id(job), "3", "/backups", "/app/media", "abc123", "registry/shop:1.0", "1.0.0"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    mounts = {each["mountPath"]: each.get("readOnly", False) for each in container["volumeMounts"]}
    assert mounts == {"/backups": False, "/app/media": True, "/tmp": False}
    assert cluster.lease.holders[-1] == ""


def job_id(job: dict[str, Any]) -> str:
    """The ID in the name of a Job."""
    return str(job["metadata"]["name"].rpartition("-")[2].upper())


def test_a_failed_backup_ends_with_the_last_line_of_its_job(serve: Serve, home: Path) -> None:
    cause = "error: the database shop was not dumped: pg_dump: error: could not write to file: No space left on device"
    cluster = Cluster(serve, {"backup": ["first", cause]})
    code, output = cluster.run("backup", home)
    assert code == 2, output
    assert f"the last line of its log: {cause}" in output
    assert cluster.lease.holders[-1] == ""


@pytest.mark.parametrize("playbook", ["backup", "restore"])
def test_check_mode_writes_nothing(serve: Serve, home: Path, playbook: str) -> None:
    cluster = Cluster(serve, {})
    code, output = cluster.run(playbook, home, "--check", restore_backup="latest")
    assert code == 0, output
    said = {
        "backup": "Check mode makes no backup. A run writes the database and the uploads of release abc123 into /backups/",
        "restore": "A run checks the backup latest, stops django, celery-worker, celery-beat, restores the database and the uploads",
    }
    assert said[playbook] in output
    writes = [request for request in cluster.api._server.requests if request.method != "GET" and "dryRun=All" not in request.path]
    assert [request.path for request in writes if "authorization" not in request.path] == []


def test_without_a_name_a_restore_lists_the_backups(serve: Serve, home: Path) -> None:
    cluster = Cluster(serve, LISTED)
    code, output = cluster.run("restore", home)
    assert code == 0, output
    assert re.search(rf"BACKUP +STARTED +RELEASE .*{ID} +2026-12-01T03:15:00Z", output), output
    assert cluster.done == ["restore-list"]
    [job] = cluster.jobs.values()
    assert [each["readOnly"] for each in job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] if each["name"] == "backups"] == [
        True
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"restore_backup": "latest"}, "To confirm the restore, run it again with -e restore_confirmed=true."),
        ({**CONFIRMED, "restore_backup": "20200101T000000Z"}, "There is no complete backup 20200101T000000Z"),
    ],
    ids=["no confirmation", "unknown"],
)
def test_a_restore_that_cannot_begin_changes_nothing(serve: Serve, home: Path, values: dict[str, Any], said: str) -> None:
    cluster = Cluster(serve, LISTED)
    code, output = cluster.run("restore", home, **values)
    assert code == 2, output
    assert said in output
    assert cluster.done == ["restore-list"]


def test_a_damaged_backup_stops_no_tier(serve: Serve, home: Path) -> None:
    damaged = f"error: the backup {ID} is damaged: database.dump is missing. Nothing was changed"
    cluster = Cluster(serve, {**LISTED, "restore-check": [damaged]})
    code, output = cluster.run("restore", home, **CONFIRMED)
    assert code == 2, output
    assert damaged in output
    assert cluster.done == ["restore-list", "restore-check"]


def test_a_restore_that_fails_starts_the_tiers_again_and_names_the_cause(serve: Serve, home: Path) -> None:
    cause = "error: the database was not restored: ERROR: no. The database and the uploads are as before"
    cluster = Cluster(serve, {**CHECKED, "restore": [cause]})
    code, output = cluster.run("restore", home, **CONFIRMED)
    assert code == 2, output
    assert changes_of(cluster.done) == ["restore-list", "restore-check", *STOPPED, "restore", *STARTED]
    assert f"The restore of the backup {ID} failed, and the tiers run again: Job {NAMESPACE}/restore-" in output
    assert output.count(cause) >= 1
    assert cluster.replicas == TIERS
    assert cluster.lease.holders[-1] == ""


def test_the_migrations_run_if_the_backup_is_of_another_release(serve: Serve, home: Path) -> None:
    older = {"restore-list": [json.dumps({**BACKUP, "release": "older"})]}
    cluster = Cluster(serve, {**CHECKED, **older, "restore": ["restored"]})
    # The tiers of this server answer no health checks.
    _code, output = cluster.run("restore", home, **CONFIRMED)
    done = [*cluster.done[:6], cluster.done[6], *sorted(cluster.done[7:])]
    assert [*done[:2], *sorted(done[2:5]), *done[5:]] == ["restore-list", "restore-check", *STOPPED, "restore", "migrate", *STARTED], output
    assert f"Restored the database and the uploads of the backup {ID}, and ran the migrations of release abc123." in output
    assert "django-secrets-7" in json.dumps(cluster.jobs["migrate-abc123"])
