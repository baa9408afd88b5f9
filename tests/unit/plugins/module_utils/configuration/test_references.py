"""Values in existing Secrets and ConfigMaps, and their revisions."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import (
    environment_objects,
    environment_revision,
    is_reference,
    masked_secrets,
    plain_environment,
)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ({"secret": "mail", "key": "password"}, True),
        ({"secret": "mail.v1-2", "key": ".a_B-1"}, True),
        ({"config_map": "flags", "key": "a"}, True),
        *(({"field": field}, True) for field in ("metadata.name", "metadata.labels['team']", "status.podIP", "status.hostIPs")),
        *(({"field": field}, False) for field in ("metadata", "metadata.labels", "spec.containers", "status.podIPx")),
        ("metadata.name", False),
        ({}, False),
        ({"secret": "mail"}, False),
        ({"secret": "Mail", "key": "a"}, False),
        ({"secret": "a" * 254, "key": "a"}, False),
        ({"secret": "mail", "key": "a b"}, False),
        ({"secret": "mail", "key": 1}, False),
        ({"secret": "mail", "config_map": "flags", "key": "a"}, False),
        ({"field": "metadata.name", "key": "a"}, False),
    ],
)
def test_which_mappings_are_references(value: Any, is_one: bool) -> None:
    assert is_reference(value) is is_one


def test_values_stay_without_the_references() -> None:
    assert plain_environment({"A": 1, "B": {"field": "metadata.name"}, "C": ""}) == {"A": 1, "C": ""}


MAIL = [{"kind": "Secret", "name": "mail", "keys": ["a"]}]
ALL = [{"kind": "Secret", "name": "mail", "keys": []}]


@pytest.mark.parametrize(
    ("used", "before", "after", "same"),
    [
        pytest.param(MAIL, {"a": "1", "b": "1"}, {"a": "1", "b": "2"}, True, id="another key"),
        pytest.param(MAIL, {"a": "1"}, {"a": "2"}, False, id="the key"),
        pytest.param(ALL, {"a": "1", "b": "1"}, {"b": "1", "a": "1"}, True, id="another order"),
        pytest.param(ALL, {"a": "1"}, {"a": "1", "b": "1"}, False, id="a new key of a whole object"),
        pytest.param([*MAIL, *ALL], {"a": "1", "b": "1"}, {"a": "1", "b": "2"}, False, id="a key and the whole object"),
    ],
)
def test_the_revision_is_that_of_the_keys_in_use(
    used: list[dict[str, Any]], before: dict[str, str], after: dict[str, str], same: bool
) -> None:
    first, second = (environment_revision(used, {"Secret/mail": revisions}) for revisions in (before, after))
    assert first.startswith("Secret/mail ")
    assert (first == second) is same


def test_objects_that_were_not_read_have_no_revision() -> None:
    assert environment_revision(MAIL, {}) == ""
    assert environment_revision(MAIL, {"Secret/mail": {}}) == ""


def test_the_objects_to_check_have_their_keys_and_settings_once() -> None:
    password = {"secret": "data", "key": "password"}
    config = {"A": 1, "POD": {"field": "metadata.name"}}
    secrets = {"REDIS_PASSWORD": password, "TOKEN": {"secret": "data", "key": "token"}}
    tiers = {"django_env": {"PASSWORD": password, "FLAG": {"config_map": "data", "key": "flag"}}}
    requirements: list[dict[str, Any]] = [{"name": "REDIS_PASSWORD"}, {"name": "REDIS_PASSWORD", "min_length": "20", "url_safe": True}]
    assert environment_objects(config, secrets, tiers, [{"secret": "data"}, {"secret": "whole"}], requirements) == [
        {
            "kind": "Secret",
            "name": "data",
            "keys": [{"name": "password", "min_length": 20, "url_safe": True}, {"name": "token", "min_length": 0, "url_safe": False}],
            "settings": "platform_secrets.REDIS_PASSWORD, platform_secrets.TOKEN, django_env.PASSWORD, platform_env_from",
        },
        {
            "kind": "ConfigMap",
            "name": "data",
            "keys": [{"name": "flag", "min_length": 0, "url_safe": False}],
            "settings": "django_env.FLAG",
        },
        {"kind": "Secret", "name": "whole", "keys": [], "settings": "platform_env_from"},
    ]


def test_only_the_values_in_use_are_masked() -> None:
    config = {"A": 1, "FLAG": {"config_map": "flags", "key": "a"}, "POD": {"field": "metadata.name"}}
    secrets = {"PASSWORD": {"secret": "data", "key": "password"}, "TOKEN": {"secret": "mail", "key": "token"}}
    tiers = {"django_env": {"OTHER": {"secret": "data", "key": "other"}}}
    assert masked_secrets(config, secrets, tiers, [{"secret": "mail"}]) == ["data/other", "data/password", "mail"]
