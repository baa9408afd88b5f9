"""Fixtures of the scenario failures."""

from __future__ import annotations

import base64
import json
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

OBJECTS = pathlib.Path(__file__).parent / "objects"


@pytest.fixture
def applied(cluster: Any) -> Iterator[Callable[[str], None]]:
    """Applies manifests for one test."""
    names: list[str] = []

    def apply(name: str) -> None:
        names.append(name)
        cluster.kubectl("apply", f"--filename={OBJECTS / name}")

    yield apply
    for name in names:
        cluster.kubectl("delete", "--wait=true", f"--filename={OBJECTS / name}")


@pytest.fixture
def limited(cluster: Any, applied: Callable[[str], None]) -> Callable[[str], None]:
    """Applies a limit for one test, and waits until the API server knows it, which can take half a minute."""

    def apply(name: str) -> None:
        applied(name)
        deployment = yaml.safe_load((OBJECTS / "plain.yaml").read_text())
        pod = {**deployment["spec"]["template"], "apiVersion": "v1", "kind": "Pod"}
        pod["metadata"] = {"name": "probe", "namespace": deployment["metadata"]["namespace"]}
        deadline = time.monotonic() + 90
        words = {"quota.yaml": "exceeded quota", "limit_range.yaml": "usage per Container"}[name]
        while words not in cluster.kubectl("create", "--dry-run=server", "--filename=-", check=False, input=json.dumps(pod)).stderr:
            assert time.monotonic() < deadline, f"{name} keeps nothing out"
            time.sleep(1)

    return apply


@pytest.fixture
def secrets(cluster: Any) -> dict[str, str]:
    """The secrets of the Django pods. A test that changes one secret keeps the others."""
    [source] = [each["secretRef"]["name"] for each in cluster.pods("django")[0]["spec"]["containers"][0]["envFrom"] if "secretRef" in each]
    [data] = [each["data"] for each in cluster.get("secrets") if each["metadata"]["name"] == source]
    values = {key: base64.b64decode(value).decode() for key, value in data.items()}
    return {key: values[key] for key in ("DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")}
