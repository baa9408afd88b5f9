"""Records of releases, and changes by hand: history.yml lists and compares, status.yml shows drift, site.yml repairs it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inventory_before_and_after")

NEXT = "1.0.0-next"


@pytest.fixture(scope="module")
def status(playbook: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run status.yml, and return its exit code and the JSON that it writes."""

    def run(**values: Any) -> tuple[int, dict[str, Any]]:
        directory = tmp_path_factory.mktemp("status")
        done = playbook("playbooks/status.yml", platform_report_dir=str(directory), **values)
        [file] = directory.glob("*_status.json")
        content: dict[str, Any] = json.loads(file.read_text())
        return done.returncode, content

    return run


def records(cluster: Any) -> list[str]:
    return sorted(o["metadata"]["name"] for o in cluster.get("configmaps", "--selector=jewelry-shop/record=release"))


def test_a_second_run_writes_no_record(cluster: Any, playbook: Any) -> None:
    before = records(cluster)
    assert before
    run = playbook("site.yml")
    assert (run.returncode, run.changed) == (0, 0), run.output
    assert records(cluster) == before


def test_check_mode_writes_no_record(cluster: Any, playbook: Any) -> None:
    before = records(cluster)
    run = playbook("site.yml", "--check", platform_image_tag=NEXT)
    assert run.returncode == 0, run.output
    assert records(cluster) == before


def test_two_releases_are_listed_and_compared(cluster: Any, playbook: Any, kind_config: dict[str, Any]) -> None:
    [old] = records(cluster)[-1:]
    run = playbook("site.yml", platform_image_tag=NEXT, platform_config={**kind_config, "DRILL": "new"})
    assert run.returncode == 0, run.output
    [new] = records(cluster)[-1:]
    assert int(new.removeprefix("release-")) == int(old.removeprefix("release-")) + 1
    listed = playbook("playbooks/history.yml")
    assert re.search(rf"{int(new.removeprefix('release-'))} +\S+ +\S+:{NEXT} ", listed.output), listed.output
    compared = playbook("playbooks/history.yml", history_from_release=old, history_to_release=new)
    assert (compared.returncode, compared.changed) == (0, 0), compared.output
    assert "data.DRILL: added: new" in compared.output
    assert re.search(rf"spec\.template\.spec\.containers\[name=django\]\.image: \S+ -> \S+:{NEXT}", compared.output)
    back = playbook("site.yml")
    assert back.returncode == 0, back.output


def test_a_platform_without_changes_has_no_drift(status: Any) -> None:
    code, found = status(status_fail_on_drift=True)
    assert (code, found["drift"]) == (0, [])
    assert found["record"]["release"]
    assert all(each["healthy"] for each in found["workloads"])


def test_changes_by_hand_are_shown_and_repaired(cluster: Any, playbook: Any, status: Any) -> None:
    [nginx] = [o for o in cluster.get("deployments") if o["metadata"]["name"] == "nginx"]
    config = next(v["configMap"]["name"] for v in nginx["spec"]["template"]["spec"]["volumes"] if "nginx-config-" in json.dumps(v))
    [beat] = [o for o in cluster.get("deployments") if o["metadata"]["name"] == "celery-beat"]
    image = beat["spec"]["template"]["spec"]["containers"][0]["image"]
    cluster.kubectl("set", "image", "deployment/celery-beat", f"celery-beat={image.rsplit(':', 1)[0]}:{NEXT}")
    cluster.kubectl("set", "resources", "deployment/celery-worker", "--containers=celery-worker", "--limits=memory=777Mi")
    cluster.kubectl("delete", "configmap", config)
    # A label that the inventory does not set.
    cluster.kubectl("label", "deployment/django", "by-hand=true")
    code, found = status()
    assert code == 0
    lines = {(each["object"].rpartition("/")[2], each["path"].rpartition("[name=")[2] or each["drift"]): each for each in found["drift"]}
    changed = lines["celery-beat", "celery-beat].image"]
    assert changed["found"].endswith(f":{NEXT}")
    assert changed["expected"] == image
    assert changed["manager"] == "kubectl-set"
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", changed["time"])
    assert lines["celery-worker", "celery-worker].resources.limits.memory"]["found"] == "777Mi"
    assert lines[config, "missing"]["object"] == f"ConfigMap jewelry-shop/{config}"
    assert not [each for each in found["drift"] if "by-hand" in each["path"]]
    assert status(status_fail_on_drift=True)[0] != 0

    repaired = playbook("site.yml")
    assert repaired.returncode == 0, repaired.output
    assert status(status_fail_on_drift=True)[0] == 0
    cluster.kubectl("label", "deployment/django", "by-hand-")
