# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Filters for the result of a run. Each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.records import screen
from ansible_collections.jewelry_shop.platform.plugins.module_utils.report import addresses, customer, details, outcome, queues
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils import report_html


class FilterModule:
    """The filters, grouped by the module_utils file with their logic."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name, as Ansible requires."""
        functions = (
            addresses.shop_addresses,
            customer.customer_endpoints,
            details.planned_changes,
            details.replica_health,
            queues.round_trip_checks,
            queues.sleeping_queues,
            queues.unserved_queue_checks,
            outcome.health_checks,
            outcome.masked,
            outcome.report_junit,
            outcome.report_screen,
            outcome.rollout_problem,
            outcome.run_failure,
            report_html.report_html,
            screen.differences_screen,
            screen.history_screen,
            screen.status_screen,
        )
        return {function.__name__: function for function in functions}
