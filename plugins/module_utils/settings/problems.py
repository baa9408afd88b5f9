# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems of the roles' settings: pure functions (private to the collection)."""

from __future__ import annotations

import datetime
import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleValidationError, UnsupportedError

# Settings for one run on the command line, where C(-e name=true) is the usual form, or in a survey of AWX, whose answers are strings.
SWITCHES_OF_ONE_RUN = frozenset(
    {"pre_deploy_force", "preflight_take_over", "remove_confirmed", "remove_namespace", "restore_confirmed", "status_fail_on_drift"}
)
# The more specific type first.
WHAT_YAML_MAKES: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a decimal number"),
    (datetime.datetime, "a timestamp"),
    (datetime.date, "a date"),
)
NO_TEXTS = {"bool": "a boolean", "int": "an integer", "float": "a number"}


def setting_problems(name: str, value: Any, option: Mapping[str, Any]) -> list[str]:
    """Validate a variable against its option in an argument specification.

    Args:
        name: name of the variable.
        value: the resolved value.
        option: its entry in a role's argument specification.

    Returns:
        A sentence for each problem, without a full stop.
    """
    # The default is irrelevant if there is a value, and may be a template.
    given = {key: entry for key, entry in option.items() if key != "default"}
    errors = ArgumentSpecValidator({name: given}).validate({name: value}).errors
    return [_sentence(name, error) for error in errors]


def _sentence(name: str, error: AnsibleValidationError) -> str:
    if isinstance(error, UnsupportedError):
        unknown, _separator, known = error.msg.partition(". ")
        return f"{unknown} is unknown; {known[:1].lower()}{known[1:].rstrip('.')}"
    # The notation of types in ansible-core since 2.19.
    message = re.sub(r"<class '(\w+)'>", r"\1", error.msg)
    return message.replace(f"argument '{name}'", name) if name in message else f"{name}: {message}"


def scalar_problems(name: str, written: Any, option: Mapping[str, Any]) -> list[str]:
    """Find a string instead of a boolean or number, and vice versa.

    In a template, the string C("false") of C(-e django_hpa_enabled=false) is true. YAML reads an image tag C(1.10) as 1.1.

    Args:
        name: name of the variable.
        written: the value before templates are resolved. It is not a template, and has no other problems.
        option: its entry in a role's argument specification.

    Returns:
        A sentence without a full stop, or nothing. It does not show the value of a string setting, which may be a secret.
    """
    kind = option.get("type", "str")
    made = next((words for type_, words in WHAT_YAML_MAKES if isinstance(written, type_)), None)
    if kind == "str" and made:
        return [f"{name} must be a string but is {made}; quote it"]
    if kind in NO_TEXTS and isinstance(written, str) and name not in SWITCHES_OF_ONE_RUN:
        meant = json.dumps(ArgumentSpecValidator({name: {"type": kind}}).validate({name: written}).validated_parameters)
        text = json.dumps(written)
        return [f"{name} must be {NO_TEXTS[kind]} but is the string {text}; remove the quotes, on the command line use -e '{meant}'"]
    return []


def template_problems(name: str, given: Any, option: Mapping[str, Any]) -> list[str]:
    """Find a template with a string result instead of a boolean, such as a survey answer, in which C(false) would be true.

    Numbers are not checked, because before ansible-core 2.19 every template of a number results in a string.

    Args:
        name: name of the variable.
        given: the resolved value, without other problems.
        option: its entry in a role's argument specification.

    Returns:
        A sentence without a full stop, or nothing.
    """
    if option.get("type") != "bool" or not isinstance(given, str) or name in SWITCHES_OF_ONE_RUN:
        return []
    return [f"{name} must be a boolean, but its template returns the string {json.dumps(given)}; end the template with | bool"]


def unknown_settings(names: Iterable[str], declared: Collection[str], roles: Iterable[str]) -> list[str]:
    """Find the variables that look like a setting but are not declared, such as C(django_replica).

    Args:
        names: names of variables in the inventory and on the command line.
        declared: names of all settings.
        roles: names of the roles, with which settings begin.

    Returns:
        A sentence for each variable, with the most similar setting if there is one.
    """
    prefixes = tuple(f"{role}_" for role in roles)
    unknown = sorted(name for name in names if name.startswith(prefixes) and name not in declared)
    return [f"{name} is not a setting of any role{nearest(name, declared)}" for name in unknown]


def nearest(name: str, declared: Collection[str]) -> str:
    """The end of a sentence about an unknown name: the most similar known one, or a full stop."""
    found = difflib.get_close_matches(name, declared, n=1)
    return f"; did you mean {found[0]}?" if found else "."


def resolved(value: Any) -> Any:
    """A copy of a value with all nested values, which makes Ansible resolve the templates in it."""
    if isinstance(value, Mapping):
        return {key: resolved(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [resolved(each) for each in value]
    return value
