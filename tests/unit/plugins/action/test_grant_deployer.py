# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""playbooks/grant_deployer.yml against a server that stores applied objects, as an API server does."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_server import discovery
from conftest import Serve
from http_server import Handler, Server, reply

REPOSITORY = Path(__file__).parents[4]
NAME = "jewelry-shop-deployer"
KINDS = {
    "v1": {"namespaces": "Namespace", "serviceaccounts": "ServiceAccount"},
    "batch/v1": {"jobs": "Job"},
    "rbac.authorization.k8s.io/v1": {
        "roles": "Role",
        "rolebindings": "RoleBinding",
        "clusterroles": "ClusterRole",
        "clusterrolebindings": "ClusterRoleBinding",
    },
}
OF_THE_CLUSTER = ("Namespace", "ClusterRole", "ClusterRoleBinding")
RBAC = "/apis/rbac.authorization.k8s.io/v1"
# In the order in which one needs another.
APPLIED = [
    "/api/v1/namespaces/jewelry-shop",
    f"/api/v1/namespaces/{NAME}",
    f"/api/v1/namespaces/{NAME}/serviceaccounts/{NAME}",
    f"{RBAC}/namespaces/jewelry-shop/roles/{NAME}",
    f"{RBAC}/namespaces/jewelry-shop/rolebindings/{NAME}",
    f"{RBAC}/clusterroles/{NAME}",
    f"{RBAC}/clusterrolebindings/{NAME}",
]
NOT_FOUND = {"kind": "Status", "status": "Failure", "code": 404, "message": "not found"}


@pytest.fixture
def objects() -> dict[str, dict[str, Any]]:
    """What the server keeps, by its path."""
    return {}


@pytest.fixture
def server(serve: Serve, objects: dict[str, dict[str, Any]]) -> Server:
    def kept(path: str) -> Any:
        def route(handler: Handler) -> None:
            body = found.requests[-1].body
            if handler.command == "PATCH":
                applied = yaml.safe_load(body)
                answer = {**applied, "metadata": {**applied["metadata"], "uid": "u1"}}
                if "dryRun" not in handler.path:
                    objects[path] = answer
                reply(answer)(handler)
            elif path in objects:
                reply(objects[path])(handler)
            else:
                reply(NOT_FOUND, 404)(handler)

        return route

    def token(handler: Handler) -> None:
        now = int(time.time())
        said = {
            "sub": f"system:serviceaccount:{NAME}:{NAME}",
            "iat": now,
            "exp": now + 86400,
            "kubernetes.io": {"serviceaccount": {"name": NAME, "uid": "u1"}},
        }
        reply({"status": {"token": f"head.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode()}.signature"}})(handler)

    found = serve(
        {
            **discovery(KINDS, OF_THE_CLUSTER),
            "/api/v1/namespaces/kube-system": reply({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}}),
            "/apis/batch/v1/namespaces/jewelry-shop/jobs": reply({"kind": "JobList", "items": []}),
            **{path: kept(path) for path in APPLIED},
            f"{APPLIED[2]}/token": token,
        }
    )
    return found


def grant(server: Server, home: Path, *options: str) -> tuple[int, str]:
    """Run the playbook as an administrator; returns how many tasks changed something, and its output without line breaks."""
    # Relative to the current directory, not to that of the playbook.
    kubeconfig = os.path.relpath(home / "deployer.kubeconfig", REPOSITORY)
    values = {"platform_kube_context": "", "platform_api_host": server.url, "deployer_kubeconfig": kubeconfig}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "playbooks/grant_deployer.yml", f"--extra-vars={json.dumps(values)}", *options],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "K8S_AUTH_HOST": server.url,
            "K8S_AUTH_API_KEY": "the-administrator",
            "HOME": str(home),
            "TMPDIR": str(home),
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
    )
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, output
    [changed] = re.findall(r"changed=(\d+)", output)
    return int(changed), output


def test_check_mode_shows_the_objects_and_a_run_creates_them(server: Server, objects: dict[str, Any], tmp_path: Path) -> None:
    kubeconfig = tmp_path / "deployer.kubeconfig"
    changed, output = grant(server, tmp_path, "--check", "--diff")
    assert (changed, objects, kubeconfig.exists()) == (2, {}, False), output
    assert not [request.path for request in server.requests if request.path.endswith("/token")]
    assert "a new token would be requested, because the file does not exist" in output

    changed, output = grant(server, tmp_path, "--diff", "-vvv")
    assert (changed, list(objects)) == (2, APPLIED), output
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    content = yaml.safe_load(kubeconfig.read_text())
    assert content["current-context"] == NAME
    assert content["users"][0]["user"]["token"] not in output
    assert f"Run site.yml with -e platform_kubeconfig={kubeconfig}." in output
    # Of the kind inventory: its data services are in the cluster, and no task goes through its queues.
    granted = {(verb, each) for rule in objects[APPLIED[3]]["rules"] for each in rule["resources"] for verb in rule["verbs"]}
    assert ("create", "statefulsets") in granted
    assert ("create", "pods/exec") not in granted
