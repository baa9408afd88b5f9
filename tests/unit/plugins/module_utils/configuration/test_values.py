"""Values of the environment and contents of files."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration import values as values_of

SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        (True, "True"),
        (False, "False"),
        (5432, "5432"),
        (1.5, "1.5"),
        ("0123", "0123"),
        ("größer\n'quoted' \"twice\"", "größer\n'quoted' \"twice\""),
    ],
)
def test_environment_values_become_strings(value: Any, text: str) -> None:
    assert values_of.environment_strings({"KEY": value}) == {"KEY": text}


def test_references_in_env_entries_are_escaped() -> None:
    entries = values_of.environment_entries({"ON": True, "PRICE": "$5 $(HOME) $$"})
    assert entries == [{"name": "ON", "value": "True"}, {"name": "PRICE", "value": "$$5 $$(HOME) $$$$"}]


def test_entries_of_env_can_be_references_in_their_order() -> None:
    entries = values_of.environment_entries({"A": 1, "POD": {"field": "metadata.name"}, "B": 2})
    assert [each["name"] for each in entries] == ["A", "POD", "B"]
    assert entries[1]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    with pytest.raises(ValueError, match=r"^POD is a mapping, but not a reference; write \{secret: NAME, key: KEY\}, "):
        values_of.environment_entries({"POD": {"fields": "metadata.name"}})


@pytest.mark.parametrize("value", [None, ["secret-value"], {"secret-value": 1}])
def test_an_invalid_value_is_rejected_with_its_name_and_without_its_content(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^POSTGRES_PASSWORD is ") as refusal:
        values_of.environment_strings({"POSTGRES_PASSWORD": value})
    assert "secret-value" not in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"DJANGO_DEBUG": "False", "_a.b-c": "", "a" * 253: 1}, []),
        ({"1PASSWORD": SECRET}, ["1PASSWORD is not a valid name of an environment variable"]),
        ({"MY KEY": SECRET}, ['"MY KEY" is not a valid name of an environment variable']),
        ({"gcs/key": SECRET}, ["gcs/key is not a valid name of an environment variable"]),
        ({"": SECRET}, ['"" is not a valid name of an environment variable']),
        ({"..key": SECRET}, ["..key is not a valid name of an environment variable"]),
        ({"a" * 254: SECRET}, [f"{'a' * 254} is not a valid name of an environment variable"]),
        ({1: SECRET}, ["1 is not a valid name of an environment variable"]),
        ({"NULL": None}, ["NULL is null"]),
        ({"REFERENCE": {"secret": "a", "key": "b"}}, []),
        ({"1REFERENCE": {"secret": "a", "key": "b"}}, ["1REFERENCE is not a valid name of an environment variable"]),
        ({"MAPPING": {"secrets": SECRET}}, ["MAPPING is a mapping, but not a reference; write {secret: NAME, key: KEY}, "]),
        ({"FITS": "x" * (131072 - 6)}, []),
        ({"LARGE": "x" * (131072 - 6)}, ["LARGE has 131073 bytes including its name, but Linux allows at most 131072"]),
        ({"ZERO": f"{SECRET}\0"}, ["ZERO contains a null character"]),
    ],
)
def test_an_invalid_environment_entry_is_reported_without_its_value(values: dict[Any, Any], problems: list[str]) -> None:
    found = values_of.environment_problems(values)
    assert len(found) == len(problems), found
    assert all(each.startswith(begin) for each, begin in zip(found, problems, strict=True)), found
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        ({"gcs.json": "eA==", ".hidden": "", "A_b-c.d": "eA=="}, []),
        ({"gcs/key.json": "eA=="}, ["gcs/key.json is not a valid file name in a Secret; write at most 253 "]),
        ({"..data": "eA=="}, ["..data is not a valid file name in a Secret"]),
        ({".": "eA=="}, [". is not a valid file name in a Secret"]),
        ({"": "eA=="}, ['"" is not a valid file name in a Secret']),
        ({"a" * 254: "eA=="}, [f"{'a' * 254} is not a valid file name in a Secret"]),
        ({"a.json": {"type": SECRET}}, ["a.json is a mapping"]),
        ({"a.json": None}, ["a.json is null"]),
        ({"a.json": 12}, ["a.json is not a string"]),
    ],
)
def test_an_invalid_secret_file_is_reported_without_its_content(files: dict[str, Any], problems: list[str]) -> None:
    found = values_of.file_problems(files)
    assert len(found) == len(problems), found
    assert all(each.startswith(begin) for each, begin in zip(found, problems, strict=True)), found
    assert SECRET not in str(found)


@pytest.mark.parametrize("content", [b"", b"a", b"ab", b"abc", b"abcd" * 1000])
def test_the_size_of_a_file_is_the_size_of_its_decoded_content(content: bytes) -> None:
    assert values_of.file_sizes({"a": base64.b64encode(content).decode()}) == {"a": len(content)}


def test_the_size_of_an_environment_value_is_its_size_in_utf8() -> None:
    assert values_of.environment_sizes({"A": "größer", "B": 10, "C": True, "D": {"field": "metadata.name"}}) == {"A": 8, "B": 2, "C": 4}


def test_a_secret_that_is_too_large_is_reported_with_its_largest_entry_and_the_limit() -> None:
    assert values_of.size_problems({"a": 1048576}) == []
    assert values_of.size_problems({}) == []
    [problem] = values_of.size_problems({"small.pem": 1, "large.bin": 1048576})
    assert problem.startswith("has 1048577 bytes together (large.bin has 1048576), but a ConfigMap or Secret holds at most 1048576")


def test_secret_data_is_base64_of_utf8() -> None:
    encoded = values_of.secret_data({"KEY": "schlüssel"})
    assert base64.b64decode(encoded["KEY"]).decode() == "schlüssel"
