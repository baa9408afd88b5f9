# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the environment of the application: references, keys that are set twice, and required keys of the application.

No message contains a value.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import (
    KINDS,
    is_object_name,
    references,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer

# Names of variables by the place that sets them.
Places = dict[str, set[str]]
DERIVED_URLS = "the derived URLs of Redis"
URLS = ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")
# Other objects follow from these values, so the run must know them.
KNOWN = (
    *("DJANGO_ALLOWED_HOSTS", "SITE_URL", "USE_PGBOUNCER", "PGBOUNCER_PORT", "POSTGRES_PORT", "PGSSLMODE", "REDIS_HOST", "REDIS_PORT"),
    "REDIS_SSL_CA_CERTS",
)
KNOWN_BY_POSTGRESQL = ("POSTGRES_DB", "POSTGRES_USER")
PASSWORDS = {"POSTGRES_PASSWORD": "platform_postgresql_provider", "REDIS_PASSWORD": "platform_redis_provider"}


def is_given(v: Values) -> bool:
    """Whether a Secret that this collection does not write has the secret environment.

    Args:
        v: the variables.
    """
    return v["platform_secrets_provider"] in ("existing", "external")


def _is_awaited(v: Values) -> bool:
    """Whether an operator will create or change the Secret in this run. It is checked afterwards."""
    return v["platform_secrets_provider"] == "external" and not v["preflight_operators_are_ready"]


def is_referenced(v: Values, name: str) -> bool:
    """Whether a variable of C(platform_secrets) or C(platform_config) is a reference.

    Args:
        v: the variables.
        name: name of the environment variable.
    """
    return name in references(v["platform_secrets"]) or name in references(v["platform_config"])


def comes_from_env_from(v: Values, name: str) -> bool:
    """Whether a whole object may have a variable that nothing else sets. The rules of the plan check whether it has.

    Args:
        v: the variables.
        name: name of the environment variable.
    """
    return bool(v["platform_env_from"]) and name not in v["platform_secret_values"]


def _is_source(source: Mapping[str, Any]) -> bool:
    names = [str(source[kind]) for kind in KINDS if source.get(kind)]
    return len(names) == 1 and is_object_name(names[0])


def _invalid_sources(v: Values) -> str:
    return ", ".join(str(number) for number, source in enumerate(v["platform_env_from"], start=1) if not _is_source(source))


def _references_to_known_values(v: Values) -> str:
    known = KNOWN + (KNOWN_BY_POSTGRESQL if v["platform_postgresql_provider"] == "in_cluster" else ())
    places = ("platform_config", "platform_secrets")
    return ", ".join(f"{place}.{name}" for place in places for name in references(v[place]) if name in known)


def _passwords_of_services_in_the_cluster(v: Values) -> str:
    found = references(v["platform_secrets"])
    return " and ".join(name for name, provider in PASSWORDS.items() if name in found and v[provider] == "in_cluster")


# If one of these finds something, the other rules cannot read the values that they need.
REFERENCES = (
    Rule(
        _invalid_sources,
        "platform_env_from: the entry with the number {} needs either secret or config_map, with the name of an object: correct it in "
        "{preflight_values_file}.",
    ),
    Rule(
        _references_to_known_values,
        "{} cannot be a reference, because other objects follow from the value: set the value in {preflight_values_file}.",
    ),
    Rule(
        _passwords_of_services_in_the_cluster,
        "platform_secrets.{} cannot be a reference, because the service in the cluster gets its password from this collection: set the "
        "value in {preflight_secrets_file}, or use platform_existing_secret or an external service.",
    ),
)


def set_twice_findings(v: Values) -> list[str]:
    """Variables that two settings of all tiers set. A setting such as C(django_env) is there to override them.

    Args:
        v: the variables.
    """
    return [found for first, second in itertools.combinations(_places(v).items(), 2) for found in _twice(v, first, second)]


def set_twice_in_the_cluster_findings(v: Values) -> list[str]:
    """Variables that an existing object and something else set.

    Args:
        v: the variables.
    """
    places, whole, secret = _places(v), *_places_in_the_cluster(v)
    given = {name for names in places.values() for name in names}
    # The existing Secret takes precedence over derived values, as platform_secrets does.
    derived = {"the derived values": set(v["platform_config_values"]) - given}
    pairs = [
        *itertools.combinations({**whole, **secret}.items(), 2),
        *itertools.product(whole.items(), {**derived, **places}.items()),
        *itertools.product(secret.items(), places.items()),
    ]
    return [found for first, second in pairs for found in _twice(v, first, second)]


def _places(v: Values) -> Places:
    """The names that each setting sets. The derived URLs of Celery are part of the Secret, unless the Secret exists."""
    given = {str(name) for name in v["platform_secret_values"]} | set(references(v["platform_secrets"]))
    urls = set(URLS) - given if not is_given(v) else set()
    return {
        "platform_config": {str(name) for name in v["platform_config"]},
        "platform_secrets": given,
        DERIVED_URLS: urls,
    }


def _places_in_the_cluster(v: Values) -> tuple[Places, Places]:
    """The names that the objects of C(platform_env_from) and the existing Secret set."""
    revisions = (v.get("preflight_existing") or {}).get("revisions") or {}
    whole: Places = {}
    for source in v["platform_env_from"]:
        kind = next(kind for kind in KINDS if source.get(kind))
        name, prefix = f"{KINDS[kind][0]}/{source[kind]}", source.get("prefix") or ""
        whole.setdefault(f"{name} (platform_env_from)", set()).update(f"{prefix}{key}" for key in revisions.get(name) or ())
    name = f"Secret/{v['platform_given_secret']}"
    secret = {f"{name} ({v['platform_given_secret_setting']})": set(revisions.get(name) or ())}
    return whole, secret if is_given(v) and not _is_awaited(v) else {}


def _twice(v: Values, first: tuple[str, set[str]], second: tuple[str, set[str]]) -> list[str]:
    both = sorted((first[1] & second[1]) - {str(name) for name in v["preflight_accepted_overrides"]})
    if not both:
        return []
    return [
        f"{', '.join(both)}: set in {first[0]} and in {second[0]}, so one value hides the other. Remove one of them in "
        f"{v['preflight_values_file']}, or add the name to preflight_accepted_overrides."
    ]


def required_key_findings(v: Values) -> list[str]:
    """Keys of C(platform_required_keys) that are missing or too short, as far as the inventory shows it.

    Args:
        v: the variables.
    """
    given = {**v["platform_secret_values"], **v["platform_config_values"]}
    elsewhere = v["platform_env_from"] or is_given(v)
    found = []
    for key in v["platform_required_keys"]:
        name, least = key["name"], integer(key.get("min_length") or 1)
        if is_referenced(v, name):
            continue
        if name not in given and not elsewhere:
            found.append(_missing(v, name))
        elif name in given and len(str(given[name])) < least:
            found.append(
                f"{name} has {len(str(given[name]))} characters, but platform_required_keys requires {least}: set a longer value in "
                f"{v['preflight_values_file']} or {v['preflight_secrets_file']}."
            )
    return found


def missing_key_findings(v: Values) -> list[str]:
    """Required keys that neither the inventory nor an existing object has.

    Args:
        v: the variables.
    """
    whole, secret = _places_in_the_cluster(v)
    if not (whole or secret) or "revisions" not in v["preflight_existing"] or v["preflight_existing"]["problems"]:
        # The objects are reported first.
        return []
    if _is_awaited(v):
        return []
    given = {name for places in (_places(v), whole, secret) for names in places.values() for name in names}
    given |= set(v["platform_config_values"])
    required = ["DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", *(key["name"] for key in v["platform_required_keys"])]
    return [_missing(v, name) for name in dict.fromkeys(required) if name not in given]


def _missing(v: Values, name: str) -> str:
    return (
        f"{name} is not set, but the application requires it: set it in platform_config ({v['preflight_values_file']}) or "
        f"platform_secrets ({v['preflight_secrets_file']})."
    )
