# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The content of the HTML report, without a browser."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.details import planned_changes, replica_health
from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.outcome import masked
from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.page import page
from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.report_html import report_html
from report_cases import FAILED, HOSTILE, SUCCEEDED

VOID = ("meta", "link")


class Document(HTMLParser):
    """The elements of a document in order, and its text. Every element must be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        """End the innermost element, which must be this one."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add text to the innermost element's kind."""
        if self._open:
            self.text[self._open[-1]] = self.text.get(self._open[-1], "") + data

    def sections(self) -> list[str | None]:
        """The ids of the sections."""
        return [attributes["id"] for tag, attributes in self.elements if tag == "section"]


def test_the_sections_are_in_the_order_of_their_importance() -> None:
    document = Document(report_html(FAILED))
    order = ["rollback", "run", "timeline", "replicas", "changes", "warnings", "evidence", "checks"]
    assert document.sections() == order
    assert [tag for tag, _attributes in document.elements if tag in ("h1", "h2")] == ["h1", *["h2"] * len(order)]
    assert document.text["h1"] == "Failed"
    assert FAILED["sentence"] in document.text["p"]


def test_a_section_without_content_is_left_out() -> None:
    least = {key: FAILED[key] for key in ("verdict", "sentence", "stage", "environment", "ended")}
    assert Document(report_html(least)).sections() == ["run"]
    assert Document(report_html(SUCCEEDED)).sections() == ["run", "timeline", "replicas", "changes", "warnings", "checks"]


def test_all_text_of_a_report_is_text_of_the_page() -> None:
    hostile = json.loads(json.dumps(FAILED), object_hook=lambda mapping: {key: _hostile(key, value) for key, value in mapping.items()})
    document = Document(report_html(hostile))
    tags = {tag for tag, _attributes in document.elements}
    assert not {"script", "img", "iframe", "object", "a"} & tags
    assert {tag for tag, attributes in document.elements if {"src", "href"} & attributes.keys()} == {"link"}
    assert not [name for _tag, attributes in document.elements for name in attributes if name.startswith("on")]
    assert HOSTILE in document.text["pre"]
    assert HOSTILE in document.text["p"]
    assert HOSTILE in document.text["td"]


def _hostile(key: str, value: Any) -> Any:
    """Every text of a report with content of a stranger, except what a program compares."""
    fixed = ("verdict", "severity", "action", "started", "ended", "failed_at", "type")
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [f"{each} {HOSTILE}" for each in value]
    return f"{value} {HOSTILE}" if isinstance(value, str) and key not in fixed else value


def test_a_secret_is_masked_on_the_page() -> None:
    secret = "a&b<secret>"
    report = masked({**FAILED, "sentence": f"the password {secret} is wrong"}, [secret])
    assert "the password ****** is wrong" in Document(report_html(report)).text["p"]


def test_several_problems_have_a_line_each() -> None:
    document = Document(
        report_html({**FAILED, "sentence": "2 problems, nothing was changed:\n- platform_image is not set.\n- No cluster is set."})
    )
    assert "2 problems, nothing was changed:" in document.text["p"]
    assert "platform_image is not set." in document.text["li"]
    assert "- platform_image" not in document.text["li"]


def test_the_timeline_has_one_scale_and_separates_the_rollback() -> None:
    found = page(FAILED)
    assert found.seconds == 100.0
    assert [(title, [(bar.name, bar.left, bar.width) for bar in bars]) for title, bars in found.timelines] == [
        (
            "Run",
            [
                ("Job migrate-1a2b", 0.0, 20.0),
                ("Deployment django", 30.0, 41.5),
                ("Deployment nginx", 30.0, 1.0),
                ("Deployment celery-worker", 30.0, 41.5),
            ],
        ),
        ("Rollback", [("Deployment django", 80.0, 20.0)]),
    ]
    [django] = [bar for bar in found.timelines[0][1] if bar.name == "Deployment django"]
    assert (django.state, django.verdict, django.replicas, django.start, django.seconds) == (
        "failed",
        "failed: CrashLoop",
        "0 of 3",
        30.0,
        41.5,
    )


@pytest.mark.parametrize(
    ("verdict", "state", "text"),
    [
        ("ready", "ok", "ready"),
        ("waiting_for_consumer", "ok", "waits for a first consumer"),
        ("failed", "failed", "failed"),
        ("timeout", "failed", "timed out"),
        ("pending", "open", "no verdict yet"),
    ],
)
def test_a_wait_without_duration_fills_no_more_than_the_timeline(verdict: str, state: str, text: str) -> None:
    claim = {"kind": "PersistentVolumeClaim", "name": "media-pvc", "verdict": verdict, "seconds": 0.0, "reason": None, "replicas": None}
    [(title, [bar])] = page(
        {**SUCCEEDED, "waits": [{"started": "2026-11-25T17:00:00+00:00", "seconds": 0.0, "resources": [claim]}]}
    ).timelines
    assert (title, bar.state, bar.verdict, bar.replicas) == ("Run", state, text, "")
    assert 0 <= bar.left <= bar.left + bar.width <= 100


def test_the_worst_check_comes_first_and_a_warning_has_its_own_section() -> None:
    found = page(FAILED)
    assert [(check["state"], check["subject"]) for check in found.checks] == [
        ("failed", "Service/web"),
        ("warning", "Pod/django-6c8f-aaaaa"),
        ("ok", "Deployment/django"),
    ]
    assert [warning["subject"] for warning in found.warnings] == ["Pod/django-6c8f-aaaaa"]


@pytest.mark.parametrize(
    ("rollback", "rolled_back"),
    [("Rolled back to release 1 (number 7).", True), ("The rollback to the last successful release failed: no record", False)],
)
def test_the_result_of_a_rollback_is_shown(rollback: str, rolled_back: bool) -> None:
    assert page({**FAILED, "rollback": rollback}).rolled_back is rolled_back


def test_changes_are_grouped_by_stage_without_unchanged_objects() -> None:
    found = page(FAILED).changes
    assert [(stage, [(each["action"], each["kind"], each["name"]) for each in changes]) for stage, changes in found] == [
        ("configuration", [("create", "ConfigMap", "django-config-1a2b")]),
        ("tiers", [("change", "Deployment", "django"), ("adopt", "Service", "django-service"), ("remove", "PriorityClass", "shop")]),
    ]
    assert planned_changes([{"stage": "tiers", "action": "refused", "kind": "Deployment", "namespace": "shop", "name": "django"}]) == []


def test_each_replica_has_its_health() -> None:
    assert page(FAILED).replicas == [
        (
            "django",
            [
                {"pod": f"django-6c8f-{name}", "node": "worker2", "state": "ok", "message": "django: answered 200 in 12 ms"}
                for name in ("aaaaa", "bbbbb")
            ],
        ),
        ("nginx", [{"pod": "nginx-77f-ccccc", "node": "worker2", "state": "failed", "message": "customer: status 502 instead of 200"}]),
    ]


@pytest.mark.parametrize("health", [{}, {"skipped": True}, {"msg": "timeout must be more than 0"}, {"endpoints": []}])
def test_without_a_health_check_there_is_no_replica(health: dict[str, Any]) -> None:
    assert replica_health(health) == []
