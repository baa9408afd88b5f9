"""Variables that tasks use and that are not part of a manifest: what they are for given facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SETS = [{"name": "postgresql", "kind": "StatefulSet"}, {"name": "redis", "kind": "StatefulSet"}, {"name": "pooler"}]


def planned(*entries: tuple[str, str, str]) -> dict[str, Any]:
    """A plan with objects, each with its kind, name and action."""
    return {"objects": [{"kind": kind, "name": name, "action": action} for kind, name, action in entries]}


def created(*names: str) -> dict[str, Any]:
    return planned(
        *(("StatefulSet", name, "create") for name in names), ("StatefulSet", "redis", "change"), ("Deployment", "postgresql", "create")
    )


LABELS = {"platform_common_labels": {"app": "shop", "app.kubernetes.io/managed-by": "ansible", "environment": "test"}}
REMOVED_NAMESPACE = {"stage": "namespace", "api_version": "v1", "kind": "Namespace", "name": "shop"}
GOES = [
    {"kind": "Deployment", "namespace": "shop", "name": "django"},
    {"kind": "Deployment", "namespace": "mail", "name": "relay"},
    {"kind": "Secret", "namespace": "shop", "name": "django-secrets"},
]
FAILED = {"kind": "Job", "name": "migrate", "message": "ended with exit code 3", "reason": "x"}
HANDOVERS = {"preflight_plan": {"handovers": [{"name": "django", "replicas": None}, {"name": "nginx", "replicas": 2}]}}
AUTOSCALED = [{"name": "django", "autoscaling": {"min_replicas": 3}}, {"name": "nginx", "autoscaling": {"min_replicas": 2}}]
AT_ZERO = {
    "endpoints": [{"wanted": 0, "workload": {"name": "django"}}, {"wanted": 2, "workload": {"name": "nginx"}}, {"workload": {"name": "a"}}]
}
CHECKS = {"validate_checks": [{"name": severity, "severity": severity} for severity in ("ok", "error", "warning")]}
STAGES = {"configuration": [{"metadata": {"name": "config-1"}}], "secrets": [{"metadata": {"name": "secret-1"}}]}
ALL_STAGES = [
    *("namespace", "network_policies", "operators", "configuration", "secrets", "extra_objects"),
    *("storage", "data_services", "tiers", "ingress", "monitoring"),
]
OPERATOR = [{"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "a"}}]
ROLLED_BACK = {"rollback_found": {"rolled_back": ["configuration", "tiers"]}}
RESTORED = {"rollback_target": {"number": 6}}

# By variable: the values of other variables, and what the variable is.
CASES: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "__data_services_stateful_sets": [({"manifests_workloads": {"data_services": SETS}}, ["postgresql", "redis"])],
    "__data_services_live_stateful_sets": [
        ({"manifests_workloads": {"data_services": SETS}, "preflight_plan": created("postgresql")}, ["redis"]),
        ({"manifests_workloads": {"data_services": SETS[1:]}, "preflight_plan": created()}, ["redis"]),
    ],
    "__data_services_created": [({"preflight_plan": created("postgresql", "redis")}, ["postgresql", "redis"])],
    "__deployer_next_step": [
        (
            {"deployer_kubeconfig": "/a", "deployer_token": {"msg": "Written"}},
            "Written. Run site.yml with -e platform_kubeconfig=/a.",
        ),
        (
            {"deployer_kubeconfig": "", "deployer_name": "d", "deployer_namespace": "n"},
            "No token was requested. Set deployer_kubeconfig to a path for a kubeconfig with a token, or show a token with kubectl create "
            "token d -n n.",
        ),
    ],
    "__extra_objects_custom_resources": [({"manifests_stages": {"extra_objects": OPERATOR}}, [])],
    "__job_was_evicted": [
        ({"platform_rolled_out": {"resources": [{**FAILED, "reason": "JobEvicted"}]}}, True),
        ({"platform_rolled_out": {"resources": [FAILED]}}, False),
        ({"platform_rolled_out": {}}, False),
    ],
    "__job_may_repeat": [
        ({"job_commands": [{"name": "migrate"}]}, True),
        ({"job_commands": [{"name": "migrate", "repeat_after_eviction": False}]}, False),
        ({"job_commands": [{"name": "migrate"}], "__job_last_attempt": True}, False),
    ],
    "__job_given_up": [
        (
            {
                "platform_rolled_out": {
                    "resources": [{**FAILED, "verdict": "failed"}, {**FAILED, "kind": "Pod", "name": "a", "verdict": "failed"}]
                }
            },
            {"migrate": "ended with exit code 3"},
        ),
        ({"platform_rolled_out": {"resources": [{**FAILED, "verdict": "timeout"}]}}, {"migrate": "ended with exit code 3"}),
        ({"platform_rolled_out": {"resources": [{**FAILED, "verdict": "ready"}]}}, {}),
    ],
    "__job_labels": [(LABELS, {"app": "shop", "app.kubernetes.io/managed-by": "ansible"})],
    "__job_to_run": [
        (
            {"job_release_commands": [{"name": "migrate"}], "platform_release": "v1", "job_force": "false", "job_existing": {}},
            [{"command": {"name": "migrate"}, "name": "migrate-v1", "replace": False, "running": False}],
        )
    ],
    "__nginx_is_to_change": [
        ({}, True),
        ({"preflight_plan": planned(("Deployment", "nginx", "change"))}, True),
        ({"preflight_plan": planned(("Deployment", "nginx", "none"), ("Service", "nginx", "change"))}, False),
        ({"preflight_plan": planned(("Deployment", "nginx", "none"), ("Deployment", "django", "change"))}, False),
    ],
    "configuration_names": [({"manifests_stages": STAGES}, ["config-1", "secret-1"])],
    "platform_stages_to_apply": [({}, ALL_STAGES), ({"preflight_plan": {"differing": ["tiers"]}}, ["tiers"])],
    "platform_taking_over": [({"preflight_plan": {}}, False), ({"preflight_plan": {"taking_over": True}}, True)],
    "platform_jobs": [({"preflight_plan": {}}, []), ({"preflight_plan": {"jobs": [{"name": "a"}]}}, [{"name": "a"}])],
    "platform_field_manager": [({}, "jewelry_shop.platform")],
    "__post_deploy_prune_labels": [(LABELS, {"app": "shop", "app.kubernetes.io/managed-by": "ansible"})],
    "__post_deploy_keep": [
        ({"manifests_stages": {**STAGES, "extra_objects": [{"metadata": {"name": "own"}}]}}, ["config-1", "secret-1", "own"])
    ],
    "__preflight_stages": [
        (
            {"manifests_stages": {"tiers": ["a"], "ingress": []}},
            [{"name": "tiers", "manifests": ["a"]}, {"name": "ingress", "manifests": []}],
        )
    ],
    "rollback_to_release": [({}, ""), ({"to_release": 6}, "6"), ({"to_release": ""}, ""), ({"to_release": None}, "")],
    "record_is_due": [
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": []}, True),
        ({"ansible_run_tags": ["tiers"], "ansible_skip_tags": []}, False),
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": ["monitoring"]}, False),
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": ["molecule-notest"]}, True),
    ],
    "__record_user": [
        ({}, ""),
        ({"awx_user_name": "ann", "tower_user_name": "ann"}, "ann"),
        ({"tower_user_name": "ann"}, "ann"),
        ({"record_user": "ci", "awx_user_name": "ann"}, "ci"),
    ],
    "__record_job": [({}, ""), ({"tower_job_id": 42}, 42), ({"awx_job_id": 43, "tower_job_id": 43}, 43)],
    "__record_checks": [(CHECKS, {"passed": 2, "warnings": 1}), ({}, {"passed": 0, "warnings": 0})],
    "__record_rollback": [({}, {}), ({"rollback_target": {"number": 6}}, {"number": 6})],
    "__record_origin": [
        ({"rollback_target": {"number": 8, "rollback_to": 6}}, 6),
        ({"rollback_target": {"number": 7, "rollback_to": 0}}, 7),
    ],
    "__record_always": [
        ({"preflight_plan": {"differing": ["tiers"]}}, False),
        ({**RESTORED, "preflight_plan": {"differing": []}, "rollback_found": {"unfinished": []}}, False),
        ({**RESTORED, "preflight_plan": {"differing": ["tiers"]}, "rollback_found": {"unfinished": []}}, True),
        ({**RESTORED, "preflight_plan": {"differing": []}, "rollback_found": {"unfinished": ["Job shop/migrate-b"]}}, True),
    ],
    "pre_deploy_repeated": [
        (
            {"pre_deploy_commands": [{"name": "a"}, {"name": "b", "repeat_on_return": True}], "pre_deploy_check_services": False},
            [{"name": "b", "repeat_on_return": True}],
        ),
    ],
    "__rollback_stages": [({**ROLLED_BACK, "manifests_stages": STAGES}, [{"name": "configuration", "manifests": STAGES["configuration"]}])],
    "__rollback_unplanned": [({**ROLLED_BACK, "manifests_stages": STAGES}, STAGES["secrets"])],
    "__rollback_jobs": [
        (
            {"rollback_target": {"repeated": [{"name": "a"}]}, "preflight_plan": {"jobs": []}, "platform_release": "v1"},
            [{"command": {"name": "a"}, "name": "a-v1", "replace": False, "running": False}],
        ),
        ({"rollback_target": {"repeated": []}, "preflight_plan": {"jobs": []}, "platform_release": "v1"}, []),
    ],
    "__report_last_words": [
        ({"report_failure": {"sentence": "a"}}, ["a", ""]),
        ({"report_failure": {"sentence": "a"}, "report_rollback": "b"}, ["a", "b"]),
    ],
    "__history_content": [({"history_found": {"records": [], "changed": False}}, {"records": []})],
    "__status_content": [({"status_found": {"drift": [], "msg": "a"}}, {"drift": []})],
    "__remove_with_namespace": [({"remove_namespace": "true"}, True), ({"remove_namespace": False}, False)],
    "__remove_namespace_removal": [
        ({"platform_namespace": "shop", **LABELS}, {**REMOVED_NAMESPACE, "labels": {"app": "jewelry-shop", "environment": "test"}}),
        (
            {"platform_namespace": "shop", **LABELS, "namespace_labels": {"environment": "own"}},
            {**REMOVED_NAMESPACE, "labels": {"app": "jewelry-shop", "environment": "own"}},
        ),
    ],
    "__remove_labels": [(LABELS, {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible", "environment": "test"})],
    "__remove_workloads": [({"platform_namespace": "shop", "remove_check": {"goes": GOES}}, GOES[:1])],
    "__remove_others": [({"platform_namespace": "shop", "remove_check": {"goes": GOES}}, GOES[1:])],
    "__report_problems": [({}, []), ({"report_problems_found": ["a"]}, ["a"])],
    "__report_rolled_out": [({}, {}), ({"platform_rolled_out": {"msg": "a"}}, {"msg": "a"})],
    "__report_validated": [({}, []), ({"validate_checks": [{"name": "a"}]}, [{"name": "a"}])],
    "__restart_names": [
        ({"restart_tiers": [], "tiers_overview": [{"name": "django"}, {"name": "nginx"}]}, ["django", "nginx"]),
        ({"restart_tiers": ["nginx"], "tiers_overview": [{"name": "django"}]}, ["nginx"]),
    ],
    "__tiers_further_roles": [
        ({"tiers_roles": ["django", "acme.shop.web"]}, ["acme.shop.web"]),
        ({"tiers_roles": "django"}, []),
        ({"tiers_roles": ["django", "nginx"]}, []),
    ],
    "__tiers_first_replicas": [({**HANDOVERS, "manifests_workloads": {"tiers": AUTOSCALED}}, {"django": 3})],
    "__validate_is_due": [
        ({"ansible_check_mode": False, "preflight_plan": {"differing": ["tiers"]}}, True),
        ({"ansible_check_mode": True, "preflight_plan": {"differing": ["tiers"]}}, False),
        ({"ansible_check_mode": True, "preflight_plan": {"differing": []}}, True),
    ],
    "__validate_at_zero": [({"validate_health": AT_ZERO}, ["django"]), ({"validate_health": {}}, [])],
    "__validate_is_closed": [
        ({"validate_health": AT_ZERO}, True),
        ({"validate_health": {"endpoints": [{"wanted": 0, "workload": {"name": "celery-beat"}}]}}, False),
    ],
    "__validate_errors": [(CHECKS, [{"name": "error", "severity": "error"}])],
    "__validate_warnings": [(CHECKS, [{"name": "warning", "severity": "warning"}])],
    "__validate_queues": [
        (
            {"platform_namespace": "shop"},
            {
                "name": "queues",
                "path": "/queues",
                "return_content": True,
                "workload": {"kind": "Deployment", "name": "celery-beat", "namespace": "shop", "port": 8000},
            },
        )
    ],
}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [(name, *case) for name, cases in CASES.items() for case in cases],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_variable_follows_from_the_facts(resolve: Any, name: str, values: dict[str, Any], expected: Any) -> None:
    assert resolve(name, **values) == expected


@pytest.mark.parametrize(
    ("provider", "files", "due"),
    [
        ("generated", [], True),
        ("generated", ["django_secret_key", "postgres_password"], True),
        ("generated", ["django_secret_key", "postgres_password", "redis_password"], False),
        ("inventory", [], False),
    ],
)
def test_secrets_are_generated_only_if_a_file_is_missing(resolve: Any, tmp_path: Path, provider: str, files: list[str], due: bool) -> None:
    for name in files:
        (tmp_path / name).touch()
    former = str(tmp_path / "former")
    values = {"platform_generated_secrets_directory": str(tmp_path), "platform_former_secrets_directory": former}
    assert resolve("platform_generation_is_due", platform_secrets_provider=provider, **values) is due
