# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The message of an API server or a webhook about a rejected Secret can contain the Secret, so it is not shown."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Serve
from http_server import Handler, reply
from tests.unit.ansible_core import COLLECTIONS_PATH, COMMANDS

VALUE = "correct-horse/battery"
FORMS = (VALUE, base64.b64encode(VALUE.encode()).decode(), "correct-horse", "correct%2Dhorse")
PLACE = "/api/v1/namespaces/shop/secrets/given"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "given", "namespace": "shop"},
    "data": {"POSTGRES_PASSWORD": base64.b64encode(VALUE.encode()).decode()},
}
RESOURCE = {"name": "secrets", "singularName": "secret", "kind": "Secret", "namespaced": True, "verbs": ["get", "patch"]}


def status(code: int, reason: str, fields: list[str], message: str) -> dict[str, Any]:
    causes = [{"reason": "FieldValueInvalid", "message": message, "field": field} for field in fields]
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message, "details": {"causes": causes}}


def server_that_answers(serve: Serve, answer: dict[str, Any], code: int) -> Any:
    def secret(handler: Handler) -> None:
        body = json.dumps({"kind": "Status", "code": 404, "message": "not found"})
        if handler.command == "PATCH":
            body = json.dumps(answer)
        reply(body, code if handler.command == "PATCH" else 404, "application/json", Warning=f'299 - "{VALUE} is weak"')(handler)

    return serve(
        {
            "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
            "/api": reply({"kind": "APIVersions", "versions": ["v1"]}),
            "/apis": reply({"kind": "APIGroupList", "groups": []}),
            "/api/v1": reply({"kind": "APIResourceList", "groupVersion": "v1", "resources": [RESOURCE]}),
            PLACE: secret,
        }
    )


def apply(server: Any, folder: Path, ansible: str, *options: str) -> subprocess.CompletedProcess[str]:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/jewelry_shop.platform.k8s": {"host": server.url, "api_key": "token"}},
        "tasks": [{"ansible.builtin.include_role": {"name": "jewelry_shop.platform.platform", "tasks_from": "apply_secrets"}}],
    }
    values = {"platform_apply_manifests": [SECRET], "platform_namespace": "shop", "__platform_retries": 1, "__platform_retry_delay": 0}
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    (folder / "values.yml").write_text(yaml.safe_dump(values))
    return subprocess.run(
        [*COMMANDS[ansible], "-i", "localhost,", "-c", "local", "-e", "@values.yml", *options, "play.yml"],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "TMPDIR": str(folder),
        },
        cwd=folder,
        capture_output=True,
        text=True,
    )


ECHO = f"Secret is invalid: {json.dumps(SECRET)} ({VALUE})"
INVALID = status(422, "Invalid", ["data[POSTGRES_PASSWORD]", "immutable", VALUE, f"data[{VALUE}]", "data[\x1b[2J]"], ECHO)
DENIED = status(403, "Forbidden", [], f'admission webhook "policy.example.com" denied the request: {ECHO}')


@pytest.mark.parametrize("ansible", COMMANDS)
@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (INVALID, 422, "status 422, Invalid, in data[POSTGRES_PASSWORD], immutable, data[******]"),
        (DENIED, 403, "status 403, Forbidden"),
    ],
    ids=["422", "403 of a webhook"],
)
def test_a_rejected_secret_is_reported_without_the_message_of_the_server(
    serve: Serve, tmp_path: Path, ansible: str, answer: dict[str, Any], code: int, said: str
) -> None:
    done = apply(server_that_answers(serve, answer, code), tmp_path, ansible, "-vvv")
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    assert not [form for form in FORMS if form in output], output
    assert f"Secret shop/given: the API server rejected it with {said}" in output, output


@pytest.mark.parametrize("ansible", COMMANDS)
def test_an_applied_secret_is_not_shown(serve: Serve, tmp_path: Path, ansible: str) -> None:
    applied = {**SECRET, "metadata": {**SECRET["metadata"], "resourceVersion": "2"}}  # type: ignore[dict-item]
    done = apply(server_that_answers(serve, applied, 201), tmp_path, ansible, "-vvv", "--diff")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "changed=1" in output, output
    assert not [form for form in FORMS if form in output], output
