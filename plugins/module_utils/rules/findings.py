# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of each table of rules, in the order in which they are reported (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import (
    authorities,
    autoscaling,
    awx,
    canary,
    classes,
    cluster,
    environment,
    exposure,
    groups,
    hosts,
    image,
    limits,
    nginx,
    operations,
    others,
    passwords,
    planned,
    pods,
    secret,
    services,
    stages,
    traffic,
    volumes,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.existing import existing_object_findings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.names import naming_findings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, findings

SECRET_SETTINGS = re.compile(r"(platform_secrets|platform_secret_files|platform_redis_previous_password)\b")
NAMED = (*cluster.NAMED, *cluster.LOCK)
SETTINGS = (
    *image.RULES,
    *hosts.RULES,
    *services.RULES,
    *authorities.RULES,
    *secret.RULES,
    *traffic.RULES,
    *nginx.RULES,
    *exposure.RULES,
    *groups.RULES,
    *pods.RULES,
    *volumes.RULES,
    *autoscaling.RULES,
    *canary.RULES,
    *NAMED,
)
PLAN = (
    *cluster.MEANT,
    *cluster.FIT,
    *classes.RULES,
    *stages.RULES,
    *passwords.CHANGED,
    *planned.RULES,
    *limits.RULES,
    *others.RULES,
    *pods.PLANNED,
    *autoscaling.PLANNED,
    *passwords.GUESSABLE,
)


def _type_findings(v: Values) -> list[str]:
    problems = v["manifests_settings"]["problems"]
    return [
        *(f"{each} (set it in {v['preflight_values_file']})." for each in problems if not SECRET_SETTINGS.match(each)),
        *(f"{each} (set it in {v['preflight_secrets_file']})." for each in problems if SECRET_SETTINGS.match(each)),
    ]


def _settings_findings(v: Values) -> list[str]:
    # The rules require valid types, so type problems are reported first.
    first = _type_findings(v) or findings(environment.REFERENCES, v)
    return first or [
        *naming_findings(v),
        *findings(SETTINGS, v),
        *environment.set_twice_findings(v),
        *environment.required_key_findings(v),
        *(f"{each}." for each in v["extra_objects_problems"]),
    ]


def _plan_findings(v: Values) -> list[str]:
    # The check of the existing objects does not run before the settings have no problems.
    return [*(v["preflight_input_findings"] or _existing_findings(v)), *_cluster_findings(v, PLAN)]


def _existing_findings(v: Values) -> list[str]:
    return [
        *existing_object_findings(v),
        *environment.set_twice_in_the_cluster_findings(v),
        *environment.missing_key_findings(v),
    ]


def _cluster_findings(v: Values, rules: tuple[Rule, ...]) -> list[str]:
    return findings(cluster.READ, v) or findings(cluster.HELD, v) or findings(rules, v)


FINDINGS: dict[str, Callable[[Values], list[str]]] = {
    "settings": _settings_findings,
    "plan": _plan_findings,
    "named": lambda v: findings(NAMED, v),
    "cluster": lambda v: findings(NAMED, v) or _cluster_findings(v, cluster.MEANT),
    "existing": _existing_findings,
    "awx": lambda v: findings(awx.AWX, v),
    "backup": lambda v: findings(operations.BACKUP, v),
    "deployer": lambda v: findings(operations.DEPLOYER, v),
    "export": lambda v: findings(operations.EXPORT, v),
    "history": lambda v: findings(operations.HISTORY, v),
    "images": lambda v: findings(operations.IMAGES, v),
    "permitted": lambda v: findings((cluster.PERMITTED,), v),
    "remove": operations.remove_findings,
    "render": lambda v: findings(operations.RENDER, v),
    "restart": operations.restart_findings,
    "restore": lambda v: findings(operations.RESTORE, v),
    "restored": lambda v: findings(operations.RESTORED, v),
    "rollback": lambda v: _cluster_findings(v, (*cluster.MEANT, *cluster.FIT, *operations.ROLLBACK)),
    "running": lambda v: findings(operations.RUNNING, v),
    "scale": operations.scale_findings,
}
