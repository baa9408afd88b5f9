# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.limit_ranges import container_problems, limit_ranges

LEAST = {"min": {"memory": "64Mi"}}
MOST = {"max": {"cpu": "1"}}
RATIO = {"maxLimitRequestRatio": {"memory": "10"}}


@pytest.mark.parametrize(
    ("limits", "requests", "given", "expected"),
    [
        (LEAST, {"memory": "64Mi"}, {"memory": "64Mi"}, []),
        (LEAST, {"memory": "0.1Gi"}, {}, []),
        (LEAST, {"memory": "32Mi"}, {"memory": "128Mi"}, ["the memory request 32Mi is below the minimum 64Mi"]),
        (
            LEAST,
            {"memory": "32Mi"},
            {"memory": "32Mi"},
            ["the memory request 32Mi is below the minimum 64Mi", "the memory limit 32Mi is below the minimum 64Mi"],
        ),
        (LEAST, {}, {"memory": "64Mi"}, []),
        (LEAST, {}, {}, ["no memory request is set, and the minimum is 64Mi"]),
        ({**LEAST, "defaultRequest": {"memory": "64Mi"}}, {}, {}, []),
        (MOST, {"cpu": "10m"}, {"cpu": 1}, []),
        (MOST, {"cpu": "10m"}, {"cpu": "1500m"}, ["the cpu limit 1500m is above the maximum 1"]),
        (MOST, {"cpu": "10m"}, {}, ["no cpu limit is set, and the maximum is 1"]),
        ({**MOST, "default": {"cpu": "2"}}, {"cpu": "10m"}, {}, ["the cpu limit 2 is above the maximum 1"]),
        (RATIO, {"memory": "64Mi"}, {"memory": "640Mi"}, []),
        (RATIO, {"memory": "64Mi"}, {"memory": "641Mi"}, ["the memory limit 641Mi is more than 10 times the request 64Mi"]),
        (RATIO, {"memory": "64Mi"}, {}, ["the memory limit may be 10 times the request, but one of them is not set"]),
        ({}, {}, {}, []),
    ],
)
def test_a_container_is_compared_with_a_limit_range(
    limits: dict[str, Any], requests: dict[str, Any], given: dict[str, Any], expected: list[str]
) -> None:
    assert container_problems(limits, {"requests": requests, "limits": given}) == expected


def test_only_the_limits_of_containers_are_read() -> None:
    live = {"metadata": {"name": "limits"}, "spec": {"limits": [{"type": "Pod", **LEAST}, {"type": "Container", **MOST}]}}
    assert limit_ranges([live]) == [{"name": "limits", "limits": [{"type": "Container", **MOST}]}]
