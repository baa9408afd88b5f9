"""Secrets in an empty namespace: no secret value appears anywhere else, for own and for existing Secrets."""

from __future__ import annotations

import base64
import json
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

NAMESPACE = "jewelry-shop-secrets"
# Prints all values that it has, and fails.
LEAK = {"name": "leak", "command": ["sh", "-c", 'env; env | grep SHOP_MARKER; printf %s "$SHOP_MARKER" | base64 -w0; exit 1']}
# By stage: settings that make a run fail there, and the expected message.
STAGES: dict[str, tuple[dict[str, Any], str]] = {
    "settings": ({"django_replicas": "many"}, "nothing was changed"),
    "preflight": ({"storage_class": "other"}, "nothing was changed"),
    "data services": ({"redis_image": "127.0.0.1:5002/redis:9.9.9"}, "Job jewelry-shop/check-redis-"),
    "check of the services": ({"platform_config": {"REDIS_HOST": "no-such-redis"}, "pre_deploy_check_timeout": 5}, "check-services-"),
    "before the tiers": ({"pre_deploy_commands": [LEAK]}, "Job jewelry-shop/leak-"),
    "tiers": ({"celery_beat_env": {"DEMO_FAIL_BOOT": "beat"}}, "Deployment jewelry-shop/celery-beat"),
    "after the tiers": ({"post_deploy_commands": [LEAK]}, "Job jewelry-shop/leak-"),
    "validation": (
        {
            "validate_timeout": 5,
            "validate_endpoints": [
                {
                    "name": "nowhere",
                    "workload": {"kind": "Deployment", "name": "django", "namespace": "jewelry-shop", "port": 8000},
                    "path": "/no/such/path/",
                }
            ],
        },
        "nowhere: status 404 instead of 200",
    ),
}
# Kinds of objects that must not contain the value of a Secret.
KINDS = "configmaps,services,persistentvolumeclaims,deployments,statefulsets,replicasets,jobs,pods,events,serviceaccounts"


@pytest.fixture
def namespace(cluster: Any) -> Iterator[str]:
    """The name of a new namespace, because the one of the previous test may still be terminating."""
    name = f"{NAMESPACE}-{uuid.uuid4().hex[:8]}"
    yield name
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def data_services(client_pod: Callable[..., Any]) -> dict[str, Any]:
    """Settings of an existing database and Redis. A run that fails before it uses them only needs an open port."""
    host, port = client_pod("outside", {"app": "server"}).ip, 8000
    return {
        "platform_postgresql_provider": "external",
        "platform_postgresql_host": host,
        "platform_postgresql_port": port,
        "platform_redis_provider": "external",
        "platform_redis_host": host,
        "platform_redis_port": port,
        "preflight_accepted_without_tls": ["postgresql", "redis"],
        "network_policies_postgresql": [{"namespaceSelector": {}}],
        "network_policies_redis": [{"namespaceSelector": {}}],
    }


def given_secret(cluster: Any, namespace: str, marker: str, marker_line: str) -> None:
    """An existing Secret, created before the platform."""
    cluster.kubectl("create", "namespace", namespace)
    content = {
        "DJANGO_SECRET_KEY": f"{marker_line}{'k' * 50}",
        "POSTGRES_PASSWORD": marker_line,
        "REDIS_PASSWORD": "r",
        "CELERY_BROKER_URL": "redis://:r@redis-service:6379/0",
        "CELERY_RESULT_BACKEND": "redis://:r@redis-service:6379/1",
        "SHOP_MARKER": marker,
    }
    literals = [f"--from-literal={key}={value}" for key, value in content.items()]
    cluster.kubectl("create", "secret", "generic", "given", f"--namespace={namespace}", *literals)


