# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a run, for the screen and for files: pure functions (private to the collection)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.customer import customer_checks
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, values_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.last_words import last_words

# The API server's response within an error message of kubernetes.core: a Status as quoted JSON.
_STATUS = re.compile(r"""\{\\*["']kind\\*["']:\\*["']Status\\*["'].*\}""", re.DOTALL)
# XML 1.0 does not allow other control characters.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FAILED_VERDICTS = ("failed", "timeout")
_SEVERITIES = ("error", "warning", "ok")


def run_failure(
    result: Mapping[str, Any],
    task: str,
    findings: Sequence[str] = (),
    rolled_out: Mapping[str, Any] | None = None,
    checks: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Show why a run failed.

    A stage that evaluates its own results fails with a short message. This filter finds the cause, so that the report shows it once. It
    uses the problems in O(findings) or in the result of the task. Without problems, it uses the failure in O(rolled_out). Without such a
    failure, it uses the errors in O(checks). Without errors, it uses the message of the task.

    Args:
        result: Result of the failed task.
        task: Name of the failed task.
        findings: Problems that the preflight found. Empty if it found none.
        rolled_out: Result of the last M(jewelry_shop.platform.rollout). Omit it if no rollout ran.
        checks: Checks of the release, as M(jewelry_shop.platform.release_check) returns them. Empty if none ran.

    Returns:
        A mapping with C(sentence) and C(evidence). C(sentence) is the cause. Several problems have one line each. C(evidence) lists the
        objects that did not become ready.

    Example:
        {{ (ansible_failed_result | jewelry_shop.platform.run_failure(ansible_failed_task.name)).sentence }}
    """
    errors = [f"{check['subject']}: {check['message']}" for check in checks if check["severity"] == "error"]
    problems = findings or result.get("problems") or ()
    if problems:
        return {"sentence": _in_lines(f"{_count(problems, 'problem')}, nothing was changed:", problems), "evidence": []}
    if rolled_out and rollout_problem(rolled_out):
        return {"sentence": rollout_problem(rolled_out), "evidence": _evidence(rolled_out)}
    if errors:
        return {"sentence": _in_lines(f"{len(errors)} of {_count(checks, 'check')} failed:", errors), "evidence": []}
    return {"sentence": _sentence(result, task), "evidence": []}


def _count(items: Sequence[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _in_lines(head: str, items: Iterable[str]) -> str:
    return "\n".join([head, *(f"- {' '.join(item.split())}" for item in items)])


def rollout_problem(result: Mapping[str, Any]) -> str:
    """Get the message of a failed rollout.

    Use it after a task that ignores the failure of M(jewelry_shop.platform.rollout), to show the cause once, at the end of the run.

    Args:
        result: Result of M(jewelry_shop.platform.rollout).

    Returns:
        Message of the rollout; empty if it succeeded or was skipped.

    Example:
        {{ rolled_out | jewelry_shop.platform.rollout_problem }}
    """
    if result.get("skipped") or (result.get("resources") is not None and not _evidence(result)):
        return ""
    return str(result.get("msg") or "the rollout gave no reason")


def _sentence(result: Mapping[str, Any], task: str) -> str:
    printed = last_words(str(result.get("stderr") or result.get("module_stderr") or ""))
    text = str(result.get("msg") or printed or "it gave no reason")
    status = _STATUS.search(text)
    if status:
        # Unchanged, and with the doubling of backslashes in a bytes representation undone.
        for body in (status[0], status[0].replace("\\\\", "\\")):
            try:
                said = str(json.loads(body)["message"])
            except (ValueError, KeyError):
                continue
            return f"{task}: {' '.join(said.split())}"
    return " ".join(text.split())


def _evidence(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a M(jewelry_shop.platform.rollout) that are not ready."""
    resources = result.get("resources")
    if not isinstance(resources, Sequence) or isinstance(resources, str):
        return []
    return [dict(each) for each in resources if isinstance(each, Mapping) and each.get("verdict") in _FAILED_VERDICTS]


def health_checks(health: Mapping[str, Any], customers: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, str]]:
    """Convert the result of health_check to checks.

    Returns checks in the form that M(jewelry_shop.platform.release_check) returns, so that a report can show both in one table.

    Args:
        health: Result of M(jewelry_shop.platform.health_check).
        customers: Endpoints of the result that are a customer's requests. Their checks name the hop that fails. An address that the
            control node cannot reach is a warning, not an error. Empty if the result contains no such endpoints.

    Returns:
        A check for each replica and each URL, and for each workload that fails as a whole or has no replicas.

    Example:
        {{ health | jewelry_shop.platform.health_checks }}
    """
    if health.get("skipped"):
        return []
    endpoints = health.get("endpoints")
    if endpoints is None:
        return [{"name": "health", "subject": "endpoints", "severity": "error", "message": str(health.get("msg"))}]
    of_customers = {str(endpoint["name"]) for endpoint in customers}
    direct = [each for each in endpoints if each["name"] not in of_customers and (each.get("workload") or {}).get("name") == "django"]
    checks = []
    for endpoint in endpoints:
        if endpoint["name"] in of_customers:
            # Without Django no customer is served. The check of the workload reports that.
            if not any(_is_at_zero(each) for each in direct):
                checks += customer_checks(endpoint, django_is_healthy=all(each["healthy"] for each in direct))
            continue
        for pod in endpoint.get("pods") or []:
            message = f"{endpoint['name']} answered {pod['status']}" if pod["healthy"] else f"{endpoint['name']}: {pod['reason']}"
            checks.append(_health(f"Pod/{pod['pod']}", pod["healthy"], message))
        # Problems that are not about a single pod: no pods, too few pods, or no workload.
        if not endpoint["healthy"] and all(pod["healthy"] for pod in endpoint.get("pods") or []):
            checks.append(_health(endpoint["name"], False, str(endpoint["reason"])))
        elif _is_at_zero(endpoint):
            checks.append(_health(endpoint["name"], True, "has 0 replicas, so no request was sent"))
        elif not endpoint.get("pods"):
            checks.append(_health(endpoint["name"], endpoint["healthy"], f"answered {endpoint.get('status')}"))
    return checks


