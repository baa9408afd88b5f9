# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""R23: what is applied while the API server is away or too busy is applied again, and what it refuses is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import Serve
from http_server import Handler, reply

REPOSITORY = Path(__file__).parents[4]
KINDS = {"apply": ("ConfigMap", "configmaps", "1"), "apply_secrets": ("Secret", "secrets", "MQ==")}
WEBHOOK = 'Internal error occurred: failed calling webhook "policy.example.com"'


@pytest.mark.parametrize(
    ("stage", "failures", "message", "writes", "succeeds"),
    [
        pytest.param("apply", [504, 503], "request did not complete within requested timeout", 3, True, id="away for a moment"),
        pytest.param("apply_secrets", [503], "the server is currently unable to handle the request", 2, True, id="with Secrets"),
        pytest.param("apply", [429] * 9, "too many requests", 4, False, id="away for too long"),
        pytest.param("apply_secrets", [422] * 9, "data: field is immutable when `immutable` is set", 1, False, id="refused"),
        pytest.param("apply", [500] * 9, WEBHOOK, 1, False, id="a webhook does not answer"),
    ],
)
def test_what_passes_is_tried_again(
    serve: Serve, tmp_path: Path, stage: str, failures: list[int], message: str, writes: int, succeeds: bool
) -> None:
    left, written = list(failures), []
    kind, plural, value = KINDS[stage]
    metadata = {"name": "settings", "namespace": "shop"}
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {"a": value}}
    resource = {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": True, "verbs": ["get", "patch"]}

    def settings(handler: Handler) -> None:
        if handler.command != "PATCH":
            reply({"kind": "Status", "code": 404, "message": "not found"}, 404)(handler)
            return
        written.append(handler.path)
        status = left.pop(0) if left else 201
        content = manifest if status == 201 else {"kind": "Status", "status": "Failure", "code": status, "message": message}
        reply(content, status)(handler)

    server = serve(
        {
            "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
            "/api": reply({"kind": "APIVersions", "versions": ["v1"]}),
            "/apis": reply({"kind": "APIGroupList", "groups": []}),
            "/api/v1": reply({"kind": "APIResourceList", "groupVersion": "v1", "resources": [resource]}),
            f"/api/v1/namespaces/shop/{plural}/settings": settings,
        }
    )
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/jewelry_shop.platform.k8s": {"host": server.url, "api_key": "token"}},
        "tasks": [{"ansible.builtin.include_role": {"name": "jewelry_shop.platform.platform", "tasks_from": stage}}],
    }
    values = {"platform_apply_title": "it", "platform_apply_manifests": [manifest], "__platform_retries": 3, "__platform_retry_delay": 0}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", "-e", json.dumps(values), "play.yml"],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "TMPDIR": str(tmp_path),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode == 0, len(written)) == (succeeds, writes), done.stdout + done.stderr
