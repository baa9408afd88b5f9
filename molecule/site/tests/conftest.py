"""A secret value that must not appear anywhere outside its Secret."""

from __future__ import annotations

import base64
import json

import pytest

# Contains characters that JSON, YAML, Jinja, a shell, a URL and base64 encode. A password is only the first line.
FIRST_LINE = "marker-7f3a\"quoted'$HOME-ü/+{{ a }}{%b{#c#}"
MARKER = f"{FIRST_LINE}\nmarker-8e4b"


@pytest.fixture(scope="session")
def marker() -> str:
    return MARKER


@pytest.fixture(scope="session")
def marker_line() -> str:
    return FIRST_LINE


@pytest.fixture(scope="session")
def marker_forms() -> set[str]:
    """Strings that reveal the secret. An encoded form has only the part that does not depend on neighboring bytes."""
    encoded = {base64.b64encode(MARKER.encode()).decode().rstrip("=")[:-1], base64.b64encode(FIRST_LINE.encode()).decode()[:24]}
    return {MARKER, "marker-7f3a", "marker-8e4b", json.dumps(MARKER)[1:-1], json.dumps(MARKER, ensure_ascii=False)[1:-1], *encoded}
