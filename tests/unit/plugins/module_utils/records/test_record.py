# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a record contains, when it is written, and which releases it keeps."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import (
    as_config_map,
    find_record,
    is_same_deployment,
    kept_records,
    kept_releases,
    number_of,
    read_record,
    recorded_manifests,
    records_in,
    references_of,
    summary,
)

MANAGER = "jewelry_shop.platform"
CONFIG = "django-config-6kh7kbg95m"
DJANGO: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "django", "namespace": "shop"},
    "spec": {"template": {"spec": {"containers": [{"name": "django", "envFrom": [{"configMapRef": {"name": CONFIG}}]}]}}},
}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "django-secrets-2222222222", "namespace": "shop"}}


def record(number: int = 7, release: str = "3f2a9c0b1d", **content: Any) -> dict[str, Any]:
    return {
        "number": number,
        "release": release,
        "image": "registry.example.com/shop:1.0.0",
        "images": [],
        "repeated": [],
        "names": {},
        "rollouts": {},
        "stages": {"secrets": [SECRET], "tiers": [DJANGO]},
        "jobs": [],
        "deployed_at": "2026-11-30T20:00:00Z",
        "deployed_by": {"user": "ci", "job": ""},
        "inventory": {"commit": "", "modified": False},
        "collection": "1.0.0",
        "checks": {},
        "verdict": "passed",
        "rollback_of": "",
        "rollback_to": 0,
        "irreversible": "",
        **content,
    }


def stored(content: dict[str, Any], manager: str = MANAGER) -> dict[str, Any]:
    config_map = as_config_map(content, "shop", {"app": "jewelry-shop"})
    config_map["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "fieldsV1": {"f:binaryData": {}}}]
    return config_map


def test_a_config_map_has_the_record_and_labels_to_list_it() -> None:
    config_map = stored(record())
    assert config_map["metadata"]["name"] == "release-0007"
    assert config_map["immutable"] is True
    assert config_map["metadata"]["labels"] == {
        "app": "jewelry-shop",
        "jewelry-shop/record": "release",
        "jewelry-shop/release": "3f2a9c0b1d",
    }
    assert read_record(config_map) == {"format": 1, **record()}
    assert stored(record()) == config_map


def test_a_record_that_is_too_large_is_one_sentence() -> None:
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(28_000))
    with pytest.raises(
        PlatformError, match=r"^the record of release big has \d+ bytes, but a ConfigMap holds fewer than 1048576; remove "
    ) as failed:
        as_config_map(record(release="big", names={"noise": noise}), "shop", {})
    assert failed.value.certain


@pytest.mark.parametrize(("name", "number"), [("release-0007", 7), ("release-12345", 12345), ("release-7", 0), ("other-0007", 0)])
def test_the_number_is_in_the_name(name: str, number: int) -> None:
    assert number_of(name) == number


@pytest.mark.parametrize(
    "damage",
    [
        {"binaryData": {}},
        {"binaryData": {"record.json.gz": "!"}},
        {"binaryData": {"record.json.gz": "H4sIAAAA"}},
        {"metadata": {"name": "release-0009", "namespace": "shop"}},
    ],
    ids=["empty", "not base64", "cut off", "renamed"],
)
def test_a_damaged_record_is_one_sentence(damage: dict[str, Any]) -> None:
    with pytest.raises(
        PlatformError, match=r"^ConfigMap shop/release-000[79] contains no record that this version of the collection reads: "
    ):
        read_record({**stored(record()), **damage})


def test_records_are_listed_newest_first_and_those_of_others_are_ignored() -> None:
    items = [stored(record(7)), stored(record(10)), stored(record(11), manager="kubectl")]
    records, ignored = records_in(items, MANAGER)
    assert [each["number"] for each in records] == [10, 7]
    assert ignored == ["ConfigMap shop/release-0011 was not written by this collection. The history ignores it"]


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"number": 8, "deployed_at": "later", "deployed_by": {"user": "me", "job": "1"}, "rollback_to": 5, "rollback_of": "0006"}, True),
        ({"inventory": {"commit": "abc", "modified": True}, "images": [{"digests": ["sha256:1"]}], "checks": {"ok": 9}}, True),
        ({"release": "another"}, False),
        ({"irreversible": "drops a column"}, True),
        ({"stages": {"tiers": []}}, False),
    ],
    ids=["circumstances", "commit and digests", "release", "irreversible", "objects"],
)
def test_only_the_deployed_objects_make_a_new_record(changes: dict[str, Any], same: bool) -> None:
    assert is_same_deployment(read_record(stored(record())), record(**changes)) is same


