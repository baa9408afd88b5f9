# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the HTML report, in the order of the page: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

_SEVERITIES = ("error", "warning", "ok")
_BADGES = {"error": "failed", "warning": "warning", "ok": "ok"}
# State and words of each verdict of a wait.
_VERDICTS = {
    "ready": ("ok", "ready"),
    "waiting_for_consumer": ("ok", "waits for a first consumer"),
    "failed": ("failed", "failed"),
    "timeout": ("failed", "timed out"),
    "pending": ("open", "no verdict yet"),
}
_WITH_REPLICAS = ("Deployment", "StatefulSet", "DaemonSet")
_ACTIONS = {"create": "create", "change": "change", "take_over": "adopt", "remove": "remove"}
_FACTS = ("environment", "namespace", "image", "release", "stage", "ended")
_ABOUT = ("reason", "pod", "container", "revision", "exit_code")
# Percent of the width of the timeline, so that a short wait is visible.
_NARROWEST = 1.0


@dataclass(frozen=True)
class Bar:
    """One resource in the timeline.

    Args:
        name: kind and name.
        state: C(ok), C(failed) or C(open), for the color.
        verdict: the result in words.
        replicas: number of available and wanted replicas of a workload; empty for a Job or a claim.
        start: seconds from the first wait of the run.
        seconds: duration of the wait.
        left: percent of the width before the bar.
        width: percent of the width.
    """

    name: str
    state: str
    verdict: str
    replicas: str
    start: float
    seconds: float
    left: float
    width: float


@dataclass(frozen=True)
class Page:
    """The content of the page. Empty lists have no section.

    Args:
        failed: whether the run failed.
        cause: the result in one sentence.
        causes: several problems, a sentence each.
        rollback: what the rollback did; empty without a rollback.
        rolled_back: whether the rollback succeeded.
        facts: names and values that identify the run.
        timelines: title and bars of each timeline, which share one scale.
        seconds: from the start of the first wait to the end of the last.
        replicas: the requests to the replicas of each workload.
        changes: the planned objects of each stage.
        warnings: subject and message of each.
        evidence: the objects that did not become ready, with events and log.
        checks: all checks, the worst first.
        address: lines that show how to reach the shop.
    """

    failed: bool
    cause: str
    causes: list[str]
    rollback: str
    rolled_back: bool
    facts: list[tuple[str, str]]
    timelines: list[tuple[str, list[Bar]]]
    seconds: float
    replicas: list[tuple[str, list[dict[str, Any]]]]
    changes: list[tuple[str, list[dict[str, str]]]]
    warnings: list[dict[str, str]]
    evidence: list[dict[str, Any]]
    checks: list[dict[str, str]]
    address: list[str]


def page(report: Mapping[str, Any]) -> Page:
    """Arrange a report for the page.

    Args:
        report: report, as the role P(jewelry_shop.platform.report#role) creates it, masked.
    """
    cause, *causes = str(report["sentence"]).split("\n")
    checks = sorted(report.get("checks") or [], key=lambda check: _SEVERITIES.index(check["severity"]))
    waits = report.get("waits") or []
    span = _span(waits)
    rollback = str(report.get("rollback") or "")
    return Page(
        failed=report["verdict"] == "failed",
        cause=cause,
        causes=[each.removeprefix("- ") for each in causes],
        rollback=rollback,
        rolled_back=rollback.startswith("Rolled back"),
        facts=[(name.capitalize(), str(report[name])) for name in _FACTS if report.get(name)],
        timelines=_timelines(waits, str(report.get("failed_at") or "")),
        seconds=span,
        replicas=[(name, [_replica(each) for each in of_one]) for name, of_one in _grouped(report.get("replicas") or [], "workload")],
        changes=[
            (stage.replace("_", " "), [{**each, "action": _ACTIONS[each["action"]]} for each in of_one])
            for stage, of_one in _grouped(report.get("changes") or [], "stage")
        ],
        warnings=[dict(each) for each in checks if each["severity"] == "warning"],
        evidence=[_evidence(each) for each in report.get("evidence") or []],
        checks=[{**each, "state": _BADGES[each["severity"]]} for each in checks],
        address=[str(line) for line in report.get("address") or []],
    )


def _grouped(items: Iterable[Mapping[str, Any]], key: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The items with the same value, in the order in which the values first occur."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in items:
        found.setdefault(str(each[key]), []).append(dict(each))
    return list(found.items())


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _span(waits: Sequence[Mapping[str, Any]]) -> float:
    if not waits:
        return 0.0
    ends = [_time(wait["started"]) + timedelta(seconds=wait["seconds"]) for wait in waits]
    return (max(ends) - _first(waits)).total_seconds()


def _first(waits: Sequence[Mapping[str, Any]]) -> datetime:
    return min(_time(wait["started"]) for wait in waits)


def _timelines(waits: Sequence[Mapping[str, Any]], failed_at: str) -> list[tuple[str, list[Bar]]]:
    """The waits before and after the failure, which a rollback follows."""

    def is_later(wait: Mapping[str, Any]) -> bool:
        return bool(failed_at) and _time(wait["started"]) >= _time(failed_at)

    ordered = sorted(waits, key=lambda wait: _time(wait["started"]))
    return [
        ("Rollback" if later else "Run", [_bar(wait, each, _first(waits), _span(waits)) for wait in of_one for each in wait["resources"]])
        for later, of_one in groupby(ordered, is_later)
    ]


def _bar(wait: Mapping[str, Any], resource: Mapping[str, Any], first: datetime, span: float) -> Bar:
    start, seconds = (_time(wait["started"]) - first).total_seconds(), float(resource["seconds"])
    percent = 100 / span if span else 0.0
    width = min(100.0, max(_NARROWEST, seconds * percent))
    state, verdict = _VERDICTS[resource["verdict"]]
    reason, replicas = resource.get("reason"), resource.get("replicas")
    return Bar(
        name=f"{resource['kind']} {resource['name']}",
        state=state,
        verdict=f"{verdict}: {reason}" if reason else verdict,
        replicas=f"{replicas['available']} of {replicas['wanted']}" if replicas and resource["kind"] in _WITH_REPLICAS else "",
        start=start,
        seconds=seconds,
        left=round(min(start * percent, 100 - width), 2),
        width=round(width, 2),
    )


def _replica(result: Mapping[str, Any]) -> dict[str, Any]:
    healthy = bool(result["healthy"])
    answer = f"answered {result['status']}" if healthy else str(result.get("reason") or "is not healthy")
    elapsed = result.get("elapsed")
    return {
        "pod": result["pod"],
        "node": result.get("node") or "",
        "state": "ok" if healthy else "failed",
        "message": f"{result['endpoint']}: {answer}" + (f" in {float(elapsed) * 1000:.0f} ms" if healthy and elapsed is not None else ""),
    }


def _evidence(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"{entry['kind']} {entry['namespace']}/{entry['name']}",
        "verdict": f"{entry['verdict']} after {entry['seconds']} s",
        "about": [(name.replace("_", " ").capitalize(), str(entry[name])) for name in _ABOUT if entry.get(name) is not None],
        "events": [dict(event) for event in entry.get("events") or []],
        "log": "\n".join(entry.get("log") or []),
    }
