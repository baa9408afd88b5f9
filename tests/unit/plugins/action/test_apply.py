# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Applying is retried if the API server is unavailable or overloaded, but not if it rejects an object."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from http_server import Handler, reply, running

REPOSITORY = Path(__file__).parents[4]
METADATA = {"name": "settings", "namespace": "shop"}
# By stage: the object that it applies, and where the server has it.
MANIFESTS = {
    "apply": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": METADATA, "data": {"a": "1"}},
    "apply_secrets": {"apiVersion": "v1", "kind": "Secret", "metadata": METADATA, "data": {"a": "MQ=="}},
}
PLACES = {"apply": "/api/v1/namespaces/shop/configmaps/settings", "apply_secrets": "/api/v1/namespaces/shop/secrets/settings"}
RESOURCES = [
    {"name": f"{kind.lower()}s", "singularName": kind.lower(), "kind": kind, "namespaced": True, "verbs": ["get", "patch"]}
    for kind in ("ConfigMap", "Secret")
]
WEBHOOK = 'Internal error occurred: failed calling webhook "policy.example.com"'


# By host of the one run for all: the stage, what the server answers first, how often the object is written, and whether that succeeds.
CASES: dict[str, tuple[str, list[int], str, int, bool]] = {
    "away_for_a_moment": ("apply", [504], "request did not complete within requested timeout", 2, True),
    "with_secrets": ("apply_secrets", [503], "the server is currently unable to handle the request", 2, True),
    "away_for_too_long": ("apply", [429] * 9, "too many requests", 2, False),
    "refused": ("apply_secrets", [422] * 9, "data: field is immutable when `immutable` is set", 1, False),
    "webhook_does_not_answer": ("apply", [500] * 9, WEBHOOK, 1, False),
}


def settings(manifest: dict[str, Any], failures: list[int], message: str, written: list[str]) -> Callable[[Handler], None]:
    """The object that is applied, behind some failures."""
    left = list(failures)

    def route(handler: Handler) -> None:
        if handler.command != "PATCH":
            reply({"kind": "Status", "code": 404, "message": "not found"}, 404)(handler)
            return
        written.append(handler.path)
        status = left.pop(0) if left else 201
        content = manifest if status == 201 else {"kind": "Status", "status": "Failure", "code": status, "message": message}
        reply(content, status)(handler)

    return route


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, tuple[int, bool]], str]:
    """How often each host wrote its object and whether it succeeded, and all output."""
    folder = tmp_path_factory.mktemp("apply")
    written: dict[str, list[str]] = {host: [] for host in CASES}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {"group/jewelry_shop.platform.k8s": {"host": "{{ url }}", "api_key": "token"}},
        "tasks": [{"ansible.builtin.include_role": {"name": "jewelry_shop.platform.platform", "tasks_from": "{{ stage }}"}}],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    values = {"platform_apply_title": "it", "__platform_retries": 1, "__platform_retry_delay": 0}
    hosts = {}
    with ExitStack() as stack:
        for host, (stage, failures, message, _writes, _succeeds) in CASES.items():
            routes = {
                "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
                "/api": reply({"kind": "APIVersions", "versions": ["v1"]}),
                "/apis": reply({"kind": "APIGroupList", "groups": []}),
                "/api/v1": reply({"kind": "APIResourceList", "groupVersion": "v1", "resources": RESOURCES}),
                PLACES[stage]: settings(MANIFESTS[stage], failures, message, written[host]),
            }
            hosts[host] = {"url": stack.enter_context(running(routes)).url, "stage": stage, "platform_apply_manifests": [MANIFESTS[stage]]}
        (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
        done = subprocess.run(
            [sys.executable, "-m", "ansible.cli.playbook", "-i", "hosts.yml", "-c", "local", "-e", json.dumps(values), "play.yml"],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "TMPDIR": str(folder),
            },
            cwd=folder,
            capture_output=True,
            text=True,
        )
    output = done.stdout + done.stderr
    failed = dict(re.findall(r"^(\w+) +: ok=.* failed=(\d+) ", done.stdout, re.MULTILINE))
    assert set(failed) == set(CASES), output
    return {host: (len(written[host]), failed[host] == "0") for host in CASES}, output


@pytest.mark.parametrize("host", CASES)
def test_a_temporary_error_is_retried(applied: tuple[dict[str, tuple[int, bool]], str], host: str) -> None:
    found, output = applied
    _stage, _failures, _message, writes, succeeds = CASES[host]
    assert found[host] == (writes, succeeds), output
