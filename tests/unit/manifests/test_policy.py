"""Rules for every object of every inventory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import Rules, disposable


def test_pods_are_restricted(manifests: Any) -> None:
    for owner, pod in manifests.pod_specs().items():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, owner
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, owner
        assert context["runAsUser"] > 0, owner
        for container in pod.get("initContainers", []) + pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, (owner, container["name"])
            assert security["capabilities"]["drop"] == ["ALL"], (owner, container["name"])
            assert security["readOnlyRootFilesystem"] is True, (owner, container["name"])


# Those of the level `restricted`: https://kubernetes.io/docs/concepts/security/pod-security-standards/
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def test_pods_share_nothing_with_their_node(manifests: Any) -> None:
    for owner, pod in manifests.pod_specs().items():
        assert not [key for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace") if pod.get(key)], owner
        assert {key for volume in pod.get("volumes", []) for key in volume} - {"name"} <= VOLUMES, owner
        for container in pod.get("initContainers", []) + pod["containers"]:
            assert not [port for port in container.get("ports", []) if "hostPort" in port], owner
            assert set(container["securityContext"]["capabilities"]) == {"drop"}, owner
            assert "privileged" not in container["securityContext"], owner


def test_waiting_init_containers_get_no_secret(manifests: Any) -> None:
    waiting = [
        (owner, container)
        for owner, pod in manifests.pod_specs().items()
        for container in pod.get("initContainers", [])
        if container["name"].startswith("wait-for-")
    ]
    assert waiting
    for owner, container in waiting:
        assert [set(source) for source in container["envFrom"]] == [{"configMapRef"}], owner
        assert not container.get("env"), owner
        assert not container.get("volumeMounts"), owner


def test_user_and_group_ids_come_from_the_settings(production: Any, changed: Any) -> None:
    """A cluster may give a namespace a range of them."""
    for manifests, user, group, exporter in ((production, 1000, 1000, 65534), (changed, 2001, 2002, 2003)):
        contexts = {owner: pod["securityContext"] for owner, pod in manifests.pod_specs().items()}
        ids = {(each["runAsUser"], each["runAsGroup"]) for owner, each in contexts.items() if "nginx" not in owner}
        assert ids == {(user, group)}
        assert (contexts["nginx"]["runAsUser"], contexts["nginx"]["runAsGroup"]) == (101, 101)
        own = manifests.container("Deployment", "nginx", "nginx-exporter")["securityContext"]
        assert (own["runAsUser"], own["runAsGroup"]) == (exporter, exporter)


def test_django_listens_on_the_port_of_the_setting(production: Any, changed: Any) -> None:
    for manifests, bind in ((production, "--bind=0.0.0.0:8000"), (changed, "--bind=[::]:8000")):
        command = manifests.container("Deployment", "django", "django")["command"]
        assert [word for word in command if word.startswith("--bind=")] == [bind]


def test_every_container_states_requests_and_limits(manifests: Any) -> None:
    for owner, pod in manifests.pod_specs().items():
        for container in pod.get("initContainers", []) + pod["containers"]:
            for side in ("requests", "limits"):
                assert {"cpu", "memory"} <= container["resources"][side].keys(), (owner, container["name"])


def test_no_pod_gets_a_token_of_the_api_server(manifests: Any) -> None:
    for owner, pod in manifests.pod_specs().items():
        assert pod["automountServiceAccountToken"] is False, owner


def test_volumes_are_shared_by_one_group(manifests: Any) -> None:
    for owner in ("django", "nginx", "celery-worker"):
        assert manifests.pod_specs()[owner]["securityContext"]["fsGroup"] == 1000


def test_nginx_cannot_write_the_shared_volumes(manifests: Any) -> None:
    mounts = [m for m in manifests.container("Deployment", "nginx", "nginx")["volumeMounts"] if m["name"] in ("static", "media")]
    claims = {claim["metadata"]["name"] for claim in manifests.of_kind("PersistentVolumeClaim")}
    paths = {"media-pvc": "/app/media", "static-pvc": "/app/staticfiles"}
    assert {m["mountPath"] for m in mounts} == {path for claim, path in paths.items() if claim in claims}
    assert all(m["readOnly"] for m in mounts)


def test_no_service_selects_a_job(manifests: Any) -> None:
    labels = [job["spec"]["template"]["metadata"]["labels"] for job in manifests.of_kind("Job")]
    assert labels
    for service in manifests.of_kind("Service"):
        for job_labels in labels:
            assert not service["spec"]["selector"].items() <= job_labels.items()


@pytest.mark.parametrize(
    ("host", "tiers"), [("other_configuration_of_nginx", {"nginx"}), ("other_environment_of_a_tier", {"celery-worker"})]
)
def test_a_setting_of_one_tier_rolls_no_other(productions: Any, host: str, tiers: set[str]) -> None:
    """Only pods whose template changes are replaced. The scenario `site` sets both at once."""
    before, after = (
        {o["metadata"]["name"]: o["spec"]["template"] for o in productions[name].of_kind("Deployment", "StatefulSet")}
        for name in ("production", host)
    )
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == tiers


def test_configuration_objects_are_immutable_and_named_in_the_pods(manifests: Any) -> None:
    for config_map in manifests.of_kind("ConfigMap"):
        assert config_map["immutable"] is True, config_map["metadata"]["name"]


def test_prune_recognizes_applied_configuration_objects(manifests: Any) -> None:
    applied = {
        "creationTimestamp": "2026-11-25T12:00:00Z",
        "managedFields": [{"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:immutable": {}}}],
    }
    config_maps = [{**each, "metadata": {**each["metadata"], **applied}} for each in manifests.of_kind("ConfigMap")]
    rules = Rules("", {}, "jewelry_shop.platform", "", "", 0, (), 0)
    assert disposable(config_maps, rules, datetime.now(UTC)) == config_maps
    for each in config_maps + manifests.of_kind("Job"):
        assert each["metadata"]["labels"].items() >= {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}.items()


def test_every_workload_keeps_the_number_of_revisions_of_the_setting(production: Any, changed: Any) -> None:
    for manifests, history in ((production, 5), (changed, 2)):
        assert {o["spec"]["revisionHistoryLimit"] for o in manifests.of_kind("Deployment", "StatefulSet")} == {history}


def test_no_secret_value_is_rendered(manifests: Any) -> None:
    assert not manifests.of_kind("Secret")


def test_a_single_replica_has_no_disruption_budget(rendered: Any) -> None:
    manifests = rendered("staging")
    assert manifests.get("Deployment", "celery-worker")["spec"]["replicas"] == 1
    assert "celery-worker" not in {o["metadata"]["name"] for o in manifests.of_kind("PodDisruptionBudget")}


def test_an_autoscaler_owns_the_replicas(changed: Any) -> None:
    assert "replicas" not in changed.get("Deployment", "django")["spec"]
    spec = changed.get("HorizontalPodAutoscaler", "django")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 10)
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}


def test_an_external_autoscaler_owns_the_replicas(changed: Any) -> None:
    assert "replicas" not in changed.get("Deployment", "celery-worker")["spec"]
    assert {each["metadata"]["name"] for each in changed.of_kind("HorizontalPodAutoscaler")} == {"django", "nginx"}
    assert "celery-worker" in {each["metadata"]["name"] for each in changed.of_kind("PodDisruptionBudget")}


def test_keda_owns_the_replicas(autoscaled: Any) -> None:
    assert "replicas" not in autoscaled.get("Deployment", "celery-worker")["spec"]
    assert autoscaled.get("ScaledObject", "celery-worker")["spec"]["scaleTargetRef"]["name"] == "celery-worker"
    assert "celery-worker" not in {each["metadata"]["name"] for each in autoscaled.of_kind("HorizontalPodAutoscaler")}


def test_keda_reads_existing_objects(autoscaled: Any) -> None:
    """The authentication names the objects with the hash of this release."""
    spec = autoscaled.get("TriggerAuthentication", "celery-worker")["spec"]
    [secret], [config_map] = spec["secretTargetRef"], spec["configMapTargetRef"]
    assert secret["name"] in {each["metadata"]["name"] for each in autoscaled.secrets}
    assert config_map["key"] in autoscaled.get("ConfigMap", config_map["name"])["data"]


def test_a_tag_of_one_tier_changes_that_tier_alone_and_a_digest_wins_over_the_tag(changed: Any) -> None:
    image = "registry.example.com/shop/jewelry-shop"
    assert changed.container("Deployment", "django", "django")["image"] == f"{image}:v2"
    assert changed.container("Deployment", "celery-worker", "celery-worker")["image"] == f"{image}@sha256:{'0' * 64}"


def test_an_ingress_routes_to_an_existing_port(production: Any, changed: Any) -> None:
    assert not production.of_kind("Ingress")
    assert {each["metadata"]["name"] for each in changed.of_kind("Ingress")} == {"jewelry-shop", "jewelry-shop-http"}
    for ingress in changed.of_kind("Ingress"):
        [rule] = ingress["spec"]["rules"]
        [path] = rule["http"]["paths"]
        service = changed.get("Service", path["backend"]["service"]["name"])
        assert path["backend"]["service"]["port"]["number"] in {port["port"] for port in service["spec"]["ports"]}
        assert rule["host"] == "shop.example.com"


def test_labels_and_annotations_of_the_platform_reach_every_object(changed: Any) -> None:
    for manifest in changed:
        assert manifest["metadata"]["labels"]["team"] == "shop", manifest["metadata"]["name"]
        assert manifest["metadata"]["annotations"]["contact"] == "shop@example.com", manifest["metadata"]["name"]


def test_every_container_of_the_application_mounts_the_certificate_authorities(changed: Any) -> None:
    [ca] = [each for each in changed.of_kind("ConfigMap") if each["metadata"]["name"].startswith("service-ca-")]
    assert ca["data"] == {"postgresql.crt": "certificates of the database's authority"}
    [environment] = [each["data"] for each in changed.of_kind("ConfigMap") if each["metadata"]["name"].startswith("django-config-")]
    assert (environment["PGSSLMODE"], environment["PGSSLROOTCERT"]) == ("verify-full", "/etc/platform/ca/postgresql.crt")
    containers = 0
    for owner, pod in changed.pod_specs().items():
        for container in pod.get("initContainers", []) + pod["containers"]:
            if "envFrom" not in container or container["name"].startswith("wait-for-"):
                continue
            containers += 1
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            assert volumes[mounts["/etc/platform/ca"]]["configMap"]["name"] == ca["metadata"]["name"], (owner, container["name"])
            assert len(mounts) == len(container["volumeMounts"]), (owner, container["name"])
    assert containers >= 6


def test_without_certificate_authorities_nothing_is_mounted(production: Any) -> None:
    assert not [each for each in production.of_kind("ConfigMap") if each["metadata"]["name"].startswith("service-ca")]
    for owner, pod in production.pod_specs().items():
        assert "service-ca" not in {volume["name"] for volume in pod["volumes"]}, owner
