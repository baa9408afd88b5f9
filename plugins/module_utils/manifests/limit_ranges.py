# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a LimitRange rejects in the resources of a container: pure functions (private to the collection).

https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import amount


def container_problems(limits: Mapping[str, Any], resources: Mapping[str, Any]) -> list[str]:
    """Find what an entry of a LimitRange rejects.

    Args:
        limits: an entry of C(spec.limits) of the type C(Container).
        resources: C(resources) of a container.

    Returns:
        A part of a sentence for each problem, such as C(the memory request 32Mi is below the minimum 64Mi).
    """
    bounded = [key for bound in ("min", "max", "maxLimitRequestRatio") for key in limits.get(bound) or {}]
    return [problem for name in dict.fromkeys(bounded) for problem in _problems(name, limits, resources)]


def limit_ranges(live: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The C(name) of each LimitRange, and its C(limits) for containers.

    Args:
        live: the LimitRanges.
    """
    return [
        {
            "name": each["metadata"]["name"],
            "limits": [limits for limits in each["spec"].get("limits") or () if limits.get("type") == "Container"],
        }
        for each in live
    ]


def _problems(name: str, limits: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[str]:
    limit = _value(resources, "limits", name)
    # The API server sets a missing request to the limit before a LimitRange is applied.
    request = _value(resources, "requests", name) or limit or _value(limits, "defaultRequest", name)
    limit = limit or _value(limits, "default", name)
    values = {"request": request, "limit": limit}
    least, most, ratio = (_value(limits, bound, name) for bound in ("min", "max", "maxLimitRequestRatio"))
    if least and not request:
        yield f"no {name} request is set, and the minimum is {least}"
    if most and not limit:
        yield f"no {name} limit is set, and the maximum is {most}"
    for kind, value in values.items():
        if least and value and _number(value) < _number(least):
            yield f"the {name} {kind} {value} is below the minimum {least}"
        if most and value and _number(value) > _number(most):
            yield f"the {name} {kind} {value} is above the maximum {most}"
    if ratio and not (request and limit and _number(request)):
        yield f"the {name} limit may be {ratio} times the request, but one of them is not set"
    elif ratio and _number(limit) > _number(ratio) * _number(request):
        yield f"the {name} limit {limit} is more than {ratio} times the request {request}"


def _value(given: Mapping[str, Any], key: str, name: str) -> str:
    value = (given.get(key) or {}).get(name)
    return "" if value is None else str(value)


def _number(value: str) -> Fraction:
    return amount(value) or Fraction(0)
