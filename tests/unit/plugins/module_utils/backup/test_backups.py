# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The backups in the output of a Job, and the workloads that a restore stops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.backup.listing import backups_in, backups_screen, named_backup
from ansible_collections.jewelry_shop.platform.plugins.module_utils.backup.writers import (
    paused_autoscalers,
    stopped_workloads,
    writing_components,
)

NEW, OLD = "20261202T031500Z", "20261201T031500Z"


def backup(identifier: str, **files: int) -> dict[str, Any]:
    described = {{"database": "database.dump", "media": "media.tar"}[name]: {"bytes": size} for name, size in files.items()}
    return {"id": identifier, "start": "2026-12-01T03:15:00Z", "release": "abc", "seconds": 7, "files": described}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "removed the old backup x",
        "{",
        "[1]",
        '{"id": 1}',
        '{"id": "../etc", "files": {}}',
        f'{{"id": "{OLD}"}}',
        f'{{"id": "{OLD}", "files": 1}}',
    ],
)
def test_other_lines_of_the_log_are_no_backups(line: str) -> None:
    known = backup(OLD, database=1)
    assert backups_in([line, json.dumps(known)]) == [known]


def test_the_table_has_sizes_and_a_dash_for_a_missing_file() -> None:
    lines = backups_screen([backup(NEW, database=3 * 1024**3, media=1023), backup(OLD, database=2560)])
    assert [line.split() for line in lines] == [
        ["BACKUP", "STARTED", "RELEASE", "DATABASE", "UPLOADS", "DURATION"],
        [NEW, "2026-12-01T03:15:00Z", "abc", "3.0", "GiB", "1023", "B", "7", "s"],
        [OLD, "2026-12-01T03:15:00Z", "abc", "2.5", "KiB", "-", "7", "s"],
    ]
    assert backups_screen([]) == ["There are no backups. Make one with playbooks/backup.yml."]


@pytest.mark.parametrize(("wanted", "found"), [("latest", NEW), (OLD, OLD), ("20200101T000000Z", None)])
def test_a_backup_is_found_by_its_id_or_as_the_latest(wanted: str, found: str | None) -> None:
    assert named_backup([backup(NEW), backup(OLD)], wanted).get("id") == found
    assert named_backup([], wanted) == {}


def test_the_components_that_use_or_wait_for_the_database_write() -> None:
    workloads: list[dict[str, Any]] = [
        {"name": "django", "waits_for": ["db"], "uses": ["redis"]},
        {"name": "reports", "component": "celery-worker", "uses": ["db"]},
        {"name": "celery-worker", "waits_for": ["db", "redis"]},
        {"name": "flower", "uses": ["redis"]},
        {"name": "nginx"},
    ]
    assert writing_components(workloads) == ["django", "celery-worker"]


def deployment(name: str, replicas: int, component: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"component": component or name}}, "spec": {"replicas": replicas}}


RECORDED = [
    {"kind": "Deployment", "metadata": {"name": "django"}, "spec": {}},
    {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "django"}, "spec": {"scaleTargetRef": {"name": "django"}, "minReplicas": 3}},
    {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "b"}, "spec": {"scaleTargetRef": {"name": "beat"}}},
    {"kind": "Deployment", "metadata": {"name": "worker"}, "spec": {"replicas": 2}},
    {"kind": "ScaledObject", "metadata": {"name": "pool"}, "spec": {"scaleTargetRef": {"name": "pool"}}},
    {"kind": "Service", "metadata": {"name": "django"}, "spec": {}},
]


@pytest.mark.parametrize(
    ("name", "live", "started"),
    [
        pytest.param("django", 5, 5, id="as it was"),
        pytest.param("django", 0, 3, id="interrupted, minimum of the autoscaler"),
        pytest.param("beat", 0, 1, id="interrupted, default minimum"),
        pytest.param("worker", 0, 2, id="interrupted, number of the manifest"),
        pytest.param("pool", 0, 0, id="interrupted, KEDA starts it"),
        pytest.param("unknown", 0, 0, id="stopped before, and not in the record"),
    ],
)
def test_stopped_workloads_start_with_their_number_of_replicas(name: str, live: int, started: int) -> None:
    assert stopped_workloads([deployment(name, live), deployment("nginx", 2)], [name], RECORDED) == [{"name": name, "replicas": started}]


def test_a_canary_stops_with_its_component() -> None:
    found = stopped_workloads([deployment("django", 2), deployment("django-canary", 1, "django")], ["django"], [])
    assert [each["name"] for each in found] == ["django", "django-canary"]


PAUSE = {"autoscaling.keda.sh/paused-replicas": "0"}


def scaled_object(name: str, annotations: dict[str, str], applied: list[str]) -> dict[str, Any]:
    """A ScaledObject as KEDA keeps it, whose annotations the platform has applied in part."""
    spec = {"scaleTargetRef": {"name": name}, "minReplicaCount": 1, "triggers": [{"type": "redis"}]}
    of_spec: dict[str, Any] = {"f:minReplicaCount": {}, "f:scaleTargetRef": {"f:name": {}}, "f:triggers": {}}
    of_annotations: dict[str, Any] = {"f:annotations": {f"f:{each}": {} for each in applied}} if applied else {}
    fields = {"f:metadata": {**of_annotations, "f:labels": {"f:app": {}}}, "f:spec": of_spec}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": f"{name}-scaled",
            "namespace": "shop",
            "annotations": annotations,
            "labels": {"app": "shop", "scaledobject.keda.sh/name": name},
            "managedFields": [
                {"manager": "ours", "operation": "Apply", "fieldsV1": fields},
                {"manager": "keda", "operation": "Update", "fieldsV1": {"f:spec": {"f:scaleTargetRef": {"f:kind": {}}}}},
            ],
        },
        "spec": {**spec, "scaleTargetRef": {"name": name, "kind": "Deployment"}},
        "status": {"paused": False},
    }


@pytest.mark.parametrize(
    ("annotations", "applied", "kept"),
    [
        pytest.param({}, [], {}, id="not paused"),
        pytest.param({"note": "a", "other": "b"}, ["note"], {"note": "a"}, id="other annotations"),
        pytest.param(PAUSE, [*PAUSE], {}, id="an interrupted restore paused it"),
        pytest.param({"autoscaling.keda.sh/paused-replicas": "3"}, [], {}, id="KEDA would start it"),
        pytest.param(PAUSE, [], None, id="another client paused it"),
    ],
)
def test_the_autoscalers_of_stopped_workloads_pause(annotations: dict[str, str], applied: list[str], kept: dict[str, str] | None) -> None:
    scaled = [scaled_object(name, annotations, applied) for name in ("worker", "nginx")]
    found = paused_autoscalers(scaled, [{"name": "worker", "replicas": 1}], "ours")
    metadata = {"name": "worker-scaled", "namespace": "shop", "labels": {"app": "shop"}, **({"annotations": kept} if kept else {})}
    spec = {"scaleTargetRef": {"name": "worker"}, "minReplicaCount": 1, "triggers": [{"type": "redis"}]}
    expected = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec}
    assert found == ([] if kept is None else [expected])


def test_a_scaled_object_of_another_client_is_paused_without_its_content() -> None:
    identity = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "worker-scaled", "namespace": "shop"}}
    assert paused_autoscalers([scaled_object("worker", {}, [])], [{"name": "worker"}], "another") == [identity]
