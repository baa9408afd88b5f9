"""The findings of the preflight for a cluster without the kinds of the Prometheus operator."""

from __future__ import annotations

from typing import Any

import pytest

FILE = "inventories/x/group_vars/all/main.yml"
UNKNOWN = "the API server does not serve this kind and apiVersion"
MONITORS = [f"ServiceMonitor jewelry-shop/{name}: {UNKNOWN}" for name in ("django", "celery-worker", "celery-beat", "nginx")]
RULES = [f"PrometheusRule jewelry-shop/jewelry-shop: {UNKNOWN}"]
NO_MONITOR = (
    "The API server does not serve the kind ServiceMonitor (monitoring.coreos.com/v1). Install the Prometheus operator first, or set "
    f"monitoring_service_monitors to false in {FILE}."
)
NO_RULE = (
    "The API server does not serve the kind PrometheusRule (monitoring.coreos.com/v1). Install the Prometheus operator first, or set "
    f"monitoring_rules to false in {FILE}."
)
QUOTA = "Deployment jewelry-shop/django: exceeded quota"
MONITORS_ON, RULES_ON = {"monitoring_service_monitors": True}, {"monitoring_rules": True}


@pytest.mark.parametrize(
    ("refusals", "values", "expected"),
    [
        pytest.param([], {**MONITORS_ON, **RULES_ON}, [], id="the operator is there"),
        pytest.param(MONITORS, MONITORS_ON, [NO_MONITOR], id="no ServiceMonitor: one sentence for all tiers"),
        pytest.param(RULES, RULES_ON, [NO_RULE], id="no PrometheusRule"),
        pytest.param(MONITORS + RULES, {**MONITORS_ON, **RULES_ON}, [NO_MONITOR, NO_RULE], id="neither"),
        pytest.param(
            [QUOTA, *MONITORS], MONITORS_ON, [f"The cluster would reject: {QUOTA}.", NO_MONITOR], id="and something else is rejected"
        ),
        pytest.param(MONITORS[:1], {}, [f"The cluster would reject: {MONITORS[0]}."], id="one of the additional objects"),
        pytest.param(
            ["ServiceMonitor jewelry-shop/django: Forbidden"],
            MONITORS_ON,
            ["The cluster would reject: ServiceMonitor jewelry-shop/django: Forbidden."],
            id="a permission is missing",
        ),
    ],
)
def test_a_kind_that_the_cluster_does_not_serve(resolve: Any, refusals: list[str], values: dict[str, Any], expected: list[str]) -> None:
    plan = {
        "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": {"standard": ""}},
        "refusals": refusals,
        "forbidden": [],
        "foreign": [],
        "objects": [],
    }
    findings = resolve("__preflight_findings", preflight_input_findings=[], preflight_plan=plan, preflight_values_file=FILE, **values)
    assert findings == expected
