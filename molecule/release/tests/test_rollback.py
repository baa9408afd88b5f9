"""Rollbacks: by hand, and after a failed deployment."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inventory_before_and_after")

NEXT = "1.0.0-next"
KEY = "DRILL"


def newest(cluster: Any) -> tuple[int, str]:
    """Number and release ID of the newest record."""
    records = cluster.get("configmaps", "--selector=jewelry-shop/record=release")
    labels = {int(o["metadata"]["name"].removeprefix("release-")): o["metadata"]["labels"] for o in records}
    return max(labels), labels[max(labels)]["jewelry-shop/release"]


def environment(cluster: Any, name: str) -> str:
    """The value of a variable in a Django pod; empty if it is not set."""
    pod = cluster.pods("django")[0]["metadata"]["name"]
    value: str = cluster.kubectl("exec", pod, "--container=django", "--", "printenv", name, check=False).stdout.strip()
    return value


def image_tags(cluster: Any) -> set[str]:
    """The tags of the images of the application in its Deployments."""
    images = [c["image"] for o in cluster.get("deployments") for c in o["spec"]["template"]["spec"]["containers"]]
    return {image.rpartition(":")[2] for image in images if "/jewelry-shop:" in image}


def served_release(shop: Any) -> list[str]:
    """What the page shows of its release: the hashed names of its static files, which nginx serves, and its version."""
    page = shop.get("/").text
    assert [shop.get(path).status_code for path in re.findall(r'href="(/static/[^"]+)"', page)] == [200]
    shown: list[str] = re.findall(r'"/static/[^"]+"|<footer>.*</footer>', page)
    return shown


def test_a_rollback_restores_page_configuration_and_secret(cluster: Any, playbook: Any, shop: Any, kind_config: dict[str, Any]) -> None:
    page, key, tags = served_release(shop), environment(cluster, "DJANGO_SECRET_KEY"), image_tags(cluster)
    number, release = newest(cluster)
    run = playbook(
        "site.yml",
        platform_image_tag=NEXT,
        platform_config={**kind_config, KEY: "new"},
        platform_secrets={"DJANGO_SECRET_KEY": "n" * 50},
    )
    assert run.returncode == 0, run.output
    assert (environment(cluster, KEY), environment(cluster, "DJANGO_SECRET_KEY")) == ("new", "n" * 50)
    assert image_tags(cluster) == {NEXT}
    assert served_release(shop) != page

    back = playbook("playbooks/rollback.yml")
    assert back.returncode == 0, back.output
    assert (environment(cluster, KEY), environment(cluster, "DJANGO_SECRET_KEY")) == ("", key)
    assert image_tags(cluster) == tags
    assert served_release(shop) == page
    assert newest(cluster) == (number + 2, release)
    listed = playbook("playbooks/history.yml")
    assert f"rollback of {number + 1:04d} to {number:04d}" in listed.output

    # The inventory describes the restored release, so nothing differs.
    again = playbook("site.yml")
    assert (again.returncode, again.changed) == (0, 0), again.output


def test_check_mode_of_a_rollback_shows_what_runs_and_what_is_restored_and_writes_nothing(cluster: Any, playbook: Any) -> None:
    before = "release {1} (number {0})".format(*newest(cluster))
    run = playbook("site.yml", platform_image_tag=NEXT)
    assert run.returncode == 0, run.output
    current = "release {1} (number {0})".format(*newest(cluster))
    versions = cluster.resource_versions()
    checked = playbook("playbooks/rollback.yml", "--check")
    assert checked.returncode == 0, checked.output
    assert f"Restoring {before}, the last release before it." in " ".join(checked.output.split())
    assert cluster.written_since(versions) == []

    # As after a failed deployment that changed only limits.
    cluster.kubectl("set", "resources", "deployment/celery-beat", "--limits=memory=321Mi")
    checked = playbook("playbooks/rollback.yml", "--check")
    shown = " ".join(checked.output.split())
    assert "What runs differs from the newest record" in shown
    assert ("limits.memory" in shown, f"Restoring {current}." in shown) == (True, True), checked.output
    back = playbook("site.yml")
    assert back.returncode == 0, back.output


def test_a_rollback_over_irreversible_migrations_is_rejected_before_the_first_write(cluster: Any, playbook: Any) -> None:
    run = playbook("site.yml", platform_image_tag=NEXT, platform_irreversible="drops the column price")
    assert run.returncode == 0, run.output
    versions = cluster.resource_versions()
    back = playbook("playbooks/rollback.yml")
    assert back.returncode != 0
    assert "cannot be undone: drops the column price" in " ".join(back.output.split())
    assert cluster.written_since(versions) == []
    # Deploying the release of the inventory stays possible.
    restored = playbook("site.yml")
    assert restored.returncode == 0, restored.output


def test_a_failed_release_goes_back_by_itself_and_the_report_has_the_cause(
    cluster: Any, playbook: Any, shop: Any, kind_config: dict[str, Any], tmp_path: Any
) -> None:
    before, tags = newest(cluster), image_tags(cluster)
    failed = playbook(
        "site.yml",
        platform_on_failure="rollback",
        platform_report_dir=str(tmp_path),
        # Only the workers fail, so the Jobs before the tiers succeed.
        celery_worker_image_tag="9.9.9",
        platform_config={**kind_config, KEY: "failed"},
    )
    assert failed.returncode != 0
    [file] = [path for path in tmp_path.glob("*.json") if not path.name.endswith(("_status.json", "_history.json"))]
    report = json.loads(file.read_text())
    assert report["verdict"] == "failed"
    assert "9.9.9" in report["sentence"]
    assert report["rollback"] == f"Rolled back to release {before[1]} (number {before[0]}), which passed the validation."
    assert (image_tags(cluster), environment(cluster, KEY)) == (tags, "")
    assert shop.get("/health/ready/").status_code == 200
    assert newest(cluster) == (before[0] + 1, before[1])
    checked = playbook("playbooks/validate.yml")
    assert checked.returncode == 0, checked.output