def test_a_record_has_no_data_of_secrets() -> None:
    hidden = {**SECRET, "data": {"PASSWORD": "aHVudGVyMg=="}, "stringData": {"a": "hunter2"}}
    assert recorded_manifests("extra_objects", [hidden]) == [SECRET]
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\nstringData: {a: hunter2}\n---\n"
    assert recorded_manifests("extra_objects", text) == [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}}]


def test_a_stage_that_is_not_yaml_is_one_sentence() -> None:
    with pytest.raises(PlatformError, match=r"^the manifests of stage tiers are not YAML: "):
        recorded_manifests("tiers", "a: [")


def test_a_release_needs_what_its_objects_and_jobs_mention() -> None:
    job = {"kind": "Job", "metadata": {"name": "migrate"}, "spec": {"template": {"spec": {"imagePullSecrets": [{"name": "pull"}]}}}}
    assert {CONFIG, "django-secrets-2222222222", "pull"} <= references_of(record(jobs=[job]))


def test_a_summary_has_names_instead_of_objects() -> None:
    found = summary(record())
    assert (found["secrets"], found["config_maps"]) == (["django-secrets-2222222222"], [])
    assert not {"stages", "jobs", "format"} & found.keys()


RECORDS = [record(9, "bbbb"), record(8, "aaaa"), record(7, "bbbb"), record(6, "1234567890")]


@pytest.mark.parametrize(("wanted", "number"), [("8", 8), ("0008", 8), ("release-0008", 8), ("bbbb", 9), ("7", 7), ("1234567890", 6)])
def test_a_record_is_found_by_number_name_or_release(wanted: str, number: int) -> None:
    assert find_record(RECORDS, wanted)["number"] == number


def test_a_missing_record_is_one_sentence() -> None:
    with pytest.raises(
        PlatformError, match=r"^there is no record of release 12; records: 9 \(bbbb\), 8 \(aaaa\), 7 \(bbbb\), 6 \(1234567890\)$"
    ):
        find_record(RECORDS, "12")


@pytest.mark.parametrize(
    ("recorded", "others", "kept"),
    [
        (["c", "b", "a"], [], {"c", "b", "a"}),
        ([], ["c", "b", "a", "z"], {"c", "b", "a"}),
        (["c"], ["f", "c", "b"], {"c", "f", "b"}),
        (["c", "b", "c", "a"], ["f"], {"c", "b", "a"}),
    ],
    ids=["records", "no records yet", "fewer records than releases", "a rollback counts once"],
)
def test_records_come_before_jobs_when_releases_are_counted(recorded: list[str], others: list[str], kept: set[str]) -> None:
    assert kept_releases(recorded, "c", 2, others) == kept


@pytest.mark.parametrize(
    ("records", "history", "kept"),
    [
        pytest.param([(3, 0), (2, 0), (1, 0)], 1, [3, 2], id="the oldest goes"),
        pytest.param([(5, 3), (4, 3), (3, 0), (2, 0), (1, 0)], 1, [5, 3, 2], id="rollbacks take no place of their own"),
        pytest.param([(4, 2), (3, 0), (2, 0), (1, 0)], 1, [4, 3, 2], id="the record that was restored stays"),
        pytest.param([(1, 0)], 5, [1], id="fewer than the history"),
    ],
)
def test_each_kept_deployment_has_its_first_and_its_newest_record(records: list[tuple[int, int]], history: int, kept: list[int]) -> None:
    found = kept_records([{"number": number, "rollback_to": origin} for number, origin in records], history)
    assert [each["number"] for each in found] == kept
