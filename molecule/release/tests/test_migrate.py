"""A migration that waits for a lock: it ends after the limit, and the report names what holds the lock."""

from __future__ import annotations

import json
import pathlib
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

PSQL = ("exec", "--stdin", "postgresql-0", "--container=postgresql", "--", "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet")
LOGIN = ("--username=jewelry_shop", "--dbname=jewelry_shop")
# Longer than the run. The comment stands for data that a report must not show.
HOLD = "BEGIN; LOCK TABLE django_migrations /* customer-4711 */; SELECT pg_sleep(600);"
LIMIT = 5


def query(cluster: Any, statement: str) -> str:
    return str(cluster.kubectl(*PSQL, *LOGIN, input=statement).stdout).strip()


@pytest.fixture
def lock(cluster: Any, watch_environment: dict[str, str]) -> Iterator[str]:
    """A session that holds a lock that each migration needs. The value is its process ID in PostgreSQL."""
    command = ["kubectl", "--namespace=jewelry-shop", *PSQL, *LOGIN, f"--command={HOLD}"]
    process = subprocess.Popen(command, env=watch_environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    holder, deadline = "", time.monotonic() + 60
    while not holder:
        assert time.monotonic() < deadline, "the lock is not held"
        time.sleep(0.5)
        holder = query(
            cluster, "SELECT pid FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND relation = 'django_migrations'::regclass"
        )
    yield holder
    query(cluster, f"SELECT pg_terminate_backend({holder})")
    process.wait(timeout=60)


def test_a_migration_behind_a_lock_ends_and_names_the_query(cluster: Any, playbook: Any, tmp_path: pathlib.Path, lock: str) -> None:
    before = cluster.generations()
    run = playbook("site.yml", pre_deploy_force=True, pre_deploy_migrate_lock_timeout=LIMIT, platform_report_dir=str(tmp_path))
    assert run.returncode != 0, run.output
    sentence = json.loads(next(tmp_path.glob("kind_*.json")).read_text())["sentence"]
    assert f"a migration waited for a lock for more than {LIMIT} s" in sentence, sentence
    assert f"PID {lock} (user jewelry_shop, application psql, active, for " in sentence, sentence
    assert "BEGIN; LOCK TABLE django_migrations ?; SELECT pg_sleep(?);" in sentence, sentence
    assert "customer-4711" not in run.output + sentence
    assert cluster.generations() == before


def test_the_run_shows_the_plan_of_the_migrations(playbook: Any) -> None:
    """Once nothing holds the lock, the same run succeeds."""
    run = playbook("site.yml", pre_deploy_force=True, pre_deploy_migrate_lock_timeout=LIMIT)
    assert run.returncode == 0, run.output
    assert "Planned operations:" in run.output
    assert run.output.index("Planned operations:") < run.output.index("Operations to perform:")


def test_check_mode_explains_where_the_plan_is_shown(cluster: Any, playbook: Any, kind_config: dict[str, Any]) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", "--check", platform_config={**kind_config, "MIGRATE_TEST": "1"})
    assert run.returncode == 0, run.output
    assert "Check mode does not run the image, so the plan of the migrations is not known." in " ".join(run.output.split())
    assert cluster.written_since(before) == []
