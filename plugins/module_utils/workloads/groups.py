# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups: several workloads of one description, with other settings each (private to the collection).

An entry of C(<role>_groups) has a name and settings of the role without the prefix. Other settings are those of the role.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest

# The key of an entry that is not a setting of the role.
NAME = "name"


# The label of the objects of a group, with the name of the workload whose group it is. The group with this name has no such label: its
# objects are those of installations without groups.
_LABEL = "jewelry-shop/group-of"


def group_labels(workload: Mapping[str, Any]) -> dict[str, str]:
    """The labels of the objects of a group.

    Args:
        workload: the description of a workload.
    """
    whole = workload.get("group_of", "")
    return {_LABEL: whole} if whole not in ("", workload["name"]) else {}


def named_groups(groups: Any) -> list[Mapping[str, Any]]:
    """The entries of a setting C(<role>_groups) that have a name. Rules report the others.

    Args:
        groups: the value of the setting, which may not be valid.
    """
    entries = groups if isinstance(groups, Sequence) and not isinstance(groups, str) else ()
    return [each for each in entries if isinstance(each, Mapping) and isinstance(each.get(NAME), str)]


def group_problems(role: str, group: Mapping[str, Any], settings: Collection[str]) -> list[str]:
    """Find what is wrong with the name and the keys of a group.

    Args:
        role: prefix of the role's variables.
        group: an entry of C(<role>_groups).
        settings: the settings that a group can have, without the prefix.

    Returns:
        A sentence for each problem, without a full stop.
    """
    name = group.get(NAME)
    if not name or not isinstance(name, str):
        return [f"{role}_groups has a group without a name; set name to the name of its Deployment, as a string"]
    return [
        f"{role}_groups[{name}] has the key {key}, which is not a setting of a group"
        f"{nearest(str(key).removeprefix(f'{role}_'), settings).rstrip('.')}"
        for key in group
        if key != NAME and key not in settings
    ]


def variables_of(role: str, group: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a role that a group replaces, and its name as C(<role>_name).

    Args:
        role: prefix of the role's variables.
        group: an entry of C(<role>_groups).
    """
    return {f"{role}_{key}": value for key, value in group.items()}


def group_settings(groups: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Read one setting of all groups that have it.

    Args:
        groups: The settings C(<role>_groups) by name.
        key: Name of the setting without the name of the role.

    Returns:
        The values by the place of each, such as C(celery_worker_groups[pricing].env).

    Example:
        {{ {'celery_worker_groups': celery_worker_groups} | jewelry_shop.platform.group_settings('env') }}
    """
    return {
        f"{setting}[{group[NAME]}].{key}": group[key]
        for setting, entries in groups.items()
        for group in named_groups(entries)
        if key in group
    }
