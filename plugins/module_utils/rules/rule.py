# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule is, and which rules find something (private to the collection)."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import group_settings, named_groups
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import variable_prefix

Values = Mapping[str, Any]


class Rule(NamedTuple):
    """A check of the variables, and the message for when it finds something.

    Args:
        wrong: returns what is wrong, or a false value. It reads only the variables that it needs, since others may not be known yet.
        message: a format string. C({}) is what is wrong, and C({name}) is the value of a variable.
    """

    wrong: Callable[[Values], Any]
    message: str


def integer(value: Any) -> int:
    """Convert the value of a setting. Before ansible-core 2.19, a template of a number results in a string.

    Args:
        value: a number, or a string with a number.
    """
    return int(float(value))


def workload_prefixes(values: Values) -> list[str]:
    """The beginnings of the names of the variables of all tiers and data services.

    Args:
        values: the variables by name.
    """
    return [variable_prefix(role) for role in (*values["tiers_roles"], *values["data_services_roles"])]


def groups_of_tiers(values: Values) -> dict[str, Any]:
    """The settings C(<tier>_groups) of the tiers that have one, by name.

    Args:
        values: the variables by name.
    """
    names = (f"{prefix}_groups" for prefix in workload_prefixes(values))
    return {name: values[name] for name in names if name in values}


def workload_settings(values: Values, key: str) -> dict[str, Any]:
    """A setting of all tiers, data services and groups that have it, by name, such as C(celery_worker_pod).

    Args:
        values: the variables by name.
        key: the part of the name after the name of the role.
    """
    names = (f"{prefix}_{key}" for prefix in workload_prefixes(values))
    return {name: values[name] for name in names if name in values} | group_settings(groups_of_tiers(values), key)


def setting_names(values: Values, key: str) -> list[str]:
    """The name of the setting that applies to each workload, in the order of the workloads of the tiers and the data services.

    Args:
        values: the variables by name.
        key: the part of the name after the name of the role.
    """
    found = []
    for prefix in workload_prefixes(values):
        groups = named_groups(values[f"{prefix}_groups"]) if f"{prefix}_groups" in values else [{}]
        found += [f"{prefix}_groups[{group['name']}].{key}" if key in group else f"{prefix}_{key}" for group in groups]
    return found


def findings(rules: Iterable[Rule], values: Values) -> list[str]:
    """The message of each rule that finds something, in the order of the rules.

    Args:
        rules: the rules.
        values: the variables by name.
    """
    found = [(rule.message, rule.wrong(values)) for rule in rules]
    return [string.Formatter().vformat(message, [wrong], values) for message, wrong in found if wrong]
