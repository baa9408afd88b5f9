"""The production inventory against the seed's values, typed from the seed ("Core Manifests" 1 to 11)."""

from __future__ import annotations

from typing import Any

import pytest

TIERS = {
    # name: (replicas, CPU request, CPU limit, memory request, memory limit, grace in seconds or None where the seed names none)
    "django": (3, "500m", "2000m", "512Mi", "2Gi", None),
    "nginx": (2, "100m", "500m", "128Mi", "512Mi", None),
    "celery-worker": (2, "500m", "2000m", "512Mi", "2Gi", 300),
    "celery-beat": (1, "100m", "500m", "256Mi", "512Mi", None),
}
SERVICES = {
    # name: (component, ports)
    "django-service": ("django", [8000]),
    "nginx-service": ("nginx", [80]),
    "celery-worker-service": ("celery-worker", [8000]),
    "celery-beat-service": ("celery-beat", [8000]),
}


@pytest.mark.parametrize("name", TIERS)
def test_replicas_and_resources(production: Any, name: str) -> None:
    replicas, cpu_request, cpu_limit, memory_request, memory_limit, grace = TIERS[name]
    deployment = production.get("Deployment", name)
    # An autoscaler's minimum is what the requirements give as the number.
    scaled = name == "django"
    assert deployment["spec"].get("replicas") == (None if scaled else replicas)
    assert not scaled or production.get("HorizontalPodAutoscaler", name)["spec"]["minReplicas"] == replicas
    resources = production.container("Deployment", name, name)["resources"]
    assert {"cpu": cpu_request, "memory": memory_request}.items() <= resources["requests"].items()
    assert {"cpu": cpu_limit, "memory": memory_limit}.items() <= resources["limits"].items()
    if grace is not None:
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == grace


@pytest.mark.parametrize("name", TIERS)
def test_labels_and_selectors(production: Any, name: str) -> None:
    deployment = production.get("Deployment", name)
    selector = {"app": "jewelry-shop", "component": name}
    assert deployment["spec"]["selector"] == {"matchLabels": selector}
    for labels in (deployment["metadata"]["labels"], deployment["spec"]["template"]["metadata"]["labels"]):
        assert selector.items() <= labels.items()


@pytest.mark.parametrize("name", ["django", "nginx", "celery-worker"])
def test_pods_spread_over_nodes_by_preference(production: Any, name: str) -> None:
    affinity = production.get("Deployment", name)["spec"]["template"]["spec"]["affinity"]
    term, _own = affinity["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["weight"] == 100
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"] == {"app": "jewelry-shop", "component": name}


@pytest.mark.parametrize("name", TIERS)
def test_pods_are_spread_over_zones(production: Any, name: str) -> None:
    deployment = production.get("Deployment", name)
    (spread,) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "ScheduleAnyway")
    assert spread["labelSelector"] == deployment["spec"]["selector"]


