"""What runs of the playbooks change, and what stays unchanged."""

from __future__ import annotations

import json
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest


def test_check_mode_on_a_deployed_cluster_changes_nothing(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", "--check", "--diff")
    assert run.returncode == 0, run.output
    assert run.changed == 0, run.output
    assert cluster.written_since(before) == []


def test_check_mode_shows_a_new_release_and_its_removals(cluster: Any, playbook: Any) -> None:
    """Pods of the current release are not an error of the next release."""
    before = cluster.resource_versions()
    run = playbook("site.yml", "--check", "--diff", platform_image_tag="1.0.0-next", nginx_replicas=1)
    assert run.returncode == 0, run.output
    assert "jewelry-shop:1.0.0-next" in run.output
    assert "changed: [kind] => (item=PodDisruptionBudget nginx)" in run.output, run.output
    assert cluster.written_since(before) == []


def test_a_failed_migration_leaves_every_deployment_as_it_was(cluster: Any, playbook: Any, shop: Any) -> None:
    before = cluster.generations()
    commands = [{"name": "migrate-drill", "command": ["env", "DEMO_FAIL_MIGRATE=3", "python", "manage.py", "migrate"]}]
    run = playbook("site.yml", pre_deploy_commands=commands, platform_image_tag="1.0.0-next")
    assert run.returncode != 0
    assert "migrate-drill-" in run.output, run.output
    assert "container migrate-drill: ended with exit code 3" in " ".join(run.output.split("FAILED!")[-1].split()), run.output
    assert cluster.generations() == before
    assert shop.get("/health/ready/").json()["version"] == "1.0.0"


def test_an_unhealthy_replica_fails_validation_and_is_reported(cluster: Any, playbook: Any) -> None:
    sick = cluster.pods("django")[1]["metadata"]["name"]
    host = cluster.host(sick, "django")
    # The worker processes stop, but the master does not. The pod still runs, but does not answer.
    stop = "for p in /proc/[0-9]*; do grep -q [g]unicorn $p/cmdline && [ ${p#/proc/} != 1 ] && kill -STOP ${p#/proc/}; done; true"
    assert host.run(stop).rc == 0
    try:
        run = playbook("playbooks/validate.yml", validate_timeout=10)
    finally:
        host.run("for p in /proc/[0-9]*; do grep -q [g]unicorn $p/cmdline && kill -CONT ${p#/proc/}; done; true")
    assert run.returncode != 0, run.output
    verdict = run.output.split("FAILED!")[-1]
    assert sick in verdict, run.output
    for pod in cluster.pods("django"):
        name = pod["metadata"]["name"]
        assert (name in verdict) == (name == sick), run.output


QUEUES = ["celery", "backups", "pricing", "reports", "notifications"]


def test_a_test_task_returns_through_every_queue(playbook: Any, tmp_path: pathlib.Path) -> None:
    run = playbook("playbooks/validate.yml", validate_round_trip_queues=QUEUES, platform_report_dir=str(tmp_path))
    assert run.returncode == 0, run.output
    checks = [each for each in json.loads(next(tmp_path.glob("kind_*.json")).read_text())["checks"] if each["name"] == "queue"]
    expected = [(queue, "ok", "the test task returned its result") for queue in QUEUES]
    assert [(check["subject"], check["severity"], check["message"]) for check in checks] == expected
    junit = ElementTree.parse(next(tmp_path.glob("kind_*.xml"))).getroot()
    assert junit.get("failures") == "0"
    for queue in QUEUES:
        assert junit.find(f"testcase[@classname='validate.queue'][@name='{queue}']") is not None


# Runs in a pod of the application, with the broker's client as "client" and a task for a queue that no worker serves.
BROKER = """
import sys
from config.celery import app
from redis import Redis
client = Redis.from_url(app.conf.broker_url)
"""
SEND = 'app.send_task("celery.accumulate", queue="no-worker")'
KEYS = 'print(sorted(key.decode() for key in client.keys("*") if b"no-worker" in key or b"nobody-reads-this" in key))'
CLEAN = 'client.delete("no-worker", "_kombu.binding.no-worker", "_kombu.binding_permanent.no-worker")'


@pytest.fixture
def broker(cluster: Any) -> Callable[[str], str]:
    """Runs a statement of Python in a Django pod, and returns the last line that it prints."""
    pod = cluster.pods("django")[0]["metadata"]["name"]

    def run(statement: str) -> str:
        done = cluster.kubectl("exec", pod, "--container=django", "--", "python", "-c", f"{BROKER}{statement}")
        return str(done.stdout.strip().split("\n")[-1])

    return run


@pytest.fixture
def unserved(broker: Callable[[str], str], cluster: Any) -> Iterator[None]:
    """A task in a queue that no worker serves, which beat has noticed."""
    broker(SEND)
    beat = cluster.pods("celery-beat")[0]["metadata"]["name"]
    read = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
    try:
        deadline = time.monotonic() + 60
        while 'celery_unserved_queue_length{queue="no-worker"} 1.0' not in cluster.kubectl("exec", beat, "--", "python", "-c", read).stdout:
            assert time.monotonic() < deadline, "beat does not notice the queue"
            time.sleep(1)
        yield
    finally:
        broker(CLEAN)


def test_a_queue_without_a_worker_fails_and_all_other_checks_run(
    playbook: Any, tmp_path: pathlib.Path, broker: Callable[[str], str], unserved: None
) -> None:
    run = playbook(
        "playbooks/validate.yml",
        validate_round_trip_queues=["celery", "nobody-reads-this"],
        validate_round_trip_timeout=3,
        validate_services=["no-such-service", "django-service"],
        platform_report_dir=str(tmp_path),
    )
    assert run.returncode != 0, run.output
    report = json.loads(next(tmp_path.glob("kind_*.json")).read_text())
    failed = {(check["name"], check["subject"], check["message"]) for check in report["checks"] if check["severity"] == "error"}
    assert failed == {
        (
            "queue",
            "nobody-reads-this",
            "the result of the test task did not return within 3 s; no worker took it, and it was removed from the queue",
        ),
        ("service", "Service/no-such-service", "does not exist"),
    }
    assert all(message in report["sentence"] for _name, _subject, message in failed)
    warnings = [check for check in report["checks"] if check["name"] == "queue" and check["severity"] == "warning"]
    assert [check["subject"] for check in warnings] == ["no-worker"]
    assert warnings[0]["message"].startswith("no worker serves it: 1 task waits in it. Add it to celery_worker_queues")
    assert "nobody-reads-this" not in broker(KEYS), "the round trip leaves nothing"
    assert {check["name"] for check in report["checks"]} >= {"namespace", "workload", "claim", "image", "pod", "memory", "health"}


def test_validate_runs_its_checks_and_writes_nothing_in_check_mode(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("playbooks/validate.yml", "--check")
    assert run.returncode == 0, run.output
    assert "checks passed" in run.output
    assert cluster.written_since(before) == []


def test_a_missing_value_stops_before_the_first_write(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    secrets = {"platform_secrets_provider": "inventory", "platform_secrets": {"POSTGRES_PASSWORD": "marker-7f3a"}}
    run = playbook("site.yml", platform_image_tag="", **secrets)
    assert run.returncode != 0
    assert "platform_image_tag is not set" in run.output, run.output
    assert "platform_secrets.DJANGO_SECRET_KEY is missing" in run.output, run.output
    assert "inventories/kind/group_vars/all/secrets.yml" in run.output, run.output
    assert "marker-7f3a" not in run.output
    assert "Traceback" not in run.output
    assert cluster.written_since(before) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("site.yml", {}),
        ("playbooks/restart.yml", {"restart_tiers": ["nginx"]}),
        ("playbooks/remove.yml", {"remove_confirmed": True}),
    ],
)
def test_the_wrong_cluster_is_rejected(cluster: Any, playbook: Any, name: str, values: dict[str, Any]) -> None:
    before = cluster.resource_versions()
    run = playbook(name, platform_cluster_uid="00000000-0000-0000-0000-000000000000", **values)
    assert run.returncode != 0
    assert "platform_cluster_uid is" in run.output, run.output
    assert cluster.written_since(before) == []
