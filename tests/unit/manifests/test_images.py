"""playbooks/images.yml without a cluster, and the objects of an inventory with platform_image_mirror."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror.rewrite import uses_of_images
from tests.unit.manifests.variants import HOSTS, MIRRORED

ROOT = pathlib.Path(__file__).parents[3]
MIRROR = MIRRORED["platform_image_mirror"]
NIGHT = f"tools/night:2@sha256:{'a' * 64}"
# By the name in the inventory.
IN_THE_MIRROR = {
    "registry.example.com/shop/jewelry-shop:v1.0.0": f"{MIRROR}/shop/jewelry-shop:v1.0.0",
    "registry.example.com/shop/jewelry-shop:v1.0.1": f"{MIRROR}/shop/jewelry-shop:v1.0.1",
    "docker.io/nginxinc/nginx-unprivileged:1.30": f"{MIRROR}/nginxinc/nginx-unprivileged:1.30",
    "docker.io/nginx/nginx-prometheus-exporter:1.5": f"{MIRROR}/nginx/nginx-prometheus-exporter:1.5",
    "docker.io/library/postgres:17": f"{MIRROR}/library/postgres:17",
    "docker.io/library/redis:8": f"{MIRROR}/library/redis:8",
    # Sidecars of platform_pod and django_pod, and an object of the user.
    "proxy:1": f"{MIRROR}/library/proxy:1",
    "log:1": f"{MIRROR}/library/log:1",
    f"quay.io/{NIGHT}": f"{MIRROR}/{NIGHT}",
}


def images_of(manifests: Any) -> set[str]:
    return {use.image for use in uses_of_images(list(manifests))}


def test_the_mirror_replaces_the_registry_of_every_image(productions: Any) -> None:
    assert images_of(productions["mirrored"]) == set(IN_THE_MIRROR.values())
    # Without the mirror, the same fragments name the images as the inventory does.
    assert images_of(productions["adapted"]) <= set(IN_THE_MIRROR)


@pytest.fixture(scope="module")
def listed(inventory_of: Callable[..., pathlib.Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, list[str]]:
    """The directory with the report and the script, and the output of a run in check mode and of a run."""
    directory = tmp_path_factory.mktemp("images")
    inventory = inventory_of("production", directory, {"mirrored": HOSTS["mirrored"]})
    values = {"images_read_cluster": False, "images_script": f"{directory}/mirror.sh", "platform_report_dir": f"{directory}/report"}
    outputs = []
    for options in (["--check"], []):
        command = ["playbooks/images.yml", f"--inventory={inventory}", f"--extra-vars={json.dumps(values)}", *options]
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), *command],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs.append(done.stdout)
        if options:
            assert [each.name for each in directory.iterdir()] == ["inventory"], "check mode wrote a file"
    return directory, outputs


def test_images_lists_every_image_under_its_name_in_the_inventory(listed: tuple[pathlib.Path, list[str]]) -> None:
    directory, _outputs = listed
    [report] = (directory / "report").iterdir()
    images = json.loads(report.read_text())["images"]
    assert {each["image"]: each["mirror"] for each in images} == IN_THE_MIRROR
    owners = {use.split(" ")[0].rsplit("-", 1)[0] for each in images for use in each["used_by"] if use.startswith("Job/")}
    # Jobs of all stages: those of the release, the tests of new images, and the one that tests the configuration of nginx.
    assert owners == {
        f"Job/{name}" for name in ("check-services", "migrate", "report", "check-postgresql", "check-redis", "check-nginx", "backup")
    }


def test_check_mode_shows_the_same_table_and_writes_nothing(listed: tuple[pathlib.Path, list[str]]) -> None:
    directory, (checked, run) = listed
    shown = [[line for line in output.splitlines() if f" {MIRROR}/" in line] for output in (checked, run)]
    assert len(shown[0]) == len(IN_THE_MIRROR)
    assert shown[0] == shown[1]
    assert [" changed=1 " in output for output in (checked, run)] == [True, True]
    assert (directory / "mirror.sh").stat().st_mode & 0o777 == 0o755


def test_the_script_copies_every_image(listed: tuple[pathlib.Path, list[str]]) -> None:
    lines = (listed[0] / "mirror.sh").read_text().splitlines()
    calls = [line.split() for line in lines if line.startswith("mirror ")]
    assert {call[2] for call in calls} == {each.partition("@")[0] for each in IN_THE_MIRROR.values()}
    [night] = [call for call in calls if "night" in call[1]]
    digest = NIGHT.partition("@")[2]
    assert night == ["mirror", f"quay.io/tools/night@{digest}", f"{MIRROR}/tools/night:2", digest]
