"""Changed passwords of a running shop: rejected, or accepted together with the previous password."""

from __future__ import annotations

from typing import Any

import pytest


def words(run: Any) -> str:
    """The output of a run without line breaks."""
    return " ".join(run.output.split())


def test_changed_passwords_are_rejected_before_the_first_write(cluster: Any, playbook: Any, secrets: dict[str, str]) -> None:
    before = cluster.resource_versions()
    changed = {"POSTGRES_PASSWORD": "another-1-of-the-database", "REDIS_PASSWORD": "another-2-of-the-broker"}
    run = playbook("site.yml", platform_secrets={**secrets, **changed})
    assert run.returncode != 0, run.output
    assert "platform_secrets.POSTGRES_PASSWORD differs from the password of PostgreSQL in the cluster." in words(run)
    assert "platform_secrets.REDIS_PASSWORD differs from the password of Redis in the cluster." in words(run)
    assert not [value for value in changed.values() if value in run.output]
    assert cluster.written_since(before) == []


@pytest.mark.drill
def test_redis_accepts_the_previous_password_while_a_migration_fails(cluster: Any, playbook: Any, secrets: dict[str, str]) -> None:
    """A run that changes the password and fails before the tiers locks no pod out."""
    old, new = secrets, {**secrets, "REDIS_PASSWORD": "the-next-one-of-the-broker"}

    def logs_in(password: str) -> bool:
        client = ["exec", "redis-0", "--", "env", f"REDISCLI_AUTH={password}", "redis-cli", "ping"]
        return bool(cluster.kubectl(*client, check=False).stdout.strip() == "PONG")

    workers = [pod["metadata"]["uid"] for pod in cluster.pods("celery-worker")]
    fails = [{"name": "migrate-drill", "command": ["env", "DEMO_FAIL_MIGRATE=3", "python", "manage.py", "migrate"]}]
    failed = playbook("site.yml", platform_secrets=new, platform_redis_previous_password=old["REDIS_PASSWORD"], pre_deploy_commands=fails)
    try:
        assert failed.returncode != 0, failed.output
        assert "DEMO_FAIL_MIGRATE" in failed.output
        assert logs_in(old["REDIS_PASSWORD"])
        assert logs_in(new["REDIS_PASSWORD"])
        # Pods from before the change send and receive tasks.
        trip = playbook("playbooks/validate.yml", validate_round_trip_queues=["celery", "reports"])
        assert trip.returncode == 0, trip.output
        assert [pod["metadata"]["uid"] for pod in cluster.pods("celery-worker")] == workers
    finally:
        back = playbook("site.yml", platform_redis_previous_password=new["REDIS_PASSWORD"])
    assert back.returncode == 0, back.output
    only = playbook("site.yml")
    assert only.returncode == 0, only.output
    assert logs_in(old["REDIS_PASSWORD"])
    assert not logs_in(new["REDIS_PASSWORD"])
