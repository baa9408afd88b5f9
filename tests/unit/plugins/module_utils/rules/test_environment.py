# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the preflight reports of references, of keys that are set twice and of required keys."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import environment
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.findings import FINDINGS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.names import RULES
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Values, findings
from rule_values import PLAN, PLANNED, SETTINGS

SECRET: dict[str, Any] = {"secret": "own", "key": "a"}
POD: dict[str, Any] = {"field": "metadata.name"}


def config(**values: Any) -> Values:
    return {"platform_config": {**SETTINGS["platform_config"], **values}}


def secrets(**values: Any) -> Values:
    """Values and references, as the settings are and without the references."""
    given = {**SETTINGS["platform_secrets"], **values}
    return {"platform_secrets": given, "platform_secret_values": {name: each for name, each in given.items() if not isinstance(each, dict)}}


def source(**values: Any) -> Values:
    return {"platform_env_from": [{"secret": "first"}, values]}


SOURCE = (
    "platform_env_from: the entry with the number 2 needs either secret or config_map, with the name of an object: correct it in "
    "values.yml."
)
KNOWN = "{} cannot be a reference, because other objects follow from the value: set the value in values.yml."
IN_CLUSTER = (
    "platform_secrets.{} cannot be a reference, because the service in the cluster gets its password from this collection: set the value "
    "in secrets.yml, or use platform_existing_secret or an external service."
)
BOTH_IN_CLUSTER = {"platform_postgresql_provider": "in_cluster", "platform_redis_provider": "in_cluster"}


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (source(secret="own"), source(), SOURCE),
        (source(config_map="own", secret=None, prefix="A_"), source(config_map="own", secret="own"), SOURCE),
        (source(config_map="own"), source(config_map="Own"), SOURCE),
        (config(POSTGRES_HOST=SECRET, POD=POD), config(SITE_URL=SECRET), KNOWN.format("platform_config.SITE_URL")),
        (
            config(),
            {**config(REDIS_HOST=POD), **secrets(POSTGRES_PORT=SECRET)},
            KNOWN.format("platform_config.REDIS_HOST, platform_secrets.POSTGRES_PORT"),
        ),
        (
            config(POSTGRES_USER=SECRET),
            {**config(POSTGRES_USER=SECRET), "platform_postgresql_provider": "in_cluster"},
            KNOWN.format("platform_config.POSTGRES_USER"),
        ),
        (
            secrets(REDIS_PASSWORD=SECRET, POSTGRES_PASSWORD=SECRET),
            {**secrets(REDIS_PASSWORD=SECRET), "platform_redis_provider": "in_cluster"},
            IN_CLUSTER.format("REDIS_PASSWORD"),
        ),
        (
            {**secrets(DJANGO_SECRET_KEY=SECRET), **BOTH_IN_CLUSTER},
            {**secrets(REDIS_PASSWORD=SECRET, POSTGRES_PASSWORD=SECRET), **BOTH_IN_CLUSTER},
            IN_CLUSTER.format("POSTGRES_PASSWORD and REDIS_PASSWORD"),
        ),
    ],
)
def test_a_rule_of_references_finds_wrong_values_and_no_others(right: Values, wrong: Values, message: str) -> None:
    assert findings(environment.REFERENCES, {**SETTINGS, **right}) == []
    assert findings(environment.REFERENCES, {**SETTINGS, **wrong}) == [message]
    assert FINDINGS["settings"]({**SETTINGS, **wrong}) == [message]


