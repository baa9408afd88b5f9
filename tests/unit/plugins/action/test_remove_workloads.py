# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The removal of a group against a server that responds as an API server does: what is deleted, in which order, and until when it waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from api_server import discovery
from conftest import Serve
from http_server import Handler, reply

REPOSITORY = Path(__file__).parents[4]
DEPLOYMENT = "/apis/apps/v1/namespaces/shop/deployments/reports"
SERVICE = "/api/v1/namespaces/shop/services/reports-service"
NOT_FOUND = {"kind": "Status", "status": "Failure", "code": 404, "message": "not found"}
RESOURCES = {"v1": {"services": "Service"}, "apps/v1": {"deployments": "Deployment"}}


def planned(kind: str, api_version: str, name: str, action: str = "remove") -> dict[str, str]:
    return {"stage": "tiers", "action": action, "kind": kind, "api_version": api_version, "namespace": "shop", "name": name}


def test_the_service_goes_after_the_pods_of_the_deployment_have_ended(serve: Serve, tmp_path: Path) -> None:
    looks: dict[str, int] = {}

    def kept(content: dict[str, Any], ends_after: int) -> Any:
        """An object that still exists for some requests after it is deleted."""

        def route(handler: Handler) -> None:
            path = handler.path.partition("?")[0]
            if handler.command == "DELETE":
                looks[path] = 0
            elif path in looks:
                looks[path] += 1
            reply(NOT_FOUND, 404)(handler) if looks.get(path, 0) > ends_after else reply(content)(handler)

        return route

    metadata = {"namespace": "shop", "uid": "u", "resourceVersion": "1"}
    server = serve(
        {
            **discovery(RESOURCES, ()),
            DEPLOYMENT: kept({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "reports", **metadata}}, 2),
            SERVICE: kept({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "reports-service", **metadata}}, 0),
        }
    )
    objects = [
        planned("PodDisruptionBudget", "policy/v1", "reports"),
        planned("Deployment", "apps/v1", "django", action="none"),
        planned("Deployment", "apps/v1", "reports"),
        planned("Service", "v1", "reports-service"),
    ]
    role = {"name": "jewelry_shop.platform.tiers", "tasks_from": "remove"}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"preflight_plan": {"objects": objects}},
        "tasks": [{"ansible.builtin.import_role": role}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", str(tmp_path / "play.yml")],
        cwd=REPOSITORY,
        env={**os.environ, "K8S_AUTH_HOST": server.url, "K8S_AUTH_API_KEY": "token", "HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    requests = [(request.method, request.path.partition("?")[0]) for request in server.requests]
    deletions = [request for request in server.requests if request.method == "DELETE"]
    assert [request.path.partition("?")[0] for request in deletions] == [DEPLOYMENT, SERVICE]
    assert json.loads(deletions[0].body)["propagationPolicy"] == "Foreground"
    waited = requests[requests.index(("DELETE", DEPLOYMENT)) : requests.index(("DELETE", SERVICE))]
    assert waited.count(("GET", DEPLOYMENT)) == 3, "until the Deployment does not exist"
