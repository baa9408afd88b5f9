# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.modules import health_check
from conftest import Serve
from http_server import InTurn, reply

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the module as Ansible does and returns what it prints, plus its exit code and all that it logged."""
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda _self, message, log_args=None: logged.append(f"{message} {log_args}"))

    def start(**arguments: Any) -> dict[str, Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
            health_check.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "code": ended.value.code, "logged": "\n".join(logged)}

    return start


@pytest.mark.parametrize("check_mode", [False, True])
def test_healthy_endpoints_succeed_and_change_nothing(serve: Serve, run: Run, check_mode: bool) -> None:
    server = serve({"/": reply({"status": "ok"})})
    result = run(endpoints=[{"name": "front", "url": server.url, "json": {"status": "ok"}}], _ansible_check_mode=check_mode)
    assert (result["code"], result["changed"], result["healthy"]) == (0, False, True)
    assert result["msg"] == "1 endpoint is healthy"
    assert result["endpoints"][0]["name"] == "front"
    assert len(server.requests) == 1


def test_an_unhealthy_endpoint_fails_with_one_sentence_and_the_full_result(serve: Serve, run: Run) -> None:
    server = serve({"/": reply("closed", 503), "/b": reply()})
    result = run(endpoints=[{"name": "front", "url": server.url}, {"name": "back", "url": server.url, "path": "/b"}], timeout=1)
    assert (result["code"], result["failed"], result["changed"], result["healthy"]) == (1, True, False, False)
    assert result["msg"] == "1 of 2 endpoints is not healthy: front: status 503 instead of 200: closed"
    assert [entry["healthy"] for entry in result["endpoints"]] == [False, True]


def test_options_reach_the_request(serve: Serve, run: Run) -> None:
    server = serve({"/app/health": InTurn([reply("", 503), reply("", 204, X_Shop="gold and silver")])})
    result = run(
        endpoints=[
            {
                "url": f"{server.url}/app",
                "path": "/health",
                "method": "HEAD",
                "headers": {"Host": "shop.example.com"},
                "status": [204],
                "response_headers": {"X-Shop": "Silver"},
                "max_latency": 5,
            }
        ],
        interval=0.01,
    )
    assert result["healthy"], result["msg"]
    assert result["endpoints"][0]["attempts"] == 2
    assert [(request.method, request.headers["Host"]) for request in server.requests] == [("HEAD", "shop.example.com")] * 2


def test_the_body_is_returned_on_request_and_without_secrets(serve: Serve, run: Run) -> None:
    server = serve({"/": InTurn([reply("starting", 503), reply({"queues": ["reports"], "key": "k-42"})])})
    wanted = {"url": server.url, "return_content": True, "secret_headers": {"X-Key": "k-42"}}
    [entry] = run(endpoints=[wanted], interval=0.01)["endpoints"]
    assert json.loads(entry["content"]) == {"queues": ["reports"], "key": "******"}
    server = serve({"/": reply("no", 503)})
    assert "content" not in run(endpoints=[{**wanted, "url": server.url}], timeout=0.5)["endpoints"][0]


def test_values_to_mask_are_in_no_reason_and_no_content(serve: Serve, run: Run) -> None:
    server = serve({"/": reply("cannot log in with a%2fhunter2", 500), "/b": reply({"password": "a/hunter2"})})
    endpoints = [{"name": "web", "url": server.url}, {"name": "api", "url": server.url, "path": "/b", "return_content": True}]
    result = run(endpoints=endpoints, mask=["a/hunter2"], timeout=1, _ansible_inject_invocation=True)
    assert result["endpoints"][0]["reason"] == "status 500 instead of 200: cannot log in with ******"
    assert result["endpoints"][1]["content"] == '{"password": "******"}'
    assert "hunter2" not in str(result)


def test_an_endpoint_name_is_not_masked(serve: Serve, run: Run) -> None:
    server = serve({"/": reply("")})
    assert run(endpoints=[{"name": "shop", "url": server.url}], mask=["shop"])["endpoints"][0]["name"] == "shop"


def test_secrets_to_mask_need_a_namespace(run: Run) -> None:
    assert run(endpoints=[{"url": "http://a"}], mask_secrets=["given"])["msg"] == "mask_secrets needs the namespace of the Secrets"


def endpoint_with_secrets(url: str) -> dict[str, Any]:
    return {"url": url.replace("http://", "http://user:s3cr%40t@"), "secret_headers": {"Authorization": "Bearer tok-123", "X-Key": "k-42"}}


SECRETS = ("s3cr%40t", "s3cr@t", "tok-123", "k-42")


def test_secrets_are_in_no_output_and_in_no_log(serve: Serve, run: Run) -> None:
    server = serve({"/": lambda handler: reply(f"{handler.headers['Authorization'][7:]} {handler.headers['X-Key']}", 500)(handler)})
    result = run(endpoints=[endpoint_with_secrets(server.url)], timeout=1, _ansible_inject_invocation=True)
    assert server.requests[0].headers["X-Key"] == "k-42"
    assert result["invocation"]["module_args"]["endpoints"]
    assert result["logged"]
    assert not [secret for secret in SECRETS if secret in str(result)]


@pytest.mark.parametrize("option", [{"status": ["abc"]}, {"no_such_option": 1}, {"method": "DELETE"}, {"body_regex": "("}])
def test_errors_of_invalid_input_contain_no_secrets(serve: Serve, run: Run, option: dict[str, Any]) -> None:
    server = serve({"/": reply()})
    result = run(endpoints=[{**endpoint_with_secrets(server.url), **option}], _ansible_inject_invocation=True)
    assert result["failed"]
    assert not [secret for secret in SECRETS if secret in str(result)]
    assert server.requests == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"endpoints": []}, "endpoints is empty"),
        ({"endpoints": [{"name": "front"}]}, "endpoint front: set exactly one of url and workload"),
        (
            {"endpoints": [{"name": "front", "url": "http://a", "body_regex": "("}]},
            "endpoint front: body_regex is not a regular expression",
        ),
        ({"endpoints": [{"name": "front", "url": "gopher://a"}]}, "endpoint front: url must be http:// or https://"),
        ({"endpoints": [{"workload": {"name": "django", "namespace": "shop"}}]}, "missing required arguments: port"),
        ({"endpoints": [{"url": "http://a"}], "timeout": 0}, "timeout must be more than 0, it is 0"),
        ({"endpoints": [{"url": "http://a"}], "timeout": "inf"}, "timeout must be more than 0, it is inf"),
        ({"endpoints": [{"url": "http://a"}], "request_timeout": -1}, "request_timeout must be more than 0"),
        ({"endpoints": [{"url": "http://a"}], "interval": -1}, "interval must not be negative"),
        ({"endpoints": [{"url": "http://a"}], "max_body": 0}, "max_body must be more than 0"),
        ({"endpoints": [{"url": "http://a"}], "concurrency": 0}, "concurrency must be more than 0"),
    ],
)
def test_invalid_input_is_reported_in_one_sentence(run: Run, arguments: dict[str, Any], words: str) -> None:
    result = run(**arguments)
    assert (result["code"], result["failed"]) == (1, True)
    assert words in result["msg"]
    assert "\n" not in result["msg"]
    assert "exception" not in result


def test_a_missing_library_is_reported_only_if_a_workload_needs_it(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_self: Any, dependency: str, *_args: Any, **_kwargs: Any) -> None:
        _self.fail_json(msg=f"{dependency} is missing")

    monkeypatch.setattr(AnsibleK8SModule, "requires", gone)
    assert run(endpoints=[{"url": serve({"/": reply()}).url}])["healthy"]
    workload = {"name": "django", "namespace": "shop", "port": "http"}
    assert run(endpoints=[{"workload": workload}])["msg"] == "kubernetes is missing"


def test_the_documented_values_are_returned(serve: Serve, run: Run) -> None:
    documented = yaml.safe_load(health_check.RETURN)
    result = run(endpoints=[{"url": serve({"/": reply()}).url}])
    always = {name for name, entry in documented["endpoints"]["contains"].items() if entry["returned"] == "always"}
    assert set(result["endpoints"][0]) == always | {"url", "connected"}
    assert set(documented) <= set(result)
