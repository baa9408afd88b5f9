# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the groups of a tier, and for the queues and pools of the groups of workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import naming_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, groups_of_tiers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import named_groups

_WORKERS = "celery_worker"


def _named(v: Values) -> list[tuple[str, str]]:
    """The setting and the name of each group."""
    return [(setting, group["name"]) for setting, groups in groups_of_tiers(v).items() for group in named_groups(groups)]


def _empty(v: Values) -> dict[str, str]:
    empty = [setting for setting, groups in groups_of_tiers(v).items() if not groups]
    return {"settings": ", ".join(empty), "roles": ", ".join(setting.removesuffix("_groups") for setting in empty)} if empty else {}


def _names(v: Values) -> str:
    return "; ".join(naming_problems({"name": setting, "rule": "service_name", "value": name} for setting, name in _named(v)))


def _twice(v: Values) -> str:
    counted = Counter(name for _setting, name in _named(v))
    return ", ".join(name for name, number in counted.items() if number > 1)


def _taken(v: Values) -> str:
    names = Counter(name for _setting, name in _named(v))
    # The overview has the groups too.
    tiers = Counter(tier["name"] for tier in v["tiers_overview"])
    others = {name for name, number in tiers.items() if number > names[name]}
    others |= {*v["__network_policies_own_endpoints"], *v["network_policies_endpoints"], "ingress"}
    # Jobs have the name of their command as the label `component`.
    others |= {each["name"] for each in (*v["pre_deploy_commands"], *v["post_deploy_commands"])}
    # An inventory may have replaced the endpoint of the workers before there were groups.
    others -= {"celery-worker"}
    return ", ".join(name for name in names if name in others or name.startswith("check-"))


def _worker_groups(v: Values) -> list[Mapping[str, Any]]:
    """The groups of workers with the settings that the rules read."""
    settings = {key: v[f"{_WORKERS}_{key}"] for key in ("queues", "pool", "probe") if f"{_WORKERS}_{key}" in v}
    return [{**settings, **group} for group in named_groups(groups_of_tiers(v).get(f"{_WORKERS}_groups"))]


def _without_queues(v: Values) -> str:
    return ", ".join(group["name"] for group in _worker_groups(v) if not group["queues"])


def _unserved(v: Values) -> str:
    groups = _worker_groups(v)
    served = {queue for group in groups for queue in group["queues"] or ()}
    return ", ".join(queue for queue in v[f"{_WORKERS}_queues"] or () if queue not in served) if groups else ""


def _silent(v: Values) -> str:
    return ", ".join(group["name"] for group in _worker_groups(v) if (group["pool"], group["probe"]) == ("solo", "inspect"))


RULES = (
    Rule(
        _empty,
        "{0[settings]} has no group: add one in {preflight_values_file}, or remove {0[roles]} from tiers_roles.",
    ),
    Rule(_names, "{} (set it in {preflight_values_file})."),
    Rule(_twice, "Two groups have the name {}: give each group a name of its own in {preflight_values_file}."),
    Rule(
        _taken,
        "A group cannot have the name {}, which something else in the namespace has: choose another name in {preflight_values_file}.",
    ),
    Rule(
        _without_queues,
        "The group {} of celery_worker_groups has no queues: set queues of the group in {preflight_values_file}.",
    ),
    Rule(
        _unserved,
        "No group of celery_worker_groups serves {}, which celery_worker_queues lists: add each queue to queues of a group in "
        "{preflight_values_file}, or set celery_worker_queues there to the queues that the application uses.",
    ),
    Rule(
        _silent,
        "A worker with the pool solo does not answer celery inspect while it runs a task, so the probes would restart the group {}: set "
        "probe of the group to heartbeat in {preflight_values_file}, or choose another pool.",
    ),
)
