"""Objects of old releases: those of the last releases stay, the others are removed, and a rollback works."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

HISTORY = 2

pytestmark = pytest.mark.drill
BY_HAND = "django-config-2222222222"
LABELS = ("app=jewelry-shop", "app.kubernetes.io/managed-by=ansible")


def release(number: int, config: dict[str, Any]) -> dict[str, Any]:
    """Settings of a release with its own configuration and Secret, and one quick Job."""
    return {
        "platform_config": {**config, "DRILL": f"release {number}"},
        "platform_secrets": {"DJANGO_SECRET_KEY": f"{number}" * 50},
        "pre_deploy_commands": [{"name": "drill", "command": ["true"]}],
        "platform_release_history": HISTORY,
        "post_deploy_prune_age": 0,
    }


def names(cluster: Any, kind: str, prefix: str) -> set[str]:
    return {o["metadata"]["name"] for o in cluster.get(kind) if o["metadata"]["name"].startswith(prefix)}


def mentioned(objects: list[dict[str, Any]], prefix: str) -> set[str]:
    return set(re.findall(rf"{prefix}[0-9a-z]{{10}}", json.dumps([o["spec"] for o in objects])))


@pytest.fixture(scope="module")
def before(cluster: Any, playbook: Any, kind_config: dict[str, Any]) -> Iterator[dict[str, set[str]]]:
    """The objects before three releases in a row, and a manual copy. Deploys the first release again at the end."""
    cluster.kubectl("create", "configmap", BY_HAND, "--from-literal=A=1")
    cluster.kubectl("label", "configmap", BY_HAND, *LABELS)
    cluster.kubectl("patch", "configmap", BY_HAND, "--patch", '{"immutable": true}')
    found = {
        "configmaps": names(cluster, "configmaps", "django-config-") - {BY_HAND},
        "secrets": names(cluster, "secrets", "django-secrets-"),
        # The names of the Jobs that check nginx and images depend on their subject, so the same subject creates the same Job again.
        "jobs": {name for name in names(cluster, "jobs", "") if not name.startswith(("check-nginx-", "check-postgresql-", "check-redis-"))},
    }
    for number in range(1, HISTORY + 2):
        run = playbook("site.yml", **release(number, kind_config))
        assert run.returncode == 0, run.output
    yield found
    cluster.kubectl("delete", "configmap", BY_HAND)
    back = playbook("site.yml")
    assert back.returncode == 0, back.output


def test_objects_of_the_last_releases_stay_and_older_objects_are_removed(cluster: Any, before: dict[str, set[str]]) -> None:
    replica_sets = cluster.get("replicasets", "--selector=component=django")
    assert len(replica_sets) == HISTORY + 1
    for kind, prefix in (("configmaps", "django-config-"), ("secrets", "django-secrets-")):
        there = names(cluster, kind, prefix) - {BY_HAND}
        assert len(there) == HISTORY + 1, there
        assert there == mentioned(replica_sets, prefix)
        assert before[kind], kind
        assert not there & before[kind]
    releases = {o["metadata"]["labels"]["jewelry-shop/release"] for o in cluster.get("jobs", "--selector=jewelry-shop/release")}
    assert len(releases) == HISTORY + 1
    assert not {o["metadata"]["name"] for o in cluster.get("jobs")} & before["jobs"]
    assert not {o["metadata"]["labels"].get("jewelry-shop/release") for o in cluster.get("pods")} - {None, *releases}


def test_objects_of_other_workloads_and_manual_objects_stay(cluster: Any, before: dict[str, set[str]]) -> None:
    workloads = cluster.get("deployments.apps,statefulsets.apps")
    for kind, prefix in (
        ("configmaps", "nginx-config-"),
        ("configmaps", "celery-heartbeat-"),
        ("secrets", "postgresql-secrets-"),
        ("secrets", "redis-secrets-"),
    ):
        used = mentioned(workloads, prefix)
        assert used
        assert used <= names(cluster, kind, prefix)
    assert BY_HAND in names(cluster, "configmaps", "django-config-")


def test_a_second_run_removes_nothing_more(cluster: Any, playbook: Any, before: dict[str, set[str]], kind_config: dict[str, Any]) -> None:
    versions = cluster.resource_versions()
    again = playbook("site.yml", **release(HISTORY + 1, kind_config))
    assert again.returncode == 0, again.output
    assert again.changed == 0, again.output
    assert cluster.written_since(versions) == []


def test_kubectl_rollout_undo_still_works(cluster: Any, shop: Any, before: dict[str, set[str]]) -> None:
    """Back to the oldest kept release. Only its ReplicaSet refers to its configuration."""
    oldest = min(
        int(o["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
        for o in cluster.get("replicasets", "--selector=component=django")
    )
    cluster.kubectl("rollout", "undo", "deployment/django", f"--to-revision={oldest}")
    cluster.kubectl("rollout", "status", "deployment/django", "--timeout=300s", timeout=330)
    assert shop.get("/health/ready/").status_code == 200
    pod = cluster.pods("django")[0]["metadata"]["name"]
    assert cluster.kubectl("exec", pod, "--container=django", "--", "printenv", "DRILL").stdout.strip() == "release 1"
