# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the authorities (CAs) of an external PostgreSQL and Redis."""

from __future__ import annotations

import re

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
VERIFYING = ("verify-ca", "verify-full")


def _is_no_authority(text: str) -> bool:
    return text != "" and (not CERTIFICATE.search(text) or "PRIVATE KEY" in text)


RULES = (
    Rule(
        lambda v: (
            v["platform_postgresql_tls_mode"] in VERIFYING
            and "PGSSLROOTCERT" not in v["platform_config_values"]
            and v["platform_postgresql_provider"] != "in_cluster"
        ),
        "platform_postgresql_tls_mode {platform_postgresql_tls_mode} needs a certificate authority. Set platform_postgresql_ca in "
        "{preflight_values_file} to its certificate (PEM), or set platform_config.PGSSLROOTCERT to a file of the image or to system.",
    ),
    Rule(
        lambda v: (
            v["platform_postgresql_ca"]
            and v["platform_postgresql_tls_mode"] not in ("require", *VERIFYING)
            and v["platform_postgresql_provider"] != "in_cluster"
        ),
        "platform_postgresql_ca is set, but platform_postgresql_tls_mode '{platform_postgresql_tls_mode}' does not verify certificates. "
        "Set the mode to verify-full in {preflight_values_file}, or remove platform_postgresql_ca.",
    ),
    Rule(
        lambda v: v["platform_redis_ca"] and not v["platform_redis_tls"] and v["platform_redis_provider"] != "in_cluster",
        "platform_redis_ca is set, but platform_redis_tls is false. Set platform_redis_tls to true in {preflight_values_file}, or remove "
        "platform_redis_ca.",
    ),
    Rule(
        lambda v: _is_no_authority(v["platform_postgresql_ca"]),
        "platform_postgresql_ca must contain certificates in PEM and no private key. Copy the lines from BEGIN CERTIFICATE to END "
        "CERTIFICATE of each authority into it, in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _is_no_authority(v["platform_redis_ca"]),
        "platform_redis_ca must contain certificates in PEM and no private key. Copy the lines from BEGIN CERTIFICATE to END CERTIFICATE "
        "of each authority into it, in {preflight_values_file}.",
    ),
)
