# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.endpoint import parse_endpoints
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.prober import Settings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.runner import run_checks, summary
from certificates import Authority
from cluster_objects import DEPLOYMENT, StandInCluster, load, pod
from conftest import Serve
from http_server import ENDLESS_BODY, SILENT, SLOW_BODY, Handler, InTurn, redirect, reply

# Seconds that a busy machine may take longer. Without a deadline these requests would take 20 s or never end.
BUSY = 10

DEFAULTS = {"method": "GET", "status": [200], "follow_redirects": False, "validate_certs": True, "use_proxy": False}
DJANGO = {"kind": "Deployment", "name": "django", "namespace": "jewelry-shop", "port": "http"}
PATIENT = Settings(timeout=30, request_timeout=10, interval=0.05)
ONCE = Settings(timeout=30, request_timeout=10, interval=60)


def check(*entries: dict[str, Any], settings: Settings = PATIENT, cluster: StandInCluster | None = None) -> list[dict[str, Any]]:
    return run_checks(parse_endpoints([{**DEFAULTS, **entry} for entry in entries]), settings, cluster)


# --- direct


def test_a_healthy_url(serve: Serve) -> None:
    server = serve({"/": reply("fine")})
    (result,) = check({"url": f"{server.url}/"})
    elapsed = result.pop("elapsed")
    assert 0 <= elapsed < BUSY
    assert result == {
        "name": f"{server.url}/",
        "url": f"{server.url}/",
        "connected": True,
        "healthy": True,
        "status": 200,
        "attempts": 1,
        "reason": None,
    }


def test_a_refused_connection_counts_as_not_connected() -> None:
    # A bound port without a listener refuses connections.
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        (result,) = check({"url": f"http://127.0.0.1:{bound.getsockname()[1]}/"}, settings=ONCE)
    assert (result["connected"], result["healthy"]) == (False, False)


def test_results_come_in_the_order_of_the_endpoints(serve: Serve) -> None:
    server = serve({"/": reply()})
    names = [str(number) for number in range(20)]
    assert [entry["name"] for entry in check(*[{"name": name, "url": server.url} for name in names])] == names


def test_an_endpoint_is_retried_until_it_is_healthy(serve: Serve) -> None:
    server = serve({"/": InTurn([reply("starting", 503), reply("starting", 503), reply("fine")])})
    (result,) = check({"url": server.url})
    assert (result["healthy"], result["attempts"], result["reason"]) == (True, 3, None)


def test_a_healthy_endpoint_is_not_requested_again(serve: Serve) -> None:
    good, bad = InTurn([reply()]), InTurn([reply("", 503), reply("", 503), reply()])
    server = serve({"/good": good, "/bad": bad})
    check({"url": f"{server.url}/good"}, {"url": f"{server.url}/bad"})
    assert (good.calls, bad.calls) == (1, 3)


def test_the_last_error_is_kept(serve: Serve) -> None:
    server = serve({"/": InTurn([reply("first", 500), reply("then", 503)])})
    (result,) = check({"url": server.url}, settings=Settings(timeout=2, request_timeout=2, interval=0.5))
    assert result["attempts"] > 1
    assert (result["status"], result["reason"]) == (503, "status 503 instead of 200: then")


def test_an_attempt_ended_by_the_deadline_does_not_hide_the_previous_error(serve: Serve) -> None:
    server = serve({"/": InTurn([reply("database is down", 503), SILENT])})
    (result,) = check({"url": server.url}, settings=Settings(timeout=2, request_timeout=5, interval=0.05))
    assert result["reason"] == "status 503 instead of 200: database is down"


@pytest.mark.parametrize("route", [SILENT, SLOW_BODY, ENDLESS_BODY], ids=["silent", "slow body", "endless body"])
def test_the_total_deadline_applies_to_all_attempts(serve: Serve, route: Any) -> None:
    server = serve({"/": route})
    start = time.monotonic()
    results = check(*[{"url": server.url}] * 5, settings=Settings(timeout=1, request_timeout=0.4, interval=0.1, concurrency=2))
    assert time.monotonic() - start < 1 + BUSY
    assert not any(entry["healthy"] for entry in results)
    assert all("no answer within" in entry["reason"] or "not tried" in entry["reason"] for entry in results)


def test_the_number_of_parallel_requests_is_limited(serve: Serve) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def route(handler: Handler) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        handler.pause()
        with lock:
            running -= 1
        reply()(handler)

    server = serve({"/": route})
    check(*[{"url": server.url}] * 6, settings=Settings(timeout=20, concurrency=2))
    assert most == 2


