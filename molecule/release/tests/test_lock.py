"""Several runs of the playbooks at once: one changes the platform, the others fail at once or wait. A killed run blocks none of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inventory_after")

LEASE = "jewelry-shop-run"
HELD = f"Another run holds Lease jewelry-shop/{LEASE}: "
# ansible-local-, the process id, and random characters of this number.
PROCESS, RANDOM = "_ansible-local-", 8

Start = Callable[..., Future[Any]]
SlowRelease = Callable[[int, str], dict[str, Any]]


@pytest.fixture
def slow_release(kind_config: dict[str, Any]) -> SlowRelease:
    """The settings of a new release whose migration takes this many seconds, and whose configuration has this value."""
    return lambda seconds, value: {
        # A release that was deployed before would not migrate again.
        "platform_config": {**kind_config, "DRILL": f"{value} {time.time_ns()}"},
        "pre_deploy_commands": [{"name": "migrate", "command": ["sleep", str(seconds)]}],
    }


@pytest.fixture
def start(playbook: Any) -> Iterator[Start]:
    """Runs a playbook beside the test."""
    with ThreadPoolExecutor() as pool:
        yield lambda *arguments, **values: pool.submit(playbook, *arguments, **values)


def until(what: Callable[[], Any], name: str) -> Any:
    deadline = time.monotonic() + 300
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"not in time: {name}"
        time.sleep(0.2)


def holder(cluster: Any) -> str:
    """Identity of the run that holds the Lease."""
    found: str = cluster.kubectl("get", "lease", LEASE, "--output=jsonpath={.spec.holderIdentity}", check=False).stdout
    return found


def migration(cluster: Any) -> str:
    """Name of the Job of the running migration."""
    jobs = [job for job in cluster.get("jobs", "--selector=jewelry-shop/release") if (job.get("status") or {}).get("active")]
    return next((job["metadata"]["name"] for job in jobs if job["metadata"]["name"].startswith("migrate-")), "")


def pods_of(cluster: Any, job: str) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = cluster.get("pods", f"--selector=job-name={job}")
    return pods


def test_of_two_runs_at_once_one_deploys_and_the_other_names_it(cluster: Any, start: Start, slow_release: SlowRelease) -> None:
    values = slow_release(30, "two at once")
    runs = [start("site.yml", **values) for _each in range(2)]
    job = until(lambda: migration(cluster), "the migration")
    results = [run.result() for run in runs]
    assert sorted(run.returncode == 0 for run in results) == [False, True], "".join(run.output for run in results)
    [rejected] = [run.output for run in results if run.returncode != 0]
    said = " ".join(rejected.split())
    # The second run looked at the Lease after or before the first one acquired it.
    assert HELD in said, rejected
    assert "playbook site.yml, since 2" in said, rejected
    assert "changed=0" in rejected, rejected
    assert len(pods_of(cluster, job)) == 1
    assert holder(cluster) == ""


def test_other_playbooks_fail_or_wait_while_a_run_deploys(cluster: Any, playbook: Any, start: Start, slow_release: SlowRelease) -> None:
    first = start("site.yml", **slow_release(90, "waiting"))
    until(lambda: migration(cluster), "the migration")
    scale = {"scale_replicas": {"celery-worker": 3}}
    at_once = playbook("playbooks/scale.yml", **scale)
    assert at_once.returncode != 0, at_once.output
    assert HELD in " ".join(at_once.output.split()), at_once.output
    checked = playbook("playbooks/restart.yml", "--check")
    assert checked.returncode == 0, checked.output
    assert HELD in " ".join(checked.output.split()), checked.output
    validated = playbook("playbooks/validate.yml")
    assert HELD not in " ".join(validated.output.split()), validated.output
    assert not first.done()
    waited = playbook("playbooks/scale.yml", platform_lock_wait=900, **scale)
    assert first.result().returncode == 0, first.result().output
    assert waited.returncode == 0, waited.output
    assert "Waiting for up to 900 s." in " ".join(waited.output.split()), waited.output
    assert holder(cluster) == ""


def test_the_next_run_takes_the_lease_of_a_killed_run_and_finishes(
    cluster: Any, playbook: Any, start: Start, slow_release: SlowRelease, measured: Any
) -> None:
    # The next run looks at the Lease before it expires, also on a slow machine.
    values = {**slow_release(60, "killed"), "platform_lock_duration": 120}
    killed = start("site.yml", **values)
    job = until(lambda: migration(cluster), "the migration")
    identity = until(lambda: holder(cluster), "the holder")
    os.kill(int(identity.partition(PROCESS)[2].rpartition("_")[0][:-RANDOM]), signal.SIGKILL)
    began = time.monotonic()
    run = playbook("site.yml", platform_lock_wait=600, **values)
    measured(f"the run after a killed run ended after {time.monotonic() - began:.0f} s")
    assert run.returncode == 0, run.output
    assert HELD in " ".join(run.output.split()), run.output
    # Its output ends when the process of its task ends, which waited for the Job.
    assert killed.result().returncode == -signal.SIGKILL
    assert len(pods_of(cluster, job)) == 1, "the migration ran once"
    assert holder(cluster) == ""


def test_a_run_that_lost_its_lease_ends_before_its_next_change(cluster: Any, start: Start, slow_release: SlowRelease) -> None:
    before = {tier["metadata"]["name"]: tier["metadata"]["generation"] for tier in cluster.get("deployments")}
    run = start("site.yml", **slow_release(60, "lost"))
    until(lambda: migration(cluster), "the migration")
    cluster.kubectl("delete", "lease", LEASE)
    result = run.result()
    assert result.returncode != 0, result.output
    assert f"This run lost Lease jewelry-shop/{LEASE}. It was deleted." in " ".join(result.output.split()), result.output
    assert {tier["metadata"]["name"]: tier["metadata"]["generation"] for tier in cluster.get("deployments")} == before
