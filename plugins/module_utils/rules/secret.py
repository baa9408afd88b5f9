# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the secrets of the inventory. No message contains the value of a secret."""

from __future__ import annotations

import re

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import object_identities
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import environment
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer

# https://pkg.go.dev/time#ParseDuration, which the API server uses.
INTERVAL = re.compile(r"(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$")
EXTERNAL = ("platform_external_secret_store", "platform_external_secret_data", "platform_external_secret_data_from")
BASE64 = re.compile("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")


def is_shorter(v: Values, name: str, length: int) -> bool:
    """Whether a secret has fewer characters. The values of existing objects are not known here; the preflight checks them itself.

    Args:
        v: the variables.
        name: name of the environment variable.
        length: number of characters.
    """
    is_known = not environment.is_given(v) and not environment.is_referenced(v, name)
    return is_known and len(str(v["platform_secret_values"].get(name, ""))) < length


def _is_external(v: Values) -> bool:
    return bool(v["platform_secrets_provider"] == "external")


def _lacks(v: Values, name: str, length: int = 1) -> bool:
    return is_shorter(v, name, length) and not environment.comes_from_env_from(v, name)


def _has_redis_password(v: Values) -> bool:
    return "REDIS_PASSWORD" in v["platform_secret_values"] or environment.is_referenced(v, "REDIS_PASSWORD")


def _extra_secrets(v: Values) -> str:
    secrets = object_identities(each for each in v["extra_objects_listed"] if each["kind"] == "Secret")
    return ", ".join(f"{each['namespace']}/{each['name']}" for each in secrets)


def _files_that_are_not_base64(v: Values) -> str:
    return ", ".join(name for name, content in v["platform_secret_files"].items() if not BASE64.match(content))


RULES = (
    Rule(
        lambda v: v["platform_secrets_provider"] == "existing" and not v["platform_existing_secret"],
        "platform_existing_secret is not set, but platform_secrets_provider is existing: put the name of the Secret into "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: _is_external(v) and not v["platform_external_secret_store"].get("name"),
        "platform_external_secret_store is not set, but platform_secrets_provider is external: set its name, and its kind if it is not "
        "SecretStore, in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _is_external(v) and not (v["platform_external_secret_data"] or v["platform_external_secret_data_from"]),
        "platform_secrets_provider is external, but platform_external_secret_data and platform_external_secret_data_from are empty: list "
        "what the Secret gets from the store in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _is_external(v) and not INTERVAL.match(v["platform_external_secret_refresh_interval"]),
        "platform_external_secret_refresh_interval '{platform_external_secret_refresh_interval}' is not a time: set it to a number with a "
        "unit, such as 15m or 1h, in {preflight_values_file}.",
    ),
    Rule(
        lambda v: not _is_external(v) and ", ".join(name for name in EXTERNAL if v[name]),
        "{} has no effect, because platform_secrets_provider is {platform_secrets_provider}: set platform_secrets_provider to external in "
        "{preflight_secrets_file}, or remove the setting.",
    ),
    Rule(
        lambda v: _lacks(v, "DJANGO_SECRET_KEY", integer(v["preflight_secret_key_length"])),
        "platform_secrets.DJANGO_SECRET_KEY is missing or shorter than {preflight_secret_key_length} characters: put a random one into "
        "{preflight_secrets_file} and encrypt it with ansible-vault.",
    ),
    Rule(
        lambda v: _lacks(v, "POSTGRES_PASSWORD"),
        "platform_secrets.POSTGRES_PASSWORD is not set: put it into {preflight_secrets_file} and encrypt it with ansible-vault.",
    ),
    Rule(
        lambda v: v["platform_redis_authentication"] and is_shorter(v, "REDIS_PASSWORD", 1),
        "platform_secrets.REDIS_PASSWORD is not set: put it into {preflight_secrets_file} and encrypt it with ansible-vault.",
    ),
    Rule(
        lambda v: not v["platform_redis_authentication"] and _has_redis_password(v),
        "platform_secrets.REDIS_PASSWORD is set, but platform_redis_authentication is false, so Redis needs no password: remove one of "
        "them in {preflight_secrets_file} or {preflight_values_file}.",
    ),
    # Checked here, so that the content of a Secret is never a module argument.
    Rule(
        _extra_secrets,
        "extra_objects_manifests or extra_objects_templates contains Secret {}. Its content would be shown. Use platform_secrets, "
        "platform_secret_files, or an operator that reads an external secret store.",
    ),
    Rule(
        _files_that_are_not_base64,
        "platform_secret_files.{} is not base64: put the output of `base64 -w0 FILE` into {preflight_secrets_file}.",
    ),
)
