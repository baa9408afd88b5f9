"""What a first install looks like. Read first: later rollouts place pods beside old ones, which count for the scheduler as well."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("component", "replicas"), [("django", 3), ("nginx", 2), ("celery-worker", 2)])
def test_replicas_are_spread_over_nodes(cluster: Any, component: str, replicas: int) -> None:
    pods = cluster.pods(component)
    assert len(pods) == replicas
    assert len({pod["spec"]["nodeName"] for pod in pods}) > 1
