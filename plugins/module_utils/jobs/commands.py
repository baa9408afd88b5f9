# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which commands of a release run, and which of its Jobs are replaced: pure functions (private to the collection)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.static_files import static_revisions
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import managers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, created, is_true

COMPLETE, FAILED, RUNNING, STUCK = "complete", "failed", "running", "stuck"
# Seconds that a Job has until its pod runs. After that its pod was rejected or cannot start. A new Job shows within seconds whether the
# cause is fixed, while the kubelet may wait for minutes between two retries.
FIRST_START = 60
# The plan, and as many migrations.
MIGRATION_LINES = 70


def job_states(jobs: Iterable[Manifest], field_manager: str, now: datetime.datetime | None = None) -> list[dict[str, str]]:
    """List the states of the Jobs of releases.

    Reduces each Job to the fields that P(jewelry_shop.platform.jobs_to_run#filter) needs.

    Args:
        jobs: Jobs, as the API server returns them.
        field_manager: Name of the field manager that applies the Jobs of releases.
        now: The present. By default the time of the clock.

    Returns:
        An entry for each Job, with C(name), C(command), C(created) (the creation time in UTC), C(state), C(static_revision) (the static
        files that it collects, or an empty string) and C(made_by). C(state) is
        V(complete), V(failed), V(running) or V(stuck). V(stuck) means that no pod runs one minute after the creation of the Job. C(made_by)
        lists the field managers of a Job that O(field_manager) did not apply. It is empty for a Job that O(field_manager) applied.

    Example:
        {{ jobs.resources | jewelry_shop.platform.job_states('jewelry_shop.platform') }}
    """
    present = now or datetime.datetime.now(datetime.timezone.utc)
    return [
        {
            "name": job["metadata"]["name"],
            "command": (job["metadata"].get("labels") or {}).get("component", ""),
            "state": _state(job, present),
            "created": job["metadata"]["creationTimestamp"],
            "static_revision": "".join(sorted(static_revisions(job))[:1]),
            "made_by": "" if "f:template" in applied_fields(job, field_manager).get("f:spec", {}) else managers(job),
        }
        for job in jobs
    ]


def _state(job: Manifest, now: datetime.datetime) -> str:
    status = job.get("status") or {}
    if is_true(job, "Complete"):
        return COMPLETE
    # FailureTarget is set while the pods still end.
    if is_true(job, "Failed") or is_true(job, "FailureTarget") or (status.get("failed") and not status.get("active")):
        return FAILED
    # No pod is active between the end of a pod and the condition of the Job. An operator may have suspended the Job.
    about_to_end = [status.get(key) for key in ("succeeded", "terminating")] + list((status.get("uncountedTerminatedPods") or {}).values())
    runs = status.get("ready") or any(about_to_end) or is_true(job, "SuccessCriteriaMet") or is_true(job, "Suspended")
    young = (now - created(job)).total_seconds() < FIRST_START
    return RUNNING if runs or young else STUCK


def jobs_to_run(
    commands: Iterable[Mapping[str, Any]], jobs: Iterable[Mapping[str, str]], release: str, force: bool = False
) -> list[dict[str, Any]]:
    """Find the commands that have to run for a release.

    A command whose Job is complete does not run again. A command with C(repeat_on_return) runs again if another release has started the
    same command since: its result, such as the static files without a hash in their names, is now that of the other release. Ignores
    Jobs that are not managed by this collection. A command that collects static files also runs again if its Job collected others.

    Args:
        commands: Commands in their order, with C(name) and optionally C(repeat_on_return) and C(static_revision).
        jobs: Jobs of all releases, as P(jewelry_shop.platform.job_states#filter) returns them.
        release: Current release. The names of its Jobs end with this string.
        force: Whether completed commands run again.

    Returns:
        An entry for each command that has to run. It contains the C(command), the C(name) of its Job, C(replace), whether an existing Job
        of that name has to be deleted first, and C(running), whether that Job is only waited for.

    Example:
        {{ [{'name': 'migrate'}] | jewelry_shop.platform.jobs_to_run([], 'v1') }}
    """
    # Ignore Jobs that are not managed by this collection.
    known = [job for job in jobs if not job["made_by"]]
    by_name = {job["name"]: job for job in known}
    found = []
    for command in commands:
        name = f"{command['name']}-{release}"
        own = by_name.get(name)
        differs = own is not None and _collects_other_files(command, own)
        again = force or differs or (command.get("repeat_on_return", False) and own is not None and _had_a_later_turn(own, known))
        if own is None or own["state"] != COMPLETE or again:
            replace = own is not None and (own["state"] != RUNNING or force or differs)
            found.append({"command": dict(command), "name": name, "replace": replace, "running": own is not None and not replace})
    return found


