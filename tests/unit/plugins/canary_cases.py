# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cases of the rules for the canary: values that pass, values that do not, and the message."""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]


def canary(**values: Any) -> Values:
    """Settings with a canary. A name has no prefix."""
    whole = {
        "replicas": 1,
        "seconds": 60,
        "min_requests": 50,
        "max_more_errors": 1.0,
        "max_latency_factor": 3.0,
        "requests_metric": "requests_total",
    }
    return {"django_canary": True, **{f"django_canary_{name}": value for name, value in {**whole, **values}.items()}}


OFF = ". To deploy without a canary, set django_canary to false."
CASES: list[tuple[Values, Values, str]] = [
    (canary(), canary(replicas=0), f"django_canary_replicas must be 1 or more, it is 0{OFF}"),
    ({**canary(seconds=0), "django_canary": False}, canary(seconds=0), f"django_canary_seconds must be 1 or more, it is 0{OFF}"),
    (canary(min_requests=0), canary(min_requests=-1), "django_canary_min_requests must be 0 or more, it is -1."),
    (canary(max_more_errors=0), canary(max_more_errors=-0.5), "django_canary_max_more_errors must be 0 or more, it is -0.5."),
    (canary(max_latency_factor=0), canary(max_latency_factor=-1.0), "django_canary_max_latency_factor must be 0 or more, it is -1.0."),
    (
        canary(),
        canary(requests_metric=""),
        "django_canary is true, but django_canary_requests_metric is empty. Set it to the name of the counter of the responses, or set "
        "django_canary to false.",
    ),
    (
        {"django_strategy": {"type": "Recreate"}},
        {**canary(), "django_strategy": {"type": "Recreate"}},
        "django_canary is true, but django_strategy is Recreate, which allows no pods of two releases at once. Set django_canary to false.",
    ),
]
