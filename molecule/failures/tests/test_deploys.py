"""Deploys that fail, and deploys that recover.

Each asserts the reason, the object and the container that the report names, and that the version before still serves. Where the
cluster shows when a fault became visible, the time from there to the verdict is measured and printed.
"""

from __future__ import annotations

import base64
import json
import pathlib
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

# Seconds from the fault being visible in the cluster to the report of the run, which comes after the failed Job is stopped.
AT_ONCE = 15
NEXT = "1.0.0-next"

Report = dict[str, Any]
Deploy = Callable[..., Report]


def essence(text: str) -> str:
    """A string without the characters that YAML adds."""
    return re.sub(r"[\s'\"\\]", "", text)


@pytest.fixture
def deploy(playbook: Any, tmp_path: pathlib.Path) -> Deploy:
    """Runs site.yml and returns its report, with the run's output and exit code."""

    def run(**values: Any) -> Report:
        done = playbook("site.yml", platform_report_dir=str(tmp_path), **values)
        found: Report = json.loads(next(tmp_path.glob("kind_*.json")).read_text())
        assert (found["verdict"] == "failed") == (done.returncode != 0), done.output
        # A failed run shows its cause only once, at the end.
        output, cause = essence(done.output), essence(found["sentence"])
        assert output.count(cause) == 1, done.output
        assert found["verdict"] == "succeeded" or not output[output.index(cause) + len(cause) :].count("log:"), done.output
        assert "Traceback" not in done.output
        return {**found, "output": done.output}

    return run


@pytest.fixture(autouse=True)
def serving(shop: Any) -> Iterator[None]:
    """The shop serves the old version before, while and after."""
    failures: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.wait(1):
            try:
                answer = shop.get("/health/ready/")
                if answer.status_code != 200 or answer.json()["version"] != "1.0.0":
                    failures.append(f"{answer.status_code} {answer.text}")
            except OSError as error:
                failures.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    yield
    over.set()
    asking.join()
    assert failures == []


@pytest.fixture(scope="module", autouse=True)
def healthy_again(playbook: Any) -> Iterator[None]:
    """After all failed deploys, a valid deploy succeeds."""
    yield
    run = playbook("site.yml")
    assert run.returncode == 0, run.output


def evidence(report: Report, **expected: Any) -> Report:
    """The object that failed, which has to be as expected; a pod is given by the beginning of its name.

    Others may have failed by the same cause; the sentence names each.
    """
    assert report["verdict"] == "failed", report["output"]
    [entry] = [each for each in report["evidence"] if each["kind"] == expected["kind"] and each["name"].startswith(expected["name"])]
    for key, value in expected.items():
        found = entry[key] or ""
        assert found.startswith(value) if key in ("pod", "name") else found == value, (key, entry)
    assert entry["message"] in report["sentence"]
    return entry  # type: ignore[no-any-return]


@pytest.fixture
def seconds_since(measured: Any) -> Callable[[Report, str], float]:
    """Seconds from a moment, by the cluster's clock, to the end of a run."""

    def difference(report: Report, moment: str) -> float:
        seconds = (datetime.fromisoformat(report["ended"]) - datetime.fromisoformat(moment)).total_seconds()
        measured(f"verdict {seconds:.0f} s after the cluster reported the fault")
        return seconds

    return difference


def first_event(cluster: Any, entry: Report, reason: str, text: str) -> str:
    """The time of the first event with this reason about the pod."""
    events = cluster.get("events", f"--field-selector=involvedObject.name={entry['pod']},reason={reason}")
    said = [event for event in events if text in event["message"]]
    assert said, (reason, text, events)
    return str(min(event["firstTimestamp"] or event["eventTime"] for event in said))


def test_a_missing_tag_fails_at_the_first_job(cluster: Any, deploy: Deploy, seconds_since: Any) -> None:
    """The first Job cannot pull the image, so no workload is changed."""
    before = cluster.generations()
    report = deploy(platform_image_tag="9.9.9")
    entry = evidence(report, kind="Job", name="check-services-", reason="ImageNotFound", container="check-services", pod="check-services-")
    assert entry["name"] == f"check-services-{report['release']}"
    assert "jewelry-shop:9.9.9" in report["sentence"]
    assert seconds_since(report, first_event(cluster, entry, "Failed", "9.9.9")) <= AT_ONCE
    assert cluster.generations() == before
    is_stopped(cluster, entry)


