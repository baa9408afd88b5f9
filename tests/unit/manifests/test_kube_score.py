"""kube-score has no critical findings except the entries of kube_score_exceptions.yml."""

from __future__ import annotations

import copy
import fnmatch
import json
import pathlib
import subprocess
from typing import Any

import pytest
import yaml

from tools import manifest_checkers

EXCEPTIONS = yaml.safe_load(pathlib.Path(__file__).with_name("kube_score_exceptions.yml").read_text())
EXPECTED = [(exception["check"], pattern) for exception in EXCEPTIONS for pattern in exception["objects"]]
CRITICAL = 1

Finding = tuple[str, str]  # check, kind/name

pytestmark = pytest.mark.usefixtures("checkers")


def critical(manifests: str) -> set[Finding]:
    """What kube-score finds critical in a stream of manifests."""
    done = subprocess.run(
        [manifest_checkers.program("kube-score"), "score", "--output-format=json", "--kubernetes-version=v1.24", "-"],
        input=manifests,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return {
        (check["check"]["id"], f"{scored['type_meta']['kind']}/{scored['object_meta']['name']}")
        for scored in json.loads(done.stdout)
        for check in scored["checks"]
        if check["grade"] == CRITICAL and not check["skipped"]
    }


def is_expected(finding: Finding) -> bool:
    return any(finding[0] == check and fnmatch.fnmatch(finding[1], pattern) for check, pattern in EXPECTED)


@pytest.fixture(scope="module")
def findings(rendered: Any, changed: Any) -> dict[str, set[Finding]]:
    """By inventory; `changed` is production with the optional features."""
    return {
        **{inventory: critical(rendered(inventory).documents) for inventory in ("kind", "staging", "production")},
        "changed": critical(changed.documents),
    }


@pytest.mark.parametrize("inventory", ["kind", "staging", "production", "changed"])
def test_kube_score_finds_only_the_documented_exceptions(findings: dict[str, set[Finding]], inventory: str) -> None:
    assert sorted(finding for finding in findings[inventory] if not is_expected(finding)) == []


@pytest.mark.parametrize(("check", "pattern"), EXPECTED)
def test_an_exception_is_needed(findings: dict[str, set[Finding]], check: str, pattern: str) -> None:
    found = {name for each, name in set().union(*findings.values()) if each == check}
    assert fnmatch.filter(found, pattern), f"take {pattern} of {check} out of kube_score_exceptions.yml"


def test_an_exception_gives_its_reason() -> None:
    assert [exception["check"] for exception in EXCEPTIONS if not exception["reason"].strip()] == []


def test_kube_score_finds_a_wrong_manifest(production: Any) -> None:
    beat = copy.deepcopy(production.get("Deployment", "celery-beat"))
    del beat["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert ("container-resources", "Deployment/celery-beat") in critical(json.dumps(beat))
