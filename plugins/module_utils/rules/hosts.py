# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the hosts and the address of the shop."""

from __future__ import annotations

from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values


def _allowed_hosts(v: Values) -> Any:
    return v["platform_config"].get("DJANGO_ALLOWED_HOSTS", "")


RULES = (
    Rule(
        lambda v: not _allowed_hosts(v),
        "platform_config.DJANGO_ALLOWED_HOSTS is not set: put the host names of the shop, separated by commas, into "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: v["platform_answers_no_host"] and _allowed_hosts(v),
        "platform_config.DJANGO_ALLOWED_HOSTS '{}' contains no host name that Django accepts. For a domain and its subdomains, write "
        ".example.com, not *.example.com, in {preflight_values_file}.",
    ),
    Rule(
        lambda v: not v["platform_config"].get("SITE_URL"),
        "platform_config.SITE_URL is not set: put the public address of the shop into {preflight_values_file}.",
    ),
)
