# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How long a canary is compared, and what the result says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.compare import Counts, Limits, Names
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.objects import canary_manifest
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.run import Pace, Result, compare
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError

Reads = list[tuple[Mapping[str, Counts], Mapping[str, Counts]]]
GOOD = " restarts; current release: 5xx in 0 of 100 requests, mean 0 ms, 0 restarts"


def did(requests: float, errors: float = 0) -> dict[str, Counts]:
    return {"uid": Counts({"cart": requests}, {"cart": errors})}


def run(reads: Reads) -> tuple[Result, list[float], list[str]]:
    """The result, the waits and the lines of progress of a comparison of 12 s."""
    answers: Iterator[Mapping[str, Counts]] = iter([each for pair in reads for each in pair])
    waits: list[float] = []
    shown: list[str] = []
    limits = Limits(requests=50, more_errors=1, latency_factor=3)
    result = compare(
        lambda _selector: next(answers), ("c", "s"), Names("requests_total", "l"), limits, Pace(12, 5), waits.append, shown.append
    )
    return result, waits, shown


def test_a_good_canary_is_compared_for_the_whole_time() -> None:
    result, waits, shown = run([(did(0), did(10)), (did(20), did(50)), (did(40), did(90)), (did(60), did(110))])
    assert (result.is_worse, waits, len(shown)) == (False, [5, 5, 2], 3)
    assert result.message == f"The canary is not worse. Compared over 12 s: canary: 5xx in 0 of 60 requests, mean 0 ms, 0{GOOD}"
    assert shown[0].startswith("after 5 s: canary: 5xx in 0 of 20 requests")


def test_the_comparison_ends_as_soon_as_the_canary_is_worse() -> None:
    result, waits, _shown = run([(did(0), did(10)), (did(60, 12), did(110))])
    assert (result.is_worse, waits) == (True, [5])
    assert result.message == (
        "The canary is worse after 5 s: the canary has 5xx in 12 of 60 requests of cart, the current release 5xx in 0 of 100 requests"
    )


def test_too_few_requests_are_reported_and_the_run_goes_on() -> None:
    result, _waits, _shown = run([(did(0), did(10)), *[(did(3, 3), did(110))] * 3])
    assert (result.is_worse, result.message) == (
        False,
        "Too few requests to judge the shares of the canary (fewer than 50). Compared over 12 s: canary: 5xx in 3 of 3 requests, "
        f"mean 0 ms, 0{GOOD}",
    )


@pytest.mark.parametrize("stable", [{}, {"uid": Counts(is_read=False)}])
def test_without_a_ready_pod_of_the_current_release_nothing_is_compared(stable: dict[str, Counts]) -> None:
    result, waits, _shown = run([(did(0), stable)])
    assert (result, waits) == (Result(False, "The canary was not judged, because no pod of the current release is ready"), [])


def test_a_canary_without_a_pod_is_worse() -> None:
    result, waits, _shown = run([({}, did(10))])
    assert (result, waits) == (Result(True, "The canary is worse after 0 s: none of its pods runs"), [])


def test_a_canary_whose_pod_ended_is_worse() -> None:
    result, waits, _shown = run([(did(0), did(10)), (did(9), did(50)), ({"later": Counts()}, did(90))])
    assert (result, waits) == (Result(True, "The canary is worse after 10 s: 1 of its pods ended"), [5, 5])


def test_pods_of_the_current_release_may_end_and_what_they_did_stays() -> None:
    result, _waits, shown = run([(did(0), did(10)), (did(20), did(50)), (did(40), {}), (did(60), {})])
    assert (result.is_worse, len(shown)) == (False, 3)
    assert "current release: 5xx in 0 of 40 requests" in result.message


def test_a_metric_that_no_pod_has_is_an_error() -> None:
    with pytest.raises(PlatformError, match="no pod of the current release has the metric requests_total"):
        run([(did(0), did(0))])


def test_the_pods_of_a_canary_are_behind_the_service_but_not_in_the_selector_of_the_tier() -> None:
    labels = {"app": "shop", "component": "django"}
    workload: dict[str, Any] = {
        "name": "django",
        "metadata": {"name": "django", "namespace": "shop", "labels": labels},
        "selector": labels,
        "template": {"metadata": {"labels": {**labels, "version": "2"}, "annotations": {"a": "b"}}, "spec": {"containers": []}},
    }
    manifest = canary_manifest(workload, 2)
    pods = manifest["spec"]["template"]["metadata"]["labels"]
    assert manifest["metadata"]["name"] == "django-canary"
    assert labels.items() <= pods.items()
    assert manifest["spec"]["selector"]["matchLabels"] == {**labels, "jewelry-shop/canary": "true"}
    assert manifest["spec"]["template"]["spec"] == workload["template"]["spec"]
    assert "jewelry-shop/canary" not in workload["template"]["metadata"]["labels"]
