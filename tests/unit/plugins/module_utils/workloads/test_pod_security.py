# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import pod_level

SECURE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def spec(pod: dict[str, Any] | None = None, **containers: dict[str, Any]) -> dict[str, Any]:
    listed = [{"name": name, "securityContext": context} for name, context in containers.items()]
    return {"containers": listed, **({"securityContext": pod} if pod is not None else {})}


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (spec(POD, main=SECURE), "restricted"),
        (spec(None, main={**SECURE, **POD}), "restricted"),
        (spec({}, main={**SECURE, **POD}, proxy=SECURE), "baseline"),
        (spec(POD, main={**SECURE, "runAsNonRoot": False}), "baseline"),
        (spec(POD, main={"capabilities": {"drop": ["ALL"]}}), "baseline"),
        (spec(POD, main={"allowPrivilegeEscalation": False}), "baseline"),
        (spec({"runAsNonRoot": True}, main=SECURE), "baseline"),
        (spec({**POD, "seccompProfile": {"type": "Unconfined"}}, main=SECURE), "privileged"),
        ({**spec(POD, main=SECURE), "initContainers": [{"name": "init"}]}, "baseline"),
        ({**spec(POD, main=SECURE), "volumes": [{"name": "log", "hostPath": {"path": "/var/log"}}]}, "privileged"),
        ({"containers": [{"name": "main"}]}, "baseline"),
    ],
)
def test_the_strictest_level_that_allows_a_pod(given: dict[str, Any], level: str) -> None:
    assert pod_level(given) == level
