# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run ended, for people and for programs: pure functions (private to the collection)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.customer import customer_checks
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, values_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.last_words import last_words

# The API server's own words within what kubernetes.core makes of them: a Status as JSON, in quotes of its own.
_STATUS = re.compile(r"""\{\\*["']kind\\*["']:\\*["']Status\\*["'].*\}""", re.DOTALL)
# XML 1.0 knows no other control characters.
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
    """Why a run ended.

    A stage that judges what it found ends with a short message of its own and leaves the cause to the report, so that it is shown once.

    Args:
        result: of the task that failed; it may name several problems.
        task: its name.
        findings: problems that the preflight found.
        rolled_out: result of the last M(jewelry_shop.platform.rollout).
        checks: those that were made of the release.

    Returns:
        C(sentence), which has a line for each of several problems, and C(evidence), the objects that did not come up.
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
    """The sentence of a M(jewelry_shop.platform.rollout) that did not succeed; empty for one that did, or that was skipped.

    Args:
        result: of the task, whose failure the task itself may have put off.
    """
    if result.get("skipped") or (result.get("resources") is not None and not _evidence(result)):
        return ""
    return str(result.get("msg") or "the rollout gave no reason")


def _sentence(result: Mapping[str, Any], task: str) -> str:
    printed = last_words(str(result.get("stderr") or result.get("module_stderr") or ""))
    text = str(result.get("msg") or printed or "it gave no reason")
    status = _STATUS.search(text)
    if status:
        # As it is, and as the representation of bytes shows it, with its backslashes doubled.
        for body in (status[0], status[0].replace("\\\\", "\\")):
            try:
                said = str(json.loads(body)["message"])
            except (ValueError, KeyError):
                continue
            return f"{task}: {' '.join(said.split())}"
    return " ".join(text.split())


def _evidence(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a M(jewelry_shop.platform.rollout) that are not well."""
    resources = result.get("resources")
    if not isinstance(resources, Sequence) or isinstance(resources, str):
        return []
    return [dict(each) for each in resources if isinstance(each, Mapping) and each.get("verdict") in _FAILED_VERDICTS]


def health_checks(health: Mapping[str, Any], customers: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, str]]:
    """The entries of M(jewelry_shop.platform.health_check) in the form of M(jewelry_shop.platform.release_check).

    Args:
        health: result of the task.
        customers: those of its endpoints that are requests of a customer.
    """
    endpoints = health.get("endpoints")
    if endpoints is None:
        return [{"name": "health", "subject": "endpoints", "severity": "error", "message": str(health.get("msg"))}]
    of_customers = {str(endpoint["name"]) for endpoint in customers}
    direct = [each for each in endpoints if each["name"] not in of_customers and (each.get("workload") or {}).get("name") == "django"]
    checks = []
    for endpoint in endpoints:
        if endpoint["name"] in of_customers:
            # Without Django no customer is served; the check of the workload says so.
            if not any(_is_at_zero(each) for each in direct):
                checks += customer_checks(endpoint, django_is_healthy=all(each["healthy"] for each in direct))
            continue
        for pod in endpoint.get("pods") or []:
            message = f"{endpoint['name']} answered {pod['status']}" if pod["healthy"] else f"{endpoint['name']}: {pod['reason']}"
            checks.append(_health(f"Pod/{pod['pod']}", pod["healthy"], message))
        # What concerns no single pod: none there, too few, or no workload at all.
        if not endpoint["healthy"] and all(pod["healthy"] for pod in endpoint.get("pods") or []):
            checks.append(_health(endpoint["name"], False, str(endpoint["reason"])))
        elif _is_at_zero(endpoint):
            checks.append(_health(endpoint["name"], True, "has 0 replicas, so there is nothing to ask"))
        elif not endpoint.get("pods"):
            checks.append(_health(endpoint["name"], endpoint["healthy"], f"answered {endpoint.get('status')}"))
    return checks


def _is_at_zero(endpoint: Mapping[str, Any]) -> bool:
    return endpoint.get("wanted") == 0 and not endpoint["pods"] and bool(endpoint["healthy"])


def _health(subject: str, healthy: bool, message: str) -> dict[str, str]:
    return {"name": "health", "subject": subject, "severity": "ok" if healthy else "error", "message": message}


def report_screen(report: Mapping[str, Any]) -> list[str]:
    """A report on one screen: the sentence, then what it rests on. That of a failure ends the run, so it is not among them.

    Args:
        report: as the role report puts it together.
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
    """A structure in which no text holds one of the secrets, nor an encoded form of one, nor control characters.

    Args:
        value: of texts, numbers, lists and mappings.
        secrets: a structure whose texts and numbers are to be hidden.
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
    """A report as JUnit XML, which CI servers and AWX's neighbours read.

    One case for the run, one for each object that did not come up, one for each check; warnings are passed cases that say so.

    Args:
        report: as the role report puts it together.
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
