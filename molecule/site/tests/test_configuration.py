"""Configuration and secrets: a change reaches exactly the pods that use it, and no value of a secret reaches anything else."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

TIERS = ("django", "nginx", "celery-worker", "celery-beat", "postgresql", "redis")
APPLICATION = {"django", "celery-worker", "celery-beat"}
CONFIG = {
    "DJANGO_ALLOWED_HOSTS": "jewelry-shop.local,localhost,127.0.0.1",
    "SITE_URL": "http://127.0.0.1:8081",
    "SECURE_SSL_REDIRECT": False,
}
# With what has a form of its own in JSON, YAML, a shell and base64.
MARKER = "marker-7f3a\"quoted'$HOME-ü"
NAMESPACE = "jewelry-shop-marker"


def pods(cluster: Any) -> dict[str, set[str]]:
    return {tier: {pod["metadata"]["uid"] for pod in cluster.pods(tier)} for tier in TIERS}


# Each goes on from the one before.
CHANGES: list[tuple[dict[str, Any], set[str]]] = [
    ({"platform_config": {**CONFIG, "DRILL": "0123", "DRILL_TOO": 1e3}}, APPLICATION),
    ({"nginx_client_max_body_size": "11m"}, {"nginx"}),
    ({"celery_worker_env": {"DRILL": True}}, {"celery-worker"}),
]


@pytest.mark.parametrize("number", range(len(CHANGES)), ids=["configuration", "configuration of nginx", "environment of a tier"])
def test_a_change_rolls_exactly_the_pods_that_use_it_once(cluster: Any, playbook: Any, number: int) -> None:
    """R5."""
    change = {key: value for values, _rolled in CHANGES[: number + 1] for key, value in values.items()}
    rolled = CHANGES[number][1]
    before, generations = pods(cluster), cluster.generations()
    run = playbook("site.yml", **change)
    assert run.returncode == 0, run.output
    after = pods(cluster)
    assert {tier for tier in TIERS if after[tier] != before[tier]} == rolled
    assert all(not before[tier] & after[tier] for tier in rolled)
    assert {name for name, generation in cluster.generations().items() if generation != generations[name]} == rolled
    again = playbook("site.yml", **change)
    assert again.changed == 0, again.output


def forms(marker: str) -> set[str]:
    """What gives the value away; of an encoded form, what no neighbouring byte changes."""
    encoded = {base64.b64encode(marker.encode()).decode().rstrip("=")[:-1], base64.b64encode(f"{marker}\n".encode()).decode()[:24]}
    return {marker, "marker-7f3a", json.dumps(marker)[1:-1], json.dumps(marker, ensure_ascii=False)[1:-1], *encoded}


@pytest.fixture
def namespace(cluster: Any) -> Iterator[str]:
    yield NAMESPACE
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout=300)


@pytest.fixture
def values_file(tmp_path: pathlib.Path) -> Callable[[dict[str, Any]], str]:
    """Puts values where the command line does not show them."""

    def write(values: dict[str, Any]) -> str:
        path = tmp_path / "values.yml"
        path.write_text(yaml.safe_dump(values))
        return f"--extra-vars=@{path}"

    return write


def given_secret(cluster: Any) -> None:
    """A Secret that somebody else made, before the platform is there."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    content = {
        "DJANGO_SECRET_KEY": f"{MARKER}{'k' * 50}",
        "POSTGRES_PASSWORD": MARKER,
        "REDIS_PASSWORD": "r",
        "CELERY_BROKER_URL": "redis://:r@redis-service:6379/0",
        "CELERY_RESULT_BACKEND": "redis://:r@redis-service:6379/1",
        "SHOP_MARKER": MARKER,
    }
    literals = [f"--from-literal={key}={value}" for key, value in content.items()]
    cluster.kubectl("create", "secret", "generic", "given", f"--namespace={NAMESPACE}", *literals)


