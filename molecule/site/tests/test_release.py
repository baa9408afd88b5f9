"""Three changes in a row: which pods roll, which values arrive, that no secret is shown, and the new objects of a release."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

TIERS = ("django", "nginx", "celery-worker", "celery-beat", "postgresql", "redis")
# Requests of each kind per second; `make drills` sends more.
PACE = 2.0
APPLICATION = {"django", "celery-worker", "celery-beat"}
# Values after YAML parsing, and values that a shell, Kubernetes or JSON would change.
VALUES = {"A": True, "B": 1000.0, "C": "0123", "D": "1e3", "E": "", "F": "a: b # ü 金\n'\"$HOME $(A) $$", "G": "null"}
BYTES = bytes(range(256))
STRICT_CONFIG = {
    # The second host is that of the customers, who send requests during the change.
    "DJANGO_ALLOWED_HOSTS": "shop.example.com,localhost",
    "SITE_URL": "https://shop.example.com",
    "SECURE_SSL_REDIRECT": True,
}


def pods(cluster: Any) -> dict[str, set[str]]:
    return {tier: {pod["metadata"]["uid"] for pod in cluster.pods(tier)} for tier in TIERS}


def budgets(cluster: Any) -> set[str]:
    return {o["metadata"]["name"] for o in cluster.get("pdb")}


@dataclass
class Change:
    """The state before and after a run, with its output and its report."""

    values: dict[str, Any]
    said: str
    pods_before: dict[str, set[str]]
    pods: dict[str, set[str]]
    generations_before: dict[str, int]
    generations: dict[str, int]
    budgets: set[str]
    checks: list[dict[str, str]]

    def rolled(self) -> set[str]:
        """The changed tiers. All their pods are new."""
        changed = {tier for tier in TIERS if self.pods[tier] != self.pods_before[tier]}
        assert not [tier for tier in changed if self.pods[tier] & self.pods_before[tier]]
        assert {name for name, generation in self.generations.items() if generation != self.generations_before[name]} == changed
        return changed


Apply = Callable[..., Change]


@pytest.fixture(scope="module")
def apply(cluster: Any, playbook: Any, customers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apply]:
    """Deploys with further values and options, while customers send requests. All changes are reverted at the end."""
    folder = tmp_path_factory.mktemp("changes")
    before = budgets(cluster)

    def run(values: dict[str, Any], *options: str) -> Change:
        found = pods(cluster), cluster.generations()
        done = playbook("site.yml", *options, **values, platform_report_dir=str(folder / "reports"))
        assert done.returncode == 0, done.output
        reports = sorted((folder / "reports").iterdir(), key=lambda path: path.stat().st_mtime)
        said = done.output + "".join(path.read_text() for path in reports)
        checks = json.loads([path for path in reports if path.suffix == ".json"][-1].read_text())["checks"]
        return Change(values, said, found[0], pods(cluster), found[1], cluster.generations(), budgets(cluster), checks)

    yield run
    back = playbook("site.yml")
    assert back.returncode == 0, back.output
    assert budgets(cluster) == before


@pytest.fixture(scope="module")
def configured(apply: Apply, marker: str, unsafe: type[str], kind_config: dict[str, Any]) -> Change:
    """Configuration and secrets, with the most verbose output."""
    values = {
        "platform_config": {**kind_config, "DRILL": "0123", "DRILL_TOO": 1e3},
        "platform_secrets": {"SHOP_MARKER": unsafe(marker)},
        "platform_secret_files": {"key.bin": base64.b64encode(BYTES).decode()},
    }
    return apply(values, "--diff", "-vvv")


@pytest.fixture(scope="module")
def given_secret(cluster: Any) -> Iterator[str]:
    """A Secret that this collection does not create."""
    name = "payment"
    cluster.kubectl("create", "secret", "generic", name, "--from-literal=token=2-Kx81-first")
    yield name
    cluster.kubectl("delete", "secret", name)


@pytest.fixture(scope="module")
def own_values(given_secret: str, apply: Apply, configured: Change) -> Change:
    """Configuration of nginx, which gets a single pod, and the environment of another tier."""
    own = {
        "nginx_client_max_body_size": "11m",
        "nginx_replicas": 1,
        "nginx_locations": [{"path": "/limited/", "rate": "1r/m"}],
        "nginx_access_log_format": "json",
        "celery_worker_env": {**VALUES, "TOKEN": {"secret": given_secret, "key": "token"}, "POD_NAME": {"field": "metadata.name"}},
        "celery_worker_pod": {
            "metadata": {"annotations": {"team": "shop"}},
            "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["mail.test"]}],
        },
        "celery_worker_volumes": [
            {"name": "memory", "path": "/dev/shm", "source": {"emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}}
        ],
    }
    return apply({**configured.values, **own})


@pytest.fixture(scope="module")
def next_release(apply: Apply, own_values: Change) -> Change:
    """A new tag, strict hosts, redirect to https, an autoscaler. Its gunicorn (21.2) resets idle connections at SIGTERM."""
    own = {"platform_image_tag": "1.0.0-next", "platform_config": STRICT_CONFIG, "django_hpa_enabled": True}
    return apply({**own_values.values, **own})


def test_configuration_rolls_exactly_the_pods_that_use_it(configured: Change) -> None:
    """Pods of nginx, PostgreSQL and Redis are not replaced."""
    assert configured.rolled() == APPLICATION


def test_no_secret_leaks_after_a_change(cluster: Any, configured: Change, marker: str, marker_forms: set[str]) -> None:
    """The application receives the secret unchanged."""
    pod = cluster.pods("django")[0]["metadata"]["name"]
    assert cluster.kubectl("exec", pod, "--container=django", "--", "printenv", "SHOP_MARKER").stdout == f"{marker}\n"
    objects = cluster.kubectl("get", "configmaps,deployments,replicasets,jobs,pods,events", "--output=json", "--show-managed-fields").stdout
    assert [form for form in marker_forms if form in configured.said + objects] == []


def test_values_of_a_tier_roll_exactly_its_pods(own_values: Change) -> None:
    """The pods of the previous change are not replaced again."""
    assert own_values.rolled() == {"nginx", "celery-worker"}


def test_values_reach_the_application_unchanged(cluster: Any, own_values: Change) -> None:
    """Booleans, numbers and any text are strings in the cluster, and any bytes are a file."""
    pod = cluster.pods("celery-worker")[0]["metadata"]["name"]
    program = "import json, os; print(json.dumps({key: os.environ[key] for key in 'ABCDEFG'}))"
    found = json.loads(cluster.kubectl("exec", pod, "--container=celery-worker", "--", "python", "-c", program).stdout)
    assert found == {key: str(value) for key, value in VALUES.items()}
    read = cluster.kubectl("exec", pod, "--container=celery-worker", "--", "base64", "--wrap=0", "/etc/platform/secrets/key.bin").stdout
    assert base64.b64decode(read) == BYTES


def test_only_workloads_with_several_pods_have_a_disruption_budget(configured: Change, own_values: Change) -> None:
    """A PodDisruptionBudget for a single pod blocks each drain of its node."""
    assert configured.budgets == {"django", "nginx", "celery-worker"}
    assert own_values.budgets == {"django", "celery-worker"}


def test_a_location_of_nginx_limits_its_requests(cluster: Any, shop: Any, own_values: Change) -> None:
    statuses = [shop.get("/limited/").status_code for _ in range(3)]
    assert 429 in statuses[1:], statuses
    [pod] = cluster.pods("nginx")
    lines = cluster.kubectl("logs", pod["metadata"]["name"], "--container=nginx", "--tail=300").stdout.splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert "429" in {entry["status"] for entry in logged if entry["request_uri"] == "/limited/"}


def test_settings_of_a_pod_reach_it(cluster: Any, own_values: Change) -> None:
    pod = cluster.pods("celery-worker")[0]
    name = pod["metadata"]["name"]
    assert pod["metadata"]["annotations"]["team"] == "shop"
    script = 'echo "$TOKEN $POD_NAME $(stat --file-system --format=%T /dev/shm) $(grep --only-matching mail.test /etc/hosts)"'
    found = cluster.kubectl("exec", name, "--container=celery-worker", "--", "sh", "-c", script).stdout
    assert found == f"2-Kx81-first {name} tmpfs mail.test\n"


@pytest.mark.drill
def test_a_rotated_secret_rolls_exactly_the_pods_that_use_it(cluster: Any, apply: Apply, given_secret: str, own_values: Change) -> None:
    cluster.kubectl("patch", "secret", given_secret, "--patch", json.dumps({"stringData": {"token": "2-Kx81-second"}}))
    assert apply(own_values.values).rolled() == {"celery-worker"}
    name = cluster.pods("celery-worker")[0]["metadata"]["name"]
    assert cluster.kubectl("exec", name, "--container=celery-worker", "--", "printenv", "TOKEN").stdout == "2-Kx81-second\n"


def test_a_new_tag_has_its_own_jobs(cluster: Any, next_release: Change) -> None:
    """The pod template of a Job is immutable, so each release has its own Jobs."""
    # nginx is replaced too, because its certificate contains the hosts.
    assert next_release.rolled() == {*APPLICATION, "nginx"}
    jobs = cluster.get("jobs", "--selector=component in (migrate,collectstatic),app.kubernetes.io/version=1.0.0-next")
    assert {o["metadata"]["name"].rsplit("-", 1)[0] for o in jobs} == {"migrate", "collectstatic"}
    images = {pod["spec"]["containers"][0]["image"] for tier in APPLICATION for pod in cluster.pods(tier)}
    assert {image.rsplit(":", 1)[1] for image in images} == {"1.0.0-next"}


@pytest.mark.drill
def test_a_second_run_of_a_new_tag_changes_nothing(cluster: Any, playbook: Any, next_release: Change) -> None:
    before = {o["metadata"]["uid"] for o in cluster.get("jobs")}
    again = playbook("site.yml", **next_release.values)
    assert again.returncode == 0, again.output
    assert again.changed == 0, again.output
    assert {o["metadata"]["uid"] for o in cluster.get("jobs")} == before


def test_an_autoscaler_keeps_the_replicas(cluster: Any, next_release: Change) -> None:
    [autoscaler] = cluster.get("hpa")
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == "django"
    assert len(next_release.pods["django"]) == len(next_release.pods_before["django"]) == autoscaler["spec"]["minReplicas"]


def test_pods_of_a_rollout_are_spread_over_nodes(cluster: Any, next_release: Change) -> None:
    """The pods are spread, although the scheduler also counts the old pods."""
    for tier in ("django", "celery-worker"):
        nodes = [pod["spec"]["nodeName"] for pod in cluster.pods(tier)]
        assert len(set(nodes)) > 1, (tier, nodes)


def test_strict_hosts_reject_other_hosts_and_every_replica_is_healthy(shop: Any, next_release: Change) -> None:
    """Probes and health checks send an allowed host, so ALLOWED_HOSTS needs no entries for them."""
    assert shop.get("/health/ready/").status_code == 400
    healthy = [check for check in next_release.checks if check["name"] == "health" and check["subject"].startswith("Pod/django-")]
    assert [check["severity"] for check in healthy] == ["ok"] * 3, next_release.checks


def test_customers_are_redirected_to_https(shop: Any, next_release: Change) -> None:
    """Probes send X-Forwarded-Proto, so they are not redirected."""
    answer = shop.get("/health/ready/", headers={"Host": "shop.example.com"})
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://shop.example.com/health/ready/"


@pytest.mark.drill
def test_a_redirect_of_a_health_path_is_a_failure(playbook: Any, next_release: Change) -> None:
    endpoint = {
        "name": "plain",
        "workload": {"kind": "Deployment", "name": "django", "namespace": "jewelry-shop", "port": 8000},
        "path": "/health/ready/",
        "headers": {"Host": "shop.example.com"},
    }
    run = playbook("playbooks/validate.yml", validate_endpoints=[endpoint], validate_timeout=5)
    assert run.returncode != 0, run.output
    assert "https://shop.example.com/health/ready/" in run.output.split("FAILED!")[-1], run.output


def static_jobs(cluster: Any) -> dict[str, dict[str, Any]]:
    """The Jobs of all releases that prepare them, by name."""
    return {o["metadata"]["name"]: o["metadata"] for o in cluster.get("jobs", "--selector=component in (migrate,collectstatic)")}


def test_redeploying_an_old_release_reruns_collectstatic_and_no_migration(cluster: Any, playbook: Any, next_release: Change) -> None:
    """Names without a hash are those of the release that was deployed last."""
    before = static_jobs(cluster)
    back = playbook("site.yml")
    assert back.returncode == 0, back.output
    after = static_jobs(cluster)
    [again] = [name for name, job in after.items() if job["uid"] not in {each["uid"] for each in before.values()}]
    assert again in before
    assert again.startswith("collectstatic-")
    assert max(after.values(), key=lambda job: job["creationTimestamp"])["name"] == again


def test_no_request_is_lost_during_the_rollouts(customers: Any, next_release: Change, measured: Callable[[str], None]) -> None:
    """Over rollouts of Django to another gunicorn and back, of nginx, and of configuration."""
    measured(str(customers.count))
    assert customers.count.failures == []
    assert {kind for kind, number in customers.count.requests.items() if number > 300} == {"GET kept", "GET new", "POST kept", "POST new"}
