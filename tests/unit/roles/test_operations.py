"""The objects that scale.yml and restart.yml wait for, in the form of the module rollout and without other fields."""

from __future__ import annotations

from typing import Any

import pytest

TIERS = ["django", "celery-worker", "celery-beat", "nginx"]


@pytest.mark.parametrize(
    ("variable", "values", "names"),
    [
        ("__restart_resources", {}, TIERS),
        ("__restart_resources", {"restart_tiers": ["celery-beat"]}, ["celery-beat"]),
        ("__scale_resources", {"scale_replicas": {"celery-beat": 1, "django": 5}}, ["celery-beat", "django"]),
    ],
)
def test_a_playbook_waits_for_the_deployments_of_the_named_tiers(
    resolve: Any, variable: str, values: dict[str, Any], names: list[str]
) -> None:
    assert resolve(variable, **values) == [{"name": name, "kind": "Deployment"} for name in names]
