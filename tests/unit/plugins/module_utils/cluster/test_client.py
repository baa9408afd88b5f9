# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, as_platform_error, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from conftest import Serve
from http_server import InTurn, Route, reply


def resources(group_version: str, *names: tuple[str, str]) -> Route:
    entries = [{"name": name, "kind": kind, "singularName": "", "namespaced": True, "verbs": ["get", "list"]} for name, kind in names]
    return reply({"kind": "APIResourceList", "groupVersion": group_version, "resources": entries})


DISCOVERY = {
    "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
    "/api": reply({"kind": "APIVersions", "versions": ["v1"]}),
    "/apis": reply(
        {
            "kind": "APIGroupList",
            "groups": [
                {
                    "name": "apps",
                    "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
                    "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
                }
            ],
        }
    ),
    "/apis/apps/v1": resources("apps/v1", ("deployments", "Deployment"), ("replicasets", "ReplicaSet")),
    "/api/v1": resources("v1", ("pods", "Pod")),
}
DJANGO = "/apis/apps/v1/namespaces/shop/deployments/django"
FORWARD = "/api/v1/namespaces/shop/pods/django-1/portforward"


def status(code: int, message: str) -> Route:
    return reply({"kind": "Status", "status": "Failure", "message": message, "code": code}, code)


@pytest.fixture
def connect(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a Cluster whose API server answers with the given routes."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where kubernetes.core keeps what it discovered

    def start(routes: dict[str, Route]) -> Cluster:
        return Cluster({"host": serve({**DISCOVERY, **routes}).url, "api_key": "token", "kubeconfig": None})

    return start


def test_one_object(connect: Any) -> None:
    cluster = connect({DJANGO: reply({"kind": "Deployment", "metadata": {"name": "django"}, "spec": {"replicas": 3}})})
    assert cluster.get("Deployment", "shop", "django", 5)["spec"] == {"replicas": 3}


def test_a_list(connect: Any) -> None:
    cluster = connect(
        {"/api/v1/namespaces/shop/pods": reply({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}]})}
    )
    (pod,) = cluster.list("Pod", "shop", "app=x", 5)
    assert pod["metadata"] == {"name": "a"}


@pytest.mark.parametrize(
    ("code", "message", "certain"),
    [
        (404, 'deployments.apps "django" not found', True),
        (403, 'deployments.apps "django" is forbidden: User "x" cannot get resource', True),
        (401, "Unauthorized", True),
        (500, "etcdserver: leader changed", False),
        (503, "apiserver is shutting down", False),
    ],
)
def test_an_error_contains_the_message_of_the_cluster(connect: Any, code: int, message: str, certain: bool) -> None:
    cluster = connect({DJANGO: status(code, message)})
    with pytest.raises(PlatformError) as caught:
        cluster.get("Deployment", "shop", "django", 5)
    assert str(caught.value) == f"Deployment shop/django: {message}"
    assert caught.value.certain is certain


def test_the_error_of_a_rejected_stream_contains_the_message_of_the_cluster(connect: Any) -> None:
    message = 'pods "django-1" is forbidden: User "x" cannot get resource "pods/portforward"'
    cluster = connect({DJANGO: reply({"kind": "Deployment"}), FORWARD: status(403, message)})
    cluster.get("Deployment", "shop", "django", 5)
    with pytest.raises(PlatformError) as caught:
        cluster.port_forward("shop", "django-1", 8000)
    assert str(caught.value) == f"port-forward to pod shop/django-1: {message}"
    assert caught.value.certain


def test_a_stream_to_a_deleted_pod_is_a_temporary_error(connect: Any) -> None:
    cluster = connect({FORWARD: status(404, 'pods "django-1" not found')})
    with pytest.raises(PlatformError, match='pods "django-1" not found') as caught:
        cluster.port_forward("shop", "django-1", 8000)
    assert not caught.value.certain


def test_a_request_is_retried_after_an_outage(connect: Any) -> None:
    away = reply("", 503)
    cluster = connect({"/version": InTurn([away, DISCOVERY["/version"]]), DJANGO: reply({"kind": "Deployment", "spec": {}})})
    with pytest.raises(PlatformError) as caught:
        cluster.get("Deployment", "shop", "django", 5)
    assert not caught.value.certain
    assert cluster.get("Deployment", "shop", "django", 5)["spec"] == {}


def test_an_unreachable_api_server_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PlatformError) as caught:
        Cluster({"host": f"http://127.0.0.1:{port}", "api_key": "token"}).get("Deployment", "shop", "django", 5)
    assert str(caught.value).startswith("Deployment shop/django: the API server cannot be reached: ")
    assert str(caught.value).endswith("Connection refused")
    assert "<" not in str(caught.value)
    assert (caught.value.certain, caught.value.away) == (False, True)


