"""The export of a converged inventory does not differ from the cluster, and contains no secret."""

from __future__ import annotations

import base64
import pathlib
from typing import Any

import pytest
import yaml

PLAYBOOK = "playbooks/export.yml"
DIFF = ("diff", "--server-side", "--force-conflicts", "--field-manager=jewelry_shop.platform")


@pytest.fixture(scope="module")
def exported(playbook: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of the host, after an export in check mode and one without."""
    directory = tmp_path_factory.mktemp("export")
    checked = playbook(PLAYBOOK, "--check", export_directory=str(directory))
    assert (checked.returncode, checked.changed, list(directory.iterdir())) == (0, 1, []), checked.output
    run = playbook(PLAYBOOK, export_directory=str(directory))
    assert (run.returncode, run.changed) == (0, 1), run.output
    [folder] = directory.iterdir()
    return folder


def secret_values(cluster: Any) -> set[str]:
    """The values of the Secrets in the namespace, plain and in base64."""
    encoded = {value for secret in cluster.get("secrets") for value in (secret.get("data") or {}).values()}
    return {form for value in encoded for form in (value, base64.b64decode(value).decode(errors="replace")) if len(form) >= 8}


def test_kubectl_finds_no_difference_to_the_cluster(cluster: Any, exported: pathlib.Path) -> None:
    done = cluster.kubectl(*DIFF, f"--kustomize={exported}", check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_kubectl_finds_a_change_by_hand(cluster: Any, exported: pathlib.Path) -> None:
    # Without this, a comparison of nothing would pass too.
    path = exported / "10-tiers" / "deployment-django.yaml"
    before = path.read_text()
    manifest = yaml.safe_load(before)
    manifest["spec"]["template"]["metadata"]["labels"]["changed"] = "by-hand"
    try:
        path.write_text(yaml.safe_dump(manifest))
        done = cluster.kubectl(*DIFF, f"--kustomize={exported}", check=False)
    finally:
        path.write_text(before)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "+        changed: by-hand" in done.stdout, done.stdout


def test_the_export_has_the_jobs_of_the_release(cluster: Any, exported: pathlib.Path) -> None:
    jobs = {path.stem.removeprefix("job-") for path in exported.glob("*/job-*.yaml")}
    existing = {job["metadata"]["name"] for job in cluster.get("jobs", "--selector=app=jewelry-shop,jewelry-shop/release")}
    assert {name.rpartition("-")[0] for name in jobs} >= {"check-services", "migrate", "collectstatic"}
    assert jobs <= existing


def test_no_file_contains_a_secret(cluster: Any, exported: pathlib.Path) -> None:
    values = secret_values(cluster)
    assert len(values) > 4
    for path in exported.rglob("*"):
        text = path.read_text() if path.is_file() else ""
        assert not [value for value in values if value in text], path
    assert not list(exported.rglob("secret-*"))


def test_a_second_export_changes_nothing(playbook: Any, exported: pathlib.Path) -> None:
    again = playbook(PLAYBOOK, export_directory=str(exported.parent))
    assert (again.returncode, again.changed) == (0, 0), again.output
