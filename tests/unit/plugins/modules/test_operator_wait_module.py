# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that has an ExternalSecret and a Certificate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.modules import operator_wait
from conftest import Serve
from http_server import reply

METADATA = {"name": "shop", "uid": "u", "generation": 1}
READY = {"type": "Ready", "status": "True", "observedGeneration": 1}
SYNCED = {"metadata": METADATA, "status": {"conditions": [READY], "syncedResourceVersion": "1-a"}}
ISSUED = {"metadata": METADATA, "status": {"conditions": [READY]}}
ERROR = {
    "type": "Ready",
    "status": "False",
    "reason": "SecretSyncedError",
    "message": "no data",
    "lastTransitionTime": "2999-01-01T00:00:00Z",
}
BROKEN = {"metadata": METADATA, "status": {"conditions": [ERROR]}}
EVENT = {
    "type": "Warning",
    "involvedObject": {"uid": "u"},
    "metadata": {"name": "shop.1"},
    "message": "store a not found",
    "lastTimestamp": "2999-01-01T00:00:00Z",
}
NORMAL, OTHER = {**EVENT, "type": "Normal", "message": "created"}, {**EVENT, "involvedObject": {"uid": "v"}, "message": "other"}


@pytest.fixture
def result(serve: Serve, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the module with an ExternalSecret, and returns the exit code and the result."""

    def run(external_secret: dict[str, Any], **options: Any) -> tuple[Any, dict[str, Any]]:
        server = serve(
            {
                "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
                "/apis": reply({"kind": "APIGroupList", "groups": []}),
                "/apis/external-secrets.io/v1/namespaces/shop/externalsecrets/shop": reply(external_secret),
                "/apis/cert-manager.io/v1/namespaces/shop/certificates/shop": reply(ISSUED),
                "/apis/cert-manager.io/v1/namespaces/shop/certificaterequests": reply({"items": []}),
                "/api/v1/namespaces/shop/events": reply({"items": [EVENT, NORMAL, OTHER]}),
            }
        )
        given = {"host": server.url, "api_key": "token", "namespace": "shop", "external_secrets": ["shop"], **options}
        with patch_module_args(given), pytest.raises(SystemExit) as ended:
            operator_wait.main()
        return ended.value.code, json.loads(capsys.readouterr().out)

    return run


def test_ready_objects_end_the_wait(result: Any) -> None:
    code, found = result(SYNCED, certificates=["shop"])
    assert (code, found["changed"], found["msg"]) == (0, False, "ready: ExternalSecret shop, Certificate shop")


def test_a_failure_is_in_the_words_of_the_operator(result: Any) -> None:
    code, found = result(BROKEN, grace=0)
    assert (code, found["failed"]) == (1, True)
    assert found["msg"] == (
        "ExternalSecret shop/shop is not ready: SecretSyncedError: no data: store a not found "
        "(platform_external_secret_store and platform_external_secret_data)"
    )


def test_a_negative_time_is_rejected(result: Any) -> None:
    assert result(SYNCED, timeout=-1)[1]["msg"] == "timeout must not be negative, it is -1.0"
