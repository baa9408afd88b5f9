# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""playbooks/images.yml against a server with pods: it only reads, and copies by the digests that run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api_server import discovery
from conftest import Serve
from http_server import Server, reply

REPOSITORY = Path(__file__).parents[4]
KINDS = {"v1": {"namespaces": "Namespace", "pods": "Pod"}, "batch/v1": {"jobs": "Job"}}
NAMESPACE = "/api/v1/namespaces/jewelry-shop"
MIRROR = "registry.example.com:5000/copies"
NGINX, REDIS = (f"sha256:{letter * 64}" for letter in "ab")
REGISTRY = "127.0.0.1:5001"


def pod(name: str, image: str, image_id: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "jewelry-shop"},
        "spec": {"containers": [{"name": "server", "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "server", "image": image, "imageID": image_id}]},
    }


PODS = [
    pod("nginx", f"{REGISTRY}/nginx:1.30", f"{REGISTRY}/nginx@{NGINX}"),
    # It runs from the mirror already.
    pod("redis", f"{MIRROR}/redis:8", f"{MIRROR}/redis@{REDIS}"),
    # Another image, which the inventory does not use.
    pod("other", f"{REGISTRY}/other:1", f"{REGISTRY}/other@{REDIS}"),
]


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(
        {
            **discovery(KINDS, ("Namespace",)),
            "/api/v1/namespaces/kube-system": reply({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}}),
            NAMESPACE: reply({"kind": "Namespace", "metadata": {"name": "jewelry-shop", "uid": "u1"}}),
            "/apis/batch/v1/namespaces/jewelry-shop/jobs": reply({"kind": "JobList", "items": []}),
            f"{NAMESPACE}/pods": reply({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": PODS}),
        }
    )


def test_images_are_copied_by_the_digests_that_run_and_nothing_is_written_to_the_cluster(server: Server, tmp_path: Path) -> None:
    script = tmp_path / "mirror.sh"
    values = {
        "platform_kube_context": "",
        "platform_api_host": server.url,
        "platform_image_mirror": MIRROR,
        "images_script": str(script),
        "images_json": True,
    }
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "playbooks/images.yml", f"--extra-vars={json.dumps(values)}"],
        cwd=REPOSITORY,
        env={**os.environ, "K8S_AUTH_HOST": server.url, "K8S_AUTH_API_KEY": "a-user", "HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    calls = {line.split()[2]: line.split()[1:] for line in script.read_text().splitlines() if line.startswith("mirror ")}
    assert calls.keys() == {
        f"{MIRROR}/{name}" for name in ("jewelry-shop:1.0.0", "nginx-prometheus-exporter:1.5", "nginx:1.30", "postgres:17", "redis:8")
    }
    assert calls[f"{MIRROR}/nginx:1.30"] == [f"{REGISTRY}/nginx@{NGINX}", f"{MIRROR}/nginx:1.30", NGINX]
    assert calls[f"{MIRROR}/redis:8"] == [f"{REGISTRY}/redis@{REDIS}", f"{MIRROR}/redis:8", REDIS]
    assert calls[f"{MIRROR}/postgres:17"] == [f"{REGISTRY}/postgres:17", f"{MIRROR}/postgres:17", "''"]
    assert f"- {NGINX}" in done.stdout
    assert f"{NAMESPACE}/pods" in [request.path.partition("?")[0] for request in server.requests]
    assert {request.method for request in server.requests} == {"GET"}