def test_endpoints_are_requested_in_parallel(serve: Serve) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def route(handler: Handler) -> None:
        meeting.wait()
        reply()(handler)

    server = serve({"/": route})
    results = check(*[{"url": server.url}] * 4, settings=Settings(timeout=15, request_timeout=12))
    assert [entry["attempts"] for entry in results] == [1, 1, 1, 1]


def test_each_endpoint_has_its_own_tls_settings(serve: Serve, authority: Authority, other_authority: Authority) -> None:
    meeting = threading.Barrier(3, timeout=10)

    def together(handler: Handler) -> None:
        meeting.wait()
        reply()(handler)

    one = serve({"/": together}, tls=authority.server_context("127.0.0.1"))
    other = serve({"/": together}, tls=other_authority.server_context("127.0.0.1"))
    unverified = serve({"/": together}, tls=other_authority.server_context("shop.test"))
    results = check(
        {"url": one.url, "ca_path": str(authority.path)},
        {"url": other.url, "ca_path": str(other_authority.path)},
        {"url": unverified.url, "validate_certs": False},
        {"url": one.url, "ca_path": str(other_authority.path)},
        {"url": unverified.url, "ca_path": str(other_authority.path)},
        settings=Settings(timeout=3, request_timeout=3, interval=3),
    )
    assert [entry["healthy"] for entry in results] == [True, True, True, False, False]


def test_an_unusable_certificate_authority_is_reported_before_any_request(serve: Serve, tmp_path: Any) -> None:
    server = serve({"/": reply()})
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for path, why in ((empty, "it contains no usable certificate"), (tmp_path / "none.pem", "No such file or directory")):
        with pytest.raises(PlatformError, match=f"endpoint front: ca_path {path}: {why}"):
            check({"url": server.url}, {"name": "front", "url": server.url, "ca_path": str(path)})
    assert server.requests == []


def test_a_redirect_is_a_failure_that_reports_its_target(serve: Serve) -> None:
    server = serve({"/": redirect("https://shop.example.com/login", 301)})
    (result,) = check({"url": server.url}, settings=ONCE)
    assert result["reason"] == "redirected with status 301 to https://shop.example.com/login (redirects are not followed)"


def test_secrets_are_sent_but_never_reported(serve: Serve) -> None:
    def echo(handler: Handler) -> None:
        reply(f"you sent {handler.headers['X-Token']} and {handler.headers['Authorization']}", 500)(handler)

    server = serve({"/": echo})
    url = server.url.replace("http://", "http://user:s3cret@")
    (result,) = check({"url": url, "secret_headers": {"X-Token": "tok-123"}}, settings=ONCE)
    assert server.requests[0].headers["X-Token"] == "tok-123"
    assert server.requests[0].headers["Authorization"] == "Basic dXNlcjpzM2NyZXQ="
    assert result["reason"].startswith("status 500 instead of 200: you sent ****")
    for secret in ("tok-123", "s3cret", "dXNlcjpzM2NyZXQ", "user"):
        assert secret not in str(result)


# --- workloads


def three_pods() -> list[dict[str, Any]]:
    return [pod("django-a"), pod("django-b"), pod("django-c"), pod("django-old", "rs-9")]


def test_every_ready_pod_of_the_newest_revision_is_requested(serve: Serve) -> None:
    server = serve({"/health/": reply({"status": "ok"})})
    cluster = StandInCluster(load(DEPLOYMENT), three_pods, dict.fromkeys(["django-a", "django-b", "django-c"], server.port))
    entry = {"workload": DJANGO, "path": "/health/", "json": {"status": "ok"}, "headers": {"Host": "shop.example.com"}}
    (result,) = check(entry, cluster=cluster)
    assert sorted(cluster.forwarded) == [(f"jewelry-shop/django-{letter}", 8000) for letter in "abc"]
    assert all(request.headers["Host"] == "shop.example.com" for request in server.requests)
    assert (result["healthy"], result["wanted"], result["ready"], result["status"], result["attempts"]) == (True, 3, 3, 200, 1)
    assert result["workload"] == {"kind": "Deployment", "namespace": "jewelry-shop", "name": "django", "port": "http"}
    first = result["pods"][0]
    assert 0 <= first.pop("elapsed") <= result["elapsed"]
    assert first == {
        "pod": "django-a",
        "node": "worker",
        "ready": True,
        "healthy": True,
        "status": 200,
        "attempts": 1,
        "reason": None,
        "revision": "10",
        "image": "127.0.0.1:5001/shop:2",
    }


