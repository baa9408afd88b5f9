"""The shop under gunicorn with its configuration file."""

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import HOST, SHOP


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Run gunicorn with two workers on a free port; return its address."""
    (tmp_path / "left-over.db").touch()
    command = ["-m", "gunicorn", "config.wsgi:application", "--bind=127.0.0.1:0"]
    process = subprocess.Popen(
        [sys.executable, *command, "--workers=2"],
        cwd=SHOP,
        env={
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    log = []
    try:
        for line in process.stderr:
            log.append(line)
            if listening := re.search(r"Listening at: (http://\S+)", line):
                yield listening[1]
                break
        else:
            pytest.fail("gunicorn ended:\n" + "".join(log))
    finally:
        process.terminate()
        process.communicate()


def fetch(url: str) -> str:
    """Return what the shop answers to a request that came by https."""
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "Connection": "close"}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request) as response:
        return response.read().decode()


def test_metrics_add_up_over_the_workers(address: str, tmp_path: Path) -> None:
    for _ in range(20):
        fetch(f"{address}/health/live/")
    metrics = fetch(f"{address}/metrics")
    assert 'shop_http_requests_total{method="GET",status="200",view="health-live"} 20.0' in metrics
    assert 'shop_build_info{version="0.0.0-test"} 1.0' in metrics
    assert not (tmp_path / "left-over.db").exists()
