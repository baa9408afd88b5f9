"""The configuration of the Docker engine, and its missing capabilities."""

from pathlib import Path

import pytest

from local_cluster import engine, runtime

_SHIM = Path("/shim")


@pytest.mark.parametrize(
    ("bounding", "missing"),
    [
        ("000001ffffffffff", frozenset()),
        ("000001fffeffffff", {24}),
        ("000001fffefffffe", {0, 24}),
        ("000000ffffffffff", {40}),
    ],
)
def test_missing_capabilities(bounding: str, missing: set[int]) -> None:
    status = f"Name:\tpython3\nCapEff:\t0000000000000000\nCapBnd:\t{bounding}\nCapAmb:\t0\n"
    assert runtime.missing_from_status(status, last=40) == missing


def test_the_shim_is_added_to_the_configuration_of_the_user() -> None:
    current = {"data-root": "/data", "runtimes": {"kata": {"path": "/kata"}}}
    assert engine.merged_configuration(current, _SHIM) == {
        "data-root": "/data",
        "runtimes": {"kata": {"path": "/kata"}, "capability-shim": {"path": "/shim"}},
        "default-runtime": "capability-shim",
    }


def test_merging_twice_changes_nothing() -> None:
    once = engine.merged_configuration({}, _SHIM)
    assert engine.merged_configuration(once, _SHIM) == once
