"""The owner of the number of pods. No change of the owner leaves too few pods."""

from __future__ import annotations

import json
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# A target that a loop of requests reaches on any machine, and that idle pods stay below.
AUTOSCALED = {
    "django_hpa_enabled": True,
    "django_hpa_max_replicas": 4,
    "django_hpa_cpu_percent": 15,
}
MINIMUM = 3


@pytest.fixture
def load(shop: Any) -> Iterator[None]:
    """Requests, one after another from a few clients, while a test runs."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            shop.get("/")

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    yield
    over.set()
    for client in clients:
        client.join()


def replicas(cluster: Any, name: str = "django") -> int:
    return int(cluster.kubectl("get", "deployment", name, "--output=jsonpath={.spec.replicas}").stdout)


def wait_for(condition: Callable[[], bool], seconds: float, cluster: Any) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, cluster.kubectl("describe", "hpa").stdout
        time.sleep(2)


@pytest.fixture(scope="module")
def autoscaled(cluster: Any, watch_replicas: Any, playbook: Any) -> Iterator[dict[str, Any]]:
    """Switches the autoscaler of Django on for a group of tests, and off again."""
    before = replicas(cluster)
    with watch_replicas("django") as watch:
        run = playbook("site.yml", **AUTOSCALED)
    assert run.returncode == 0, run.output
    assert min(watch.seen) == before == MINIMUM
    yield AUTOSCALED
    with watch_replicas("django") as watch:
        run = playbook("site.yml")
    assert run.returncode == 0, run.output
    assert min(watch.seen) >= MINIMUM
    assert cluster.get("hpa") == []
    assert replicas(cluster) == MINIMUM


@pytest.mark.drill
def test_load_raises_the_replicas_and_a_deploy_keeps_them(cluster: Any, playbook: Any, autoscaled: dict[str, Any], load: None) -> None:
    """The deploy changes nothing, and keeps the replicas that the HPA set."""
    wait_for(lambda: replicas(cluster) == AUTOSCALED["django_hpa_max_replicas"], 300, cluster)
    run = playbook("site.yml", **autoscaled)
    assert run.returncode == 0, run.output
    assert run.changed == 0, run.output
    assert replicas(cluster) == AUTOSCALED["django_hpa_max_replicas"]


@pytest.mark.drill
def test_a_changed_template_keeps_the_replicas(cluster: Any, watch_replicas: Any, playbook: Any, autoscaled: dict[str, Any]) -> None:
    """The rollout keeps the number of replicas that the HPA set."""
    cluster.kubectl("patch", "hpa", "django", "--patch", json.dumps({"spec": {"minReplicas": MINIMUM + 1}}))
    wait_for(lambda: replicas(cluster) > MINIMUM, 120, cluster)
    before = replicas(cluster)
    with watch_replicas("django") as watch:
        run = playbook("site.yml", **autoscaled, django_env={"DRILL": "scaling"})
    assert run.returncode == 0, run.output
    assert watch.seen == {before}


@pytest.mark.drill
def test_scale_rejects_a_tier_with_an_autoscaler(cluster: Any, playbook: Any, autoscaled: dict[str, Any]) -> None:
    before = cluster.generations()
    run = playbook("playbooks/scale.yml", scale_replicas={"nginx": 3, "django": 5})
    assert run.returncode != 0
    assert "An autoscaler sets the replicas of django" in run.output, run.output
    assert cluster.generations() == before


@pytest.mark.drill
def test_a_first_installation_starts_with_the_minimum_of_the_autoscaler(
    cluster: Any, watch_replicas: Any, playbook: Any, autoscaled: dict[str, Any]
) -> None:
    cluster.kubectl("delete", "deployment", "django", "--wait=true")
    with watch_replicas("django") as watch:
        run = playbook("site.yml", **autoscaled)
    assert run.returncode == 0, run.output
    assert min(watch.seen) >= MINIMUM
    again = playbook("site.yml", **autoscaled)
    assert again.changed == 0, again.output


@pytest.mark.drill
def test_scaled_replicas_last_until_the_next_run(cluster: Any, playbook: Any) -> None:
    run = playbook("playbooks/scale.yml", scale_replicas={"celery-worker": 3})
    assert run.returncode == 0, run.output
    [worker] = cluster.get("deployments", "--selector=component=celery-worker")
    assert (worker["spec"]["replicas"], worker["status"]["readyReplicas"]) == (3, 3)
    assert playbook("playbooks/scale.yml", scale_replicas={"celery-worker": 3}).changed == 0
    back = playbook("site.yml")
    assert back.changed > 0, back.output
    assert replicas(cluster, "celery-worker") == 2


@pytest.mark.drill
def test_a_tier_set_to_0_replicas_is_ok(cluster: Any, playbook: Any, tmp_path: pathlib.Path) -> None:
    """The same for scale.yml and for the inventory."""
    as_set = {
        ("Deployment/celery-worker", "has 0 replicas, as set"),
        ("Service/celery-worker-service", "has no endpoint, because Deployment celery-worker has 0 replicas"),
        ("celery-worker", "has 0 replicas, so no request was sent"),
    }
    assert playbook("playbooks/scale.yml", scale_replicas={"celery-worker": 0}).returncode == 0
    try:
        for name, values in (("playbooks/validate.yml", {}), ("site.yml", {"celery_worker_replicas": 0})):
            run = playbook(name, platform_report_dir=str(tmp_path), **values)
            assert run.returncode == 0, run.output
            checks = json.loads(next(tmp_path.glob("kind_*.json")).read_text())["checks"]
            assert {(check["subject"], check["message"]) for check in checks if check["severity"] == "ok"} >= as_set
            assert [check for check in checks if check["severity"] == "warning"] == []
    finally:
        assert playbook("site.yml").returncode == 0
    assert replicas(cluster, "celery-worker") == 2


def test_more_than_one_beat_is_rejected(cluster: Any, playbook: Any) -> None:
    run = playbook("playbooks/scale.yml", scale_replicas={"celery-beat": 2})
    assert run.returncode != 0
    assert "value of celery-beat must be one of: 0, 1, got: 2" in " ".join(run.output.split()), run.output
    assert replicas(cluster, "celery-beat") == 1


@pytest.mark.drill
def test_a_restart_replaces_the_pods_of_the_named_tiers_only(cluster: Any, playbook: Any) -> None:
    def uids() -> dict[str, set[str]]:
        return {tier: {pod["metadata"]["uid"] for pod in cluster.pods(tier)} for tier in ("django", "nginx", "celery-worker")}

    before = uids()
    run = playbook("playbooks/restart.yml", restart_tiers=["celery-worker"])
    assert run.returncode == 0, run.output
    after = uids()
    assert not after["celery-worker"] & before["celery-worker"]
    assert {**after, "celery-worker": set()} == {**before, "celery-worker": set()}
    # The next deploy has nothing to restore.
    assert playbook("site.yml").changed == 0
