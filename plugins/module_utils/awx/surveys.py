# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surveys of job templates: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# AWX has no booleans. The answer is one of these strings.
BOOLEANS = ("false", "true")
# Type of the question in AWX, and further keys, by the type of a question of this collection.
_TYPES: dict[str, tuple[str, dict[str, Any]]] = {
    "string": ("text", {}),
    "integer": ("integer", {"min": 0}),
    "boolean": ("multiplechoice", {"choices": [*BOOLEANS]}),
    "choice": ("multiplechoice", {}),
    "choices": ("multiselect", {}),
}


def awx_survey(questions: Iterable[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Make a survey of a template from its questions.

    Args:
        questions: Mappings with C(variable), C(question) and C(type), and optionally C(help), C(required), C(default) and C(choices).
        name: Name of the survey.

    Returns:
        The survey, as the API of AWX returns it. Empty without questions.

    Example:
        {{ [{'variable': 'platform_image_tag', 'question': 'Tag', 'type': 'string'}] | jewelry_shop.platform.awx_survey('Release') }}
    """
    spec = [_question(each) for each in questions]
    return {"name": name, "description": "", "spec": spec} if spec else {}


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    kind, keys = _TYPES[question["type"]]
    return {
        "question_name": question["question"],
        "question_description": question.get("help", ""),
        "variable": question["variable"],
        "type": kind,
        "required": question.get("required", False),
        **keys,
        **({"choices": [*question["choices"]]} if "choices" in question else {}),
        **({"default": question["default"]} if "default" in question else {}),
    }
