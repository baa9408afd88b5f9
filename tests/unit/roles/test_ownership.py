"""What the preflight says of objects that others wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.conftest import COMPLETE

PLAN: dict[str, Any] = {
    "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": None, "ingress_classes": None},
    "refusals": [],
    "forbidden": [],
    "foreign": [],
    "untrusted": [],
    "objects": [],
    "jobs": [],
}
MINER = "Deployment shop/django: a is set by the field manager b. Remove it, or add the field manager to platform_allowed_field_managers"
SECRET = "Secret shop/s-2bb88t4bm7: the field manager c made it, and not this collection: delete it"
CLAIM = "PersistentVolumeClaim shop/media-pvc: spec.volumeName is set by the field manager d"
WORKLOAD = "Deployment shop/django: its selector is another one and cannot be changed"
TAKE_OVER = "To take it over (volumes are kept, its pods serve until the new ones do) run again with -e preflight_take_over=true."
CHECK = "Check first that each claim that is named here has the volume that you mean."


@pytest.mark.parametrize(
    ("plan", "findings"),
    [
        ({}, []),
        ({"untrusted": [MINER, SECRET]}, [f"Others wrote into objects of this platform: {MINER} in values.yml; {SECRET}."]),
        ({"foreign": [WORKLOAD]}, [f"Another install is there: {WORKLOAD}. {TAKE_OVER}"]),
        (
            {"foreign": [CLAIM]},
            [f"Another install is there: {CLAIM}. {TAKE_OVER} {CHECK}"],
        ),
    ],
)
def test_findings(resolve: Any, plan: dict[str, Any], findings: list[str]) -> None:
    assert resolve("__preflight_findings", **{**COMPLETE, "preflight_input_findings": [], "preflight_plan": {**PLAN, **plan}}) == findings
