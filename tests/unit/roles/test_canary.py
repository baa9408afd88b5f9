"""When a canary of Django runs, and what it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.conftest import WORKLOAD_VALUES


def planned(action: str = "change", name: str = "django", kind: str = "Deployment") -> dict[str, Any]:
    entry = {"stage": "tiers", "action": action, "kind": kind, "name": name}
    return {"objects": [entry], "differing": ["tiers"], "taking_over": False}


@pytest.mark.parametrize(
    ("values", "plan", "runs"),
    [
        pytest.param({}, planned(), False, id="off by default"),
        pytest.param({"django_canary": True}, planned(), True, id="Django changes"),
        pytest.param({"django_canary": True}, planned(name="nginx"), False, id="another tier changes"),
        pytest.param({"django_canary": True}, planned(kind="Service"), False, id="another kind changes"),
        pytest.param({"django_canary": True}, planned(action="create"), False, id="the first deploy"),
        pytest.param({"django_canary": True}, {**planned(), "taking_over": True}, False, id="an adoption"),
        pytest.param({"django_canary": True}, {**planned(), "differing": []}, False, id="nothing differs"),
    ],
)
def test_a_canary_runs_only_if_django_changes(resolve: Any, values: dict[str, Any], plan: dict[str, Any], runs: bool) -> None:
    assert (
        bool(resolve("__tiers_canary_is_due", preflight_plan=plan, manifests_workloads={"tiers": [{"name": "django"}]}, **values)) is runs
    )


def test_a_rollback_has_no_canary(resolve: Any) -> None:
    """It restores the manifests of a release that served."""
    plan = {"objects": [{"stage": "tiers", "action": "change", "kind": "Deployment", "name": "django"}], "differing": ["tiers"]}
    assert not resolve("__tiers_canary_is_due", preflight_plan=plan, manifests_workloads={"tiers": []}, django_canary=True)


def test_the_canary_has_the_pods_of_the_tier(resolve: Any, workload: Any) -> None:
    django = workload("django")
    values = {**WORKLOAD_VALUES, "manifests_workloads": {"tiers": [workload("nginx"), django]}}
    manifest = resolve("__tiers_canary_manifest", **values, django_canary_replicas=2)
    assert manifest["spec"]["replicas"] == 2
    assert manifest["spec"]["template"]["spec"] == django["template"]["spec"]
    assert resolve("__tiers_canary_target", **values)["name"] == "django-canary"
    assert resolve("__tiers_canary_selector", **values) == "app=jewelry-shop,component=django"


@pytest.mark.parametrize(
    ("result", "good"),
    [
        pytest.param({"worse": False, "msg": "compared"}, True, id="not worse"),
        pytest.param({"worse": True, "msg": "worse"}, False, id="worse"),
        pytest.param({"failed": True, "msg": "no metric"}, False, id="the metrics cannot be read"),
        pytest.param({"skipped": True}, False, id="the pods are not ready"),
    ],
)
def test_only_a_compared_canary_is_good(resolve: Any, result: dict[str, Any], good: bool) -> None:
    assert bool(resolve("__tiers_canary_is_good", tiers_canary=result)) is good
