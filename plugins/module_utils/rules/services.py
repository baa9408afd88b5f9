# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the addresses of PostgreSQL and Redis."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.environment import is_referenced
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer

MORE_THAN_A_HOST = re.compile(r"://|[@/\s]|^[^:]*:\d*$")


def _is_port(value: Any) -> bool:
    return 0 < integer(value) < 65536


def _names(given: Mapping[str, Any]) -> str:
    return ", ".join(name for name, value in given.items() if value)


def _is_in_two_places(v: Values, setting: str, key: str) -> bool:
    return v[setting] not in ("", v["platform_config"].get(key, v[setting]))


def _settings_of_an_external_postgresql(v: Values) -> str:
    return _names(
        {
            "platform_postgresql_host": v["platform_postgresql_host"],
            "platform_postgresql_port": integer(v["platform_postgresql_port"]) != 5432,
            "platform_postgresql_ca": v["platform_postgresql_ca"],
            # Its default depends on the CA.
            "platform_postgresql_tls_mode": not v["platform_postgresql_ca"] and v["platform_postgresql_tls_mode"],
        }
    )


def _settings_of_an_external_redis(v: Values) -> str:
    return _names(
        {
            "platform_redis_host": v["platform_redis_host"],
            "platform_redis_port": integer(v["platform_redis_port"]) != 6379,
            "platform_redis_user": v["platform_redis_user"],
            "platform_redis_tls": v["platform_redis_tls"],
            "platform_redis_ca": v["platform_redis_ca"],
        }
    )


RULES = (
    Rule(
        lambda v: not v["platform_config_values"].get("POSTGRES_HOST", is_referenced(v, "POSTGRES_HOST")),
        "platform_postgresql_host is not set: put the host of the database into {preflight_values_file}, or set "
        "platform_postgresql_provider to in_cluster.",
    ),
    Rule(
        lambda v: not v["platform_config_values"]["REDIS_HOST"],
        "platform_redis_host is not set: put the host of Redis into {preflight_values_file}, or set platform_redis_provider to in_cluster.",
    ),
    Rule(
        lambda v: _is_in_two_places(v, "platform_postgresql_host", "POSTGRES_HOST"),
        "platform_postgresql_host is {platform_postgresql_host}, but platform_config.POSTGRES_HOST, which takes precedence, is "
        "{platform_config[POSTGRES_HOST]}. Keep only one of them in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _is_in_two_places(v, "platform_redis_host", "REDIS_HOST"),
        "platform_redis_host is {platform_redis_host}, but platform_config.REDIS_HOST, which takes precedence, is "
        "{platform_config[REDIS_HOST]}. Keep only one of them in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _is_in_two_places(v, "platform_redis_user", "REDIS_USERNAME"),
        "platform_redis_user is {platform_redis_user}, but platform_config.REDIS_USERNAME has another value. Keep only one of them in "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: MORE_THAN_A_HOST.search(v["platform_postgresql_host"]),
        "platform_postgresql_host '{platform_postgresql_host}' must be only a host. Put its name or address into {preflight_values_file}. "
        "Port, database and login have separate variables (platform_postgresql_*).",
    ),
    Rule(
        lambda v: MORE_THAN_A_HOST.search(v["platform_redis_host"]),
        "platform_redis_host '{platform_redis_host}' must be only a host. Put its name or address into {preflight_values_file}. Port and "
        "TLS have separate variables (platform_redis_*).",
    ),
    Rule(
        lambda v: not _is_port(v["platform_postgresql_port"]),
        "platform_postgresql_port must be a number from 1 to 65535, not {platform_postgresql_port}: set it in {preflight_values_file}.",
    ),
    Rule(
        lambda v: not _is_port(v["platform_redis_port"]),
        "platform_redis_port must be a number from 1 to 65535, not {platform_redis_port}: set it in {preflight_values_file}.",
    ),
    Rule(
        lambda v: v["platform_postgresql_provider"] != "external" and _settings_of_an_external_postgresql(v),
        "{} is for an external database, but platform_postgresql_provider is in_cluster. Set the provider to external in "
        "{preflight_values_file}, or remove the settings of the external service.",
    ),
    Rule(
        lambda v: v["platform_redis_provider"] != "external" and _settings_of_an_external_redis(v),
        "{} is for an external Redis, but platform_redis_provider is in_cluster. Set the provider to external in {preflight_values_file}, "
        "or remove the settings of the external service.",
    ),
    Rule(
        lambda v: v["platform_redis_user"] and not v["platform_redis_authentication"],
        "platform_redis_user is {platform_redis_user}, but platform_redis_authentication is false, so no client logs in: remove one of "
        "them in {preflight_values_file}.",
    ),
)