@pytest.mark.parametrize("name", TIERS)
def test_pods_of_the_same_template_are_spread_over_nodes(production: Any, rendered: Any, name: str) -> None:
    """They count twice what those do that they replace. The scheduler knows them by a label, which changes with the template alone."""
    own = "jewelry-shop/pod-template"
    template, other = (each.get("Deployment", name)["spec"]["template"] for each in (production, rendered("kind")))
    _all, term = template["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert (term["weight"], term["podAffinityTerm"]["topologyKey"]) == (100, "kubernetes.io/hostname")
    labels = template["metadata"]["labels"]
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"] == {"app": "jewelry-shop", "component": name, own: labels[own]}
    assert labels[own] != other["metadata"]["labels"][own]
    assert own not in production.get("Deployment", name)["metadata"]["labels"]


@pytest.mark.parametrize("name", ["django", "nginx", "celery-worker"])
def test_a_rolling_update_keeps_all_pods_available(production: Any, name: str) -> None:
    assert production.get("Deployment", name)["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }


def test_beat_is_recreated_and_never_scaled(production: Any) -> None:
    assert production.get("Deployment", "celery-beat")["spec"]["strategy"] == {"type": "Recreate"}
    owned = {(o["kind"], o["metadata"]["name"]) for o in production}
    assert ("PodDisruptionBudget", "celery-beat") not in owned
    assert ("HorizontalPodAutoscaler", "celery-beat") not in owned


# By container and probe: path or port, seconds between two requests, seconds to answer in, failures that count (3 if the probe names none).
CELERY_PROBES = {
    "startupProbe": ("/health/live/", 2, 5, 90),
    "livenessProbe": ("/health/live/", 10, 5, 6),
    "readinessProbe": ("/health/ready/", 5, 5, 6),
}
PROBES = {
    ("django", "django"): {
        "startupProbe": ("/health/live/", 3, 5, 60),
        "livenessProbe": ("/health/live/", 10, 5, 6),
        "readinessProbe": ("/health/ready/", 10, 5, 3),
    },
    ("nginx", "nginx"): {
        "startupProbe": ("/nginx_started", 1, 3, 30),
        "livenessProbe": ("/nginx_health", 10, 3, 3),
        "readinessProbe": ("/nginx_health", 5, 3, 2),
    },
    ("nginx", "nginx-exporter"): {"livenessProbe": ("metrics", 10, 3, 3), "readinessProbe": ("metrics", 10, 3, 3)},
    ("celery-worker", "celery-worker"): CELERY_PROBES,
    ("celery-beat", "celery-beat"): CELERY_PROBES,
}


def limits(probe: dict[str, Any]) -> tuple[Any, ...]:
    asked = probe["httpGet"]["path"] if "httpGet" in probe else probe["tcpSocket"]["port"]
    return (asked, probe["periodSeconds"], probe["timeoutSeconds"], probe.get("failureThreshold", 3))


@pytest.mark.parametrize(("tier", "container"), PROBES)
def test_every_container_has_its_probes_and_their_limits(production: Any, tier: str, container: str) -> None:
    found = production.container("Deployment", tier, container)
    assert {probe: limits(found[probe]) for probe in found if probe.endswith("Probe")} == PROBES[tier, container]


def test_this_file_covers_the_probes_of_every_container(production: Any) -> None:
    containers = {
        (tier, each["name"]) for tier in TIERS for each in production.get("Deployment", tier)["spec"]["template"]["spec"]["containers"]
    }
    assert containers == PROBES.keys()


def test_django_probes_use_the_paths_of_the_seed(production: Any) -> None:
    django = production.container("Deployment", "django", "django")
    assert django["livenessProbe"]["httpGet"]["path"] == "/health/live/"
    assert django["readinessProbe"]["httpGet"]["path"] == "/health/ready/"
    assert django["startupProbe"]["httpGet"]["path"] == "/health/live/"


def test_probes_carry_an_allowed_host_and_the_forwarded_protocol(production: Any) -> None:
    django = production.container("Deployment", "django", "django")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert django[probe]["httpGet"]["httpHeaders"] == [
            {"name": "Host", "value": "shop.example.com"},
            {"name": "X-Forwarded-Proto", "value": "https"},
        ]


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        ("django", ["wait-for-db"]),
        ("celery-worker", ["wait-for-db", "wait-for-redis"]),
        ("celery-beat", ["wait-for-db", "wait-for-redis", "wait-for-django"]),
    ],
)
def test_init_containers_wait_for_dependencies(production: Any, name: str, waits: list[str]) -> None:
    pod = production.get("Deployment", name)["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["initContainers"]] == waits


def test_the_worker_serves_the_seeds_queues_with_four_processes(production: Any) -> None:
    command = production.container("Deployment", "celery-worker", "celery-worker")["command"]
    assert command[:3] == ["celery", "--app=config", "worker"]
    assert {
        "--queues=celery,backups,pricing,reports,notifications",
        "--concurrency=4",
        "--max-tasks-per-child=1000",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    } <= set(command)


def test_beat_uses_the_database_scheduler(production: Any) -> None:
    environment = {e["name"]: e["value"] for e in production.container("Deployment", "celery-beat", "celery-beat")["env"]}
    assert environment["PLATFORM_BEAT_SCHEDULER"] == "django_celery_beat.schedulers:DatabaseScheduler"


@pytest.mark.parametrize("name", SERVICES)
def test_services(production: Any, name: str) -> None:
    component, ports = SERVICES[name]
    service = production.get("Service", name)
    assert service["spec"]["selector"] == {"app": "jewelry-shop", "component": component}
    assert [port["port"] for port in service["spec"]["ports"]] == ports
    assert service["metadata"]["annotations"]["prometheus.io/scrape"] == "true"


def test_types_of_the_services(production: Any) -> None:
    assert production.get("Service", "django-service")["spec"]["type"] == "ClusterIP"
    nginx = production.get("Service", "nginx-service")["spec"]
    assert nginx["type"] == "LoadBalancer"
    assert nginx["sessionAffinity"] == "ClientIP"
    assert nginx["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    for name in ("celery-worker-service", "celery-beat-service"):
        assert production.get("Service", name)["spec"]["clusterIP"] == "None"


def test_https_comes_with_a_certificate(changed: Any) -> None:
    assert [port["port"] for port in changed.get("Service", "nginx-service")["spec"]["ports"]] == [80, 443]


def test_cloud_annotations_reach_the_load_balancer(changed: Any) -> None:
    service = changed.get("Service", "nginx-service")
    annotations = service["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-type"] == "nlb"
    assert annotations["prometheus.io/port"] == "9113"
    assert service["spec"]["loadBalancerClass"] == "service.k8s.aws/nlb"


def test_session_affinity_can_be_disabled_for_a_load_balancer(changed: Any) -> None:
    spec = changed.get("Service", "nginx-service")["spec"]
    assert spec["sessionAffinity"] == "None"
    assert "sessionAffinityConfig" not in spec


@pytest.mark.parametrize(("name", "size"), [("media-pvc", "50Gi"), ("static-pvc", "10Gi"), ("backups-pvc", "100Gi")])
def test_claims(production: Any, name: str, size: str) -> None:
    spec = production.get("PersistentVolumeClaim", name)["spec"]
    assert spec["accessModes"] == ["ReadWriteMany"]
    assert spec["resources"]["requests"]["storage"] == size
    assert spec["storageClassName"] == "standard"


def test_the_exporter_runs_beside_nginx(production: Any) -> None:
    exporter = production.container("Deployment", "nginx", "nginx-exporter")
    assert exporter["ports"] == [{"name": "metrics", "containerPort": 9113}]
    assert exporter["securityContext"]["runAsUser"] == 65534


def test_the_namespace_is_the_namespace_of_the_seed(production: Any) -> None:
    labels = production.get("Namespace", "jewelry-shop")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_migrate_and_collectstatic_run_before_the_tiers(production: Any) -> None:
    containers = [job["spec"]["template"]["spec"]["containers"][0] for job in production.of_kind("Job")]
    commands = {container["name"]: container["command"] for container in containers}
    assert commands.pop("check-services")[:2] == ["python", "-c"]
    # Scripts run the commands.
    assert commands["migrate"][-4:] == ["30", "manage.py", "migrate", "--noinput"]
    collect = commands["collectstatic"]
    assert collect[collect.index("--") + 1 :] == ["python", "manage.py", "collectstatic", "--noinput"]
    assert all("--clear" not in command for command in commands.values())
