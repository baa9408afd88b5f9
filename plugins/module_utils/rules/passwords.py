# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the passwords of PostgreSQL and Redis in the cluster.

The name of a Secret with one password ends with a hash of it, so names are compared, and the content of the Secret is not read.
"""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.secret import is_shorter

PASSWORDS = {"postgresql": "POSTGRES_PASSWORD", "redis": "REDIS_PASSWORD"}


def _secret_in_use(v: Values, service: str) -> str:
    sets = [each for each in v["preflight_plan"].get("objects", ()) if each["kind"] == "StatefulSet" and each["name"] == service]
    return next((str(name) for each in sets for name in each["secrets"]), "")


def _is_changed(v: Values, service: str, *names: str) -> bool:
    in_use = _secret_in_use(v, service)
    return in_use not in ("", *(v.get(name, "") for name in names)) and PASSWORDS[service] not in v["preflight_accepted_password_changes"]


def _is_guessable(v: Values, service: str) -> bool:
    """Whether a user who may list Secrets or pods can guess a password from the hash. A password in use is not checked."""
    password = PASSWORDS[service]
    return (
        v[f"platform_{service}_provider"] == "in_cluster"
        and is_shorter(v, password, integer(v["preflight_password_length"]))
        and not is_shorter(v, password, 1)
        and _secret_in_use(v, service) != v[f"platform_{service}_secret_name"]
    )


def _guessable(v: Values) -> str:
    if v["preflight_input_findings"]:
        return ""
    return " and ".join(password for service, password in PASSWORDS.items() if _is_guessable(v, service))


def _replaced(service: str, *names: str) -> Rule:
    """Rule for a Secret that another Secret of the user replaces: their content is not read, so the passwords cannot be compared."""
    password, title = PASSWORDS[service], {"postgresql": "PostgreSQL", "redis": "Redis"}[service]
    return Rule(
        lambda v: _secret_in_use(v, service) if v["platform_given_secret"] and _is_changed(v, service, *names) else "",
        f"{title} in the cluster uses the Secret {{}}, and the settings now name the Secret {{platform_given_secret}}. If both have "
        f'the same {password}, run once with -e \'{{{{"preflight_accepted_password_changes": ["{password}"]}}}}\'. Otherwise name the '
        "former Secret again (platform_existing_secret, platform_external_secret_name), and change the password as the README of the role "
        f"{service} says.",
    )


_POSTGRESQL = ("postgresql", "platform_postgresql_secret_name")
_REDIS = ("redis", "platform_redis_secret_name", "platform_redis_previous_secret_name")
CHANGED = (
    _replaced(*_POSTGRESQL),
    _replaced(*_REDIS),
    Rule(
        lambda v: not v["platform_given_secret"] and _is_changed(v, *_POSTGRESQL),
        "platform_secrets.POSTGRES_PASSWORD differs from the password of PostgreSQL in the cluster. PostgreSQL reads it only when it "
        "initializes its volume. Restore the old password in {preflight_secrets_file}. To change the password, follow the README of the "
        "role postgresql, then run once with "
        '-e \'{{"preflight_accepted_password_changes": ["POSTGRES_PASSWORD"]}}\'.',
    ),
    Rule(
        lambda v: not v["platform_given_secret"] and _is_changed(v, *_REDIS),
        "platform_secrets.REDIS_PASSWORD differs from the password of Redis in the cluster. Running pods could not log in until they are "
        "replaced. Set platform_redis_previous_password in {preflight_secrets_file} to the old password, so that Redis accepts both. If an "
        'interruption is acceptable, run once with -e \'{{"preflight_accepted_password_changes": ["REDIS_PASSWORD"]}}\' instead.',
    ),
)
GUESSABLE = (
    Rule(
        _guessable,
        "platform_secrets.{} is so short that it can be guessed from the name of its Secret. Put {preflight_password_length} or more "
        "random characters into {preflight_secrets_file}.",
    ),
)
