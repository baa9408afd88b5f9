# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Groups of a workload: their settings, labels and problems."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import (
    group_labels,
    group_problems,
    group_settings,
    named_groups,
    variables_of,
)

NO_NAME = "web_groups has a group without a name; set name to the name of its Deployment, as a string"
UNKNOWN = "web_groups[a] has the key {}, which is not a setting of a group"


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([{"name": "a"}, {"name": "b", "env": {}}], [{"name": "a"}, {"name": "b", "env": {}}]),
        ([{"env": {}}, {"name": 1}, "a", None, {"name": "b"}], [{"name": "b"}]),
        ("a", []),
        (None, []),
        ({"name": "a"}, []),
    ],
)
def test_only_valid_entries_are_groups(groups: Any, expected: list[dict[str, Any]]) -> None:
    assert named_groups(groups) == expected


def test_a_group_replaces_settings_of_its_role() -> None:
    assert variables_of("web", {"name": "a", "replicas": 3}) == {"web_name": "a", "web_replicas": 3}


def test_the_settings_of_groups_have_the_place_of_each() -> None:
    groups = {"web_groups": [{"name": "a", "env": {"A": 1}}, {"name": "b"}], "api_groups": [{"name": "c", "env": {}}]}
    assert group_settings(groups, "env") == {"web_groups[a].env": {"A": 1}, "api_groups[c].env": {}}


@pytest.mark.parametrize(
    ("workload", "labels"),
    [
        ({"name": "a", "group_of": "web"}, {"jewelry-shop/group-of": "web"}),
        ({"name": "web", "group_of": "web"}, {}),
        ({"name": "web"}, {}),
    ],
)
def test_the_objects_of_a_group_have_a_label(workload: dict[str, Any], labels: dict[str, str]) -> None:
    assert group_labels(workload) == labels


@pytest.mark.parametrize(
    ("group", "problems"),
    [
        ({"name": "a", "replicas": 1, "env": {}}, []),
        ({"replicas": 1}, [NO_NAME]),
        ({"name": ""}, [NO_NAME]),
        ({"name": 1}, [NO_NAME]),
        ({"name": "a", "replica": 1}, [UNKNOWN.format("replica") + "; did you mean replicas?"]),
        ({"name": "a", "web_env": {}}, [UNKNOWN.format("web_env") + "; did you mean env?"]),
        ({"name": "a", "groups": [], 1: 2}, [UNKNOWN.format("groups"), UNKNOWN.format("1")]),
    ],
)
def test_problems_of_a_group(group: dict[Any, Any], problems: list[str]) -> None:
    assert group_problems("web", group, ["env", "replicas"]) == problems