@pytest.mark.parametrize("provider", ["inventory", pytest.param("generated", marks=pytest.mark.drill), "existing"])
def test_a_secret_is_found_nowhere_after_a_first_run_that_fails(
    cluster: Any, playbook: Any, tmp_path: pathlib.Path, namespace: str, values_file: Any, provider: str
) -> None:
    """R7: whichever way it came, and although the container that fails prints it."""
    values: dict[str, Any] = {"platform_secrets_provider": provider, "platform_namespace": namespace, "nginx_service_type": "ClusterIP"}
    if provider == "existing":
        given_secret(cluster)
        values["platform_existing_secret"] = "given"
    else:
        secrets = {"DJANGO_SECRET_KEY": f"{MARKER}{'k' * 50}", "POSTGRES_PASSWORD": MARKER, "SHOP_MARKER": MARKER}
        values["platform_secrets"] = {**secrets, "REDIS_PASSWORD": "r"} if provider == "inventory" else secrets
        values["platform_generated_secrets_directory"] = str(tmp_path / "generated")
    values["pre_deploy_commands"] = [{"name": "leak", "command": ["sh", "-c", "env; echo $SHOP_MARKER | base64 -w0; exit 1"]}]
    reports = tmp_path / "reports"
    run = playbook("site.yml", "--diff", "-vvv", values_file(values), platform_report_dir=str(reports))
    assert run.returncode != 0, run.output
    assert "SHOP_MARKER=******" in run.output, run.output
    listed = cluster.get(
        "configmaps,services,persistentvolumeclaims,deployments,statefulsets,replicasets,jobs,pods,events,serviceaccounts",
        f"--namespace={namespace}",
        "--show-managed-fields",
    )
    # The kubelet keeps in a pod's status what the container printed last.
    printed = [pod.pop("status") for pod in listed if pod["kind"] == "Pod"]
    assert MARKER in json.dumps(printed, ensure_ascii=False).replace('\\"', '"')
    objects = json.dumps(listed, ensure_ascii=False)
    secrets_metadata = cluster.kubectl(
        "get", "secrets", f"--namespace={namespace}", "--output=jsonpath={.items[*].metadata}", "--show-managed-fields"
    ).stdout
    everything = run.output + objects + secrets_metadata + "".join(path.read_text() for path in reports.iterdir())
    assert [form for form in forms(MARKER) if form in everything] == []


# What YAML made of them, and what a shell, Kubernetes and JSON would make something else of.
VALUES = {"A": True, "B": 1000.0, "C": "0123", "D": "1e3", "E": "", "F": "a: b # ü 金\n'\"$HOME $(A) $$", "G": "null"}
BYTES = bytes(range(256))


@pytest.fixture(scope="module")
def told(playbook: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All that a run says and writes which changes values of every kind; they are taken back at the end."""
    folder = tmp_path_factory.mktemp("change")
    (folder / "reports").mkdir()
    change = {
        "platform_secrets": {"SHOP_MARKER": MARKER},
        "platform_secret_files": {"key.bin": base64.b64encode(BYTES).decode()},
        "celery_worker_env": VALUES,
    }
    (folder / "values.yml").write_text(yaml.safe_dump(change))
    run = playbook("site.yml", "--diff", "-vvv", f"--extra-vars=@{folder}/values.yml", platform_report_dir=str(folder / "reports"))
    assert run.returncode == 0, run.output
    yield run.output + "".join(path.read_text() for path in (folder / "reports").iterdir())
    back = playbook("site.yml")
    assert back.returncode == 0, back.output


def test_values_arrive_as_they_were_written(cluster: Any, told: str) -> None:
    """Booleans, numbers and any text are strings in the cluster, any bytes are a file."""
    pod = cluster.pods("celery-worker")[0]["metadata"]["name"]
    program = "import json, os; print(json.dumps({key: os.environ[key] for key in 'ABCDEFG'}))"
    found = json.loads(cluster.kubectl("exec", pod, "--container=celery-worker", "--", "python", "-c", program).stdout)
    assert found == {key: str(value) for key, value in VALUES.items()}
    read = cluster.kubectl("exec", pod, "--container=celery-worker", "--", "base64", "--wrap=0", "/etc/platform/secrets/key.bin").stdout
    assert base64.b64decode(read) == BYTES


def test_a_secret_is_found_nowhere_after_a_change(cluster: Any, told: str) -> None:
    """R7: and the application has it, as it was written."""
    pod = cluster.pods("django")[0]["metadata"]["name"]
    assert cluster.kubectl("exec", pod, "--container=django", "--", "printenv", "SHOP_MARKER").stdout == f"{MARKER}\n"
    objects = cluster.kubectl("get", "configmaps,deployments,replicasets,jobs,pods,events", "--output=json", "--show-managed-fields").stdout
    assert [form for form in forms(MARKER) if form in told + objects] == []


def test_a_secret_that_somebody_else_made_is_judged_before_the_first_write(
    cluster: Any, playbook: Any, values_file: Any, namespace: str
) -> None:
    values = {"platform_secrets_provider": "existing", "platform_existing_secret": "given", "platform_namespace": namespace}
    run = playbook("site.yml", values_file(values), nginx_service_type="ClusterIP")
    assert run.returncode != 0
    assert f"Secret {namespace}/given does not exist (platform_existing_secret)." in " ".join(run.output.split()), run.output
    assert cluster.kubectl("get", "namespace", namespace, check=False).returncode != 0
