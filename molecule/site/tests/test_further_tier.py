"""A tier from outside the collection: a role with a description, and an entry in tiers_roles."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

ROLES = pathlib.Path(__file__).parents[1] / "roles"
HAND_WRITTEN_LINES = 60
TIERS = ["django", "celery_worker", "celery_beat", "nginx", "flower"]
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 5555), timeout=4); print('connected')"
READ = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"


@pytest.fixture(scope="module")
def playbook_with_flower(playbook_with_roles: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a playbook that finds the role, with the inventory's one variable."""
    run = playbook_with_roles(ROLES)
    return lambda name, **values: run(name, tiers_roles=TIERS, **values)


@pytest.fixture(scope="module")
def deployed(
    cluster: Any, playbook: Any, playbook_with_flower: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Deploys the tier. Returns the report, and the generations of the other tiers before. Removes the tier at the end."""
    reports = tmp_path_factory.mktemp("reports")
    before = cluster.generations()
    try:
        run = playbook_with_flower("site.yml", platform_report_dir=str(reports))
        assert run.returncode == 0, run.output
        yield {"report": json.loads(next(reports.glob("kind_*.json")).read_text()), "before": before}
    finally:
        back = playbook("site.yml")
    assert back.returncode == 0, back.output
    left = cluster.get("deployments,services,serviceaccounts,poddisruptionbudgets,networkpolicies", "--selector=component=flower")
    assert [each["metadata"]["name"] for each in left] == []


def flower_pods(cluster: Any) -> list[dict[str, Any]]:
    pods: list[dict[str, Any]] = cluster.pods("flower")
    return pods


def test_the_role_of_a_further_tier_is_short() -> None:
    assert sum(len(path.read_text().splitlines()) for path in (ROLES / "flower").rglob("*.yml")) < HAND_WRITTEN_LINES


def test_a_further_tier_is_deployed_and_nothing_else_changes(cluster: Any, deployed: dict[str, Any]) -> None:
    generations = cluster.generations()
    assert {name: generation for name, generation in generations.items() if name != "flower"} == deployed["before"]
    [pod] = flower_pods(cluster)
    assert all(status["ready"] for status in pod["status"]["containerStatuses"])


def test_a_further_tier_is_validated(deployed: dict[str, Any]) -> None:
    found = {(check["name"], check["subject"].partition("-")[0], check["severity"]) for check in deployed["report"]["checks"]}
    assert {("workload", "Deployment/flower", "ok"), ("health", "Pod/flower", "ok"), ("service", "Service/flower", "ok")} <= found


def test_flower_reaches_the_broker(cluster: Any, deployed: dict[str, Any]) -> None:
    """Flower reaches the broker: it knows the queues that the workers serve."""
    [pod] = flower_pods(cluster)
    read = ("exec", pod["metadata"]["name"], "--container=flower", "--", "celery", "--app=config", "inspect", "ping", "--timeout=20")
    assert "celery@celery-worker-" in cluster.kubectl(*read).stdout


def test_only_declared_flows_reach_a_further_tier(cluster: Any, client_pod: Callable[..., Any], deployed: dict[str, Any]) -> None:
    [pod] = flower_pods(cluster)
    address = pod["status"]["podIP"]
    connect = f"timeout 4 bash -c 'exec 3<>/dev/tcp/{address}/5555' && echo connected"

    def connected(component: str) -> bool:
        [source, *_] = cluster.pods(component)
        command = ("exec", source["metadata"]["name"], f"--container={component}", "--", "bash", "-c", connect)
        return "connected" in cluster.kubectl(*command, check=False).stdout

    assert {name: connected(name) for name in ("nginx", "django", "celery-worker", "celery-beat")} == {
        "nginx": True,
        "django": False,
        "celery-worker": False,
        "celery-beat": False,
    }
    assert "connected" in client_pod("monitoring", {"app": "drill"}).run(CONNECT, address)
    with pytest.raises(AssertionError, match=r"refused|timed out"):
        client_pod("outside", {"app": "drill"}).run(CONNECT, address)


def test_prometheus_finds_the_metrics_of_a_further_tier(cluster: Any, client_pod: Callable[..., Any], deployed: dict[str, Any]) -> None:
    [pod] = flower_pods(cluster)
    said = pod["metadata"]["annotations"]
    assert said["prometheus.io/scrape"] == "true"
    address = f"http://{pod['status']['podIP']}:{said['prometheus.io/port']}{said['prometheus.io/path']}"
    assert "python_info" in client_pod("monitoring", {"app": "drill"}).run(READ, address)


@pytest.mark.drill
def test_a_further_tier_is_scaled_and_restarted(cluster: Any, playbook_with_flower: Callable[..., Any], deployed: dict[str, Any]) -> None:
    scaled = playbook_with_flower("playbooks/scale.yml", scale_replicas={"flower": 2, "celery-beat": 1})
    assert scaled.returncode == 0, scaled.output
    before = {pod["metadata"]["uid"] for pod in flower_pods(cluster)}
    assert len(before) == 2
    restarted = playbook_with_flower("playbooks/restart.yml", restart_tiers=["flower"])
    assert restarted.returncode == 0, restarted.output
    after = {pod["metadata"]["uid"] for pod in flower_pods(cluster)}
    assert len(after) == 2
    assert not before & after
    assert {name: each for name, each in cluster.generations().items() if name != "flower"} == deployed["before"]


@pytest.mark.drill
def test_a_misspelled_key_is_reported_and_nothing_is_changed(
    cluster: Any, playbook_with_roles: Callable[..., Any], tmp_path: pathlib.Path
) -> None:
    role = tmp_path / "tools" / "vars"
    role.mkdir(parents=True)
    (role / "main.yml").write_text('{"tools_workload": {"name": "tools", "container": {"command": ["true"]}, "replica": 2}}')
    before = cluster.resource_versions()
    run = playbook_with_roles(tmp_path)("site.yml", tiers_roles=[*TIERS[:4], "tools"])
    assert run.returncode != 0
    assert "tools_workload has the key replica, which no workload has; did you mean replicas?" in " ".join(run.output.split()), run.output
    assert cluster.written_since(before) == []
