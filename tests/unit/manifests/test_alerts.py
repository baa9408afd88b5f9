"""The rendered alerts, tested with promtool: each fires in time and not too early, and its annotations have a command to run."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from local_cluster.errors import LocalClusterError
from tools import debian_programs

NAMESPACE = 'namespace="jewelry-shop"'
DAY = 86400


@dataclass(frozen=True)
class Case:
    """Series, one value a minute, in promtool's notation.

    Args:
        alert: its name.
        series: what makes it fire.
        quiet: what must not, in the same time.
        early: minutes after which it does not fire yet.
        fires: minutes after which it does.
        labels: of the firing alert, besides the namespace.
        annotations: what a person reads.
    """

    alert: str
    series: dict[str, str]
    quiet: dict[str, str]
    early: int
    fires: int
    labels: dict[str, str]
    annotations: dict[str, str]


CASES = [
    Case(
        "JewelryShopNothingReady",
        {
            f'kube_deployment_status_replicas_ready{{{NAMESPACE},deployment="django"}}': "3 3 0x20",
            f'kube_deployment_spec_replicas{{{NAMESPACE},deployment="django"}}': "3x20",
        },
        {
            f'kube_deployment_status_replicas_ready{{{NAMESPACE},deployment="nginx"}}': "2 2 1x20",
            f'kube_deployment_spec_replicas{{{NAMESPACE},deployment="nginx"}}': "2x20",
            # Scaled to 0 on purpose.
            f'kube_deployment_status_replicas_ready{{{NAMESPACE},deployment="celery-worker"}}': "0x20",
            f'kube_deployment_spec_replicas{{{NAMESPACE},deployment="celery-worker"}}': "0x20",
            'kube_deployment_status_replicas_ready{namespace="other",deployment="django"}': "0x20",
            f'kube_deployment_status_replicas_ready{{{NAMESPACE},deployment="of-somebody-else"}}': "0x20",
        },
        4,
        5,
        {"severity": "critical", "deployment": "django", "workload": "deployment/django"},
        {
            "summary": "No replica of deployment/django in jewelry-shop is ready",
            "description": "deployment/django in jewelry-shop has had no ready replica for three minutes: nothing does its work.",
            "runbook": "kubectl -n jewelry-shop describe deployment/django",
        },
    ),
    Case(
        "JewelryShopContainerRestarts",
        {f'kube_pod_container_status_restarts_total{{{NAMESPACE},pod="django-1",container="django"}}': "0x60 1 2 3 4x60"},
        {
            f'kube_pod_container_status_restarts_total{{{NAMESPACE},pod="django-2",container="django"}}': "0x60 1 2 3x60",
            'kube_pod_container_status_restarts_total{namespace="other",pod="a",container="b"}': "0x60 10x60",
        },
        63,
        64,
        {"severity": "warning", "pod": "django-1", "container": "django"},
        {
            "summary": "Container django of pod django-1 in jewelry-shop restarts again and again",
            "description": "Container django of pod django-1 in jewelry-shop restarted 4 times within an hour.",
            "runbook": "kubectl -n jewelry-shop logs django-1 -c django --previous",
        },
    ),
    Case(
        "JewelryShopQueueWaits",
        {
            f'celery_queue_oldest_task_seconds{{{NAMESPACE},pod="celery-beat-1",queue="backups"}}': "0+60x30",
            # A second beat, which has not seen the task yet: the older age counts.
            f'celery_queue_oldest_task_seconds{{{NAMESPACE},pod="celery-beat-2",queue="backups"}}': "0x30",
        },
        {
            f'celery_queue_oldest_task_seconds{{{NAMESPACE},pod="celery-beat-1",queue="celery"}}': "600x30",
            'celery_queue_oldest_task_seconds{namespace="other",queue="celery"}': "9000x30",
        },
        11,
        12,
        {"severity": "critical", "queue": "backups"},
        {
            "summary": "Tasks in queue backups in jewelry-shop are not processed",
            "description": "The first task in queue backups in jewelry-shop has been waiting there for 12m 0s: no worker serves "
            "the queue, or all of them are busy.",
            "runbook": "kubectl -n jewelry-shop logs -l component=celery-worker --tail=50",
        },
    ),
    *(
        Case(
            "JewelryShopQueueUnserved",
            {
                f'celery_unserved_queue_length{{{NAMESPACE},pod="celery-beat-1",queue="reports"}}': series,
                # A second beat, which has not seen the tasks yet.
                f'celery_unserved_queue_length{{{NAMESPACE},pod="celery-beat-2",queue="reports"}}': "0x30",
            },
            {
                # A manual test task that was removed again.
                f'celery_unserved_queue_length{{{NAMESPACE},pod="celery-beat-1",queue="try"}}': "1x5 stale",
                'celery_unserved_queue_length{namespace="other",queue="reports"}': "9x30",
            },
            9,
            10,
            {"severity": "warning", "queue": "reports"},
            {
                "summary": "No worker serves queue reports in jewelry-shop",
                "description": f"Queue reports in jewelry-shop gets tasks, holds {held}, and no worker serves it. Add it "
                "to the queues of a group of workers, or to celery_beat_queues_of_other_workers if other workers serve it.",
                "runbook": "kubectl -n jewelry-shop exec deployment/celery-worker -c celery-worker -- "
                "celery --app=config inspect active_queues",
            },
        )
        for series, held in (("43x30", 43), ("0x30", 0))
    ),
    Case(
        "JewelryShopBeatSilent",
        {
            f'celery_beat_tick_age_seconds{{{NAMESPACE},pod="celery-beat-1"}}': "0+60x30",
            # The same pod, scraped by way of another Service before it hung: the older age counts.
            f'celery_beat_tick_age_seconds{{{NAMESPACE},pod="celery-beat-1",service="other"}}': "0x30",
        },
        {
            f'celery_beat_tick_age_seconds{{{NAMESPACE},pod="celery-beat-2"}}': "300x30",
            'celery_beat_tick_age_seconds{namespace="other",pod="celery-beat-1"}': "9000x30",
        },
        6,
        7,
        {"severity": "critical", "pod": "celery-beat-1"},
        {
            "summary": "Celery beat in jewelry-shop schedules nothing",
            "description": "The last tick of Celery beat in pod celery-beat-1 in jewelry-shop was 7m 0s ago: periodic tasks are not sent. "
            "It waits for broker or database, or hangs.",
            "runbook": "kubectl -n jewelry-shop logs deployment/celery-beat --tail=50",
        },
    ),
    Case(
        "JewelryShopBeatAbsent",
        {f'celery_beat_tick_age_seconds{{{NAMESPACE},pod="celery-beat-1"}}': "1 1 stale"},
        {'celery_beat_tick_age_seconds{namespace="other",pod="celery-beat-1"}': "1x30"},
        11,
        12,
        {"severity": "critical"},
        {
            "summary": "Prometheus has no metrics of Celery beat in jewelry-shop",
            "description": "Prometheus has had no metrics of Celery beat in jewelry-shop for ten minutes. Periodic tasks may not be sent, "
            "and the alerts about queues do not work.",
            "runbook": "kubectl -n jewelry-shop get pods -l component=celery-beat -o wide",
        },
    ),
    *(
        Case(
            "JewelryShopCertificateEnds",
            {f'certmanager_certificate_expiration_timestamp_seconds{{{label}="jewelry-shop",name="shop-tls"}}': f"{14 * DAY}x60"},
            {
                f'certmanager_certificate_expiration_timestamp_seconds{{{label}="jewelry-shop",name="long"}}': f"{15 * DAY}x60",
                f'certmanager_certificate_expiration_timestamp_seconds{{{label}="other",name="shop-tls"}}': f"{DAY}x60",
            },
            15,
            16,
            {"severity": "warning", "name": "shop-tls"} | ({} if label == "namespace" else {label: "jewelry-shop"}),
            {
                "summary": "Certificate shop-tls in jewelry-shop expires soon",
                "description": "Certificate shop-tls in jewelry-shop is valid for 13d 23h 44m 0s more, and was not renewed in time.",
                "runbook": "kubectl -n jewelry-shop describe certificate shop-tls",
            },
        )
        for label in ("namespace", "exported_namespace")
    ),
    *(
        Case(
            "JewelryShopSiteCertificateEnds",
            {f'probe_ssl_earliest_cert_expiry{{instance="{instance}"}}': f"{14 * DAY}x60"},
            {
                'probe_ssl_earliest_cert_expiry{instance="https://shop.example.com/long"}': f"{15 * DAY}x60",
                'probe_ssl_earliest_cert_expiry{instance="https://shop-example.com"}': f"{DAY}x60",
                'probe_ssl_earliest_cert_expiry{instance="https://other.example.com"}': f"{DAY}x60",
            },
            15,
            16,
            {"severity": "warning", "instance": instance},
            {
                "summary": f"The certificate of {instance} expires soon",
                "description": f"The certificate that clients of {instance} get is valid for 13d 23h 44m 0s more.",
                "runbook": "kubectl -n jewelry-shop describe service nginx-service",
            },
        )
        for instance in ("https://shop.example.com", "https://shop.example.com/health/", "shop.example.com:443")
    ),
    Case(
        "JewelryShopVolumeNearlyFull",
        {
            # Two nodes report one shared volume, one of them later.
            f'kubelet_volume_stats_used_bytes{{{NAMESPACE},persistentvolumeclaim="media-pvc",node="a"}}': "91x20",
            f'kubelet_volume_stats_capacity_bytes{{{NAMESPACE},persistentvolumeclaim="media-pvc",node="a"}}': "100x20",
            f'kubelet_volume_stats_used_bytes{{{NAMESPACE},persistentvolumeclaim="media-pvc",node="b"}}': "89x20",
            f'kubelet_volume_stats_capacity_bytes{{{NAMESPACE},persistentvolumeclaim="media-pvc",node="b"}}': "100x20",
        },
        {
            f'kubelet_volume_stats_used_bytes{{{NAMESPACE},persistentvolumeclaim="static-pvc",node="a"}}': "90x20",
            f'kubelet_volume_stats_capacity_bytes{{{NAMESPACE},persistentvolumeclaim="static-pvc",node="a"}}': "100x20",
            'kubelet_volume_stats_used_bytes{namespace="other",persistentvolumeclaim="media-pvc",node="a"}': "99x20",
            'kubelet_volume_stats_capacity_bytes{namespace="other",persistentvolumeclaim="media-pvc",node="a"}': "100x20",
        },
        4,
        5,
        {"severity": "critical", "persistentvolumeclaim": "media-pvc"},
        {
            "summary": "Volume media-pvc in jewelry-shop is nearly full",
            "description": "Volume media-pvc in jewelry-shop is 91 % full; when it is full, uploads, static files or backups fail.",
            "runbook": "kubectl -n jewelry-shop describe pvc media-pvc",
        },
    ),
]


@pytest.fixture(scope="module")
def rules(changed: Any) -> Any:
    try:
        debian_programs.ensure()
    except LocalClusterError as error:
        pytest.fail(str(error), pytrace=False)
    return changed.get("PrometheusRule", "jewelry-shop")["spec"]


def promtool(folder: pathlib.Path, rules: Any, *tests: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    (folder / "rules.json").write_text(json.dumps(rules))
    (folder / "test.json").write_text(json.dumps({"rule_files": ["rules.json"], "evaluation_interval": "1m", "tests": tests}))
    command = [str(debian_programs.program("promtool")), "test", "rules", "test.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def scenario(case: Case, series: dict[str, str], expected: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"alertname": case.alert, "eval_time": f"{minutes}m", "exp_alerts": alerts} for minutes, alerts in expected.items()
        ],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_only_for_the_failing_object(rules: Any, tmp_path: pathlib.Path, case: Case) -> None:
    alert = {"exp_labels": {"namespace": "jewelry-shop", **case.labels}, "exp_annotations": case.annotations}
    if case.alert == "JewelryShopSiteCertificateEnds":  # of a site, which is in no namespace
        del alert["exp_labels"]["namespace"]
    done = promtool(tmp_path, rules, scenario(case, {**case.series, **case.quiet}, {case.early: [], case.fires: [alert]}))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_does_not_fire_for_healthy_objects(rules: Any, tmp_path: pathlib.Path, case: Case) -> None:
    healthy = {f'celery_beat_tick_age_seconds{{{NAMESPACE},pod="celery-beat-0"}}': "1x60"} if case.alert.endswith("BeatAbsent") else {}
    done = promtool(tmp_path, rules, scenario(case, {**case.quiet, **healthy}, {case.fires: []}))
    assert done.returncode == 0, done.stdout + done.stderr


def test_three_restarts_an_hour_are_tolerated_for_hours(rules: Any, tmp_path: pathlib.Path) -> None:
    [case] = [each for each in CASES if each.alert == "JewelryShopContainerRestarts"]
    series = f'kube_pod_container_status_restarts_total{{{NAMESPACE},pod="django-1",container="django"}}'
    every_20_minutes = " ".join(f"{restarts}x19" for restarts in range(10))
    quiet: dict[int, list[dict[str, Any]]] = {minutes: [] for minutes in (60, 90, 120, 150, 180)}
    done = promtool(tmp_path, rules, scenario(case, {series: every_20_minutes}, quiet))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stateful_set_without_a_replica_fires_an_alert(rules: Any, tmp_path: pathlib.Path) -> None:
    """As PostgreSQL and Redis are inside the cluster."""
    [case] = [each for each in CASES if each.alert == "JewelryShopNothingReady"]
    series = f'kube_statefulset_status_replicas_ready{{{NAMESPACE},statefulset="django"}}'
    wanted = f'kube_statefulset_replicas{{{NAMESPACE},statefulset="django"}}'
    alert = {
        "exp_labels": {"namespace": "jewelry-shop", "severity": "critical", "statefulset": "django", "workload": "statefulset/django"},
        "exp_annotations": {key: value.replace("deployment/", "statefulset/") for key, value in case.annotations.items()},
    }
    done = promtool(tmp_path, rules, scenario(case, {series: "0x20", wanted: "1x20"}, {2: [], 3: [alert]}))
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_rejects_a_wrong_expectation(rules: Any, tmp_path: pathlib.Path) -> None:
    case = CASES[0]
    done = promtool(tmp_path, rules, scenario(case, case.series, {case.fires: []}))
    assert done.returncode != 0
    assert case.alert in done.stdout + done.stderr


def test_every_alert_is_tested_and_has_a_runbook(rules: Any) -> None:
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert {rule["alert"] for rule in alerts} == {case.alert for case in CASES}
    for rule in alerts:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert re.match(r"kubectl -n \S", rule["annotations"]["runbook"]), rule["alert"]
