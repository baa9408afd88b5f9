"""Which descriptions of a workload are accepted, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import KEYS, checked, unknown_keys

LEAST: dict[str, Any] = {"name": "web", "container": {"command": ["web"]}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"replica": 2}, "web_workload has the key replica, which no workload has; did you mean replicas?"),
        ({"zzz": 2}, "web_workload has the key zzz, which no workload has"),
        ({"name": None}, "web_workload: missing required arguments: name"),
        ({"kind": "DaemonSet"}, "web_workload: value of kind must be one of: Deployment, StatefulSet, got: DaemonSet"),
        ({"replicas": "many"}, "replicas"),
        ({"waits_for": ["mysql"]}, "value of waits_for must be one or more of: db, redis, django"),
        ({"service": {"name": "web"}}, "missing required arguments: spec found in service"),
        ({"metrics": {"port": 80, "path": "/metrics"}}, "missing required arguments: port_name found in metrics"),
        ({"health": [{"path": "/"}]}, "missing required arguments: port found in health"),
        ({"health": [{"path": "/", "port": 80, "pathh": 1}]}, "pathh"),
        ({"container": {}}, "web_workload needs either container, for the application's image, or pod.containers, for other images"),
        ({"pod": {"containers": [{"name": "a"}]}}, "web_workload needs either container"),
        (
            {"container": None, "pod": {"containers": [{"name": "a"}]}, "env": {"A": 1}, "waits_for": ["db"]},
            "env, waits_for needs container",
        ),
        ({"flows": [{"ports": [80], "reason": "a"}]}, "web_workload: a flow has either from or to; the workload is its other side"),
        ({"flows": [{"from": ["a"], "to": ["b"], "ports": [80], "reason": "a"}]}, "web_workload: a flow has either from or to"),
        ({"flows": [{"from": ["a"], "ports": [80]}]}, "missing required arguments: reason found in flows"),
    ],
)
def test_a_wrong_description_names_the_key(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match="web_workload") as raised:
        checked("web_workload", {**LEAST, **changes})
    assert words in str(raised.value)


def test_numbers_that_templates_give_as_text_are_numbers() -> None:
    given = {"replicas": "3", "metrics": {"port_name": "http", "port": "80", "path": "/"}, "health": [{"port": "80", "path": "/"}]}
    found = checked("web_workload", {**LEAST, **given})
    assert (found["replicas"], found["metrics"]["port"], found["health"][0]["port"]) == (3, 80, 80)


def test_what_is_not_given_or_empty_is_left_out() -> None:
    assert checked("web_workload", {**LEAST, "metrics": {}, "service": {"name": "web", "spec": {"type": "ClusterIP"}}}) == {
        **LEAST,
        "service": {"name": "web", "spec": {"type": "ClusterIP"}},
    }


@pytest.mark.parametrize("description", ["{{ text }}", None, ["a"]])
def test_a_description_is_a_mapping(description: Any) -> None:
    with pytest.raises(ValueError, match="web_workload must be a mapping"):
        checked("web_workload", description)


def test_a_part_of_a_description_has_its_form_too() -> None:
    assert checked("web_workload", {"name": "web"}, ["name", "metrics"]) == {"name": "web"}
    with pytest.raises(ValueError, match="found in metrics"):
        checked("web_workload", {"name": "web", "metrics": {"path": "/"}}, ["name", "metrics"])
    with pytest.raises(ValueError, match="missing required arguments: name"):
        checked("web_workload", {"flows": []}, ["name", "flows"])


def test_keys_are_checked_without_their_values() -> None:
    assert unknown_keys("web_workload", dict.fromkeys(KEYS, "{{ later }}")) == []
    assert len(unknown_keys("web_workload", {"nam": "", "contaner": ""})) == 2
