# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of Celery's queues: pure functions (private to the collection)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, values_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.last_words import LONGEST, READ_AT_END, last_words
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import READ_AT_MOST, one_line, quoted_line

# Prefix of the output line with the result of roles/validate/files/round_trip.py.
MARK = "platform-round-trip: "
_LONGEST_NAME = 200
_MOST_QUEUES = 100


def sleeping_queues(workloads: Iterable[Mapping[str, Any]], deployments: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the queues whose workers KEDA starts when a task arrives, and of which none runs now.

    Args:
        workloads: Complete descriptions of workloads, as P(jewelry_shop.platform.workloads#lookup) returns them with C(application).
        deployments: The Deployments of the namespace.

    Returns:
        The names of the queues.

    Example:
        {{ manifests_workloads.tiers | jewelry_shop.platform.sleeping_queues(deployments.resources) }}
    """
    stopped = {each["metadata"]["name"] for each in deployments if (each.get("spec") or {}).get("replicas") == 0}
    awake: set[str] = set()
    asleep: dict[str, None] = {}
    for workload in workloads:
        autoscaling = workload.get("autoscaling") or {}
        starts_from_zero = "scaled_object" in autoscaling and not autoscaling["min_replicas"]
        for queue in workload.get("queues") or ():
            if starts_from_zero and workload["name"] in stopped:
                asleep[queue] = None
            elif workload["name"] not in stopped:
                awake.add(queue)
    return [queue for queue in asleep if queue not in awake]


def round_trip_checks(
    result: Mapping[str, Any], queues: Sequence[str], secrets: Any = (), asleep: Iterable[str] = ()
) -> list[dict[str, str]]:
    """Convert the result of a test task to checks of the queues.

    The checks have the form that M(jewelry_shop.platform.release_check) returns. Reads only the result line of C(round_trip.py), and
    ignores other output of the application. If this line is missing, the result is one failed check for all queues, with the error that the
    script printed.

    Args:
        result: Result of the task that ran C(round_trip.py) in a pod.
        queues: Queues to which test tasks were to be sent.
        secrets: Secrets, as a structure of any form. All strings and numbers in it are masked.
        asleep: Further queues, to which no test task was sent because they have no running worker until KEDA starts one.

    Returns:
        A check for each queue, or one check for all queues if no task could be sent.

    Example:
        {{ round_trip | jewelry_shop.platform.round_trip_checks(['celery', 'reports']) }}
    """
    checks = [
        _check(queue, "ok", "no test task was sent: its workers have 0 replicas until KEDA starts one for a task") for queue in asleep
    ]
    if result.get("skipped"):
        return checks
    mask = Masker(values_to_mask(secrets))
    problems = _marked(str(result.get("stdout") or ""))
    if problems is None:
        # The script itself failed, so all queues fail in the same way.
        printed = str(result.get("stderr") or "") or str(result.get("stdout") or "")
        cause = last_words(mask(printed[-2 * READ_AT_END :])) or _quoted(str(result.get("msg") or "it gave no reason"), mask)
        return [*checks, _check(", ".join(queues), "error", f"no task could be sent from a Django pod: {cause}")]
    for queue in queues:
        problem = _quoted(problems.get(queue, "it was not tried"), mask)
        checks.append(_check(queue, "error" if problem else "ok", problem or "the test task returned its result"))
    return checks


def _quoted(text: str, mask: Masker) -> str:
    return quoted_line(mask(text, READ_AT_MOST), LONGEST)


def _marked(stdout: str) -> dict[str, str] | None:
    """The result line within the output of the application."""
    for line in reversed(stdout.splitlines()):
        if line.startswith(MARK):
            try:
                answer = json.loads(line[len(MARK) :])
            except (ValueError, RecursionError):
                return None
            return {str(queue): str(problem) for queue, problem in answer.items()} if isinstance(answer, dict) else None
    return None


def unserved_queue_checks(health: Mapping[str, Any]) -> list[dict[str, str]]:
    """Convert Celery beat's report of queues without a worker to checks.

    Returns checks in the form that M(jewelry_shop.platform.release_check) returns. Returns a warning if Celery beat sent no valid report.

    Args:
        health: Result of M(jewelry_shop.platform.health_check) for C(/queues) of Celery beat, with C(return_content).

    Returns:
        A warning for each queue that receives tasks and that no worker serves.

    Example:
        {{ queues | jewelry_shop.platform.unserved_queue_checks }}
    """
    pods = [pod for endpoint in health.get("endpoints") or [] for pod in endpoint.get("pods") or []]
    answers = [answer for pod in pods if (answer := _report(pod.get("content"))) is not None]
    if not answers:
        reason = next((str(pod["reason"]) for pod in pods if pod.get("reason")), str(health.get("msg") or "there is no pod"))
        return [_check("celery-beat", "warning", f"Celery beat did not report which queues have no worker: {one_line(reason)}")]
    return [check for answer in answers for check in _of_report(answer)]


def _report(content: Any) -> Mapping[str, Any] | None:
    try:
        report = json.loads(content or "")
    except (TypeError, ValueError, RecursionError):
        return None
    if not isinstance(report, Mapping) or not isinstance(report.get("unserved"), list):
        return None
    return report if all(_is_queue(each) for each in report["unserved"]) else None


def _is_queue(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("length"), int) and {"queue", "entry"} <= entry.keys()


def _of_report(report: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for queue in report["unserved"][:_MOST_QUEUES]:
        tasks = f"{queue['length']} task{'s' * (queue['length'] != 1)} wait{'s' * (queue['length'] == 1)} in it"
        entry = quoted_line(str(queue["entry"]), _LONGEST_NAME)
        source = f", and the periodic task {entry} sends to it" if entry else ""
        yield _check(
            quoted_line(str(queue["queue"]), _LONGEST_NAME),
            "warning",
            f"no worker serves it: {tasks}{source}. Add it to celery_worker_queues and, if celery_worker_groups has queues, to those of a "
            "group. If workers outside this collection serve it, add it to celery_beat_queues_of_other_workers instead",
        )
    if report.get("problem"):
        yield _check(
            "celery-beat", "warning", f"queues without a worker may be missing here. {quoted_line(str(report['problem']), LONGEST)}"
        )


def _check(subject: str, severity: str, message: str) -> dict[str, str]:
    return {"name": "queue", "subject": subject, "severity": severity, "message": message}
