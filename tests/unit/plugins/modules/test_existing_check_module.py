# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that has one Secret and one ConfigMap."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.modules import existing_check
from conftest import Serve
from http_server import reply

VALUE = "hunter2-and-more"
ENCODED = base64.b64encode(VALUE.encode()).decode()
SECRET = {"kind": "Secret", "metadata": {"name": "mail", "uid": "1"}, "data": {"password": ENCODED, "user": "YQ=="}}
FLAGS = {"kind": "ConfigMap", "metadata": {"name": "flags", "uid": "2"}, "data": {"on": "yes"}}
FORBIDDEN = {"kind": "Status", "code": 403, "message": "secrets is forbidden"}


def test_all_problems_and_revisions_are_returned_without_a_value(
    serve: Serve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    place = "/api/v1/namespaces/shop"
    server = serve(
        {
            "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
            "/apis": reply({"kind": "APIGroupList", "groups": []}),
            f"{place}/secrets/mail": reply(SECRET),
            f"{place}/configmaps/flags": reply(FLAGS),
            f"{place}/secrets/hidden": reply(FORBIDDEN, 403),
            f"{place}/secrets/missing": reply({"kind": "Status", "code": 404, "message": "not found"}, 404),
        }
    )
    objects: list[dict[str, Any]] = [
        {"name": "mail", "settings": "a", "keys": [{"name": "password", "min_length": 20}, {"name": "other"}]},
        {"kind": "ConfigMap", "name": "flags", "settings": "b", "keys": [{"name": "on"}]},
        {"name": "missing", "settings": "c"},
        # An operator creates it later in the run.
        {"name": "missing", "settings": "e", "optional": True, "keys": [{"name": "a"}]},
        {"name": "hidden", "settings": "d"},
    ]
    given = {"host": server.url, "api_key": "token", "namespace": "shop", "objects": objects}
    with patch_module_args(given), pytest.raises(SystemExit) as ended:
        existing_check.main()
    output = capsys.readouterr().out
    result = json.loads(output)
    assert (ended.value.code, result["changed"]) == (0, False)
    *known, hidden = result["problems"]
    assert known == [
        "key password of Secret shop/mail has 16 characters, but needs at least 20 (a)",
        "Secret shop/mail has no key other (a)",
        "Secret shop/missing does not exist (c)",
    ]
    assert hidden.startswith("Secret shop/hidden: ")
    assert hidden.endswith(" (d)")
    keys = {name: list(revisions) for name, revisions in result["revisions"].items()}
    assert keys == {"Secret/mail": ["password", "user"], "ConfigMap/flags": ["on"], "Secret/missing": [], "Secret/hidden": []}
    assert VALUE not in output
    assert ENCODED not in output
