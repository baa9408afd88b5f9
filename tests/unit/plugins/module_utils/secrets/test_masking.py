# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, values_to_mask


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


def test_encoded_forms_of_a_short_value_stay() -> None:
    """The base64 form of 3 characters has 4."""
    assert Masker(["abc"])("YWJj") == "YWJj"


SECRET = "p/a+s s&\"w'ö\\7%41"
FORMS = {
    "raw": SECRET,
    "URL, all quoted": quote(SECRET, safe=""),
    "URL, slash kept": quote(SECRET, safe="/"),
    "URL, what browsers keep": quote(SECRET, safe="/+&'"),
    "URL, lower-case hex": re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
    "URL, plus for blanks": quote_plus(SECRET),
    "URL, quoted twice": quote(quote(SECRET, safe=""), safe=""),
    "HTML": html.escape(SECRET),
    "HTML, as Jinja writes it": html.escape(SECRET).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON without ASCII": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "JSON, slash escaped": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "JSON in JSON": json.dumps(json.dumps(SECRET))[1:-1],
    "JSON in bytes": repr(json.dumps(SECRET).encode()),
    "Python": repr(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 of user and password": base64.b64encode(f"shop:{SECRET}".encode()).decode(),
    "base64, offset 1": base64.b64encode(f"x{SECRET}, done".encode()).decode(),
    "base64, offset 2": base64.b64encode(f"xy{SECRET}!".encode()).decode(),
    "base64 in a URL": quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_hidden_in_each_of_its_forms(form: str) -> None:
    masked = Masker([SECRET])(f"before {form} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    kept = masked.removeprefix("before ").removesuffix(" after").replace("******", "").strip("b\\\"'")
    # In base64 the neighbours are kept, and the characters at both ends that hold bits of them.
    assert len(kept) <= (13 if re.fullmatch("[A-Za-z0-9+/=_%-]*", form) else 0), masked


def test_a_password_within_a_basic_authorization_is_hidden() -> None:
    for user in ("u", "us", "use", "user"):
        header = base64.b64encode(f"{user}:correct-horse".encode()).decode()
        masked = Masker(["correct-horse"])(f"Authorization: Basic {header}")
        shown = masked.removeprefix("Authorization: Basic ").partition("******")[0]
        assert "******" in masked
        assert b"corr" not in base64.b64decode(shown + "A" * (-len(shown) % 4))


def test_a_multiline_value_is_also_hidden_in_one_line() -> None:
    assert Masker(["horse and\n  cart"])("a horse and cart!") == "a ******!"


def test_overlapping_values_are_hidden_as_one() -> None:
    assert Masker(["abcdef", "defghij"])("abcdefghij") == "******"


def test_a_string_is_shortened_after_its_secrets_are_hidden() -> None:
    mask = Masker(["hunter2-web", "a-much-longer-secret"])
    assert mask("x" * 8 + "hunter2-web", at_most=10) == "x" * 8 + "******"
    assert mask("a-much-longer-secret hunter2-web" * 50, at_most=25) == "****** ******"
    assert mask("a-much-longer-secret", at_most=3) == "******"


def test_short_credentials_are_hidden() -> None:
    assert Masker(["abc"], credentials=["k-4", ""])("abc k-4") == "abc ******"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07 \x1b[2Jgone", "\ufffd]0;title\ufffd \ufffd[2Jgone"),
        ("\x9b31mred \x85 \x7f \x00", "\ufffd31mred \ufffd \ufffd \ufffd"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("one\n\ttwo\r\nthree\rfour", "one\n\ttwo\nthree\nfour"),
        ("Schöner Schmuck 💍", "Schöner Schmuck 💍"),
    ],
    ids=["C0", "C1", "colours go", "line ends and tabs stay", "no control characters"],
)
def test_control_characters_are_removed_from_output(text: str, shown: str) -> None:
    assert Masker([])(text) == shown


def test_the_values_to_mask_include_all_settings_in_any_form() -> None:
    files = {"key.pem": base64.b64encode(b"-----BEGIN\nQUJDREVG\n").decode(), "store.jks": "/u3+7Q==", "wrong": "%", "number": 5}
    values = values_to_mask([{"A": "one", "B": {"C": ["two", 3]}}, "", None, "four"], files)
    assert set(values) == {"one", "two", "3", "four", files["key.pem"], "-----BEGIN\nQUJDREVG\n", "/u3+7Q==", "%", "5"}
    assert values_to_mask("one text", None) == ["one text"]
