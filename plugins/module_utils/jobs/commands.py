# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which commands of a release run, and which of its Jobs are replaced: pure functions (private to the collection)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import managers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, created, is_true

COMPLETE, FAILED, RUNNING, STUCK = "complete", "failed", "running", "stuck"
# Seconds that a Job has until its pod runs. After that its pod was rejected or cannot start. A new Job shows within seconds whether the
# cause is fixed, while the kubelet may wait for minutes between two retries.
FIRST_START = 60


def job_states(jobs: Iterable[Manifest], field_manager: str, now: datetime.datetime | None = None) -> list[dict[str, str]]:
    """The state of the Jobs of releases.

    Args:
        jobs: as the API server gives them.
        field_manager: the field manager that applies the Jobs of releases.
        now: the present; by default the time of the clock.

    Returns:
        For each its C(name), its C(command) (the label C(component)), C(state), C(created) (a time of RFC 3339 in UTC), and C(made_by):
        the field managers of a Job that C(field_manager) did not apply, for messages; empty for other Jobs.
    """
    present = now or datetime.datetime.now(datetime.timezone.utc)
    return [
        {
            "name": job["metadata"]["name"],
            "command": (job["metadata"].get("labels") or {}).get("component", ""),
            "state": _state(job, present),
            "created": job["metadata"]["creationTimestamp"],
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

    A command whose Job is complete does not run again. The exception is a command with C(repeat_on_return) that another release has run
    since: its result, such as the manifest of static files, is now that of the other release.

    Args:
        commands: mappings with C(name) and optionally C(repeat_on_return), in order.
        jobs: the Jobs of all releases, as job_states returns them.
        release: the current release, which is the end of its Jobs' names.
        force: whether completed commands run again.

    Returns:
        For each its C(command), the C(name) of its Job, and whether an existing Job of that name has to be replaced. A running Job is not
        replaced but waited for.
    """
    # Ignore Jobs that are not managed by this collection.
    known = [job for job in jobs if not job["made_by"]]
    by_name = {job["name"]: job for job in known}
    found = []
    for command in commands:
        name = f"{command['name']}-{release}"
        own = by_name.get(name)
        again = force or (command.get("repeat_on_return", False) and own is not None and _had_a_later_turn(own, known))
        if own is None or own["state"] != COMPLETE or again:
            replace = own is not None and (own["state"] != RUNNING or force)
            found.append({"command": dict(command), "name": name, "replace": replace})
    return found


def _had_a_later_turn(own: Mapping[str, str], jobs: Iterable[Mapping[str, str]]) -> bool:
    """Whether another release started the same command later, completed or not. The times compare as strings."""
    return any(job["command"] == own["command"] and job["created"] >= own["created"] for job in jobs if job["name"] != own["name"])
