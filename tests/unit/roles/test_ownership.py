"""The findings of the preflight for fields of other field managers."""

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
SECRET = "Secret shop/s-2bb88t4bm7: it was created by the field manager c, not by this collection: delete it"
CLAIM = "PersistentVolumeClaim shop/media-pvc: spec.volumeName is set by the field manager d"
WORKLOAD = "Deployment shop/django: its selector differs from the manifest and is immutable"
TAKE_OVER = "To adopt them, run again with -e preflight_take_over=true. Volumes are kept. The old pods serve until the new pods serve."
CHECK = "First check that each of these claims is bound to the correct volume."


@pytest.mark.parametrize(
    ("plan", "findings"),
    [
        ({}, []),
        ({"untrusted": [MINER, SECRET]}, [f"Other field managers wrote into objects of this platform: {MINER} in values.yml; {SECRET}."]),
        ({"foreign": [WORKLOAD]}, [f"These objects are not managed by this collection: {WORKLOAD}. {TAKE_OVER}"]),
        (
            {"foreign": [CLAIM]},
            [f"These objects are not managed by this collection: {CLAIM}. {TAKE_OVER} {CHECK}"],
        ),
    ],
)
def test_fields_of_other_field_managers_are_reported(resolve: Any, plan: dict[str, Any], findings: list[str]) -> None:
    assert resolve("__preflight_findings", **{**COMPLETE, "preflight_input_findings": [], "preflight_plan": {**PLAN, **plan}}) == findings


JOBS = [
    {"name": "migrate-0123456789", "made_by": "the field manager kubectl-create", "state": "complete"},
    {"name": "migrate-9876543210", "made_by": "the field manager kubectl-create", "state": "complete"},
    {"name": "collectstatic-0123456789", "made_by": "", "state": "complete"},
    {"name": "check-nginx-0123456789", "made_by": "the field manager k9s", "state": "failed"},
]
NAMED = (
    "Other field managers created Jobs with names that this run uses: migrate-0123456789 (the field manager kubectl-create), "
    "check-nginx-0123456789 (the field manager k9s). Whether the commands of this release ran is not known. Delete them with kubectl "
    "delete job migrate-0123456789 check-nginx-0123456789 -n shop, and run again."
)


@pytest.mark.parametrize(
    ("jobs", "release", "findings"),
    [
        pytest.param(JOBS, {"platform_release": "0123456789"}, [NAMED], id="under names of this release"),
        pytest.param(JOBS[1:3], {"platform_release": "0123456789"}, [], id="of another release, and ours"),
        pytest.param(JOBS, {}, [], id="the settings are wrong"),
    ],
)
def test_jobs_of_other_field_managers_are_reported(
    resolve: Any, jobs: list[dict[str, Any]], release: dict[str, str], findings: list[str]
) -> None:
    values: dict[str, Any] = {
        "preflight_input_findings": [],
        "preflight_plan": {**PLAN, "jobs": jobs},
        "platform_namespace": "shop",
        "pre_deploy_commands": [{"name": "migrate"}],
        "post_deploy_commands": [{"name": "collectstatic"}],
        "__nginx_check_job_name": "check-nginx-0123456789",
        "__data_services_checks": [],
        **release,
    }
    assert resolve("__preflight_findings", **{**COMPLETE, **values}) == findings
