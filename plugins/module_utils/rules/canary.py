# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the canary of Django."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer


def _runs(values: Values) -> bool:
    return bool(values.get("django_canary"))


def _less_than_one(name: str) -> Rule:
    return Rule(
        lambda v: _runs(v) and integer(v[name]) < 1 and str(v[name]),
        f"{name} must be 1 or more, it is {{}}. To deploy without a canary, set django_canary to false.",
    )


def _negative(name: str) -> Rule:
    return Rule(lambda v: _runs(v) and float(v[name]) < 0 and str(v[name]), f"{name} must be 0 or more, it is {{}}.")


RULES = (
    _less_than_one("django_canary_replicas"),
    _less_than_one("django_canary_seconds"),
    _negative("django_canary_min_requests"),
    _negative("django_canary_max_more_errors"),
    _negative("django_canary_max_latency_factor"),
    Rule(
        lambda v: _runs(v) and not v["django_canary_requests_metric"],
        "django_canary is true, but django_canary_requests_metric is empty. Set it to the name of the counter of the responses, or set "
        "django_canary to false.",
    ),
    Rule(
        lambda v: _runs(v) and (v.get("django_strategy") or {}).get("type") == "Recreate",
        "django_canary is true, but django_strategy is Recreate, which allows no pods of two releases at once. Set django_canary to false.",
    ),
)
