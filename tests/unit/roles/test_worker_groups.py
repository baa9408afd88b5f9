"""What follows from groups of workers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.conftest import WORKLOAD_VALUES

FAST: dict[str, Any] = {"name": "celery-worker", "queues": ["celery", "notifications"]}
REPORTS: dict[str, Any] = {
    "name": "reports",
    "queues": ["reports", "celery"],
    "concurrency": 1,
    "pool": "threads",
    "replicas": 3,
    "resources": {"limits": {"memory": "4Gi"}},
    "env": {"REPORTS": "1"},
    "hpa_enabled": True,
    "termination_grace_period_seconds": 900,
}
GROUPS: dict[str, Any] = {"celery_worker_groups": [FAST, REPORTS], "celery_worker_env": {"ALL": "1"}}


@pytest.fixture(scope="module")
def workers(resolve: Any) -> dict[str, dict[str, Any]]:
    """The complete workloads of the groups by name."""
    complete = resolve("tiers_workloads", tiers_roles=["celery_worker"], **WORKLOAD_VALUES, **GROUPS)
    return {each["name"]: each for each in complete}


def container(worker: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = worker["pod"]["containers"][0]
    return first


def test_each_group_is_a_workload_with_its_settings(workers: dict[str, dict[str, Any]]) -> None:
    assert list(workers) == ["celery-worker", "reports"]
    reports = workers["reports"]
    assert container(reports)["name"] == "reports"
    assert {"--concurrency=1", "--queues=reports,celery", "--pool=threads"} < set(container(reports)["command"])
    assert container(reports)["resources"] == {"limits": {"memory": "4Gi"}}
    assert reports["replicas"] == 3
    assert reports["autoscaling"]["enabled"] is True
    assert reports["pod"]["terminationGracePeriodSeconds"] == 900
    assert reports["service"]["name"] == "reports-service"
    assert reports["selector"] == {"app": "jewelry-shop", "component": "reports"}
    assert reports["metadata"]["labels"]["jewelry-shop/group-of"] == "celery-worker"


def test_a_group_has_the_settings_of_the_role_where_it_has_none(workers: dict[str, dict[str, Any]]) -> None:
    fast, reports = workers["celery-worker"], workers["reports"]
    assert {"--concurrency=4", "--queues=celery,notifications"} < set(container(fast)["command"])
    assert not any(each.startswith("--pool") for each in container(fast)["command"])
    assert fast["autoscaling"]["enabled"] is False
    assert "jewelry-shop/group-of" not in fast["metadata"]["labels"]
    names = [[each["name"] for each in container(each)["env"][-1:]] for each in (fast, reports)]
    assert names == [["ALL"], ["REPORTS"]], "a value replaces that of the role as a whole"


def test_other_roles_follow_the_groups(resolve: Any) -> None:
    assert resolve("tiers_queues", **GROUPS) == ["celery", "notifications", "reports"]
    assert [each["name"] for each in resolve("tiers_overview", **GROUPS)] == ["django", "celery-worker", "reports", "celery-beat", "nginx"]
    assert resolve("tiers_environments", **GROUPS)["celery_worker_groups[reports].env"] == {"REPORTS": "1"}
    rollouts = {"data_services": [], "tiers": [{"name": each} for each in ("django", "celery-worker", "reports", "celery-beat", "nginx")]}
    asked = resolve("validate_endpoints", **GROUPS, manifests_rollouts=rollouts)
    assert [each["name"] for each in asked][1:4] == ["celery-worker", "reports", "celery-beat"]
    assert "reports-service" in resolve("validate_services", **GROUPS, manifests_rollouts=rollouts)
    # A rollback restored a release without the group.
    rollouts["tiers"] = [{"name": "celery-worker"}]
    assert [each["name"] for each in resolve("validate_endpoints", **GROUPS, manifests_rollouts=rollouts)] == ["celery-worker"]
    flows = resolve("__network_policies_own_flows", **GROUPS)
    assert [flow["to"] for flow in flows if "reports" in flow["from"]] == [["postgresql"], ["pgbouncer"], ["redis"]]
    assert [flow["from"] for flow in flows if "reports" in flow["to"]] == [["monitoring"]]


def test_beat_knows_the_queues_of_all_groups(resolve: Any) -> None:
    [beat] = resolve("tiers_workloads", tiers_roles=["celery_beat"], **WORKLOAD_VALUES, celery_worker_queues=["celery", "mail"])
    assert {"name": "PLATFORM_QUEUES", "value": "celery,mail"} in container(beat)["env"], "other workers serve the queues"
    beat = resolve("tiers_workloads", **WORKLOAD_VALUES, **GROUPS)[3]
    assert {"name": "PLATFORM_QUEUES", "value": "celery,notifications,reports"} in container(beat)["env"]


@pytest.mark.parametrize(
    ("tiers", "selector", "runbook"),
    [
        ([{"name": "django"}, {"name": "celery-worker", "queues": ["a"]}], "component=celery-worker", "celery-worker"),
        ([{"name": "fast", "queues": ["a"]}, {"name": "slow", "queues": ["b"]}], "'component in (fast,slow)'", "fast"),
        ([{"name": "django"}], "component=celery-worker", "celery-worker"),
    ],
)
def test_the_commands_in_alerts_name_the_workers(resolve: Any, tiers: list[dict[str, Any]], selector: str, runbook: str) -> None:
    values = {"manifests_workloads": {"tiers": tiers, "data_services": []}}
    assert resolve("__monitoring_worker_selector", **values) == selector
    rule = resolve("__monitoring_prometheus_rule", **values)
    assert f"logs -l {selector} --tail=50" in rule
    assert f"exec deployment/{runbook} -c {runbook} -- celery" in rule


def test_the_objects_of_a_removed_tier_or_group_are_removed_after_the_rollout(resolve: Any) -> None:
    kinds = ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Deployment", "StatefulSet", "Service", "ServiceAccount")
    objects = [{"stage": "tiers", "action": "remove", "kind": kind, "name": "reports"} for kind in kinds]
    objects += [
        {"stage": "tiers", "action": "none", "kind": "Deployment", "name": "django"},
        {"stage": "network_policies", "action": "remove", "kind": "NetworkPolicy", "name": "reports"},
    ]
    values = {"preflight_plan": {"objects": objects}}
    assert [each["kind"] for each in resolve("__tiers_removed_objects", **values)] == [*kinds[2:]]
    removals = resolve("__platform_removals", platform_remove_stage="tiers", **values)
    assert [each["kind"] for each in removals] == [*kinds]
