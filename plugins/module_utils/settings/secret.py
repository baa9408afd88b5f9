# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings whose values must not appear in messages: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_ADVICE = "write !unsafe before a value that contains {{, {% or {#, and define each variable that a template names"


class UnresolvedError(Exception):
    """A template cannot be resolved. The original message contains the template, which may be a secret."""


def written_values(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the strings of a setting, with their place in it.

    Args:
        name: name of the setting.
        value: the unresolved value, including templates.
    """
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from written_values(f"{name}.{key}", each)
    elif isinstance(value, (list, tuple)):
        for position, each in enumerate(value):
            yield from written_values(f"{name}.{position}", each)


def unresolved_secrets(name: str, value: Any, resolve: Callable[[str], Any]) -> list[str]:
    """Find the values of a secret setting that Ansible treats as templates although they are not.

    Args:
        name: name of the setting.
        value: the unresolved value.
        resolve: resolves the templates in a string, or raises UnresolvedError.

    Returns:
        A sentence for each value, without a full stop and without the value.
    """
    return [f"{place} cannot be resolved; {_ADVICE}" for place, text in written_values(name, value) if not _is_resolved(text, resolve)]


def _is_resolved(text: str, resolve: Callable[[str], Any]) -> bool:
    try:
        found = resolve(text)
    except UnresolvedError:
        return False
    # Jinja drops comments silently. In a value that does not begin with an expression, the comment is a part of the secret.
    return found == text or "{#" not in text or text.lstrip().startswith(("{{", "{%"))


def values_or_templates(value: Any, resolve: Callable[[str], Any]) -> list[Any]:
    """The strings of a setting, both unresolved and (if possible) resolved, and its numbers.

    Args:
        value: the unresolved value.
        resolve: resolves the templates in a string, or raises UnresolvedError.
    """
    found: list[Any] = []
    if not isinstance(value, (str, Mapping, list, tuple)):
        return [] if value is None else [value]
    for _place, text in written_values("", value):
        try:
            found += [text, resolve(text)]
        except UnresolvedError:
            found.append(text)
    numbers = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [*found, *(each for each in numbers if isinstance(each, (int, float)))]