def running_jobs_of_others(jobs: Iterable[Mapping[str, str]], release: str) -> list[dict[str, str]]:
    """Find the running Jobs of other releases, which a killed run has left.

    Two releases must not migrate at the same time, nor collect static files.

    Args:
        jobs: Jobs of all releases, as P(jewelry_shop.platform.job_states#filter) returns them.
        release: Current release. The names of its Jobs end with this string. Empty for the running Jobs of all releases.

    Returns:
        The C(kind) and the C(name) of each, as M(jewelry_shop.platform.rollout) expects them.

    Example:
        {{ platform_jobs | jewelry_shop.platform.running_jobs_of_others('v1') }}
    """
    return [
        {"kind": "Job", "name": job["name"]}
        for job in jobs
        if job["state"] == RUNNING and not job["made_by"] and not job["name"].endswith(f"-{release}")
    ]


def undone_jobs(jobs: Iterable[Mapping[str, str]], commands: Iterable[str], kept: str = "") -> list[str]:
    """Find the complete Jobs whose effect on the database a restore undoes.

    Without them, each release runs the commands again. With them, a run would skip migrations that the restored database lacks.

    Args:
        jobs: Jobs of all releases, as P(jewelry_shop.platform.job_states#filter) returns them.
        commands: Names of the commands that migrate.
        kept: The release whose tables the restored database has. Its Jobs stay.

    Returns:
        Names of the Jobs.

    Example:
        {{ platform_jobs | jewelry_shop.platform.undone_jobs(['migrate'], 'v1') }}
    """
    names = set(commands)
    return [
        job["name"]
        for job in jobs
        if job["state"] == COMPLETE and job["command"] in names and not job["made_by"] and job["name"] != f"{job['command']}-{kept}"
    ]


def migrating_commands(commands: Iterable[Mapping[str, Any]], script: str, lock_timeout: int) -> list[dict[str, Any]]:
    """Let the commands that migrate show their plan and wait for a lock for a limited time.

    These are the commands that begin with C(python manage.py migrate). Others do not change.

    Args:
        commands: Commands of C(pre_deploy_commands).
        script: Content of C(migrate.py).
        lock_timeout: Seconds that a migration waits for a lock. V(0) is no limit.

    Returns:
        The commands. One that migrates has C(log_lines), the number of lines of its log that a run shows.

    Example:
        {{ pre_deploy_commands | jewelry_shop.platform.migrating_commands(script, 30) }}
    """
    return [
        {**command, "command": ["python", "-c", script, str(int(lock_timeout)), *command["command"][1:]], "log_lines": MIGRATION_LINES}
        if _migrates(command.get("command", []))
        else dict(command)
        for command in commands
    ]


def _migrates(command: Sequence[str]) -> bool:
    """Whether a command is the usual one. Options such as --plan have another output."""
    is_usual = len(command) > 2 and command[0] == "python" and command[1].rpartition("/")[2] == "manage.py" and command[2] == "migrate"
    return is_usual and not {"--plan", "--check", "--help"} & set(command)


def _collects_other_files(command: Mapping[str, Any], own: Mapping[str, str]) -> bool:
    """Whether the pods would mount static files that the Job did not collect: its command was changed, or is from before decision 52."""
    return "static_revision" in command and own.get("static_revision") != command["static_revision"]


def _had_a_later_turn(own: Mapping[str, str], jobs: Iterable[Mapping[str, str]]) -> bool:
    """Whether another release started the same command later, completed or not. The times compare as strings."""
    return any(job["command"] == own["command"] and job["created"] >= own["created"] for job in jobs if job["name"] != own["name"])
