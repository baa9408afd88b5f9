"""Behaviour of the deployed platform."""

from __future__ import annotations

import io
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

QUEUES = {"celery", "backups", "pricing", "reports", "notifications"}


def wait_for(what: str, ask: Callable[[], Any], seconds: float = 90) -> Any:
    """Retry until the answer is true. The failure contains what is missing."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(1)
    return answer


def test_the_ready_endpoint_returns_its_checks(shop: Any) -> None:
    response = shop.get("/health/ready/")
    assert response.status_code == 200, response.text
    assert response.json()["status"] == "ready"
    assert response.json()["checks"] == {"database": "ok", "redis": "ok"}


def test_the_page_and_its_static_file_are_served_through_nginx(shop: Any) -> None:
    page = shop.get("/")
    assert page.status_code == 200, page.text
    stylesheet = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page.text)
    assert stylesheet, page.text
    response = shop.get(stylesheet[1])
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/css")
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize(("component", "replicas"), [("django", 3), ("nginx", 2), ("celery-worker", 2)])
def test_replicas_are_spread_over_nodes(cluster: Any, component: str, replicas: int) -> None:
    pods = cluster.pods(component)
    assert len(pods) == replicas
    assert len({pod["spec"]["nodeName"] for pod in pods}) > 1


def test_an_upload_through_nginx_is_read_back_on_another_node(shop: Any, cluster: Any) -> None:
    host = cluster.host(cluster.pods("django")[0]["metadata"]["name"], "django")
    user, password = f"u{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    created = host.run(
        f"env DJANGO_SUPERUSER_PASSWORD={password} python manage.py createsuperuser --noinput --username {user} --email {user}@example.com"
    )
    assert created.rc == 0, created.stderr

    shop.get("/admin/login/")
    login = shop.post("/admin/login/", {"username": user, "password": password, "next": "/products/new/"})
    assert login.status_code == 302, login.text
    assert shop.get("/products/new/").status_code == 200
    # Larger than the memory buffer of nginx, so nginx writes it to a temporary file although the root filesystem is read-only.
    picture = io.BytesIO()
    Image.effect_noise((1200, 1200), 100).save(picture, "PNG")
    assert len(picture.getvalue()) > 1_000_000
    sku = f"R-{uuid.uuid4().hex[:8]}"
    answer = shop.post(
        "/products/new/", {"sku": sku, "name": sku, "price": "10.00"}, files={"picture": (f"{sku}.png", picture.getvalue(), "image/png")}
    )
    assert answer.status_code == 302, answer.text

    path = re.search(rf'"(/media/[^"]*{sku}[^"]*)"', shop.get("/").text)
    assert path, shop.get("/").text
    assert shop.get(path[1]).content == picture.getvalue()

    # Each of these pods mounts the volume.
    mounted = [(pod, component) for component in ("django", "celery-worker", "nginx") for pod in cluster.pods(component)]
    nodes = {pod["spec"]["nodeName"]: (pod["metadata"]["name"], component) for pod, component in mounted}
    assert len(nodes) > 1, nodes
    sizes = {node: cluster.host(*where).run(f"stat -c %s /app{path[1]}").stdout.strip() for node, where in nodes.items()}
    assert set(sizes.values()) == {str(len(picture.getvalue()))}, sizes


def test_a_checkout_is_processed_in_every_queue(shop: Any, cluster: Any) -> None:
    product = re.search(r'name="product" value="([^"]+)"', shop.get("/").text)
    assert product
    answer = shop.post("/checkout/?format=json", {"product": product[1], "quantity": "2", "email": "buyer@example.com"})
    assert answer.status_code == 201, answer.text
    address = answer.json()["url"] + "?format=json"
    order = wait_for("the order", lambda: (state := shop.get(address).json())["complete"] and state)
    assert {task["queue"] for task in order["tasks"]} == QUEUES
    workers = {pod["metadata"]["name"] for pod in cluster.pods("celery-worker")}
    assert {task["worker"].removeprefix("celery@") for task in order["tasks"]} <= workers


def test_beat_continues_scheduling(cluster: Any) -> None:
    (beat,) = cluster.pods("celery-beat")

    def sent() -> int:
        log: str = cluster.kubectl("logs", beat["metadata"]["name"], "--container=celery-beat", "--timestamps").stdout
        return log.count("Sending due task")

    before = sent()
    wait_for("a further periodic task", lambda: sent() > before, seconds=90)


@pytest.mark.parametrize(
    ("component", "port", "metric"),
    [
        ("django", 8000, "shop_"),
        ("celery-worker", 8000, "celery_worker_heartbeat_age_seconds"),
        ("celery-beat", 8000, "celery_beat_tick_age_seconds"),
        ("nginx", 9113, "nginx_up 1"),
    ],
)
def test_every_replica_serves_metrics_at_its_annotated_port(
    cluster: Any, client_pod: Callable[..., Any], component: str, port: int, metric: str
) -> None:
    scraper = client_pod("monitoring", {"app": "drill"})
    for pod in cluster.pods(component):
        annotations = pod["metadata"]["annotations"]
        assert (annotations["prometheus.io/port"], annotations["prometheus.io/path"]) == (str(port), "/metrics")
        address = f"http://{pod['status']['podIP']}:{port}/metrics"
        said = scraper.run(f"import urllib.request\nprint(urllib.request.urlopen({address!r}, timeout=10).read().decode())")
        assert metric in said, f"{pod['metadata']['name']}: {said[:500]}"


@pytest.mark.parametrize(
    ("component", "container", "uid"),
    [("django", "django", 1000), ("celery-worker", "celery-worker", 1000), ("celery-beat", "celery-beat", 1000), ("nginx", "nginx", 101)],
)
def test_processes_run_unprivileged_on_a_read_only_root(cluster: Any, component: str, container: str, uid: int) -> None:
    host = cluster.host(cluster.pods(component)[0]["metadata"]["name"], container)
    assert host.run("id -u").stdout.strip() == str(uid)
    for path in ("/", "/etc"):
        refused = host.run(f"touch {path}/probe")
        assert refused.rc != 0
        assert "Read-only file system" in refused.stderr, refused.stderr
    assert host.run("grep CapEff /proc/1/status").stdout.split()[-1] == "0000000000000000"


def test_nginx_only_reads_the_shared_volumes(cluster: Any) -> None:
    host = cluster.host(cluster.pods("nginx")[0]["metadata"]["name"], "nginx")
    for path in ("/app/media", "/app/staticfiles"):
        refused = host.run(f"touch {path}/probe")
        assert refused.rc != 0
        assert "Read-only file system" in refused.stderr, refused.stderr


def test_celery_is_process_1(cluster: Any) -> None:
    host = cluster.host(cluster.pods("celery-worker")[0]["metadata"]["name"], "celery-worker")
    assert "celery" in host.run("tr '\\0' ' ' < /proc/1/cmdline").stdout
    assert not host.run("tr '\\0' ' ' < /proc/1/cmdline").stdout.startswith(("sh ", "/bin/sh", "bash "))


def test_no_container_was_restarted_for_a_probe(cluster: Any) -> None:
    for component in ("django", "nginx", "celery-worker", "celery-beat", "postgresql", "redis"):
        for pod in cluster.pods(component):
            for status in pod["status"]["containerStatuses"]:
                assert status["restartCount"] == 0, (pod["metadata"]["name"], status)
