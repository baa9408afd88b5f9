# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that issues tokens as an API server does."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.modules import service_account_kubeconfig
from conftest import Serve
from http_server import Handler, Server, reply

Run = Callable[..., dict[str, Any]]
ACCOUNT = "/api/v1/namespaces/deployers/serviceaccounts/shop"


def issue(server: Server, uid: str) -> Callable[[Handler], None]:
    """Issue a token that is valid for as long as is asked for, but for a day at most; each is another one."""

    def route(handler: Handler) -> None:
        asked = json.loads(server.requests[-1].body)["spec"]["expirationSeconds"]
        said = {
            "sub": "system:serviceaccount:deployers:shop",
            "iat": int(time.time()),
            "exp": int(time.time()) + min(asked, 86400),
            "jti": str(len(server.requests)),
            "kubernetes.io": {"serviceaccount": {"name": "shop", "uid": uid}},
        }
        body = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
        reply({"kind": "TokenRequest", "status": {"token": f"head.{body}.signature"}})(handler)

    return route


@pytest.fixture
def server(serve: Serve) -> Server:
    found = serve(
        {
            "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
            "/apis": reply({"kind": "APIGroupList", "groups": []}),
            ACCOUNT: reply({"kind": "ServiceAccount", "metadata": {"name": "shop", "uid": "u1"}}),
        }
    )
    found.routes[f"{ACCOUNT}/token"] = issue(found, "u1")  # type: ignore[index]
    return found


@pytest.fixture
def run(server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    # Where kubernetes.core keeps what it discovered.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def start(path: Path, **arguments: Any) -> dict[str, Any]:
        given = {
            "host": server.url,
            "api_key": "the-administrator",
            "path": str(path),
            "service_account": "shop",
            "service_account_namespace": "deployers",
            "context_name": "production",
            "default_namespace": "jewelry-shop",
            **arguments,
        }
        with patch_module_args(given), pytest.raises(SystemExit) as ended:
            service_account_kubeconfig.main()
        printed = capsys.readouterr()
        token = token_of(path)
        assert not token or token not in printed.out + printed.err
        return {**json.loads(printed.out), "code": ended.value.code}

    return start


def token_of(path: Path) -> str:
    if not path.exists() or "token" not in path.read_text():
        return ""
    found: str = yaml.safe_load(path.read_text())["users"][0]["user"]["token"]
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own" / "deployer.kubeconfig"


def requested(server: Server) -> int:
    return sum(request.path.endswith("/token") for request in server.requests)


def test_a_kubeconfig_is_readable_only_by_its_owner_and_is_kept(run: Run, server: Server, path: Path) -> None:
    first = run(path, seconds=3600)
    assert (first["code"], first["changed"]) == (0, True), first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    content = yaml.safe_load(path.read_text())
    assert content["clusters"] == [{"name": "production", "cluster": {"server": server.url}}]
    assert content["contexts"][0]["context"]["namespace"] == "jewelry-shop"
    assert content["current-context"] == "production"
    again = run(path, seconds=3600)
    assert (again["changed"], again["expires"]) == (False, first["expires"])
    assert requested(server) == 1


def test_a_token_is_kept_until_half_of_its_lifetime_has_passed(run: Run, server: Server, path: Path) -> None:
    """An API server may shorten it, so that the duration that was asked for says nothing."""
    run(path, seconds=864000)
    assert run(path, seconds=864000)["changed"] is False
    assert requested(server) == 1


def test_the_option_renew_requests_a_new_token(run: Run, path: Path) -> None:
    run(path)
    before = token_of(path)
    result = run(path, renew=True)
    assert (result["changed"], "because the option renew is true" in result["msg"]) == (True, True)
    assert token_of(path) != before


def test_check_mode_requests_no_token_and_writes_nothing(run: Run, server: Server, path: Path) -> None:
    result = run(path, _ansible_check_mode=True, _ansible_diff=True)
    assert (result["code"], result["changed"], path.exists(), requested(server)) == (0, True, False, 0)
    assert "diff" not in result
    run(path)
    path.chmod(0o644)
    result = run(path, _ansible_check_mode=True)
    assert (result["changed"], path.stat().st_mode & 0o777) == (True, 0o644)


def test_check_mode_without_a_service_account(run: Run, server: Server, path: Path) -> None:
    server.routes[ACCOUNT] = reply({"kind": "Status", "code": 404, "message": "not found"}, 404)  # type: ignore[index]
    result = run(path, _ansible_check_mode=True)
    assert (result["code"], result["changed"]) == (0, True), result


def test_a_file_that_others_can_read_gets_mode_0600(run: Run, server: Server, path: Path) -> None:
    run(path)
    path.chmod(0o644)
    result = run(path)
    assert (result["changed"], path.stat().st_mode & 0o777, requested(server)) == (True, 0o600, 1)


@pytest.mark.parametrize("content", ["", "a: b", "users: [{name: admin, user: {token: their-own-token}}]", "not: [yaml", "\x00"])
def test_a_file_that_is_not_a_kubeconfig_is_not_replaced(run: Run, server: Server, path: Path, content: str) -> None:
    path.write_text(content)
    result = run(path)
    assert (result["code"], path.read_text(), requested(server)) == (1, content, 0)
    assert result["msg"] == f"{path} exists and is not a kubeconfig of a ServiceAccount: set another path"


def test_a_missing_directory_is_reported(run: Run, path: Path) -> None:
    result = run(path.parent / "missing" / "file")
    assert (result["code"], result["msg"]) == (
        1,
        f"{path.parent}/missing/file cannot be written: No such file or directory ({path.parent}/missing)",
    )


def test_a_rejection_names_the_service_account(run: Run, server: Server, path: Path) -> None:
    message = "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"
    server.routes[f"{ACCOUNT}/token"] = reply({"kind": "Status", "code": 422, "message": message}, 422)  # type: ignore[index]
    result = run(path, seconds=60)
    assert (result["code"], result["msg"], path.exists()) == (1, f"token of ServiceAccount deployers/shop: {message}", False)
