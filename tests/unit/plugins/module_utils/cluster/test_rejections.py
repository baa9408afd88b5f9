# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import as_platform_error
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.rejections import rejection

VALUE = "correct-horse"


class AnsweredError(Exception):
    """As the kubernetes library raises it."""

    def __init__(self, status: int, body: Any, reason: str = VALUE) -> None:
        super().__init__(f"({status}) {reason} {body}")
        self.status, self.body, self.reason = status, body, reason


def status(reason: Any, *fields: Any) -> str:
    causes = [{"reason": VALUE, "message": VALUE, "field": field} for field in fields]
    return json.dumps({"kind": "Status", "message": VALUE, "reason": reason, "details": {"name": VALUE, "causes": causes}})


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        pytest.param(422, status("Invalid", "data[a.pem]", "immutable"), "422, Invalid, in data[a.pem], immutable", id="fields"),
        pytest.param(403, status("Forbidden").encode(), "403, Forbidden", id="bytes"),
        pytest.param(400, status(VALUE, VALUE, 3, None, "data[\x1b[2J]", "database"), "400, Bad Request", id="what has no known form"),
        pytest.param(422, status("Invalid", *["data"] * 50), "422, Invalid, in data", id="the same field often"),
        pytest.param(422, status("Invalid", *[f"data[{number}]" for number in range(99)]), "422, Invalid, in data[0], ", id="many fields"),
        pytest.param(500, VALUE, "500, Internal Server Error", id="no JSON"),
        pytest.param(500, "[" * 100_000, "500, Internal Server Error", id="nested too deeply"),
        pytest.param(413, '["a list"]', "413", id="no object"),
        pytest.param(403, '{"details": {"causes": "none"}}', "403, Forbidden", id="other types"),
        pytest.param(599, None, "599", id="nothing"),
    ],
)
def test_only_known_parts_of_a_rejection_are_shown(code: int, body: Any, said: str) -> None:
    words = rejection(code, body)
    assert words.startswith(f"the API server rejected it with status {said}")
    assert VALUE not in words
    assert len(words) < 300


@pytest.mark.parametrize(
    "error",
    [
        AnsweredError(422, status("Invalid", "data")),
        AnsweredError(403, VALUE),
        ValueError(VALUE),
    ],
    ids=["a status", "no JSON", "no answer"],
)
def test_an_error_about_hidden_content_does_not_show_it(error: Exception) -> None:
    assert VALUE in str(as_platform_error("Secret shop/given", error))
    assert VALUE not in str(as_platform_error("Secret shop/given", error, hides_content=True))


@pytest.mark.parametrize(("words", "away"), [("no endpoints available", True), ("failed calling webhook", False)])
def test_a_hidden_error_stays_temporary_or_permanent(words: str, away: bool) -> None:
    error = AnsweredError(500, json.dumps({"message": words, "reason": "InternalError"}))
    assert as_platform_error("Secret shop/given", error, hides_content=True).away is away