def test_the_elapsed_time_excludes_the_port_forward(serve: Serve) -> None:
    """A busy API server would make an application seem slow."""

    class Busy(StandInCluster):
        def port_forward(self, namespace: str, pod: str, port: int) -> Any:
            time.sleep(0.5)
            return super().port_forward(namespace, pod, port)

    port = serve({"/": reply()}).port
    cluster = Busy(load(DEPLOYMENT), three_pods, dict.fromkeys(["django-a", "django-b", "django-c"], port))
    start = time.monotonic()
    (result,) = check({"workload": DJANGO}, cluster=cluster)
    assert result["pods"][0]["elapsed"] <= time.monotonic() - start - 0.5


def test_one_unhealthy_replica_of_three_fails_and_is_reported(serve: Serve) -> None:
    good, sick = serve({"/": reply()}), serve({"/": reply("disk full", 503)})
    cluster = StandInCluster(load(DEPLOYMENT), three_pods, {"django-a": good.port, "django-b": sick.port, "django-c": good.port})
    results = check({"workload": DJANGO, "min_pods": 1}, settings=ONCE, cluster=cluster)
    assert [entry["healthy"] for entry in results[0]["pods"]] == [True, False, True]
    assert summary(results) == (
        "1 of 1 endpoint is not healthy: deployment/django: pod django-b on node worker: status 503 instead of 200: disk full"
    )


def test_healthy_pods_are_not_requested_again(serve: Serve) -> None:
    good, slow = InTurn([reply()]), InTurn([reply("", 503), reply("", 503), reply()])
    ports = {"django-a": serve({"/": good}).port, "django-b": serve({"/": slow}).port}
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = 2
    cluster = StandInCluster(workload, lambda: three_pods()[:2], ports)
    (result,) = check({"workload": DJANGO}, cluster=cluster)
    assert (good.calls, slow.calls) == (1, 3)
    assert [entry["attempts"] for entry in result["pods"]] == [1, 3]


def test_a_missing_replica_fails_with_the_reason(serve: Serve) -> None:
    server = serve({"/": reply()})
    pods = [pod("django-a"), pod("django-b"), pod("django-c", ready=False)]
    cluster = StandInCluster(load(DEPLOYMENT), lambda: pods, {"django-a": server.port, "django-b": server.port})
    (result,) = check({"workload": DJANGO}, settings=ONCE, cluster=cluster)
    assert (result["wanted"], result["ready"]) == (3, 2)
    assert result["reason"] == (
        "2 of 3 wanted pods are ready; pod django-c on node worker: not ready: container django: running but not ready"
    )


def test_min_pods_allows_fewer_pods(serve: Serve) -> None:
    server = serve({"/": reply()})
    pods = [pod("django-a"), pod("django-c", ready=False)]
    cluster = StandInCluster(load(DEPLOYMENT), lambda: pods, {"django-a": server.port})
    (result,) = check({"workload": DJANGO, "min_pods": 1}, cluster=cluster)
    assert (result["healthy"], [entry["healthy"] for entry in result["pods"]]) == (True, [True, False])


def test_a_pod_is_requested_when_it_becomes_ready(serve: Serve) -> None:
    server = serve({"/": reply()})
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = 1
    looks = iter([[], [pod("django-a", ready=False)]])
    cluster = StandInCluster(workload, lambda: next(looks, [pod("django-a")]), {"django-a": server.port})
    (result,) = check({"workload": DJANGO}, cluster=cluster)
    assert (result["healthy"], result["attempts"], result["pods"][0]["attempts"]) == (True, 3, 1)


def test_a_replaced_pod_is_ignored(serve: Serve) -> None:
    sick, good = serve({"/": reply("", 500)}), serve({"/": reply()})
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = 1
    looks = iter([[pod("django-a")]])
    cluster = StandInCluster(workload, lambda: next(looks, [pod("django-b")]), {"django-a": sick.port, "django-b": good.port})
    (result,) = check({"workload": DJANGO}, cluster=cluster)
    assert (result["healthy"], [entry["pod"] for entry in result["pods"]]) == (True, ["django-b"])


def test_a_workload_with_0_replicas_is_healthy_unless_min_pods_is_set() -> None:
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = 0
    cluster = StandInCluster(workload, list, {})
    results = check({"workload": DJANGO}, {"workload": DJANGO, "min_pods": 1}, settings=ONCE, cluster=cluster)
    assert [entry["reason"] for entry in results] == [None, "0 of 1 wanted pods are ready"]


def test_a_workload_with_an_unobserved_generation_is_not_healthy(serve: Serve) -> None:
    server = serve({"/": reply()})
    workload = load(DEPLOYMENT)
    workload["metadata"]["generation"] = 9
    cluster = StandInCluster(workload, three_pods, dict.fromkeys(["django-a", "django-b", "django-c"], server.port))
    (result,) = check({"workload": DJANGO}, settings=ONCE, cluster=cluster)
    assert result["reason"] == "Deployment jewelry-shop/django: its controller has not yet seen generation 9"


