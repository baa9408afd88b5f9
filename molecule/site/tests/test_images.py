"""The list of images names what the pods run, by digest, and the script is written only without check mode."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

MIRROR = "registry.example.com:5000/copies"


@pytest.fixture(scope="module")
def listed(playbook: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The images in the JSON of playbooks/images.yml, by name."""
    directory = tmp_path_factory.mktemp("images")
    run = playbook("playbooks/images.yml", platform_report_dir=str(directory))
    assert (run.returncode, run.changed) == (0, 0), run.output
    [file] = directory.glob("*_images.json")
    return {each["image"]: each for each in json.loads(file.read_text())["images"]}


def running_images(cluster: Any) -> dict[str, set[str]]:
    """The digests of the images of running pods of workloads, by name."""
    found: dict[str, set[str]] = {}
    for pod in cluster.get("pods", "--selector=app=jewelry-shop", "--field-selector=status.phase=Running"):
        owners = {owner["kind"] for owner in pod["metadata"].get("ownerReferences", ())}
        if "deletionTimestamp" in pod["metadata"] or not owners & {"ReplicaSet", "StatefulSet"}:
            continue
        names = {each["name"]: each["image"] for key in ("containers", "initContainers") for each in pod["spec"].get(key, ())}
        for key in ("containerStatuses", "initContainerStatuses"):
            for each in pod["status"].get(key, ()):
                found.setdefault(names[each["name"]], set()).add(each["imageID"].rpartition("@")[2])
    return found


def test_the_list_has_every_image_that_pods_run_with_its_digest(cluster: Any, listed: dict[str, dict[str, Any]]) -> None:
    running = running_images(cluster)
    assert len(running) >= 5
    assert {image: listed[image]["digests"] for image in running} == {image: sorted(digests) for image, digests in running.items()}
    for image in running:
        [digest] = listed[image]["digests"]
        assert listed[image]["source"] == f"{image.rpartition(':')[0]}@{digest}"


def test_the_list_names_the_jobs_of_all_stages(listed: dict[str, dict[str, Any]]) -> None:
    owners = {use.split(" ")[0] for each in listed.values() for use in each["used_by"]}
    for job in ("check-services-", "migrate-", "collectstatic-", "check-nginx-", "check-postgresql-", "check-redis-"):
        assert any(owner.startswith(f"Job/{job}") for owner in owners), job


def test_the_script_is_written_only_without_check_mode(playbook: Any, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "mirror.sh"
    values = {"platform_image_mirror": MIRROR, "images_script": str(script)}
    checked = playbook("playbooks/images.yml", "--check", **values)
    assert (checked.returncode, checked.changed, script.exists()) == (0, 1, False), checked.output
    first = playbook("playbooks/images.yml", **values)
    assert (first.returncode, first.changed, script.stat().st_mode & 0o777) == (0, 1, 0o755), first.output
    second = playbook("playbooks/images.yml", **values)
    assert (second.returncode, second.changed) == (0, 0), second.output
    calls = [line.split() for line in script.read_text().splitlines() if line.startswith("mirror ")]
    assert calls
    assert all("@sha256:" in source and target.startswith(f"{MIRROR}/") for _mirror, source, target, _digest in calls), calls
