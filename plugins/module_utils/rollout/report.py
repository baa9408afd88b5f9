# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Converts outcomes to the module's result, with secrets masked (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import (
    FAILED,
    PENDING,
    READY,
    TIMEOUT,
    Manifest,
    event_count,
    event_time,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.wait import Outcome
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.last_words import last_words
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import one_line, printable, shortened
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.log_lines import is_error_line

EVENTS = 20
# Maximum number of characters of a log line.
LONGEST_LINE = 8192


class LogReader(Protocol):
    """The functions of the cluster that are used here."""

    def log(self, namespace: str, pod: str, container: str, previous: bool, lines: int) -> list[str]:
        """The last lines of a container's log, or raise PlatformError."""


def report(outcome: Outcome, events: Sequence[Manifest], api: LogReader, lines: int, mask: Masker) -> dict[str, Any]:
    """The result's entry for one outcome.

    Args:
        outcome: the outcome of a target.
        events: the events of the involved objects.
        api: reads the logs.
        lines: maximum number of log lines.
        mask: hides secrets.
    """
    target, assessment = outcome.target, outcome.assessment
    finding = assessment.finding if outcome.verdict in (FAILED, TIMEOUT, PENDING) else None
    entry: dict[str, Any] = {
        "kind": target.kind,
        "name": target.name,
        "namespace": target.namespace,
        "verdict": outcome.verdict,
        "seconds": round(outcome.seconds, 1),
        "idle_seconds": None if outcome.idle is None else round(outcome.idle, 1),
        "revision": assessment.revision,
        "replicas": asdict(assessment.replicas),
        "reason": finding.reason if finding else None,
        "pod": finding.pod if finding else None,
        "container": finding.container if finding else None,
        "exit_code": finding.exit_code if finding else None,
        "log": [shortened(mask(line), LONGEST_LINE) for line in _log(outcome, api, lines)],
        "events": [_event(event, mask) for event in events] if outcome.verdict in (FAILED, TIMEOUT) else [],
    }
    return {**entry, "message": sentence(entry, mask(finding.message if finding else assessment.progress))}


def _log(outcome: Outcome, api: LogReader, lines: int) -> list[str]:
    """The most relevant log. Empty if it cannot be read, so that an error here does not hide the verdict."""
    finding, source, previous = (outcome.assessment.finding, outcome.assessment.log_source, False)
    if outcome.verdict in (FAILED, TIMEOUT) and finding and finding.pod and finding.container:
        source, previous = (finding.pod, finding.container), finding.restarted
    if source is None or not lines:
        return []
    for instance in (previous, not previous):
        try:
            found = api.log(outcome.target.namespace, *source, instance, lines)
        except PlatformError:
            continue
        if found:
            return found[-lines:]
    return []


def _event(event: Manifest, mask: Masker) -> dict[str, Any]:
    about = event["involvedObject"]
    return {
        "type": event.get("type"),
        "reason": printable(str(event.get("reason"))),
        "object": f"{about.get('kind')}/{about.get('name')}",
        "message": mask(str(event.get("message") or "").strip()),
        "count": event_count(event),
        "last_seen": event_time(event).isoformat(),
    }


def sentence(entry: Mapping[str, Any], cause: str) -> str:
    """One entry as one sentence.

    Args:
        entry: as report returns it.
        cause: the cause in words, without secrets.
    """
    title = f"{entry['kind']} {entry['namespace']}/{entry['name']}"
    if entry["verdict"] not in (FAILED, TIMEOUT):
        return f"{title} is {entry['verdict'].replace('_', ' ')}: {cause}"
    where = "".join(f", {part} {entry[part]}" for part in ("pod", "container") if entry[part])
    waited = f" is not ready after {entry['seconds']:.0f} s" if entry["verdict"] == TIMEOUT else " failed"
    if entry["idle_seconds"] is not None:
        waited += f" and made no progress for {entry['idle_seconds']:.0f} s"
    reason = f" ({entry['reason']})" if entry["reason"] else ""
    cause = one_line(cause)
    which, words = _words_of_log(entry)
    quoted = f"; the last {which} of its log: {words}" if words and words not in cause else ""
    return f"{title}{waited}{where}: {cause}{reason}{quoted}"


def _words_of_log(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The line of the log that explains the failure, and what it is; empty if there is none."""
    if entry["exit_code"] is not None:
        return "line", last_words("\n".join(entry["log"]))
    # A container that runs also logs requests, for example those of its probes.
    errors = [line for line in entry["log"] if is_error_line(line)] if entry["reason"] == "ProbeFailing" else []
    return "error", last_words(errors[-1]) if errors else ""


def summary(entries: Sequence[Mapping[str, Any]]) -> str:
    """All entries as one message: the failures, or that there are none."""
    bad = [str(entry["message"]) for entry in entries if entry["verdict"] in (FAILED, TIMEOUT)]
    if bad:
        unfinished = [f"{entry['kind']} {entry['name']}" for entry in entries if entry["verdict"] == PENDING]
        return ". ".join([*bad, *([f"No verdict yet: {', '.join(unfinished)}"] if unfinished else [])])
    ready = sum(entry["verdict"] == READY for entry in entries)
    waiting = len(entries) - ready
    return f"{ready} of {len(entries)} ready" + (f", {waiting} waiting for a first consumer" if waiting else "")


def newest_events(events: Iterable[Manifest], involved: frozenset[str]) -> list[Manifest]:
    """The newest events of these objects, oldest first.

    Args:
        events: the events of a namespace.
        involved: UIDs of the objects.
    """
    related = [event for event in events if event["involvedObject"].get("uid") in involved]
    return sorted(related, key=event_time)[-EVENTS:]
