# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""When the pods of a canary are worse than those of the current release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.compare import Counts, Gained, Limits, Names, counts, worse
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.metrics import samples

NAMES = Names("requests_total", "latency_seconds")
LIMITS = Limits(requests=50, more_errors=1, latency_factor=3)


def did(requests: dict[str, float], errors: dict[str, float] | None = None, mean: float = 0.1, restarts: int = 0) -> Counts:
    total = sum(requests.values())
    return Counts(requests, errors or {}, total * mean, total, restarts)


STABLE = did({"cart": 240, "home": 600})


@pytest.mark.parametrize(
    ("canary", "stable", "reason"),
    [
        pytest.param(did({"cart": 80, "home": 200}), STABLE, "", id="as good"),
        pytest.param(
            did({"cart": 80, "home": 200}, {"cart": 12}),
            STABLE,
            "the canary has 5xx in 12 of 80 requests of cart, the current release 5xx in 0 of 240 requests",
            id="one view fails",
        ),
        pytest.param(did({"cart": 80}, {"cart": 12}), did({"cart": 240}, {"cart": 36}), "", id="both fail"),
        pytest.param(did({"cart": 4, "home": 996}, {"cart": 1}), STABLE, "", id="one error of a rare view"),
        pytest.param(
            did({"a": 4, "b": 4, "home": 92}, {"a": 2, "b": 2}),
            STABLE,
            "the canary has 5xx in 4 of 100 requests, the current release 5xx in 0 of 840 requests",
            id="rare views together",
        ),
        pytest.param(did({"cart": 49}, {"cart": 49}), STABLE, "", id="too few requests"),
        pytest.param(
            did({"cart": 2}, restarts=2),
            STABLE,
            "its containers restarted 2 times, those of the current release 0 times",
            id="restarts count with few requests too",
        ),
        pytest.param(did({"cart": 80}, restarts=1), did({"cart": 240}, restarts=1), "", id="both restart"),
        pytest.param(replace(did({"cart": 2}), ended=1), STABLE, "1 of its pods ended", id="a pod of the canary ended"),
        pytest.param(did({"cart": 80}), replace(STABLE, ended=2), "", id="pods of the current release ended"),
        pytest.param(did({"cart": 80}, mean=0.5), STABLE, "its mean latency is 500 ms, that of the current release 100 ms", id="slow"),
        pytest.param(did({"cart": 80}, mean=0.29), STABLE, "", id="a little slower"),
        pytest.param(did({"cart": 80}, mean=0.5), did({"cart": 10}), "", id="too few requests to compare the latency"),
    ],
)
def test_a_canary_is_worse_with_more_errors_restarts_or_latency(canary: Counts, stable: Counts, reason: str) -> None:
    assert worse(canary, stable, LIMITS) == reason


def test_a_factor_of_0_allows_any_latency() -> None:
    assert worse(did({"cart": 80}, mean=50), STABLE, Limits(50, 1, 0)) == ""


TEXT = """
requests_total{status="200",view="cart",method="GET"} 7
requests_total{status="503",view="cart",method="POST"} 2
requests_total{status="404",view="home"} 1
other_total{status="500",view="cart"} 9
latency_seconds_sum{view="cart"} 1.5
latency_seconds_count{view="cart"} 9
latency_seconds_bucket{view="cart",le="1"} 9
"""


def test_only_the_named_metrics_count() -> None:
    assert counts(samples(TEXT), NAMES, 3) == Counts({"cart": 9, "home": 1}, {"cart": 2}, 1.5, 9, 3)


UNREAD = Counts(is_read=False)


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        pytest.param([{"a": did({"x": 5}, mean=1)}, {"a": did({"x": 8}, {"x": 1}, mean=1)}], (3, 1, 3, 0, 0), id="what was added"),
        pytest.param([{"a": did({"x": 5})}, {"a": did({"x": 2}, restarts=1)}], (2, 0, 2, 1, 0), id="counters that began again"),
        pytest.param(
            [{"a": did({"x": 90, "y": 10})}, {"a": did({"x": 10, "y": 140}, restarts=1)}], (150, 0, 150, 1, 0), id="and rose above the sum"
        ),
        pytest.param([{"a": did({}), "b": did({})}, {"a": did({"x": 1}), "b": did({"y": 2})}], (3, 0, 3, 0, 0), id="pods together"),
        pytest.param([{"a": did({"x": 5})}, {"b": did({"x": 8})}, {"b": did({"x": 9})}], (1, 0, 1, 0, 1), id="a pod that came later"),
        pytest.param(
            [{"a": did({}), "b": did({})}, {"a": did({"x": 7}, {"x": 2}), "b": did({"x": 9})}, {"b": did({"x": 10})}],
            (17, 2, 17, 0, 1),
            id="a pod that ended keeps its part",
        ),
        pytest.param([{"a": did({"x": 9})}, {"a": UNREAD}, {"a": did({"x": 11}, restarts=1)}], (2, 0, 2, 1, 0), id="not ready for a while"),
        pytest.param(
            [{"a": UNREAD}, {"a": did({"x": 900}, restarts=1)}, {"a": did({"x": 903}, restarts=1)}], (3, 0, 3, 1, 0), id="first not ready"
        ),
    ],
)
def test_what_pods_did_since_the_first_read_is_compared(reads: list[dict[str, Counts]], expected: tuple[Any, ...]) -> None:
    gained = Gained(reads[0])
    for each in reads[1:]:
        found = gained.add(each)
    assert (found.total, found.failed, found.timed, found.restarts, found.ended) == expected
