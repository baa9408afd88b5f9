"""A first deploy and five more of different kinds: none ends with a warning, and each shows few tasks."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

NEXT = "1.0.0-next"
DEPLOYS: list[tuple[str, dict[str, Any]]] = [
    ("the first", {}),
    ("a new tag", {"platform_image_tag": NEXT}),
    ("another configuration", {"platform_image_tag": NEXT, "celery_worker_env": {"DRILL": "1"}, "django_env": {"DRILL": "1"}}),
    ("another configuration of nginx", {"platform_image_tag": NEXT, "nginx_client_max_body_size": "11m"}),
    ("other replicas", {"platform_image_tag": NEXT, "django_replicas": 4, "celery_worker_replicas": 3}),
    ("back to the older tag", {}),
]


@pytest.fixture(scope="module")
def empty(playbook: Any, administrator: dict[str, Any], grant: Any) -> Iterator[None]:
    """The cluster without the platform. Its namespace has the permissions of the credential of the runs."""
    run = playbook("playbooks/remove.yml", remove_confirmed=True, remove_volumes=["all"], **administrator)
    assert run.returncode == 0, run.output
    run = grant()
    assert run.returncode == 0, run.output
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


@pytest.mark.drill
def test_deploys_of_a_healthy_platform_end_without_a_warning(empty: None, playbook: Any, measured: Any, tmp_path: pathlib.Path) -> None:
    warnings: dict[str, list[dict[str, str]]] = {}
    for number, (name, values) in enumerate(DEPLOYS):
        folder = tmp_path / str(number)
        run = playbook("site.yml", platform_report_dir=str(folder), **values)
        assert run.returncode == 0, run.output
        [report] = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
        warnings[name] = [check for check in report["checks"] if check["severity"] == "warning"]
        tasks = run.output.count("\nTASK [")
        measured(f"{name}: {len(warnings[name])} warnings, {len(report['checks'])} checks, {tasks} tasks shown")
        assert tasks <= 60, run.output
        # Tasks of Ansible itself.
        assert "WARNING]" not in run.output, run.output
    assert {name: found for name, found in warnings.items() if found} == {}
