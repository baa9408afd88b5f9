# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils._masking import Masker


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("gold", "pay ******", id="4 characters are hidden"),
        pytest.param(" gold\n", "pay ******", id="blanks around them do not count"),
        pytest.param("old", "pay gold", id="3 are not"),
        pytest.param("", "pay gold", id="nothing"),
    ],
)
def test_a_secret_of_at_least_4_characters_is_hidden(value: str, expected: str) -> None:
    assert Masker([value])("pay gold") == expected


def test_the_encoded_forms_of_a_short_text_stay() -> None:
    """The base64 form of 3 characters has 4."""
    assert Masker(["abc"])("YWJj") == "YWJj"