def twice(names: str, first: str, second: str) -> str:
    return (
        f"{names}: set in {first} and in {second}, so one value hides the other. Remove one of them in values.yml, or add the name to "
        "preflight_accepted_overrides."
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param(
            {**config(A=1, B=POD), **secrets(A="1", B="2")},
            [twice("A, B", "platform_config", "platform_secrets")],
            id="configuration and secrets",
        ),
        pytest.param(
            {**config(A=1), **secrets(B=SECRET), "tiers_environments": {"django_env": {"A": 2, "B": POD}}}, [], id="a tier that overrides"
        ),
        pytest.param(
            config(CELERY_BROKER_URL="a"),
            [twice("CELERY_BROKER_URL", "platform_config", "the derived URLs of Redis")],
            id="a derived URL",
        ),
        pytest.param(secrets(CELERY_BROKER_URL="a"), [], id="a URL in place of the derived one"),
        pytest.param({**config(A=1), **secrets(A="1"), "preflight_accepted_overrides": ["A"]}, [], id="as meant"),
    ],
)
def test_a_variable_that_two_settings_set_is_named_with_both(values: Values, expected: list[str]) -> None:
    assert environment.set_twice_findings({**SETTINGS, **values}) == expected


FLAGS, KEYS = "ConfigMap/flags (platform_env_from)", "Secret/keys (platform_env_from)"
REVISIONS = {"ConfigMap/flags": {"A": "1", "F": "1"}, "Secret/keys": {"A": "2", "K": "1"}, "Secret/given": {"SITE_URL": "1", "G": "1"}}
GIVEN = {"platform_secrets_provider": "existing", "platform_given_secret": "given"}
AWAITED = {**GIVEN, "platform_secrets_provider": "external", "platform_given_secret_setting": "platform_external_secret_data"}
CREATED = {**AWAITED, "preflight_operators_are_ready": True}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"platform_env_from": [{"config_map": "flags"}]}, [], id="one object"),
        pytest.param({"platform_env_from": [{"config_map": "flags"}, {"secret": "keys"}]}, [twice("A", FLAGS, KEYS)], id="two objects"),
        pytest.param({"platform_env_from": [{"config_map": "flags", "prefix": "X_"}, {"secret": "keys"}]}, [], id="a prefix"),
        pytest.param(
            {"platform_env_from": [{"config_map": "flags"}], **config(F=1)}, [twice("F", FLAGS, "platform_config")], id="configuration"
        ),
        pytest.param(
            {"platform_env_from": [{"config_map": "flags"}], "platform_config_values": {"F": "1"}},
            [twice("F", FLAGS, "the derived values")],
            id="a derived value",
        ),
        pytest.param(
            {"platform_env_from": [{"secret": "keys"}], **secrets(K=SECRET), "tiers_environments": {"django_env": {"A": 1}}},
            [twice("K", KEYS, "platform_secrets")],
            id="references, and a tier that overrides",
        ),
        pytest.param(GIVEN, [twice("SITE_URL", "Secret/given (platform_existing_secret)", "platform_config")], id="existing Secret"),
        pytest.param(
            CREATED, [twice("SITE_URL", "Secret/given (platform_external_secret_data)", "platform_config")], id="Secret of an operator"
        ),
        pytest.param(AWAITED, [], id="Secret that an operator may still change"),
        pytest.param(
            {**GIVEN, "platform_config": {}, "platform_config_values": {"SITE_URL": "a"}}, [], id="existing Secret over a derived value"
        ),
        pytest.param(
            {"platform_env_from": [{"config_map": "flags"}], **config(F=1), "preflight_accepted_overrides": ["F"]}, [], id="as meant"
        ),
    ],
)
def test_a_variable_of_an_existing_object_that_something_else_sets(values: Values, expected: list[str]) -> None:
    found = environment.set_twice_in_the_cluster_findings({**SETTINGS, "preflight_existing": {"revisions": REVISIONS}, **values})
    assert found == expected


def required(*keys: dict[str, Any]) -> Values:
    return {"platform_required_keys": list(keys)}


