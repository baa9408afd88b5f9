"""Prometheus requests the metrics of Django at the address of a pod: with the rendered command, the real gunicorn and strict settings."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SHOP = ROOT / "demo" / "shop"
FILES = ROOT / "roles" / "platform" / "files"
POD = "10.1.2.3:8000"
COUNTED = "shop_http_requests_total"
SETTINGS = {"platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.test", "SITE_URL": "https://shop.example.test"}}


class Server:
    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={"Host": POD, "Connection": "close", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def serve(workload: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Runs the container's command, on a free port and with the file where the repository has it."""

    @contextmanager
    def run(**values: Any) -> Iterator[Server]:
        [container] = workload("django", **SETTINGS, django_gunicorn_workers=2, **values)["pod"]["containers"]
        program, *arguments = [
            {"--bind=0.0.0.0:8000": "--bind=127.0.0.1:0", "--pythonpath=/opt/platform": f"--pythonpath={FILES}"}.get(word, word)
            for word in container["command"]
        ]
        assert program == "gunicorn"
        process = subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            cwd=SHOP,
            env={
                "PATH": os.environ["PATH"],
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                # Where the shop's gunicorn.conf.py puts what the workers count together.
                "TMPDIR": str(tmp_path),
                "PYTHONDONTWRITEBYTECODE": "1",
                **{each["name"]: each["value"] for each in container["env"]},
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        log: list[str] = []
        try:
            for line in process.stderr:
                log.append(line)
                if listening := re.search(r"Listening at: http://127.0.0.1:(\d+)", line):
                    yield Server(int(listening[1]))
                    break
            else:
                pytest.fail("gunicorn ended:\n" + "".join(log))
        finally:
            process.terminate()
            process.communicate()

    return run


def test_a_pods_address_gets_the_metrics_and_nothing_else(serve: Any, tmp_path: Path) -> None:
    with serve() as server:
        status, metrics = server.get("/metrics")
        assert status == 200
        assert "shop_build_info" in metrics
        assert server.get("/metrics/")[0] == 400
        assert server.get("/health/live/")[0] == 400
        assert server.get("/")[0] == 400
        assert server.get("/health/live/", Host="shop.example.test")[0] == 301
        allowed = {"Host": "shop.example.test", "X-Forwarded-Proto": "https"}
        assert server.get("/health/live/", **allowed)[0] == 200
        assert server.get("/metrics", **allowed)[0] == 200
        # The image's gunicorn.conf.py came first: the workers' counters are in its folder, and are added up.
        for _ in range(20):
            server.get("/health/live/", **allowed)
        assert list((tmp_path / "prometheus-multiproc").glob("counter_*.db"))
        assert f'{COUNTED}{{method="GET",status="200",view="health-live"}} 21.0' in server.get("/metrics")[1]


def test_without_it_a_pods_address_is_refused(serve: Any) -> None:
    with serve(django_metrics_by_pod_address=False) as server:
        assert server.get("/metrics")[0] == 400
        assert server.get("/metrics", Host="shop.example.test")[0] == 301


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_application_stays_visible(workload: Any, wrapped: bool) -> None:
    values = {"django_wsgi_application": "shop.wsgi:app", "django_metrics_by_pod_address": wrapped}
    [container] = workload("django", **SETTINGS, **values)["pod"]["containers"]
    shown = {each["name"]: each["value"] for each in container["env"]}.get("PLATFORM_WSGI_APPLICATION")
    assert (container["command"][1], shown) == (("platform_wsgi:application", "shop.wsgi:app") if wrapped else ("shop.wsgi:app", None))
    assert ("/opt/platform" in [mount["mountPath"] for mount in container["volumeMounts"]]) == wrapped