@pytest.mark.parametrize(
    ("provider", "ansible"),
    [
        ("inventory", "newest"),
        pytest.param("inventory", "oldest", marks=pytest.mark.drill),
        pytest.param("generated", "newest", marks=pytest.mark.drill),
        pytest.param("existing", "newest", marks=pytest.mark.drill),
    ],
)
def test_no_secret_leaks_in_a_failed_first_run(
    request: pytest.FixtureRequest,
    cluster: Any,
    tmp_path: pathlib.Path,
    namespace: str,
    data_services: dict[str, Any],
    provider: str,
    ansible: str,
    unsafe: type[str],
    marker: str,
    marker_line: str,
    marker_forms: set[str],
    administrator: dict[str, Any],
) -> None:
    """The result is the same for each provider of secrets, although the failing container prints the secret."""
    own: dict[str, Any] = {"platform_secrets_provider": provider, "platform_namespace": namespace, "nginx_service_type": "ClusterIP"}
    # The run creates the namespace.
    values = {**own, **administrator}
    if provider == "existing":
        given_secret(cluster, namespace, marker, marker_line)
        values |= {"platform_existing_secret": "given", "pre_deploy_check_services": False, **data_services}
    else:
        secrets = {"DJANGO_SECRET_KEY": f"{marker_line}{'k' * 50}", "POSTGRES_PASSWORD": marker_line, "SHOP_MARKER": marker}
        redis = {"REDIS_PASSWORD": "r" * 20} if provider == "inventory" else {}
        values["platform_secrets"] = {name: unsafe(value) for name, value in {**secrets, **redis}.items()}
        values["platform_generated_secrets_directory"] = str(tmp_path / "generated")
    values["pre_deploy_commands"] = [LEAK]
    reports = tmp_path / "reports"
    playbook = request.getfixturevalue("playbook" if ansible == "newest" else "oldest_playbook")
    run = playbook("site.yml", "--diff", "-vvv", **values, platform_report_dir=str(reports))
    assert run.returncode != 0, run.output
    assert "SHOP_MARKER=******" in run.output, run.output
    listed = cluster.get(KINDS, f"--namespace={namespace}", "--show-managed-fields")
    # The kubelet keeps the last output of the container in the status of the pod.
    printed = [pod.pop("status") for pod in listed if pod["kind"] == "Pod"]
    assert base64.b64encode(marker.encode()).decode() in json.dumps(printed)
    objects = json.dumps(listed, ensure_ascii=False)
    secrets_metadata = cluster.kubectl(
        "get", "secrets", f"--namespace={namespace}", "--output=jsonpath={.items[*].metadata}", "--show-managed-fields"
    ).stdout
    everything = run.output + objects + secrets_metadata + "".join(path.read_text() for path in reports.iterdir())
    assert [form for form in marker_forms if form in everything] == []


@pytest.fixture(scope="module", params=["newest", "oldest"])
def failing(request: pytest.FixtureRequest, playbook: Any, kind_config: dict[str, Any], unsafe: type[str], marker: str) -> Iterator[Any]:
    """Runs site.yml so that it fails at a stage, with each of two versions of ansible-core."""
    run = playbook if request.param == "newest" else request.getfixturevalue("oldest_playbook")

    def fail(values: dict[str, Any], reports: pathlib.Path) -> Any:
        config = {**kind_config, **values.get("platform_config", {})}
        secret = {"SHOP_MARKER": unsafe(marker)}
        return run(
            "site.yml",
            "--diff",
            "-vvv",
            **{**values, "platform_config": config, "platform_secrets": secret},
            platform_report_dir=str(reports),
        )

    yield fail
    back = playbook("site.yml")
    assert back.returncode == 0, back.output


@pytest.mark.drill
@pytest.mark.parametrize("stage", STAGES)
def test_no_secret_leaks_in_a_failed_run(
    cluster: Any, tmp_path: pathlib.Path, failing: Any, stage: str, marker: str, marker_forms: set[str]
) -> None:
    """At every stage, on both versions of ansible-core. If the tiers were replaced, they have the unchanged value."""
    values, said = STAGES[stage]
    run = failing(values, tmp_path)
    assert run.returncode != 0, run.output
    assert said in " ".join(run.output.split()), run.output
    listed = cluster.get(KINDS, "--show-managed-fields")
    # The kubelet keeps the last output of the container in the status of the pod.
    objects = json.dumps([{**each, "status": None} if each["kind"] == "Pod" else each for each in listed], ensure_ascii=False)
    everything = run.output + objects + "".join(path.read_text() for path in tmp_path.iterdir())
    assert [form for form in marker_forms if form in everything] == []
    if stage in ("after the tiers", "validation"):
        pod = cluster.pods("django")[0]["metadata"]["name"]
        assert cluster.kubectl("exec", pod, "--container=django", "--", "printenv", "SHOP_MARKER").stdout == f"{marker}\n"


def test_an_existing_secret_is_checked_before_the_first_write(
    cluster: Any, playbook: Any, namespace: str, administrator: dict[str, Any]
) -> None:
    values = {"platform_secrets_provider": "existing", "platform_existing_secret": "given", "platform_namespace": namespace}
    run = playbook("site.yml", **values, nginx_service_type="ClusterIP", **administrator)
    assert run.returncode != 0
    assert f"Secret {namespace}/given does not exist (platform_existing_secret)." in " ".join(run.output.split()), run.output
    assert cluster.kubectl("get", "namespace", namespace, check=False).returncode != 0