AWAY = PlatformError("the API server cannot be reached", away=True)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        pytest.param(AWAY, 4, id="away for too long"),
        pytest.param(PlatformError("forbidden", certain=True, status=403), 1, id="rejected"),
        pytest.param(PlatformError("KeyError"), 1, id="of no known kind"),
    ],
)
def test_only_temporary_errors_are_retried_and_only_for_a_limited_time(
    error: PlatformError, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    class FourTries:
        def __init__(self, seconds: float) -> None:
            assert seconds == client.OUTAGE

        def remaining(self) -> float:
            return 0.0 if len(slept) == 3 else 60.0

    monkeypatch.setattr(client, "Deadline", FourTries)
    monkeypatch.setattr(client.time, "sleep", slept.append)
    asked = []

    def ask() -> None:
        asked.append(error)
        raise error

    with pytest.raises(PlatformError) as caught:
        patiently(ask)
    assert (caught.value, len(asked)) == (error, tries)
    assert slept == [0.25, 0.5, 1.0][: tries - 1]


@pytest.mark.parametrize(("code", "away"), [(429, True), (500, True), (503, True), (404, False), (409, False), (422, False)])
def test_the_status_of_temporary_errors(connect: Any, code: int, away: bool) -> None:
    with pytest.raises(PlatformError) as caught:
        connect({DJANGO: status(code, "no")}).get("Deployment", "shop", "django", 5)
    assert caught.value.away is away


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"kubeconfig": "/no/such/file"}, "Invalid kube-config file"),
        ({"kubeconfig": {"apiVersion": "v1", "kind": "Config", "contexts": [], "clusters": [], "users": []}, "context": "nope"}, "nope"),
    ],
)
def test_an_unusable_configuration_is_a_permanent_error(auth: dict[str, Any], words: str) -> None:
    with pytest.raises(PlatformError) as caught:
        Cluster(auth).get("Deployment", "shop", "django", 5)
    assert words in str(caught.value)
    assert "cannot be reached" not in str(caught.value)
    assert caught.value.certain


class AnsweredError(Exception):
    """As the libraries raise it: some call it status and body, some status_code and resp_body."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__("(500)\nReason: of no use to anybody")
        self.__dict__.update(attributes)


def caused(cause: Exception) -> Exception:
    error = AnsweredError()
    error.__cause__ = cause
    return error


def within(context: Exception) -> Exception:
    error = AnsweredError()
    error.__context__ = context
    return error


def of_module(module: str, name: str, text: str) -> Exception:
    error: Exception = type(name, (Exception,), {"__module__": module})(text)
    return error


MESSAGE = json.dumps({"message": "no"})
UNREACHABLE = "Pod a: the API server cannot be reached: "


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AnsweredError(status=409, body=MESSAGE), ("Pod a: no", False, 409, False)),
        (AnsweredError(status_code=404, resp_body=MESSAGE), ("Pod a: no", True, 404, False)),
        (AnsweredError(status=400, body="{}", reason="Bad Request"), ("Pod a: Bad Request", True, 400, False)),
        (AnsweredError(status=499, body="<html>"), ("Pod a: the API server answered with status 499", False, 499, False)),
        (AnsweredError(status=429, body="[]", reason="Too Many Requests"), ("Pod a: Too Many Requests", False, 429, True)),
        (AnsweredError(status=500, body=MESSAGE), ("Pod a: no", False, 500, True)),
        (AnsweredError(status=504), ("Pod a: the API server answered with status 504", False, 504, True)),
        (caused(AnsweredError(status=403, body=MESSAGE)), ("Pod a: no", True, 403, False)),
        (within(AnsweredError(status=403, body=MESSAGE)), ("Pod a: no", True, 403, False)),
        (OSError("Network\n is unreachable"), (f"{UNREACHABLE}Network is unreachable", False, None, True)),
        (ConnectionResetError(), (f"{UNREACHABLE}ConnectionResetError", False, None, True)),
        (
            of_module("urllib3.exceptions", "ReadTimeoutError", "HTTPSConnection(host='a', port=1): timed out"),
            (f"{UNREACHABLE}timed out", False, None, True),
        ),
        (of_module("websocket._exceptions", "Closed", "<socket 1>: closed"), (f"{UNREACHABLE}closed", False, None, True)),
        (of_module("urllib4", "Other", "closed"), ("Pod a: Other: closed", False, None, False)),
        (of_module("any", "CoreException", "no context"), ("Pod a: no context", True, None, False)),
        (of_module("any", "ConfigException", "no file"), ("Pod a: no file", True, None, False)),
    ],
)
def test_what_each_error_of_the_libraries_means(error: Exception, expected: tuple[Any, ...]) -> None:
    found = as_platform_error("Pod a", error)
    assert (str(found), found.certain, found.status, found.away) == expected


@pytest.mark.parametrize(
    ("status", "certain"), [(400, True), (401, True), (403, True), (404, True), (409, False), (422, False), (500, False)]
)
def test_the_status_of_permanent_errors(status: int, certain: bool) -> None:
    assert as_platform_error("Pod a", AnsweredError(status=status)).certain is certain
    assert as_platform_error("Pod a", AnsweredError(status=status), final=(status + 1,)).certain is False


def test_an_unknown_error_is_reported() -> None:
    error = as_platform_error("Pod shop/django-1", KeyError("apiVersion"))
    assert (str(error), error.certain) == ("Pod shop/django-1: KeyError: 'apiVersion'", False)


def test_a_webhook_without_an_answer_is_not_retried(connect: Any) -> None:
    said = 'Internal error occurred: failed calling webhook "policy.example.com": connection refused'
    with pytest.raises(PlatformError, match="failed calling webhook") as caught:
        connect({**DISCOVERY, DJANGO: reply({"kind": "Status", "message": said}, 500)}).get("Deployment", "shop", "django", 5)
    assert caught.value.away is False
