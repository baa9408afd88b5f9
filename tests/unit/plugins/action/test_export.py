# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""playbooks/export.yml against a server with a completed Job: it only reads, and exports the Job as it was applied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_server import discovery
from conftest import Serve
from http_server import Handler, Server, reply

REPOSITORY = Path(__file__).parents[4]
KINDS = {"v1": {"namespaces": "Namespace"}, "batch/v1": {"jobs": "Job"}}
JOBS = "/apis/batch/v1/namespaces/jewelry-shop/jobs"
SECRET = "hunter2-and-more"
# The fields of the container, as managedFields name them.
OWNED: dict[str, Any] = {"f:containers": {'k:{"name":"collectstatic"}': {".": {}, "f:name": {}, "f:command": {}}}}


def jobs(handler: Handler) -> None:
    """Answer with the completed Job of the release that the request names."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query)
    release = query.get("labelSelector", [""])[0].rpartition("jewelry-shop/release=")[2]
    spec = {"restartPolicy": "Never", "containers": [{"name": "collectstatic", "command": ["python", "--used=1"], "stdin": False}]}
    managed = {
        "manager": "jewelry_shop.platform",
        "operation": "Apply",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": OWNED}}},
    }
    metadata = {"name": f"collectstatic-{release}", "namespace": "jewelry-shop", "uid": "j1", "creationTimestamp": "2026-12-01T03:00:00Z"}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**metadata, "labels": {"component": "collectstatic"}, "managedFields": [managed]},
        "spec": {"completions": 1, "template": {"spec": spec}},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]},
    }
    found: Any = {"kind": "JobList", "apiVersion": "batch/v1", "metadata": {}, "items": [job]}
    reply(found)(handler)


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(
        {
            **discovery(KINDS, ("Namespace",)),
            "/api/v1/namespaces/kube-system": reply({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}}),
            "/api/v1/namespaces/jewelry-shop": reply({"kind": "Namespace", "metadata": {"name": "jewelry-shop", "uid": "u1"}}),
            JOBS: jobs,
        }
    )


def test_an_export_reads_the_jobs_and_writes_only_into_its_directory(server: Server, tmp_path: Path) -> None:
    directory = tmp_path / "clusters"
    values = {
        "platform_kube_context": "",
        "platform_api_host": server.url,
        "platform_secrets_provider": "inventory",
        "platform_secrets": {"DJANGO_SECRET_KEY": SECRET * 4, "POSTGRES_PASSWORD": SECRET, "REDIS_PASSWORD": "b" * 20},
        "nginx_tls_provider": "none",
        "export_directory": str(directory),
    }

    def run(*options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "ansible.cli.playbook", "playbooks/export.yml", f"--extra-vars={json.dumps(values)}", *options],
            cwd=REPOSITORY,
            env={**os.environ, "K8S_AUTH_HOST": server.url, "K8S_AUTH_API_KEY": "a-user", "HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        return done.stdout

    checked = run("--check", "--diff")
    assert " changed=1 " in checked
    assert "+++ after: 10-tiers/deployment-django.yaml" in checked
    assert not directory.exists()
    assert " changed=1 " in run()
    [folder] = directory.iterdir()
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert not [path for path, text in files.items() if SECRET in text or "kind: Secret\n" in text]
    [path] = [path for path in files if path.startswith("09-pre-deploy-3-collectstatic/job-")]
    job = yaml.safe_load(files[path])
    assert job["spec"] == {"template": {"spec": {"containers": [{"name": "collectstatic", "command": ["python", "--used=1"]}]}}}
    # The other Jobs do not exist yet.
    assert any(path.startswith("09-pre-deploy-2-migrate/job-migrate-") for path in files)
    assert all(f"`{name}-" in files["README.md"] for name in ("django-secrets", "postgresql-secrets", "redis-secrets"))
    assert " changed=0 " in run()
    assert JOBS in [request.path.partition("?")[0] for request in server.requests]
    assert {request.method for request in server.requests} == {"GET"}
