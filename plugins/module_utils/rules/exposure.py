# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for settings that expose data or services more than necessary. The inventory can accept each one explicitly."""

from __future__ import annotations

import re

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, workload_settings

BROKERS = ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")
RESERVED_USERS = ("postgres", "platform_application", "platform_conversion")
TLS_MODES = ("require", "verify-ca", "verify-full")


def _needs_tls(v: Values, service: str) -> bool:
    return v[f"platform_{service}_provider"] != "in_cluster" and service not in v["preflight_accepted_without_tls"]


def _postgresql_mode_without_tls(v: Values) -> str:
    mode = v["platform_config_values"].get("PGSSLMODE", "")
    return f"'{mode}'" if mode not in TLS_MODES else ""


def _brokers_without_tls(v: Values) -> str:
    # The values of an existing Secret are not known here.
    urls = {name: v["platform_secret_values"].get(name) for name in BROKERS}
    return " and ".join(name for name, url in urls.items() if isinstance(url, str) and re.match("(redis|amqp)://", url))


def _services_without_addresses(v: Values) -> str:
    if not v["network_policies_enabled"]:
        return ""
    outside = {
        "network_policies_postgresql": v["platform_postgresql_provider"] != "in_cluster",
        "network_policies_redis": v["platform_redis_provider"] != "in_cluster",
        "network_policies_pgbouncer": v["platform_config_values"]["USE_PGBOUNCER"] == "True",
    }
    return ", ".join(name for name, is_used in outside.items() if is_used and not v[name])


RULES = (
    Rule(
        lambda v: _needs_tls(v, "postgresql") and _postgresql_mode_without_tls(v),
        "The connection to the external PostgreSQL can be unencrypted, because platform_postgresql_tls_mode is {}. In "
        "{preflight_values_file}, set it to verify-full and set platform_postgresql_ca. If the network path is safe, add postgresql to "
        "preflight_accepted_without_tls instead.",
    ),
    Rule(
        lambda v: _needs_tls(v, "redis") and not v["platform_redis_tls"],
        "The connection to the external Redis is unencrypted, because platform_redis_tls is false. Set it to true in "
        "{preflight_values_file}. If the network path is safe, add redis to preflight_accepted_without_tls instead.",
    ),
    Rule(
        lambda v: _needs_tls(v, "redis") and _brokers_without_tls(v),
        "platform_secrets.{} connects without TLS. Use rediss:// or amqps:// in {preflight_secrets_file}. If the network path is safe, add "
        "redis to preflight_accepted_without_tls in {preflight_values_file} instead.",
    ),
    Rule(
        lambda v: (
            v["platform_redis_provider"] == "in_cluster" and not v["platform_redis_authentication"] and not v["network_policies_enabled"]
        ),
        "Each pod of the cluster could change the queues and sessions, because platform_redis_authentication and network_policies_enabled "
        "are false: set one of them to true in {preflight_values_file}.",
    ),
    Rule(
        lambda v: v["platform_namespace"] == "default" or v["platform_namespace"].startswith("kube-"),
        "platform_namespace '{platform_namespace}' is a namespace of the cluster. The run would change the Pod Security level of all pods "
        "in it. Set platform_namespace to a separate namespace in {preflight_values_file}.",
    ),
    Rule(
        lambda v: (
            v["platform_postgresql_provider"] == "in_cluster"
            and not v["postgresql_user_is_superuser"]
            and v["platform_config_values"]["POSTGRES_USER"] in RESERVED_USERS
        ),
        "platform_postgresql_user '{platform_config_values[POSTGRES_USER]}' is reserved by the role postgresql. Set another name in "
        "{preflight_values_file}. If the database already has this user, set postgresql_user_is_superuser to true instead.",
    ),
    Rule(
        lambda v: v["platform_image_digest"] and ", ".join(name for name, tag in workload_settings(v, "image_tag").items() if tag),
        "platform_image_digest pins the image, but {} would replace the digest. Set only the digest or only tags in "
        "{preflight_values_file}.",
    ),
    Rule(
        _services_without_addresses,
        "{} is empty, so the pods of the shop could reach any address on that port. Set it in {preflight_values_file} to the addresses of "
        "the service, as a list of {{ipBlock: {{cidr: ...}}}}. If the addresses are not known, use 0.0.0.0/0.",
    ),
)
