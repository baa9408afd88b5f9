# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Filters of the role awx. Each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.awx import objects, surveys


class FilterModule:
    """The filters, grouped by the module_utils file with their logic."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name, as Ansible requires."""
        functions = (
            objects.awx_absent,
            objects.awx_failure,
            objects.awx_job_templates,
            objects.awx_keeps_secrets,
            objects.awx_notified,
            objects.awx_schedules,
            objects.awx_workflow_nodes,
            surveys.awx_survey,
        )
        return {function.__name__: function for function in functions}