def is_stopped(cluster: Any, entry: Report) -> None:
    """The failed Job has the reason, and none of its pods tries to start."""
    deadline = time.monotonic() + 30
    while cluster.get("pods", f"--selector=job-name={entry['name']}"):
        assert time.monotonic() < deadline, entry
        time.sleep(0.5)
    [job] = cluster.get("jobs", f"--field-selector=metadata.name={entry['name']}")
    assert entry["reason"] in job["metadata"]["annotations"]["jewelry-shop/stopped"]
    assert [each["reason"] for each in job["status"]["conditions"] if each["type"] == "Failed"] == ["DeadlineExceeded"]


def test_a_missing_tag_of_one_tier_is_reported_with_the_tier(cluster: Any, deploy: Deploy, seconds_since: Any) -> None:
    """Only this tier fails. Its old pods do not count as a success."""
    report = deploy(celery_worker_image_tag="9.9.9")
    entry = evidence(report, kind="Deployment", name="celery-worker", reason="ImageNotFound", container="wait-for-db", pod="celery-worker-")
    assert seconds_since(report, first_event(cluster, entry, "Failed", "9.9.9")) <= AT_ONCE
    assert entry["replicas"]["updated"] < entry["replicas"]["wanted"] or entry["replicas"]["ready"] < entry["replicas"]["wanted"]


@pytest.mark.drill
def test_the_run_waits_for_an_unavailable_registry(cluster: Any, deploy: Deploy, registry: Any) -> None:
    """A network error during an image pull is temporary."""
    tag = registry.push_new_tag()
    missed: list[str] = []

    def start_when_missed() -> None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and not missed:
            events = cluster.get("events", "--field-selector=reason=Failed")
            missed.extend(m for m in (event["message"] for event in events) if tag in m and "failed to do request" in m)
            time.sleep(1)
        registry.start()

    registry.stop()
    back = threading.Thread(target=start_when_missed)
    back.start()
    try:
        report = deploy(celery_worker_image_tag=tag)
    finally:
        back.join()
    assert report["verdict"] == "succeeded", report["output"]
    assert missed


def test_an_image_that_exits_immediately_is_a_crash_loop_with_its_last_log_line(deploy: Deploy) -> None:
    """The report contains the last lines of the container's log."""
    report = deploy(django_env={"DEMO_FAIL_BOOT": "web"})
    entry = evidence(report, kind="Deployment", name="django", reason="CrashLoop", container="django", pod="django-")
    assert entry["exit_code"] not in (None, 0)
    assert any("DEMO_FAIL_BOOT=web asks" in line for line in entry["log"]), entry["log"]
    assert any(event["object"] == f"Pod/{entry['pod']}" for event in entry["events"])


@pytest.mark.drill
def test_a_failed_init_container_is_reported(deploy: Deploy, kind_config: dict[str, Any]) -> None:
    """Unknown host of Redis: worker and beat wait for it, and the first permanent failure ends the run."""
    nowhere = {**kind_config, "REDIS_HOST": "no-such-redis"}
    report = deploy(platform_config=nowhere, platform_dependency_timeout=3, pre_deploy_check_services=False)
    names = {each["name"] for each in report["evidence"]}
    assert names
    assert names <= {"celery-worker", "celery-beat"}
    for name in names:
        entry = evidence(report, kind="Deployment", name=name, reason="CrashLoop", container="wait-for-redis", pod=f"{name}-")
        assert any("no-such-redis" in line for line in entry["log"]), entry["log"]


def test_unavailable_services_and_failed_logins_stop_the_run_before_the_migration(
    cluster: Any, deploy: Deploy, secrets: dict[str, str], kind_config: dict[str, Any]
) -> None:
    """All services are checked, and each reports its own problem. The preflight cannot know the password of an external database."""
    before = cluster.generations()
    # A new release whose migration has not run yet.
    report = deploy(
        platform_config={**kind_config, "REDIS_HOST": "no-such-redis", "DRILL": "services"},
        platform_postgresql_provider="external",
        platform_postgresql_host="postgres-service",
        preflight_accepted_without_tls=["postgresql"],
        network_policies_postgresql=[{"podSelector": {}}],
        platform_secrets={**secrets, "POSTGRES_PASSWORD": "never-told-1"},
        pre_deploy_check_timeout=5,
    )
    entry = evidence(report, kind="Job", name="check-services-", reason="JobFailed", container="check-services", exit_code=1)
    said = "\n".join(entry["log"])
    assert "database at postgres-service:5432: login failed: " in said
    assert "broker at no-such-redis:6379: the host cannot be resolved" in said
    assert "never-told-1" not in report["output"]
    assert not [job for job in cluster.get("jobs") if job["metadata"]["name"] == f"migrate-{report['release']}"]
    assert cluster.generations() == before


