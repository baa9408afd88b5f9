"""The HTML report of a run that succeeds, and of a run that fails and rolls back."""

from __future__ import annotations

import html
import json
import pathlib
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inventory_before_and_after")

TIERS = ["celery-beat", "celery-worker", "django", "nginx"]
# A browser that takes the log for HTML would run this.
MARKER = "<script>report-marker</script>"


def report_of(run: Any, folder: pathlib.Path) -> tuple[dict[str, Any], str]:
    """The JSON report of a run, and the text of its HTML page."""
    [data], [page] = folder.glob("*.json"), folder.glob("*.html")
    assert data.stem == page.stem, run.output
    content: dict[str, Any] = json.loads(data.read_text())
    return content, html.unescape(page.read_text())


def sections(page: str) -> list[str]:
    """The ids of the sections of a page, in order."""
    return [part.partition('"')[0] for part in page.split('<section id="')[1:]]


def test_the_page_of_a_new_release_shows_each_wait_and_each_replica(
    cluster: Any, playbook: Any, kind_config: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    run = playbook("site.yml", platform_config={**kind_config, "REPORT_TEST": "1"}, platform_report_dir=str(tmp_path))
    assert run.returncode == 0, run.output
    report, page = report_of(run, tmp_path)
    assert sections(page)[:4] == ["run", "timeline", "replicas", "changes"]
    waited = [resource["name"] for wait in report["waits"] for resource in wait["resources"] if resource["kind"] == "Deployment"]
    assert set(TIERS) <= set(waited)
    assert any(resource["kind"] == "Job" for wait in report["waits"] for resource in wait["resources"])
    assert all(f"Deployment {name}</b>" in page for name in TIERS)
    pods = {pod["metadata"]["name"] for name in TIERS for pod in cluster.pods(name)}
    assert pods <= {each["pod"] for each in report["replicas"]}
    assert all(pod in page for pod in pods)
    assert {"change"} <= {each["action"] for each in report["changes"] if each["kind"] == "Deployment"}


def test_the_page_of_a_failed_release_has_the_cause_first_and_separates_the_rollback(playbook: Any, tmp_path: pathlib.Path) -> None:
    failed = playbook(
        "site.yml",
        platform_on_failure="rollback",
        platform_report_dir=str(tmp_path),
        # Only the workers fail, so the Jobs before the tiers succeed. Celery logs that it does not know the argument.
        celery_worker_arguments=[f"--{MARKER}"],
    )
    assert failed.returncode != 0
    report, page = report_of(failed, tmp_path)
    raw = next(tmp_path.glob("*.html")).read_text()
    assert sections(page)[0] == "rollback"
    assert raw.index("<h1>Failed</h1>") < raw.index('id="cause"') < raw.index('id="rollback"') < raw.index('id="timeline"')
    assert report["sentence"] in page
    assert report["rollback"] in page
    assert "<h3>Run</h3>" in page
    assert "<h3>Rollback</h3>" in page
    # The log of the container is text of the page.
    assert any(MARKER in line for entry in report["evidence"] for line in entry["log"])
    assert MARKER not in raw
    assert html.escape(MARKER) in raw
    # The replicas are those that serve after the rollback.
    assert all(each["healthy"] for each in report["replicas"])