def _is_at_zero(endpoint: Mapping[str, Any]) -> bool:
    return endpoint.get("wanted") == 0 and not endpoint["pods"] and bool(endpoint["healthy"])


def _health(subject: str, healthy: bool, message: str) -> dict[str, str]:
    return {"name": "health", "subject": subject, "severity": "ok" if healthy else "error", "message": message}


def report_screen(report: Mapping[str, Any]) -> list[str]:
    """Format a report for the screen.

    Shows the result first, then the objects that did not become ready, then the checks. Omits the result of a failed run, because the last
    task shows it.

    Args:
        report: Report, as the role P(jewelry_shop.platform.report#role) creates it.

    Returns:
        Lines of the report.

    Example:
        {{ report | jewelry_shop.platform.report_screen }}
    """
    lines = [] if report["verdict"] == "failed" else [report["sentence"]]
    for entry in report.get("evidence") or []:
        lines += ["", f"{entry['kind']} {entry['namespace']}/{entry['name']}: {entry['verdict']} after {entry['seconds']} s"]
        about = [f"{key} {entry[key]}" for key in ("reason", "pod", "container", "revision", "exit_code") if entry.get(key) is not None]
        lines += [f"  {', '.join(about)}"] if about else []
        lines += ["  log:", *(f"    {line}" for line in entry["log"])] if entry.get("log") else []
        if entry.get("events"):
            lines.append("  events:")
            for event in entry["events"]:
                times = f" ({event['count']} times)" if event["count"] > 1 else ""
                lines.append(f"    {event['type']:<8} {event['reason']} {event['object']}{times}: {event['message']}")
    checks = report.get("checks") or []
    if checks:
        shown = sorted(checks, key=lambda check: _SEVERITIES.index(check["severity"]))
        lines += ["", f"{'SEVERITY':<9} {'CHECK':<10} {'SUBJECT':<44} MESSAGE"]
        lines += [f"{each['severity'].upper():<9} {each['name']:<10} {each['subject']:<44} {each['message']}" for each in shown]
    address = report.get("address") or []
    return [*lines, "", *address] if address else lines


def masked(value: Any, secrets: Any) -> Any:
    """Mask secrets in a data structure.

    Replaces each secret in every string with V(******), also in encoded form. Does not mask secrets with fewer than 4 characters. Replaces
    control characters with U+FFFD, because a terminal interprets them. Keeps newlines and tabs.

    Args:
        value: A string, list or mapping that may contain secrets.
        secrets: Secrets, as a structure of any form. All strings and numbers in it are masked.

    Returns:
        The same structure with the secrets masked.

    Example:
        {{ log | jewelry_shop.platform.masked(platform_secrets) }}
    """
    return _masked(value, Masker(values_to_mask(secrets)))


def _masked(value: Any, mask: Masker) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: _masked(each, mask) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(each, mask) for each in value]
    return value


def report_junit(report: Mapping[str, Any]) -> str:
    """Write a report as JUnit XML.

    Writes one test case for the run, one for each object that did not become ready, and one for each check. A check with a warning is a
    passed test case. The warning is in its C(system-out).

    Args:
        report: Report, as the role P(jewelry_shop.platform.report#role) creates it.

    Returns:
        XML document.

    Example:
        {{ report | jewelry_shop.platform.report_junit }}
    """
    suite = ElementTree.Element("testsuite", name=f"jewelry_shop.platform {report['environment']}", timestamp=report["ended"])
    run = _case(suite, "run", report["stage"] or "site")
    if report["verdict"] == "failed":
        _say(run, "failure", report["sentence"], "\n".join(report_screen({**report, "checks": []})))
    for entry in report.get("evidence") or []:
        case = _case(suite, "rollout", f"{entry['kind']} {entry['namespace']}/{entry['name']}", f"{entry['seconds']:.1f}")
        _say(case, "failure", entry["message"], "\n".join(entry.get("log") or []), entry.get("reason") or entry["verdict"])
    for check in report.get("checks") or []:
        case = _case(suite, f"validate.{check['name']}", check["subject"])
        if check["severity"] == "error":
            _say(case, "failure", check["message"], "")
        elif check["severity"] == "warning":
            ElementTree.SubElement(case, "system-out").text = _xml_text(f"warning: {check['message']}")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    ElementTree.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suite, encoding="unicode")}\n'


def _case(suite: ElementTree.Element, classname: str, name: str, time: str = "0") -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=classname, name=_xml_text(name), time=time)


def _say(case: ElementTree.Element, tag: str, message: str, text: str, kind: str = "failed") -> None:
    ElementTree.SubElement(case, tag, message=_xml_text(message), type=kind).text = _xml_text(text)


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("?", text)