def test_a_failed_migration_ends_the_run_with_its_last_log_line_but_no_secret(
    cluster: Any, deploy: Deploy, seconds_since: Any, tmp_path: pathlib.Path
) -> None:
    """Logs are untrusted text, so secrets in them are masked."""
    before = cluster.generations()
    leak = "echo the password is $POSTGRES_PASSWORD; printf %s $POSTGRES_PASSWORD | base64"
    command = ["sh", "-c", f"{leak}; DEMO_FAIL_MIGRATE=3 exec python manage.py migrate"]
    report = deploy(pre_deploy_commands=[{"name": "migrate-drill", "command": command}])
    entry = evidence(report, kind="Job", name="migrate-drill-", reason="JobFailed", container="migrate-drill", exit_code=3)
    assert "ended with exit code 3" in report["sentence"]
    assert entry["log"][-1] == "migrate: DEMO_FAIL_MIGRATE asks for exit code 3"
    [job] = cluster.get("jobs", f"--field-selector=metadata.name={entry['name']}")
    [failed] = [each for each in job["status"]["conditions"] if each["type"] == "Failed"]
    assert seconds_since(report, failed["lastTransitionTime"]) <= AT_ONCE
    assert cluster.generations() == before

    assert entry["log"][0] == "the password is ******"
    [encoded] = {o["data"]["POSTGRES_PASSWORD"] for o in cluster.get("secrets") if o["metadata"]["name"].startswith("postgresql-secrets-")}
    password = base64.b64decode(encoded).decode()
    everything = report["output"] + next(tmp_path.glob("kind_*.json")).read_text() + next(tmp_path.glob("kind_*.xml")).read_text()
    assert "the password is" in everything
    assert password not in everything
    assert encoded.rstrip("=") not in everything


@pytest.mark.drill
def test_a_migration_whose_pod_is_evicted_is_repeated(cluster: Any, deploy: Deploy) -> None:
    """Evicts the pod, as a drain of its node does. The first pod sleeps until it is evicted."""
    name = f"evicted-{time.time_ns()}"
    script = f"test -e /app/media/{name} && echo second && exit; touch /app/media/{name}; trap 'exit 143' TERM; sleep 600 & wait"
    evicted: list[dict[str, Any]] = []

    def evict() -> None:
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and not evicted:
            pods = cluster.get("pods", f"--selector=component={name}")
            evicted.extend(pod for pod in pods if any(each.get("started") for each in pod["status"].get("containerStatuses") or []))
            time.sleep(0.5)
        metadata = evicted[0]["metadata"]
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {key: metadata[key] for key in ("name", "namespace")}}
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/eviction"
        cluster.kubectl("create", f"--raw={path}", "--filename=-", input=json.dumps(body))

    evicting = threading.Thread(target=evict)
    evicting.start()
    report = deploy(pre_deploy_commands=[{"name": name, "command": ["sh", "-c", script], "wait_for_db": False}])
    evicting.join()
    assert report["verdict"] == "succeeded", report["output"]
    said = "".join(report["output"].split())
    node = evicted[0]["spec"]["nodeName"]
    assert f"itwasevictedfromnode{node}whileitran:EvictionAPI:evicting(EvictionByEvictionAPI)" in said, report["output"]
    assert f"pod{evicted[0]['metadata']['name']}" in said, report["output"]
    [job] = cluster.get("jobs", f"--selector=component={name}")
    assert job["status"]["succeeded"] == 1


