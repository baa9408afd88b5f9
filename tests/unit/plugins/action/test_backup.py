# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""playbooks/backup.yml, and check mode of playbooks/restore.yml, against a server whose Jobs end at once.

Their output is what a test gives them. The scenario release restores backups.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import as_config_map
from api_server import NAMESPACE, ApiServer, discovery
from conftest import Serve
from http_server import Handler, reply, running
from lease_server import KeptLease
from outcome import Outcome

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
        # Names of the Jobs that started, in order.
        self.done: list[str] = []
        self.lease = KeptLease(NAMESPACE)
        routes: Any = self.api._server.routes
        listed = {path: routes[path] for path in (PODS, DEPLOYMENTS)}
        metadata = {"name": NAMESPACE, "uid": "u"}
        record = as_config_map(RECORD, NAMESPACE, {})
        manager = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:binaryData": {"f:record.json.gz": {}}}}
        record["metadata"] |= {"uid": "r", "managedFields": [manager], "creationTimestamp": "2026-11-30T10:00:00Z"}
        patterns = {
            re.compile(f"{JOBS}/[^/]+"): self._job,
            re.compile(f"{DEPLOYMENTS}/[^/]+"): self._deployment,
            re.compile(f"{DEPLOYMENTS}/[^/]+/scale"): self._scale,
        }
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
        }
        routes |= patterns
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
        name = handler.path.split("/")[-2]
        self.replicas[name] = json.loads(handler.server.requests[-1].body)["spec"]["replicas"]
        self._put_tier(name)
        reply({"kind": "Scale", "metadata": {"name": name}, "spec": {"replicas": self.replicas[name]}})(handler)

    def _job(self, handler: Handler) -> None:
        name = handler.path.partition("?")[0].split("/")[-1]
        if handler.command == "PATCH" and name not in self.jobs:
            self._start(name, json.loads(handler.server.requests[-1].body))
        job = self.jobs.get(name)
        reply(job or {"kind": "Status", "status": "Failure", "code": 404, "message": "not found"}, 200 if job else 404)(handler)

    def _start(self, name: str, manifest: dict[str, Any]) -> None:
        self.done.append(name.rpartition("-")[0])
        lines = self.outputs.get(name.rpartition("-")[0], [])
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        shell, option, script, *_arguments = container["command"]
        # A script that the shell cannot read fails, as it would in the pod.
        unreadable = subprocess.run([shell, "-n", option, script], check=False).returncode
        failed = bool(unreadable) or any(line.startswith("error: ") for line in lines)
        # What is older than half a minute when the wait begins is not believed at once, and a busy machine takes that long to begin.
        created = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).isoformat()
        metadata = {**manifest["metadata"], "uid": f"j-{name}", "resourceVersion": "1", "creationTimestamp": created}
        condition = {"type": "Failed" if failed else "Complete", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}
        self.jobs[name] = {**manifest, "metadata": metadata, "status": {"conditions": [condition]}}
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


def outcomes(
    playbook: str, home: Path, hosts: dict[str, tuple[dict[str, list[str]], dict[str, Any]]], *options: str
) -> dict[str, Outcome[Cluster]]:
    """Run a playbook once for hosts, each with a cluster of its own, the output of its Jobs, and its settings."""
    shutil.copytree(REPOSITORY / "inventories" / "kind", home / "inventory")
    with ExitStack() as stack:
        clusters = {
            host: Cluster(lambda routes: stack.enter_context(running(routes)), outputs) for host, (outputs, _values) in hosts.items()
        }
        inventory = {}
        for host, cluster in clusters.items():
            access = {"kubeconfig": str(home / host), "context": "here"}
            named = {"cluster": {"server": cluster.api.url}, "user": {"token": "a"}, "context": {"cluster": "here", "user": "here"}}
            config = {f"{key}s": [{"name": "here", key: value}] for key, value in named.items()}
            (home / host).write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "", **config}))
            settings = {"platform_kubeconfig": access["kubeconfig"], "platform_kube_context": "here", "platform_namespace": NAMESPACE}
            inventory[host] = {**settings, **hosts[host][1]}
        (home / "inventory" / "hosts.yml").write_text(json.dumps({"platform": {"hosts": inventory}}))
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "ansible.cli.playbook",
                "-i",
                str(home / "inventory"),
                "-c",
                "local",
                f"playbooks/{playbook}.yml",
                *options,
            ],
            cwd=REPOSITORY,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith("K8S_AUTH_")},
                "HOME": str(home),
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
                "ANSIBLE_FORKS": "8",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_NOCOLOR": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    output = done.stdout + done.stderr
    return {host: Outcome(cluster, host, output) for host, cluster in clusters.items()}


