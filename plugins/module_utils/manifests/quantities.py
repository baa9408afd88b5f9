# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes quantities, such as 500m and 2Gi: pure functions (private to the collection).

The grammar is that of https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?")
_DECIMAL = {suffix: Fraction(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), start=-3)}
_BINARY = {f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)}
_SHAPES = "write a number with or without a suffix, such as 500m, 2, 512Mi or 10Gi"


def amount(quantity: Any) -> Fraction | None:
    """The number that a quantity stands for; None if it is not a quantity.

    Args:
        quantity: the value from YAML, a string or a number.
    """
    found = _QUANTITY.fullmatch(str(quantity))
    if not found:
        return None
    number, suffix = found[1], found[2] or ""
    factor = _DECIMAL.get(suffix) or _BINARY.get(suffix) or Fraction(f"1{suffix}")
    return Fraction(number) * factor


def canonical(resource: str, quantity: Any) -> Any:
    """The canonical notation of a quantity. A value that is not a quantity is returned unchanged.

    The API server keeps the base of a suffix, so that 1Gi and 1073741824 stay different in its responses. A StatefulSet replaces its
    pods when only the notation in its template changes.

    Args:
        resource: name of the resource, such as C(cpu).
        quantity: the value from YAML, a string or a number.
    """
    number = amount(quantity)
    if number is None:
        return quantity
    if resource == "cpu" and number and (number * 1000).denominator == 1:
        return f"{number * 1000}m"
    # The API server also rounds up to nano.
    number = Fraction(math.ceil(number * 10**9), 10**9)
    return min(_spellings(number), key=len)


def _spellings(number: Fraction) -> Iterator[str]:
    for suffix, factor in {**_BINARY, **_DECIMAL}.items():
        if (number / factor).denominator == 1:
            yield f"{number / factor}{suffix if number else ''}"


def canonical_quantities(value: Any) -> Any:
    """Write the quantities of a pod in canonical notation.

    Writes each quantity below C(requests) and C(limits), and each C(sizeLimit), in one canonical notation. For example, V(0.5) and V(500m)
    of CPU both become V(500m), so the pod template does not change. Does not change a value that is not a quantity.

    Args:
        value: A pod or a part of a pod.

    Returns:
        The input with all quantities in canonical notation.

    Example:
        {{ {'requests': {'cpu': 0.5}} | jewelry_shop.platform.canonical_quantities }}
    """
    if isinstance(value, Mapping):
        return {key: _canonical_entry(str(key), each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical_quantities(each) for each in value]
    return value


def _canonical_entry(key: str, value: Any) -> Any:
    if key in ("requests", "limits") and isinstance(value, Mapping):
        return {name: canonical(str(name), each) for name, each in value.items()}
    return canonical(key, value) if key == "sizeLimit" else canonical_quantities(value)


def quantity_problems(name: str, value: Any) -> list[str]:
    """Problems of a quantity, or of a container's C(resources).

    Args:
        name: name of the variable.
        value: the resolved value.

    Returns:
        A sentence for each problem, without a full stop.
    """
    if not isinstance(value, Mapping):
        number = amount(value)
        return [] if number is not None and number >= 0 else [f"{name} '{value}' is not a Kubernetes quantity; {_SHAPES}"]
    problems = []
    for kind in ("requests", "limits"):
        entries = value.get(kind) or {}
        if not isinstance(entries, Mapping):
            problems.append(f"{name}.{kind} is not a mapping; write the name of a resource and its quantity below it")
            continue
        # Null removes a default.
        given = {f"{name}.{kind}.{resource}": entry for resource, entry in entries.items() if entry is not None}
        problems += [problem for where, entry in given.items() for problem in quantity_problems(where, entry)]
    return problems


def cpu_cores(quantity: str | int | float) -> float:
    """Convert a CPU quantity to a number of cores.

    Args:
        quantity: CPU quantity, in cores such as V(2) or in millicores such as V(500m).

    Returns:
        Number of cores.

    Raises:
        ValueError: the input is not a CPU quantity.

    Example:
        {{ '500m' | jewelry_shop.platform.cpu_cores }}
    """
    number = amount(quantity)
    if number is None or str(quantity).endswith("i"):
        raise ValueError(f"'{quantity}' is not a CPU quantity; write cores or millicores, such as 2 or 500m")
    return float(number)