@pytest.mark.drill
def test_a_wrong_image_of_redis_leaves_its_pod_serving(cluster: Any, deploy: Deploy) -> None:
    """A StatefulSet ends the old pod before the new one starts, so the image is tested first."""
    before = {pod["metadata"]["uid"] for pod in cluster.pods("redis")}
    [image] = {container["image"] for pod in cluster.pods("redis") for container in pod["spec"]["containers"]}
    report = deploy(redis_image=f"{image}-nope")
    entry = evidence(report, kind="Job", name="check-redis-", reason="ImageNotFound", container="check-redis", pod="check-redis-")
    assert {pod["metadata"]["uid"] for pod in cluster.pods("redis")} == before
    is_stopped(cluster, entry)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (
            "quota.yaml",
            ['Deployment jewelry-shop/nginx: pods "nginx-', "is forbidden: exceeded quota: drill, requested: pods=1, used: pods="],
        ),
        (
            "limit_range.yaml",
            ["LimitRange jewelry-shop/drill rejects container nginx of nginx, because the memory request", "is below the minimum 200Mi"],
        ),
    ],
)
def test_rejected_pods_are_reported_before_the_first_write(
    cluster: Any, limited: Any, deploy: Deploy, limit: str, words: list[str]
) -> None:
    """The API server accepts the Deployment, but would reject its pods."""
    limited(limit)
    before = cluster.resource_versions()
    report = deploy(nginx_drain_seconds=5, platform_image_tag="9.9.9")
    assert "nothing was changed" in report["sentence"]
    assert [each for each in words if each not in report["sentence"]] == []
    assert cluster.written_since(before) == []


def test_unschedulable_pods_are_reported_with_the_message_of_the_scheduler(deploy: Deploy) -> None:
    resources = {"requests": {"cpu": "100", "memory": "192Mi"}, "limits": {"cpu": "100", "memory": "768Mi"}}
    report = deploy(django_resources=resources, django_gunicorn_workers=2)
    evidence(report, kind="Deployment", name="django", reason="Unschedulable", pod="django-")
    assert "Insufficient cpu" in report["sentence"]


@pytest.mark.drill
def test_a_pod_that_never_becomes_ready_times_out_with_the_response_of_the_probe(deploy: Deploy) -> None:
    report = deploy(django_env={"DEMO_NEVER_READY": "True"}, platform_rollout_timeout=25)
    entry = evidence(report, kind="Deployment", name="django", verdict="timeout", reason="ProbeFailing", container="django")
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in report["sentence"]
    # Counted from the last progress, which is the start of the container.
    assert 24 <= entry["idle_seconds"] <= 30
    assert "made no progress for 25 s" in report["sentence"]
    assert entry["seconds"] <= 80


@pytest.mark.drill
def test_a_container_that_crashes_once_and_recovers_passes(cluster: Any, deploy: Deploy) -> None:
    """A tolerated number of early failures."""
    report = deploy(django_env={"DEMO_CRASH_ONCE": "/tmp/crashed"})
    assert report["verdict"] == "succeeded", report["output"]
    restarts = [status["restartCount"] for pod in cluster.pods("django") for status in pod["status"]["containerStatuses"]]
    assert restarts == [1, 1, 1]
    # A warning, because nothing is broken.
    warned = [check for check in report["checks"] if check["name"] == "pod" and check["severity"] == "warning"]
    assert len(warned) == 3
    assert all("container django was restarted" in check["message"] for check in warned)


def test_rejections_of_the_cluster_are_reported_before_the_first_write(cluster: Any, deploy: Deploy) -> None:
    """What a claim keeps."""
    before = cluster.resource_versions()
    report = deploy(storage_class="other", platform_image_tag=NEXT)
    assert report["verdict"] == "failed", report["output"]
    assert "nothing was changed" in report["sentence"]
    for claim in ("media-pvc", "static-pvc", "backups-pvc"):
        assert f"PersistentVolumeClaim jewelry-shop/{claim}: its storage class " in report["sentence"], report["sentence"]
    assert cluster.written_since(before) == []


class Registry:
    """The cluster's registry, which a test may stop."""

    def __init__(self, container: str, address: str) -> None:
        self._container = container
        self._address = address

    def push_new_tag(self) -> str:
        """Push an image that no node has, under a tag that is not in use."""
        tag = f"drill-{time.time_ns()}"
        image = f"{self._address}/jewelry-shop"
        # Another digest, so that no node has its layers' manifest.
        subprocess.run(
            ["docker", "build", "--quiet", f"--tag={image}:{tag}", "-"],
            input=f"FROM {image}:1.0.0\nLABEL drill={tag}\n", text=True, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        subprocess.run(["docker", "push", "--quiet", f"{image}:{tag}"], check=True, capture_output=True, timeout=60)
        return tag

    def stop(self) -> None:
        subprocess.run(["docker", "stop", "--time=1", self._container], check=True, capture_output=True, timeout=60)

    def start(self) -> None:
        subprocess.run(["docker", "start", self._container], check=True, capture_output=True, timeout=60)


@pytest.fixture
def registry() -> Registry:
    return Registry("jewelry-shop-test-registry", "127.0.0.1:5002")
