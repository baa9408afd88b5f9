"""The address of the shop with TLS."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

SETTINGS: dict[str, Any] = yaml.safe_load((pathlib.Path(__file__).parents[2] / "cluster.yml").read_text())


@pytest.fixture(scope="session")
def https() -> str:
    return f"https://127.0.0.1:{SETTINGS['kind_https_port']}"