DISK_FULL = "error: the database shop was not dumped: pg_dump: error: could not write to file: No space left on device"


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome[Cluster]]:
    hosts: dict[str, tuple[dict[str, list[str]], dict[str, Any]]] = {
        "made": ({"backup": ["removed the old backup x", json.dumps(BACKUP)]}, {"backup_keep": 3}),
        "full": ({"backup": ["first", DISK_FULL]}, {}),
    }
    return outcomes("backup", tmp_path_factory.mktemp("backup"), hosts)


def test_a_backup_has_the_environment_of_the_running_release(backups: dict[str, Outcome[Cluster]]) -> None:
    found = backups["made"]
    assert not found.failed, found.all
    assert found.cluster.done == ["backup"]
    assert re.search(rf"{ID} +2026-12-01T03:15:00Z +abc123 +2.0 KiB +10 B +3 s", found.shown), found.all
    [job] = found.cluster.jobs.values()
    template = job["spec"]["template"]
    assert template["metadata"]["labels"]["jewelry-shop/release"] == "abc123", "the network policy of Jobs selects it"
    pod, [container] = template["spec"], template["spec"]["containers"]
    assert {"secretRef": {"name": "django-secrets-7"}} in container["envFrom"]
    assert {"configMapRef": {"name": "django-config-7"}} in container["envFrom"]
    identifier = job["metadata"]["name"].rpartition("-")[2].upper()
    assert container["command"][4:] == [identifier, "3", "/backups", "/app/media", "abc123", "registry/shop:1.0", "1.0.0"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    mounts = {each["mountPath"]: each.get("readOnly", False) for each in container["volumeMounts"]}
    assert mounts == {"/backups": False, "/app/media": True, "/tmp": False}
    assert found.cluster.lease.holders[-1] == ""


def test_a_failed_backup_ends_with_the_last_line_of_its_job(backups: dict[str, Outcome[Cluster]]) -> None:
    found = backups["full"]
    assert found.failed
    assert f"the last line of its log: {DISK_FULL}" in found.shown, found.all
    assert found.cluster.lease.holders[-1] == ""


RESTORED = {
    "restore-list": [json.dumps({**BACKUP, "release": "older"})],
    "restore": ["restored the database"],
    "migrate": ["error: no such column"],
}


def test_tiers_stay_stopped_if_the_migrations_of_an_older_backup_fail(tmp_path: Path) -> None:
    settings = {"restore_backup": ID, "restore_confirmed": True}
    found = outcomes("restore", tmp_path, {"host": (RESTORED, settings)})["host"]
    assert found.failed
    assert found.cluster.done == ["restore-list", "restore-check", "restore", "migrate"]
    assert {name: found.cluster.replicas[name] for name in TIERS} == {**dict.fromkeys(TIERS, 0), "nginx": 2}
    assert (
        f"The restore of the backup {ID} failed, and django, celery-worker, celery-beat stay stopped, because the database may have the "
        "tables of release older without the migrations of release abc123"
    ) in found.shown, found.all
    assert "error: no such column" in found.shown
    assert found.cluster.lease.holders[-1] == ""


@pytest.mark.parametrize(
    ("playbook", "said"),
    [
        ("backup", "Check mode makes no backup. A run writes the database and the uploads of release abc123 into /backups/"),
        ("restore", "A run checks the backup latest, stops django, celery-worker, celery-beat, restores the database and the uploads"),
    ],
)
def test_check_mode_writes_nothing(tmp_path: Path, playbook: str, said: str) -> None:
    found = outcomes(playbook, tmp_path, {"host": ({}, {"restore_backup": "latest"})}, "--check")["host"]
    assert not found.failed, found.all
    assert said in found.shown, found.all
    writes = [each for each in found.cluster.api._server.requests if each.method != "GET" and "dryRun=All" not in each.path]
    assert [each.path for each in writes if "authorization" not in each.path] == []
