"""A cluster of one node, whose StorageClass only offers ReadWriteOnce."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

CLAIMS = {"media-pvc", "static-pvc", "backups-pvc"}
REPLICAS = {"django": 2, "nginx": 1, "celery-worker": 1, "celery-beat": 1}


def checks(run: Any, folder: pathlib.Path) -> list[dict[str, Any]]:
    assert run.returncode == 0, run.output
    found: list[dict[str, Any]] = json.loads(next(folder.glob("kind_*.json")).read_text())["checks"]
    return found


def test_all_replicas_share_the_volumes_of_the_node(cluster: Any) -> None:
    assert len(cluster.get("nodes")) == 1
    claims = {claim["metadata"]["name"]: claim for claim in cluster.get("pvc") if claim["metadata"]["name"] in CLAIMS}
    assert {name: (claim["spec"]["accessModes"], claim["status"]["phase"]) for name, claim in claims.items()} == dict.fromkeys(
        CLAIMS, (["ReadWriteOnce"], "Bound")
    )
    ready = {each["metadata"]["name"]: each["status"].get("readyReplicas") for each in cluster.get("deployments")}
    assert ready == REPLICAS


def test_validate_has_no_warning(playbook: Any, tmp_path: pathlib.Path) -> None:
    found = checks(playbook("playbooks/validate.yml", platform_report_dir=str(tmp_path)), tmp_path)
    assert found
    assert [check for check in found if check["severity"] != "ok"] == []


def test_nginx_serves_the_static_files_that_a_job_wrote(shop: Any) -> None:
    page = shop.get("/")
    assert page.status_code == 200, page.text
    stylesheet = re.search(r'href="(/static/[^"]+\.css)"', page.text)
    assert stylesheet, page.text
    assert shop.get(stylesheet[1]).status_code == 200


def test_a_rollout_keeps_the_volumes(cluster: Any, playbook: Any, tmp_path: pathlib.Path) -> None:
    """New and old pods mount them at the same time, which ReadWriteOnce allows on one node."""
    before = {pod["metadata"]["uid"] for pod in cluster.pods("django")}
    run = playbook("site.yml", django_env={"DRILL": "single-node"}, platform_report_dir=str(tmp_path))
    assert [check for check in checks(run, tmp_path) if check["severity"] != "ok"] == []
    assert not before & {pod["metadata"]["uid"] for pod in cluster.pods("django")}
