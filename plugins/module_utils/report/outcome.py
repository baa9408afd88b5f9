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
    """Why a run failed.

    A stage that evaluates its own results fails with a short message and leaves the cause to the report, so that it is shown once.

    Args:
        result: result of the failed task; it may name several problems.
        task: name of the failed task.
        findings: problems that the preflight found.
        rolled_out: result of the last M(jewelry_shop.platform.rollout).
        checks: the checks of the release that ran.

    Returns:
        C(sentence), with a line for each of several problems, and C(evidence), the objects that did not become ready.
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
    """The message of a failed M(jewelry_shop.platform.rollout); empty if it succeeded or was skipped.

    Args:
        result: result of the task. The task may have ignored the failure.
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
    """Convert the entries of M(jewelry_shop.platform.health_check) to the form of M(jewelry_shop.platform.release_check).

    Args:
        health: result of the task. A skipped task has no checks.
        customers: its endpoints that are requests of a customer.
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
    """A report for the screen: the result, then its evidence. The message of a failure is not included, because the last task shows it.

    Args:
        report: the report that the role report creates.
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
    """A structure in which no string contains a secret, an encoded form of a secret, or control characters.

    Args:
        value: strings, numbers, lists and mappings.
        secrets: a structure whose strings and numbers are secret.
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
    """A report as JUnit XML, for CI servers.

    One test case for the run, one for each object that did not become ready, and one for each check. A warning is a passed case with text.

    Args:
        report: the report that the role report creates.
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
