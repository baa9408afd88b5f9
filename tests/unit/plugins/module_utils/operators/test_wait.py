# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The wait for the Secrets of operators, with a clock that does not wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Listing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.operators.wait import OLD_FAILURE_SECONDS, Clock, Limits, wait

START = datetime(2026, 12, 1, 10, tzinfo=timezone.utc)
LIMITS = Limits(seconds=120, grace=5, field_manager="us")
SECRETS = {"ExternalSecret": ["shop"]}


class Cluster:
    """One ExternalSecret, whose status depends on the seconds since the start."""

    def __init__(self, status: Callable[[float], dict[str, Any]], changed: float, event: float | None = None) -> None:
        self.seconds = 0.0
        self._status, self._changed, self._event = status, changed, event

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def get_with_time(self, kind: str, namespace: str, name: str, timeout: float) -> tuple[dict[str, Any], datetime]:
        assert (kind, namespace, name) == ("ExternalSecret", "shop", "shop")
        assert timeout > 0
        fields = [{"manager": "us", "time": at(self._changed)}]
        metadata = {"name": name, "uid": "u", "generation": 1, "managedFields": fields}
        return {"metadata": metadata, "status": self._status(self.seconds)}, START + timedelta(seconds=self.seconds)

    def list_objects(self, kind: str, *_arguments: Any, **_options: Any) -> Listing:
        assert kind == "Event"
        happened = self._event is not None and self.seconds >= self._event
        event = {
            "type": "Warning",
            "involvedObject": {"uid": "u"},
            "metadata": {},
            "message": "no store",
            "lastTimestamp": at(self._event or 0),
        }
        return Listing([event] if happened else [], "1", START)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def ready() -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": "True"}], "syncedResourceVersion": "1-a"}


def failed(since: float) -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": "False", "reason": "Error", "lastTransitionTime": at(since)}]}


@pytest.mark.parametrize(
    ("status", "changed", "ends"),
    [
        pytest.param(lambda _now: ready(), 0, 0, id="ready"),
        pytest.param(lambda now: ready() if now >= 7 else {}, 0, 7, id="later"),
        pytest.param(lambda now: ready() if now >= 4 else failed(1), 0, 4, id="a failure that ends within the grace"),
        pytest.param(lambda now: ready() if now >= 30 else failed(-900), -1000, 30, id="a failure from before the run, which ends"),
    ],
)
def test_the_wait_ends_when_the_object_is_ready(status: Any, changed: float, ends: float) -> None:
    cluster = Cluster(status, changed)
    wait(cluster, "shop", SECRETS, LIMITS, cluster.clock)
    assert cluster.seconds == ends


@pytest.mark.parametrize(
    ("status", "changed", "event", "ends"),
    [
        pytest.param(lambda _now: failed(1), 0, None, 5, id="a failure of this run"),
        pytest.param(lambda _now: failed(-9), -10, None, 5, id="a failure after the change just before the wait"),
        pytest.param(lambda now: failed(2) if now >= 2 and now != 4 else {}, 0, None, 10, id="a failure that begins again"),
        pytest.param(lambda _now: failed(-900), -1000, 20, 25, id="an old failure that an event confirms"),
        pytest.param(lambda _now: failed(-900), -1000, None, OLD_FAILURE_SECONDS + 5, id="an old failure that stays"),
    ],
)
def test_a_failure_that_stays_ends_the_wait(status: Any, changed: float, event: float | None, ends: float) -> None:
    cluster = Cluster(status, changed, event)
    with pytest.raises(PlatformError, match=r"^ExternalSecret shop/shop is not ready: Error") as raised:
        wait(cluster, "shop", SECRETS, LIMITS, cluster.clock)
    assert cluster.seconds == ends
    assert raised.value.certain
    assert "(platform_external_secret_store and platform_external_secret_data)" in str(raised.value)
    assert ("no store" in str(raised.value)) is (event is not None)


def test_an_operator_that_does_not_run_is_named_at_the_end_of_the_time() -> None:
    cluster = Cluster(lambda _now: {}, 0)
    with pytest.raises(PlatformError) as raised:
        wait(cluster, "shop", SECRETS, LIMITS, cluster.clock)
    assert str(raised.value) == (
        "ExternalSecret shop/shop is not ready: no report from External Secrets Operator. Check that it runs "
        "(platform_external_secret_store and platform_external_secret_data). The run waited 120 s (operators_timeout)"
    )
    assert cluster.seconds == LIMITS.seconds