@pytest.mark.parametrize(
    ("workload", "port", "reason"),
    [
        (
            PlatformError('Deployment jewelry-shop/django: deployments.apps "django" not found', certain=True),
            "http",
            'Deployment jewelry-shop/django: deployments.apps "django" not found',
        ),
        (
            load(DEPLOYMENT),
            "grpc",
            "Deployment jewelry-shop/django: it has no container port named grpc (named ports: http, metrics)",
        ),
    ],
)
def test_a_permanent_error_is_not_retried(workload: Any, port: str, reason: str) -> None:
    cluster = StandInCluster(workload, list, {})
    (result,) = check({"workload": {**DJANGO, "port": port}}, cluster=cluster)
    assert (result["reason"], result["attempts"], cluster.gets) == (reason, 1, 1)


def test_a_missing_permission_is_reported_once_and_immediately() -> None:
    cluster = StandInCluster(load(DEPLOYMENT), three_pods, {})
    cluster.refusal = PlatformError('pods "django-a" is forbidden: cannot get resource "pods/portforward"', certain=True)
    (result,) = check({"workload": DJANGO}, cluster=cluster)
    assert (result["healthy"], result["attempts"], result["reason"]) == (False, 1, str(cluster.refusal))


def fails_once(monkeypatch: pytest.MonkeyPatch, cluster: StandInCluster, method: str, error: PlatformError) -> None:
    answer = getattr(cluster, method)
    errors = iter([error])

    def call(*arguments: Any) -> Any:
        for each in errors:
            raise each
        return answer(*arguments)

    monkeypatch.setattr(cluster, method, call)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        pytest.param("port_forward", 'pods "django-a" not found', id="a stream that cannot be opened"),
        pytest.param("get", "the API server cannot be reached: connection refused", id="an unavailable API server"),
    ],
)
def test_a_temporary_error_is_retried(monkeypatch: pytest.MonkeyPatch, serve: Serve, method: str, error: str) -> None:
    port = serve({"/": reply()}).port
    cluster = StandInCluster(load(DEPLOYMENT), three_pods, dict.fromkeys(["django-a", "django-b", "django-c"], port))
    fails_once(monkeypatch, cluster, method, PlatformError(error))
    (result,) = check({"workload": DJANGO}, cluster=cluster)
    assert result["healthy"]
    assert result["attempts"] > 1


def test_a_hanging_api_server_does_not_extend_the_deadline() -> None:
    hang = threading.Event()

    class Hanging(StandInCluster):
        def get(self, *_args: Any) -> Any:
            hang.wait(20)

    start = time.monotonic()
    (result,) = check(
        {"workload": DJANGO}, settings=Settings(timeout=0.6, request_timeout=0.2, interval=0.1), cluster=Hanging({}, list, {})
    )
    assert time.monotonic() - start < 0.6 + BUSY
    hang.set()
    assert result["reason"] == "Deployment jewelry-shop/django: no answer from the API server within 0.2 s"


def test_a_read_ended_by_the_deadline_does_not_hide_the_previous_state() -> None:
    hang = threading.Event()
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = 1

    def look() -> list[dict[str, Any]]:
        if cluster.gets > 1:
            hang.wait(20)
        return []

    cluster = StandInCluster(workload, look, {})
    (result,) = check({"workload": DJANGO}, settings=Settings(timeout=2, request_timeout=5, interval=0.05), cluster=cluster)
    hang.set()
    assert result["reason"] == "0 of 1 wanted pods are ready"


def test_the_error_of_the_kubelet_is_the_reason() -> None:
    workload = load(DEPLOYMENT)
    workload["spec"]["replicas"] = 1
    cluster = StandInCluster(workload, lambda: [pod("django-a")], {})
    cluster.said["django-a"] = "error forwarding port 8000 to pod: no route"
    (result,) = check({"workload": DJANGO}, settings=ONCE, cluster=cluster)
    assert result["reason"] == "pod django-a on node worker: error forwarding port 8000 to pod: no route"


# --- the sentence


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([{"name": "a", "healthy": True}], "1 endpoint is healthy"),
        (
            [{"name": "a", "healthy": True}, {"name": "b", "healthy": True, "pods": [{"ready": True}, {"ready": True}, {"ready": False}]}],
            "All 2 endpoints are healthy (2 pods checked)",
        ),
        (
            [
                {"name": "a", "healthy": False, "reason": "x"},
                {"name": "b", "healthy": False, "reason": "y"},
                {"name": "c", "healthy": True},
            ],
            "2 of 3 endpoints are not healthy: a: x; b: y",
        ),
    ],
)
def test_summary(results: list[dict[str, Any]], sentence: str) -> None:
    assert summary(results) == sentence
