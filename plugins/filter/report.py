# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Filters that say how a run ended; each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils import _customer, _masking, _queue_checks, _report


class FilterModule:
    """The filters of C(_report), C(_customer), C(_masking) and C(_queue_checks)."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name them, as Ansible asks for."""
        functions = (
            _customer.customer_endpoints,
            _masking.values_to_mask,
            _queue_checks.round_trip_checks,
            _queue_checks.unserved_queue_checks,
            _report.health_checks,
            _report.masked,
            _report.report_junit,
            _report.report_screen,
            _report.rollout_problem,
            _report.run_failure,
        )
        return {function.__name__: function for function in functions}