MISSING = "{} is not set, but the application requires it: set it in platform_config (values.yml) or platform_secrets (secrets.yml)."
SHORT = "{} has {} characters, but platform_required_keys requires {}: set a longer value in values.yml or secrets.yml."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(required({"name": "POSTGRES_HOST"}, {"name": "POSTGRES_PASSWORD", "min_length": "20"}), [], id="values"),
        pytest.param(required({"name": "A"}, {"name": "B", "min_length": 5}), [MISSING.format("A"), MISSING.format("B")], id="missing"),
        pytest.param(
            {**required({"name": "A", "min_length": 5}, {"name": "B", "min_length": None}), **secrets(A="1234", B="")},
            [SHORT.format("A", 4, 5), SHORT.format("B", 0, 1)],
            id="short",
        ),
        pytest.param(
            {**required({"name": "A", "min_length": 9}, {"name": "POD"}), **secrets(A=SECRET), **config(POD=POD)}, [], id="references"
        ),
        pytest.param({**required({"name": "A"}), "platform_env_from": [SECRET]}, [], id="perhaps in a whole object"),
        pytest.param({**required({"name": "A"}), **GIVEN}, [], id="perhaps in the existing Secret"),
    ],
)
def test_required_keys_of_the_application(values: Values, expected: list[str]) -> None:
    assert environment.required_key_findings({**SETTINGS, **values}) == expected


READ = {"problems": [], "revisions": REVISIONS}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({**required({"name": "B"}), "preflight_existing": {"skipped": True}}, [], id="no existing object"),
        pytest.param({**required({"name": "K"}), "platform_env_from": [{"secret": "keys"}]}, [], id="in a whole object"),
        pytest.param(
            {**required({"name": "G"}), **GIVEN, **secrets(POSTGRES_PASSWORD=SECRET, DJANGO_SECRET_KEY=SECRET)}, [], id="in the Secret"
        ),
        pytest.param({**required({"name": "B"}), **CREATED}, [MISSING.format("B")], id="not in the Secret of an operator"),
        pytest.param({**required({"name": "B"}), **AWAITED}, [], id="the operator may still add it"),
        pytest.param(
            {
                **required({"name": "B"}),
                "platform_env_from": [{"secret": "keys"}],
                "platform_secret_values": {"DJANGO_SECRET_KEY": "k"},
                "platform_secrets": {},
            },
            [MISSING.format("POSTGRES_PASSWORD"), MISSING.format("B")],
            id="nowhere",
        ),
        pytest.param(
            {**required({"name": "B"}), "platform_env_from": [{"secret": "keys"}], "preflight_existing": {**READ, "problems": ["a"]}},
            [],
            id="an object has problems of its own",
        ),
    ],
)
def test_required_keys_that_no_existing_object_has(values: Values, expected: list[str]) -> None:
    assert environment.missing_key_findings({**SETTINGS, "preflight_existing": READ, **values}) == expected


def test_the_plan_reports_what_the_existing_objects_show() -> None:
    values = {**PLANNED, "preflight_plan": PLAN, "preflight_existing": READ, "platform_env_from": [{"secret": "keys"}], **config(K=1)}
    assert FINDINGS["plan"]({**values, **required({"name": "B"})}) == [twice("K", KEYS, "platform_config"), MISSING.format("B")]
    # Before that, the findings of the settings are fixed.
    assert FINDINGS["plan"]({**values, "preflight_input_findings": ["x is not set."]}) == ["x is not set."]


def test_the_settings_report_what_is_set_twice_and_what_is_missing() -> None:
    values = {**SETTINGS, **config(A=1), **secrets(A="1"), **required({"name": "B"}), "platform_kube_context": "here"}
    found = [each for each in FINDINGS["settings"]({**values, **NAMES}) if "platform_" in each]
    assert found == [twice("A", "platform_config", "platform_secrets"), MISSING.format("B")]


# Further settings that become names.
NAMES: Values = {
    **{name: {} for name, rule in RULES.items() if rule in ("labels", "annotations", "hashed_names")},
    **{name: "shop" for name, rule in RULES.items() if rule in ("label", "image", "subdomain")},
    "platform_app_repository": "shop",
    "platform_image_pull_secrets": [],
    "pre_deploy_check_services": False,
    "pre_deploy_commands": [],
    "post_deploy_commands": [],
}
