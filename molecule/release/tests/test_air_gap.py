"""A mirror: the script copies all images, the platform deploys from the copies as a new release, and a rollback returns to the registry."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.usefixtures("inventory_before_and_after")

ROOT = pathlib.Path(__file__).parents[3]
REGISTRY = f"127.0.0.1:{yaml.safe_load((ROOT / 'molecule' / 'cluster.yml').read_text())['kind_registry_port']}"
MIRROR = f"{REGISTRY}/copies"
TIERS = ("django", "nginx", "celery-worker", "celery-beat")
DATA_SERVICES = ("postgresql", "redis")


@pytest.fixture(scope="module")
def script(playbook: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The script that playbooks/images.yml writes, with a program in place of crane beside it."""
    directory = tmp_path_factory.mktemp("mirror")
    path = directory / "mirror.sh"
    run = playbook("playbooks/images.yml", platform_image_mirror=MIRROR, images_script=str(path), images_tool="crane")
    assert run.returncode == 0, run.output
    crane = directory / "crane"
    crane.write_text(f'#!/bin/sh\nexec {sys.executable} {pathlib.Path(__file__).with_name("registry_copy.py")} "$@"\n')
    crane.chmod(0o755)
    return path


def copy_images(script: pathlib.Path) -> list[str]:
    environment = {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"}
    done = subprocess.run([str(script)], env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.partition(":")[0] for line in done.stdout.splitlines()]


def images_of(cluster: Any, components: tuple[str, ...]) -> set[str]:
    pods = [pod for component in components for pod in cluster.pods(component)]
    return {each["image"] for pod in pods for key in ("initContainers", "containers") for each in pod["spec"].get(key, ())}


def records(cluster: Any) -> list[str]:
    return sorted(o["metadata"]["name"] for o in cluster.get("configmaps", "--selector=jewelry-shop/record=release"))


def test_the_script_copies_each_image_once(script: pathlib.Path) -> None:
    assert set(copy_images(script)) <= {"copy", "exists"}
    assert set(copy_images(script)) == {"exists"}


def test_the_platform_deploys_from_the_mirror_as_a_new_release_and_goes_back(cluster: Any, playbook: Any, script: pathlib.Path) -> None:
    copy_images(script)
    before = records(cluster)
    mirrored = playbook("site.yml", platform_image_mirror=MIRROR)
    assert mirrored.returncode == 0, mirrored.output
    images = images_of(cluster, (*TIERS, *DATA_SERVICES))
    assert [image for image in images if not image.startswith(f"{MIRROR}/")] == []
    assert len(set(records(cluster)) - set(before)) == 1
    again = playbook("site.yml", platform_image_mirror=MIRROR)
    assert (again.returncode, again.changed) == (0, 0), again.output
    back = playbook("playbooks/rollback.yml", platform_image_mirror=MIRROR)
    assert back.returncode == 0, back.output
    assert [image for image in images_of(cluster, TIERS) if image.startswith(f"{MIRROR}/")] == []
    # A rollback does not change the data services.
    assert all(image.startswith(f"{MIRROR}/") for image in images_of(cluster, DATA_SERVICES))
