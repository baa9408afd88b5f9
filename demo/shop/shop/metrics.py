"""Prometheus metrics, added up over gunicorn's workers where there are several."""

import os
from pathlib import Path

from django.conf import settings
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_shared_folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if _shared_folder:
    Path(_shared_folder).mkdir(parents=True, exist_ok=True)

REQUESTS = Counter(
    "shop_http_requests_total",
    "HTTP requests by method, view and status.",
    ["method", "view", "status"],
)
DURATION = Histogram("shop_http_request_duration_seconds", "Time to answer by view.", ["view"])
ORDERS = Counter("shop_orders_total", "Orders taken.")
BUILD = Gauge("shop_build_info", "Always 1.", ["version"], multiprocess_mode="max")
BUILD.labels(settings.APP_VERSION).set(1)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = REGISTRY
    if _shared_folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=_shared_folder)
    return generate_latest(registry)
