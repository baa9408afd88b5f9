# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of the existing Secrets that the settings name."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Values


def _problems(v: Values, result: str, setting: str) -> list[str]:
    """The problems in the result of a C(secret_check), each with its setting.

    Args:
        v: the variables.
        result: variable with the result.
        setting: the setting that names the Secret, and what else to do.
    """
    checked = v[result]
    problems = [] if checked.get("skipped") else checked.get("problems", [checked.get("msg", "")])
    return [f"{problem} ({setting})." for problem in problems]


def existing_secret_findings(v: Values) -> list[str]:
    """The problems of the existing Secrets.

    Args:
        v: the variables.
    """
    found = []
    if v["platform_secrets_provider"] == "existing":
        found += _problems(v, "preflight_secret", "platform_existing_secret")
    if v["nginx_tls_provider"] == "existing":
        found += _problems(v, "preflight_tls_secret", "nginx_tls_secret")
    if v["__preflight_ingress_secret_needed"]:
        found += _problems(v, "preflight_ingress_secret", "ingress_tls_secret; with cert-manager set ingress_cert_manager_issuer")
    return found
