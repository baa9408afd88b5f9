import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from tools import filter_docs


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (str, {"type": "str"}),
        (bool, {"type": "bool"}),
        (Any, {"type": "raw"}),
        (str | int, {"type": "str"}),
        (Mapping[str, Any], {"type": "dict"}),
        (Mapping[str, Any] | None, {"type": "dict"}),
        (Iterable[str], {"type": "list", "elements": "str"}),
        (Sequence[Mapping[str, Any]], {"type": "list", "elements": "dict"}),
        (list[dict[str, Any]], {"type": "list", "elements": "dict"}),
    ],
)
def test_a_type_is_shown_as_ansible_names_it(hint: Any, shown: dict[str, str]) -> None:
    assert filter_docs.described_type(hint) == shown


def grown(plants: Iterable[str], seconds: int = 5, *, kinds: Iterable[str] = (), now: datetime.datetime | None = None) -> list[int]:
    """Measure plants.

    Waits
    first.

    Args:
        plants: Names of plants.
        seconds: Time to wait.
        kinds: Kinds to measure.
        now: The present.

    Returns:
        Heights.

    Raises:
        ValueError: a plant is unknown.

    Example:
        {{ ['fern'] | grown }}
    """
    return []


def test_the_documentation_comes_from_docstring_and_signature() -> None:
    assert filter_docs.documentation(grown) == {
        "DOCUMENTATION": {
            "name": "grown",
            "author": "Jewelry Shop Platform Team (@jewelry-shop)",
            "version_added": "1.0.0",
            "short_description": "Measure plants",
            "description": ["Waits first.", "Fails if a plant is unknown."],
            "positional": "seconds",
            "options": {
                "_input": {"description": "Names of plants.", "type": "list", "elements": "str", "required": True},
                "seconds": {"description": "Time to wait.", "type": "int", "default": 5},
                "kinds": {"description": "Kinds to measure.", "type": "list", "elements": "str", "default": []},
            },
        },
        "EXAMPLES": "- name: Show the result\n  ansible.builtin.debug:\n    msg: \"{{ ['fern'] | grown }}\"\n",
        "RETURN": {"_value": {"description": "Heights.", "type": "list", "elements": "int"}},
    }


def test_a_docstring_without_an_example_is_reported() -> None:
    def bare(value: str) -> str:
        """Return it.

        Args:
            value: A text.

        Returns:
            The text.
        """
        return value

    with pytest.raises(ValueError, match="The docstring of bare needs"):
        filter_docs.documentation(bare)
