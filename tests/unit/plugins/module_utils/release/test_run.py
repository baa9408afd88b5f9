# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import Any, cast

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, Listing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.run import Release, check_release

POD = {
    "kind": "Pod",
    "metadata": {"name": "django-a", "uid": "p"},
    "spec": {"containers": [{"name": "django"}]},
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
}


class BusyCluster:
    """One whose API server does not answer the first time that it is asked for something, and never where it has to ask others."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def _answer(self, subject: str, never: bool = False) -> None:
        self.asked[subject] += 1
        if never or self.asked[subject] == 1:
            raise PlatformError(f"{subject}: the API server answered with status 503", status=503, away=True)

    def namespace(self, name: str) -> dict[str, Any]:
        self._answer("Namespace")
        return {"metadata": {"name": name}}

    def list_objects(self, kind: str, _namespace: str) -> Listing:
        self._answer(kind, never=kind == "PodMetrics")
        return Listing([POD] if kind == "Pod" else [], "1", datetime.now(timezone.utc))

    def log(self, *_arguments: Any) -> list[str]:
        self._answer("log", never=True)
        return []


def test_only_reads_that_can_cause_an_error_are_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_RETRY", 0.01)
    cluster = BusyCluster()
    checks, _since = check_release(cast(Cluster, cluster), Release("shop", [], [], 10), str)
    assert {kind for kind, times in cluster.asked.items() if times == 1} == {"PodMetrics", "log"}
    assert {check.name: check.severity for check in checks} == {
        "namespace": "ok", "pod": "ok", "memory": "warning", "event": "ok", "log": "warning",
    }  # fmt: skip
