# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Values of the environment and contents of files, as a ConfigMap or Secret has them: pure functions (private to the collection)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import (
    plain_environment,
    reference_entry,
    reference_problem,
    references,
)

# Limit of a key in a ConfigMap or Secret. envFrom silently skips keys that are not valid variable names.
_KEY_LENGTH = 253
_FILE_NAME = re.compile(rf"[A-Za-z0-9._-]{{1,{_KEY_LENGTH}}}")
_VARIABLE_NAME = re.compile(rf"[A-Za-z._-][A-Za-z0-9._-]{{0,{_KEY_LENGTH - 1}}}")
# Limit for all values of a ConfigMap or Secret.
_DATA_BYTES = 1048576
# MAX_ARG_STRLEN of Linux, which includes the name, the equals sign and the terminating zero byte.
_ENTRY_BYTES = 131072


def environment_strings(values: Mapping[str, Any]) -> dict[str, str]:
    """Convert environment values from YAML to the strings that the application reads.

    Booleans become C(True) and C(False), because the application compares with these strings.
    :raises ValueError: a value is null, a list or a mapping. The message names the key and never contains the value.
    """
    for problem in environment_problems(values, with_references=False):
        raise ValueError(problem)
    return {str(key): str(value) for key, value in values.items()}


def environment_entries(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Convert environment values and references to a container's C(env).

    Dollar signs are escaped, because the kubelet replaces C($(NAME)).

    :raises ValueError: as C(environment_strings) does, or a mapping is not a reference.
    """
    for problem in environment_problems(references(values)):
        raise ValueError(problem)
    texts = environment_strings(plain_environment(values))
    entries = {key: {"name": key, "value": text.replace("$", "$$")} for key, text in texts.items()}
    entries |= {key: reference_entry(key, reference) for key, reference in references(values).items()}
    return [entries[str(key)] for key in values]


def environment_problems(values: Mapping[str, Any], *, with_references: bool = True) -> list[str]:
    """Find the entries that are not valid in an environment. Names the keys and never contains a value.

    Args:
        values: environment variables by name.
        with_references: whether a value can be a reference.
    """
    problems = []
    for key, value in values.items():
        if with_references and isinstance(value, Mapping):
            problem = _unfit_name(str(key)) or reference_problem(value)
        else:
            problem = _unfit_name(str(key)) or _unfit(value) or _unfit_size(f"{key}={value}")
        if problem:
            problems.append(f"{_shown(key)} {problem}")
    return problems


def size_problems(sizes: Mapping[str, int]) -> list[str]:
    """Find out whether entries together are too large for one ConfigMap or Secret.

    Args:
        sizes: bytes of each entry, by key.
    """
    total = sum(sizes.values())
    if total <= _DATA_BYTES:
        return []
    largest = max(sizes, key=lambda key: sizes[key])
    return [
        f"has {total} bytes together ({_shown(largest)} has {sizes[largest]}), but a ConfigMap or Secret holds at most {_DATA_BYTES}; put "
        "large content into a volume or an external store"
    ]


def environment_sizes(values: Mapping[str, Any]) -> dict[str, int]:
    """Count the bytes of each value of an environment."""
    return {str(key): len(str(value).encode()) for key, value in plain_environment(values).items()}


def file_problems(files: Mapping[str, Any]) -> list[str]:
    """Find the entries that are not valid as files of a Secret. Names the keys and never contains a content."""
    problems = []
    for key, content in files.items():
        name = str(key)
        if not _FILE_NAME.fullmatch(name) or name == "." or name.startswith(".."):
            problems.append(
                f"{_shown(key)} is not a valid file name in a Secret; write at most {_KEY_LENGTH} letters, digits, -, _ and ., without a "
                "directory, and do not begin with .."
            )
        elif not isinstance(content, str):
            problems.append(f"{_shown(key)} {_unfit(content) or 'is not a string; quote its base64 value'}")
    return problems


def file_sizes(files: Mapping[str, Any]) -> dict[str, int]:
    """Count the bytes of files whose contents are in base64."""
    return {str(key): len(str(text)) // 4 * 3 - str(text)[-2:].count("=") for key, text in files.items()}


def _shown(key: Any) -> str:
    return str(key) if re.fullmatch(r"[!-~]+", str(key)) else json.dumps(str(key))


def _unfit_name(name: str) -> str:
    if _VARIABLE_NAME.fullmatch(name) and name != "." and not name.startswith(".."):
        return ""
    rule = f"write at most {_KEY_LENGTH} letters, digits, _, - and ., and do not begin with a digit or .."
    return f"is not a valid name of an environment variable; {rule}"


def _unfit(value: Any) -> str:
    if value is None:
        return "is null; set a value, or '' for an empty string"
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, (str, bytes)):
        return f"is a {'mapping' if isinstance(value, Mapping) else 'list'}; an environment variable must be a string, number or boolean"
    return ""


def _unfit_size(entry: str) -> str:
    size = len(entry.encode()) + 1
    if size > _ENTRY_BYTES:
        return f"has {size} bytes including its name, but Linux allows at most {_ENTRY_BYTES} bytes for one variable; use a file instead"
    return "contains a null character, which an environment variable cannot contain" if "\0" in entry else ""


def secret_data(values: Mapping[str, str]) -> dict[str, str]:
    """Encode strings for the C(data) of a Secret (base64 of UTF-8)."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
