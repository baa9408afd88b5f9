"""Runs with the drain time of production, because this scenario counts lost requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def playbook(playbook: Callable[..., Any]) -> Callable[..., Any]:
    """Run a playbook; further values become extra variables."""
    return lambda name, *arguments, **values: playbook(name, *arguments, django_drain_seconds=10, nginx_drain_seconds=10, **values)
