# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import (
    resolved,
    scalar_problems,
    setting_problems,
    template_problems,
    unknown_settings,
)

COMMANDS = {
    "type": "list",
    "elements": "dict",
    "options": {"name": {"type": "str", "required": True}, "command": {"type": "list", "elements": "str", "required": True}},
}

NO_TEXT = "platform_image_tag must be a string but is"


@pytest.mark.parametrize(
    ("value", "option", "problem"),
    [
        (3, {"type": "int", "description": "How many."}, None),
        # The default, which may be a template, does not take the place of a null.
        (None, {"type": "int", "default": "{{ undefined }}"}, None),
        ("3", {"type": "int"}, None),
        ([{"name": "migrate", "command": ["true"]}], COMMANDS, None),
        ("many", {"type": "int"}, "replicas is of type str and we were unable to convert to int"),
        ("text", {"type": "dict"}, "replicas is of type str and we were unable to convert to dict"),
        ("other", {"type": "str", "choices": ["one", "two"]}, "value of replicas must be one of: one, two, got: other"),
        ([{"command": ["true"]}], COMMANDS, "missing required arguments: name found in replicas"),
        (
            [{"name": "migrate", "command": [], "when": 1}],
            COMMANDS,
            "replicas.when is unknown; supported",
        ),
    ],
)
def test_a_problem_contains_the_name_of_the_variable(value: Any, option: dict[str, Any], problem: str | None) -> None:
    problems = setting_problems("replicas", value, option)
    assert len(problems) == (0 if problem is None else 1), problems
    assert all(problem in each for each in problems if problem), problems


@pytest.mark.parametrize(
    ("name", "written", "option", "sentence"),
    [
        (
            "django_hpa_enabled",
            "false",
            {"type": "bool"},
            'django_hpa_enabled must be a boolean but is the string "false"; remove the quotes, '
            "on the command line use -e '{\"django_hpa_enabled\": false}'",
        ),
        (
            "nginx_hsts_seconds",
            "3600",
            {"type": "int"},
            'nginx_hsts_seconds must be an integer but is the string "3600"; remove the quotes, '
            "on the command line use -e '{\"nginx_hsts_seconds\": 3600}'",
        ),
        ("django_hpa_enabled", False, {"type": "bool"}, None),
        ("nginx_hsts_seconds", 3600, {"type": "int"}, None),
        ("platform_image_tag", "1.0", {"type": "str"}, None),
        ("platform_image_tag", "1.0", {}, None),
        ("platform_labels", {"a": "true"}, {"type": "dict"}, None),
        ("remove_confirmed", "true", {"type": "bool"}, None),
        ("platform_image_tag", 1.1, {"type": "str"}, f"{NO_TEXT} a decimal number; quote it"),
        ("platform_image_tag", 83, {"type": "str"}, f"{NO_TEXT} an integer; quote it"),
        ("platform_image_tag", False, {"type": "str"}, f"{NO_TEXT} a boolean; quote it"),
        ("platform_image_tag", datetime.date(2026, 11, 26), {"type": "str"}, f"{NO_TEXT} a date; quote it"),
        ("platform_image_tag", None, {"type": "str"}, None),
    ],
)
def test_only_strings_are_accepted_as_strings(name: str, written: Any, option: dict[str, Any], sentence: str | None) -> None:
    assert scalar_problems(name, written, option) == ([] if sentence is None else [sentence])


@pytest.mark.parametrize(
    ("name", "given", "option", "sentence"),
    [
        (
            "django_hpa_enabled",
            "false",
            {"type": "bool"},
            'django_hpa_enabled must be a boolean, but its template returns the string "false"; end the template with | bool',
        ),
        ("django_hpa_enabled", False, {"type": "bool"}, None),
        ("remove_confirmed", "false", {"type": "bool"}, None),
        ("nginx_hsts_seconds", "3600", {"type": "int"}, None),
        ("platform_image_tag", "true", {"type": "str"}, None),
        ("platform_image_tag", "true", {}, None),
    ],
)
def test_a_template_for_a_boolean_must_return_a_boolean(name: str, given: Any, option: dict[str, Any], sentence: str | None) -> None:
    assert template_problems(name, given, option) == ([] if sentence is None else [sentence])


def test_nested_values_are_resolved() -> None:
    read: list[str] = []

    class Lazy(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            read.append(key)
            return super().__getitem__(key)

        def items(self) -> Any:
            return [(key, self[key]) for key in self]

    assert resolved([Lazy(a=Lazy(b=(1, "text")))]) == [{"a": {"b": [1, "text"]}}]
    assert read == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("django_replica", ["django_replica is not a setting of any role; did you mean django_replicas?"]),
        ("django_celery_wroker_env", ["django_celery_wroker_env is not a setting of any role; did you mean celery_worker_env?"]),
        ("django_favourite_colour", ["django_favourite_colour is not a setting of any role."]),
        ("django_replicas", []),
        ("djangoreplica", []),
        ("kind_replicas", []),
    ],
)
def test_an_unknown_variable_with_the_prefix_of_a_role_is_reported(name: str, sentences: list[str]) -> None:
    assert unknown_settings([name], {"django_replicas", "celery_worker_env"}, ["django", "celery_worker"]) == sentences
