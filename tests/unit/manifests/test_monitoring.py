"""Prometheus finds every tier: by annotations as in the seed, and by ServiceMonitors if they are enabled."""

from __future__ import annotations

from typing import Any

import pytest

SCRAPED = {
    # name: (Service, port of the container, path), as annotated in the seed
    "django": ("django-service", 8000, "/metrics"),
    "nginx": ("nginx-service", 9113, "/metrics"),
    "celery-worker": ("celery-worker-service", 8000, "/metrics"),
    "celery-beat": ("celery-beat-service", 8000, "/metrics"),
}


def annotated(metadata: Any) -> dict[str, str]:
    return {key: value for key, value in metadata["annotations"].items() if key.startswith("prometheus.io/")}


@pytest.mark.parametrize("name", SCRAPED)
def test_pods_and_services_are_annotated_with_a_port_that_a_container_has(manifests: Any, name: str) -> None:
    service, port, path = SCRAPED[name]
    expected = {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": path}
    template = manifests.get("Deployment", name)["spec"]["template"]
    assert annotated(template["metadata"]) == expected
    assert annotated(manifests.get("Service", service)["metadata"]) == expected
    assert port in [each["containerPort"] for container in template["spec"]["containers"] for each in container["ports"]]


@pytest.mark.parametrize("name", SCRAPED)
def test_a_service_monitor_scrapes_the_same_port(changed: Any, name: str) -> None:
    service, port, path = SCRAPED[name]
    monitor = changed.get("ServiceMonitor", name)
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    selector = monitor["spec"]["selector"]["matchLabels"].items()
    selected = [o["metadata"]["name"] for o in changed.of_kind("Service") if selector <= o["metadata"]["labels"].items()]
    assert selected == [service]
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint == {"targetPort": endpoint["targetPort"], "path": path, "interval": "30s"}
    containers = changed.get("Deployment", name)["spec"]["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for container in containers for each in container["ports"]}
    assert ports[endpoint["targetPort"]] == port


def test_the_exporter_of_nginx_stays_off_the_public_service(changed: Any) -> None:
    assert 9113 not in [port["port"] for port in changed.get("Service", "nginx-service")["spec"]["ports"]]


def test_exactly_the_workloads_with_metrics_have_a_service_monitor(changed: Any) -> None:
    annotated_ones = {
        o["metadata"]["name"] for o in changed.of_kind("Deployment", "StatefulSet") if annotated(o["spec"]["template"]["metadata"])
    }
    assert {o["metadata"]["name"] for o in changed.of_kind("ServiceMonitor")} == annotated_ones == set(SCRAPED)


def test_kinds_of_the_prometheus_operator_are_rendered_only_if_enabled(manifests: Any) -> None:
    assert manifests.of_kind("ServiceMonitor", "PrometheusRule") == []


def test_beat_watches_the_queues_that_the_workers_serve(production: Any) -> None:
    environment = {each["name"]: each["value"] for each in production.container("Deployment", "celery-beat", "celery-beat")["env"]}
    assert environment["PLATFORM_QUEUES"] == "celery,backups,pricing,reports,notifications"
