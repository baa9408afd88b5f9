# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Each rule of the cluster and the plan: values that pass, and values that give its message."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import cluster
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import findings as tables
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Values
from rule_values import PLAN, PLANNED, SETTINGS

CLUSTER: dict[str, Any] = PLAN["cluster"]
CLAIM = {"action": "create", "kind": "PersistentVolumeClaim", "name": "media-pvc"}
OPERATOR = "Install the Prometheus operator first, or set"
UNKNOWN = "the API server does not serve this kind and apiVersion"
CREATED = {"name": "migrate-1", "made_by": "the field manager k9s"}
TAKE_OVER = "To adopt them, run again with -e preflight_take_over=true. Volumes are kept. The old pods serve until the new pods serve."


def plan(**values: Any) -> dict[str, Any]:
    return {"preflight_plan": {**PLAN, **values}}


def live(**values: Any) -> dict[str, Any]:
    return plan(cluster={**CLUSTER, **values})


def stateful_set(name: str, *secrets: str, action: str = "none") -> dict[str, Any]:
    return {"action": action, "kind": "StatefulSet", "name": name, "secrets": list(secrets)}


def passwords(**values: str) -> dict[str, Any]:
    return {"platform_secret_values": {**SETTINGS["platform_secret_values"], **values}}


def pods(*containers: dict[str, str]) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [*containers]}}}


def rendered(*containers: dict[str, str]) -> dict[str, Any]:
    return {"manifests_workloads": {"tiers": [pods(*containers)], "data_services": []}}


def autoscaled(metric: dict[str, Any], **pod: Any) -> dict[str, Any]:
    """A workload with a HorizontalPodAutoscaler and two containers, of which one has no request."""
    containers = [
        {"name": "django", "image": "a", "resources": {"requests": {"memory": "1Gi"}, "limits": {"cpu": 1}}},
        {"name": "log", "image": "a", "resources": {"requests": {"cpu": "10m"}}},
    ]
    workload = {
        "name": "django",
        "template": {"spec": {"containers": containers, **pod}},
        "autoscaling": {"horizontal_pod_autoscaler": {"metrics": [metric]}},
    }
    return {"manifests_workloads": {"tiers": [{**workload}], "data_services": []}}


def scaled(*triggers: dict[str, Any]) -> dict[str, Any]:
    """A workload with a ScaledObject."""
    return {"name": "reports", "template": {"spec": {}}, "autoscaling": {"scaled_object": {"triggers": [*triggers]}}}


def percent(resource: str, kind: str = "Utilization", **source: str) -> dict[str, Any]:
    where = "containerResource" if source else "resource"
    return {"type": f"{where[0].upper()}{where[1:]}", where: {"name": resource, "target": {"type": kind}, **source}}


NO_REQUEST = (
    "The HorizontalPodAutoscaler could not compute the use in percent, because container {} of django has no {} request: set it in "
    "values.yml (<tier>_resources, or the resources of the container in <tier>_pod)."
)
SIDECAR = {"name": "proxy", "image": "a"}
JOBS = {
    "platform_release": "1",
    "__pre_deploy_commands": [{"name": "migrate"}],
    "post_deploy_commands": [{"name": "report"}],
    "__nginx_check_job_name": "check-nginx",
    "__data_services_checks": [{"job_name": "check-redis"}],
}
DONE = {"name": "migrate-1", "command": "migrate", "state": "complete", "created": "2026-01-01T00:00:00Z", "made_by": ""}
OLD_POLICY = {"stage": "network_policies", "action": "remove", "kind": "NetworkPolicy", "name": "flower"}
NEW_TIER = {"stage": "tiers", "action": "change", "kind": "Service", "name": "django-service"}
LACKS = (
    "The credential lacks permissions in namespace shop that the run needs: {}. Let an administrator run playbooks/grant_deployer.yml with "
    "this inventory."
)
UNKNOWN_CLASS = "{} does not exist in the cluster (existing classes: fast, standard). Set it in values.yml."
NO_INGRESS_CLASS = (
    "ingress_class 'haproxy' does not exist in the cluster, so no controller would serve the Ingress (existing classes: {}). Set it in "
    "values.yml."
)
NOT_TRAEFIK = (
    "ingress_class 'nginx' is served by k8s.io/ingress-nginx, which is not Traefik. In values.yml, set ingress_traefik_entrypoints and "
    "ingress_traefik_http_entrypoints to [], and set ingress_controller_namespace to the namespace of the controller."
)
CHANGED_POSTGRESQL = (
    "platform_secrets.POSTGRES_PASSWORD differs from the password of PostgreSQL in the cluster. PostgreSQL reads it only when it "
    "initializes its volume. Restore the old password in secrets.yml. To change the password, follow the README of the role postgresql, "
    'then run once with -e \'{"preflight_accepted_password_changes": ["POSTGRES_PASSWORD"]}\'.'
)
CHANGED_REDIS = (
    "platform_secrets.REDIS_PASSWORD differs from the password of Redis in the cluster. Running pods could not log in until they are "
    "replaced. Set platform_redis_previous_password in secrets.yml to the old password, so that Redis accepts both. If an interruption is "
    'acceptable, run once with -e \'{"preflight_accepted_password_changes": ["REDIS_PASSWORD"]}\' instead.'
)
REPLACED = (
    "{} in the cluster uses the Secret old, and the settings now name the Secret given. If both have the same {password}, run once with "
    '-e \'{{"preflight_accepted_password_changes": ["{password}"]}}\'. Otherwise name the former Secret again (platform_existing_secret, '
    "platform_external_secret_name), and change the password as the README of the role {role} says."
)
GIVEN = {
    "platform_secrets_provider": "existing",
    "platform_given_secret": "given",
    "preflight_existing": {"problems": []},
    "platform_postgresql_secret_name": "given",
    "platform_redis_secret_name": "given",
}
GUESSABLE = (
    "platform_secrets.{} is so short that it can be guessed from the name of its Secret. Put 20 or more random characters into secrets.yml."
)
JOB_OF_OTHERS = (
    "Other field managers created Jobs with names that this run uses: {0} (the field manager k9s). Whether the commands of this release "
    "ran is not known. Delete them with kubectl delete job {0} -n shop, and run again."
)
AUTOSCALER = {"name": "django-hpa", "namespace": "shop", "owner": "", "stage": "", "target": "Deployment django", "own": ""}
SCALES = "HorizontalPodAutoscaler shop/django-hpa is not managed by this collection, but scales Deployment django."
DELETE_AUTOSCALER = "Delete it with kubectl delete horizontalpodautoscaler django-hpa -n shop"
KEEP_AUTOSCALER = "or set django_hpa_enabled and django_hpa_external to true in values.yml to keep it."
BUDGET = {"name": "old", "namespace": "shop", "owner": "", "stage": "", "targets": ["Deployment django", "StatefulSet redis"], "own": []}
SELECTS = "PodDisruptionBudget shop/old is not managed by this collection, but selects the pods of Deployment django and StatefulSet redis."
LIMITS = {"name": "limits", "limits": [{"min": {"memory": "64Mi"}, "maxLimitRequestRatio": {"memory": "10"}}]}
REJECTS = "LimitRange shop/limits rejects"
SMALL_DISKS = {"name": "limits", "limits": [{"max": {"ephemeral-storage": "5Gi"}}]}
TOO_SMALL = "because the memory request 32Mi is below the minimum 64Mi"


def resources(request: str, limit: str = "128Mi") -> dict[str, Any]:
    return {"requests": {"memory": request}, "limits": {"memory": limit}}


GROUPS: list[tuple[dict[str, Any], str]] = [
    ({}, "celery_worker_resources"),
    ({"resources": {}}, "celery_worker_groups[reports].resources"),
]


def workload(name: str, **containers: Any) -> dict[str, Any]:
    first = {"name": name, "image": "a", "resources": resources("64Mi")}
    spec = {"containers": [first, *containers.get("containers", ())], "initContainers": containers.get("init", [])}
    return {"manifests_workloads": {"tiers": [{"name": name, "template": {"spec": spec}}]}}


def cut_off(name: str, needed: str = "baseline") -> dict[str, str]:
    return {"name": name, "namespace": "shop", "enforced": "restricted", "needed": needed}


def container(name: str, **values: str) -> dict[str, Any]:
    return {"name": name, "image": "a", "resources": resources(**values)}


NGINX = workload("nginx", containers=[container("nginx", request="64Mi")])


# Values that pass, values that do not, and the message.
CASES: list[tuple[Values, Values, str]] = [
    *(
        (
            plan(),
            {"preflight_plan": {"msg": message}},
            "The cluster cannot be read (platform_kube_context 'here', platform_kubeconfig ''): no answer.",
        )
        for message in ("no answer", "no answer...")
    ),
    (
        {"platform_api_host": "https://a"},
        {"platform_api_host": "https://b"},
        "The credential connects to https://a, but platform_api_host is https://b. Use a credential of that cluster, or correct "
        "platform_api_host in values.yml.",
    ),
    (
        {"ansible_run_tags": ["tiers"], **JOBS, **plan(jobs=[DONE])},
        {"ansible_run_tags": ["tiers"], **JOBS, **plan()},
        "The selected tags (tiers) need stages that this run leaves out and that are not complete: pre_deploy (Job migrate-1). "
        "Add pre_deploy to --tags.",
    ),
    (
        {"ansible_run_tags": ["network_policies"], **plan(objects=[OLD_POLICY])},
        {"ansible_run_tags": ["network_policies"], **plan(objects=[OLD_POLICY, NEW_TIER])},
        "The selected tag network_policies removes policies that the running pods may need until the tiers are replaced: "
        "NetworkPolicy flower. Add tiers to --tags.",
    ),
    (
        {"platform_cluster_uid": "u"},
        {"platform_cluster_uid": "w"},
        "The UID of the namespace kube-system is u, but platform_cluster_uid is w. Use a credential of that cluster, or correct "
        "platform_cluster_uid in values.yml.",
    ),
    (
        live(uid=""),
        {**live(uid=""), "platform_cluster_uid": "w"},
        "The UID of the namespace kube-system is not to be read with this credential, but platform_cluster_uid is w. Use a credential of "
        "that cluster, or correct platform_cluster_uid in values.yml.",
    ),
    (
        plan(forbidden=["create pods/portforward"], cluster={**CLUSTER, "version": "1.34.9"}),
        plan(forbidden=["create pods/portforward"], cluster={**CLUSTER, "version": "1.35.0"}),
        LACKS.format("create pods/portforward"),
    ),
    (plan(), plan(forbidden=["get a", "list a", "list b"]), LACKS.format("get a, list a, list b")),
    (
        {"__preflight_permissions": []},
        plan(forbidden=["get a", "list a"]),
        "The credential has no permission in namespace shop, or the namespace does not exist. Let an administrator run "
        "playbooks/grant_deployer.yml with this inventory.",
    ),
    (
        live(version="1.24"),
        live(version="1.9.7"),
        "The cluster runs Kubernetes 1.9.7; this collection needs 1.24 or newer.",
    ),
    (
        {**plan(objects=[{**CLAIM, "action": "none"}]), "storage_class": "nfs"},
        {**plan(objects=[CLAIM]), "storage_class": "nfs"},
        UNKNOWN_CLASS.format("storage_class 'nfs'"),
    ),
    (
        {**plan(objects=[CLAIM]), "storage_class": "nfs", "storage_claims": {"media": {"class": "fast"}}},
        {**plan(objects=[CLAIM]), "storage_claims": {"media": {"class": "nfs"}, "exports": {"class": "x"}}},
        UNKNOWN_CLASS.format("storage_claims.media.class 'nfs'"),
    ),
    (
        {**plan(objects=[CLAIM]), "storage_class": "nfs", "storage_static_volumes": True},
        {**plan(objects=[CLAIM]), "storage_class": "nfs", "platform_storage_class": "nfs"},
        UNKNOWN_CLASS.format("platform_storage_class 'nfs'"),
    ),
    (
        {**live(storage_classes=None), "storage_class": "nfs"},
        {**plan(objects=[stateful_set("postgresql", action="create")]), "postgresql_storage_class": "nfs", "redis_storage_class": "x"},
        UNKNOWN_CLASS.format("postgresql_storage_class 'nfs'"),
    ),
    (
        {**plan(objects=[stateful_set("redis")]), "redis_storage_class": "nfs"},
        {**plan(objects=[stateful_set("redis", action="create")]), "postgresql_storage_class": "x", "redis_storage_class": "nfs"},
        UNKNOWN_CLASS.format("redis_storage_class 'nfs'"),
    ),
    (
        {**plan(objects=[CLAIM]), "storage_class": ""},
        {**plan(objects=[CLAIM]), "storage_class": "a"},
        UNKNOWN_CLASS.format("storage_class 'a'"),
    ),
    ({"ingress_class": ""}, {"ingress_class": "haproxy"}, NO_INGRESS_CLASS.format("nginx, traefik")),
    (
        {"ingress_class": "haproxy", "ingress_enabled": False},
        {**live(ingress_classes={}), "ingress_class": "haproxy"},
        NO_INGRESS_CLASS.format("none"),
    ),
    ({**live(ingress_classes=None), "ingress_class": "haproxy"}, {"ingress_class": "haproxy"}, NO_INGRESS_CLASS.format("nginx, traefik")),
    ({"ingress_class": "nginx", "ingress_traefik_entrypoints": []}, {"ingress_class": "nginx"}, NOT_TRAEFIK),
    (
        {"ingress_class": "nginx", "ingress_enabled": False},
        {"ingress_class": "nginx", "ingress_traefik_entrypoints": [], "ingress_traefik_http_entrypoints": ["web"]},
        NOT_TRAEFIK,
    ),
    (
        plan(objects=[stateful_set("postgresql", "postgresql-new")]),
        plan(objects=[stateful_set("redis"), stateful_set("postgresql", "postgresql-old")]),
        CHANGED_POSTGRESQL,
    ),
    (
        {**plan(objects=[stateful_set("postgresql", "old")]), "preflight_accepted_password_changes": ["POSTGRES_PASSWORD"]},
        {**plan(objects=[stateful_set("postgresql", "old")]), "preflight_accepted_password_changes": ["REDIS_PASSWORD"]},
        CHANGED_POSTGRESQL,
    ),
    (
        plan(objects=[{**stateful_set("redis", "redis-old"), "kind": "Deployment"}]),
        plan(objects=[stateful_set("redis", "redis-old")]),
        CHANGED_REDIS,
    ),
    (plan(objects=[stateful_set("redis", "redis-new")]), plan(objects=[stateful_set("redis", "redis-old")]), CHANGED_REDIS),
    (
        {**plan(objects=[stateful_set("redis", "redis-old")]), "platform_redis_previous_secret_name": "redis-old"},
        {**plan(objects=[stateful_set("redis", "redis-old", "redis-new")]), "platform_redis_previous_secret_name": "other"},
        CHANGED_REDIS,
    ),
    (
        {**plan(objects=[stateful_set("redis", "old")]), "preflight_accepted_password_changes": ["REDIS_PASSWORD"]},
        {**plan(objects=[stateful_set("redis", "old")]), "preflight_accepted_password_changes": ["POSTGRES_PASSWORD"]},
        CHANGED_REDIS,
    ),
    (
        {**GIVEN, **plan(objects=[stateful_set("postgresql", "given")])},
        {**GIVEN, **plan(objects=[stateful_set("postgresql", "old")])},
        REPLACED.format("PostgreSQL", password="POSTGRES_PASSWORD", role="postgresql"),
    ),
    (
        {**GIVEN, **plan(objects=[stateful_set("redis", "old")]), "preflight_accepted_password_changes": ["REDIS_PASSWORD"]},
        {**GIVEN, **plan(objects=[stateful_set("redis", "old")])},
        REPLACED.format("Redis", password="REDIS_PASSWORD", role="redis"),
    ),
    (plan(), plan(refusals=["a", "b", "a"]), "The cluster would reject: a; b."),
    (
        plan(),
        plan(refusals=["PersistentVolumeClaim a", "b"]),
        "The cluster would reject: PersistentVolumeClaim a; b. Set storage_class, storage_access_mode, storage_media_size, "
        "storage_static_size and storage_backups_size, or the fields of the claim in storage_claims, to the values of the claim.",
    ),
    (
        plan(),
        {**plan(refusals=[f"ServiceMonitor a: {UNKNOWN}"]), "monitoring_service_monitors": False},
        f"The cluster would reject: ServiceMonitor a: {UNKNOWN}.",
    ),
    (
        plan(),
        {**plan(refusals=[f"PrometheusRule a: {UNKNOWN}"]), "monitoring_rules": False},
        f"The cluster would reject: PrometheusRule a: {UNKNOWN}.",
    ),
    (plan(), plan(refusals=["ServiceMonitor a: Forbidden"]), "The cluster would reject: ServiceMonitor a: Forbidden."),
    (
        plan(),
        plan(refusals=[f"ServiceMonitor a: {UNKNOWN}", f"ServiceMonitor b: {UNKNOWN}"]),
        f"The API server does not serve the kind ServiceMonitor (monitoring.coreos.com/v1). {OPERATOR} monitoring_service_monitors to "
        "false in values.yml.",
    ),
    (
        plan(),
        plan(refusals=[f"PrometheusRule a: {UNKNOWN}"]),
        f"The API server does not serve the kind PrometheusRule (monitoring.coreos.com/v1). {OPERATOR} monitoring_rules to false in "
        "values.yml.",
    ),
    (
        plan(),
        plan(refusals=[f"ExternalSecret a: {UNKNOWN}"]),
        "The API server does not serve the kind ExternalSecret (external-secrets.io/v1). Install External Secrets Operator 0.16 or newer "
        "first, or use another platform_secrets_provider in secrets.yml.",
    ),
    (
        plan(),
        plan(refusals=[f"Certificate a: {UNKNOWN}"]),
        "The API server does not serve the kind Certificate (cert-manager.io/v1). Install cert-manager first, or use another "
        "nginx_tls_provider in values.yml.",
    ),
    (
        plan(),
        plan(refusals=[f"TriggerAuthentication a: {UNKNOWN}", f"ScaledObject a: {UNKNOWN}"]),
        "The API server does not serve the kind ScaledObject (keda.sh/v1alpha1). Install KEDA first, or set <tier>_keda_enabled to false "
        "in values.yml.",
    ),
    (
        plan(untrusted=[]),
        plan(untrusted=["a, or add it to platform_allowed_field_managers", "platform_allowed_field_managers b"]),
        "Other field managers wrote into objects of this platform: a, or add it to platform_allowed_field_managers in values.yml; "
        "platform_allowed_field_managers b.",
    ),
    *(
        (
            {**JOBS, **plan(jobs=[{**CREATED, "made_by": ""}])},
            {**JOBS, **plan(jobs=[{**CREATED, "name": name}])},
            JOB_OF_OTHERS.format(name),
        )
        for name in ("migrate-1", "report-1", "check-nginx", "check-redis")
    ),
    (plan(jobs=[CREATED]), {**JOBS, **plan(jobs=[CREATED])}, JOB_OF_OTHERS.format("migrate-1")),
    ({**JOBS, **plan(jobs=[{**CREATED, "name": "migrate-2"}])}, {**JOBS, **plan(jobs=[CREATED])}, JOB_OF_OTHERS.format("migrate-1")),
    (
        {**JOBS, **plan(jobs=[{"name": "migrate-1"}])},
        {**JOBS, **plan(jobs=[CREATED, {**CREATED, "name": "report-1", "made_by": "a"}])},
        "Other field managers created Jobs with names that this run uses: migrate-1 (the field manager k9s), report-1 (a). Whether the "
        "commands of this release ran is not known. Delete them with kubectl delete job migrate-1 report-1 -n shop, and run again.",
    ),
    (plan(), plan(foreign=["a", "b"]), f"These objects are not managed by this collection: a; b. {TAKE_OVER}"),
    (
        plan(),
        plan(foreign=["a", "PersistentVolumeClaim b"]),
        f"These objects are not managed by this collection: a; PersistentVolumeClaim b. {TAKE_OVER} First check that each of these claims "
        "is bound to the correct volume.",
    ),
    (passwords(POSTGRES_PASSWORD="p" * 20), passwords(POSTGRES_PASSWORD="p" * 19), GUESSABLE.format("POSTGRES_PASSWORD")),
    (passwords(POSTGRES_PASSWORD="", REDIS_PASSWORD=""), passwords(REDIS_PASSWORD="r"), GUESSABLE.format("REDIS_PASSWORD")),
    (
        {**passwords(POSTGRES_PASSWORD="p"), **plan(objects=[stateful_set("postgresql", "postgresql-new")])},
        {**passwords(POSTGRES_PASSWORD="p"), **plan(objects=[stateful_set("redis", "redis-new")])},
        GUESSABLE.format("POSTGRES_PASSWORD"),
    ),
    (
        {**passwords(REDIS_PASSWORD="r"), "platform_redis_provider": "external"},
        passwords(POSTGRES_PASSWORD="p", REDIS_PASSWORD="r"),
        GUESSABLE.format("POSTGRES_PASSWORD and REDIS_PASSWORD"),
    ),
    (
        {"manifests_workloads": {"tiers": [scaled({"type": "cron"})], "data_services": []}},
        {"manifests_workloads": {"tiers": [scaled()], "data_services": []}},
        "KEDA has no trigger for reports: set <tier>_keda_tasks_per_replica for a tier with queues, or <tier>_keda_triggers, in "
        "values.yml.",
    ),
    (autoscaled(percent("cpu")), autoscaled(percent("memory")), NO_REQUEST.format("log", "memory")),
    (
        {**autoscaled(percent("memory")), **plan(limit_ranges=[{"name": "defaults", "limits": [{"defaultRequest": {"memory": "64Mi"}}]}])},
        {**autoscaled(percent("memory")), **plan(limit_ranges=[{"name": "defaults", "limits": [{"default": {"cpu": "1"}}]}])},
        NO_REQUEST.format("log", "memory"),
    ),
    (
        autoscaled(percent("memory", container="django")),
        autoscaled(percent("memory", container="log")),
        NO_REQUEST.format("log", "memory"),
    ),
    (autoscaled(percent("memory", "AverageValue")), autoscaled(percent("memory")), NO_REQUEST.format("log", "memory")),
    (
        autoscaled(percent("cpu"), initContainers=[SIDECAR]),
        autoscaled(percent("cpu"), initContainers=[{**SIDECAR, "restartPolicy": "Always"}]),
        NO_REQUEST.format("proxy", "cpu"),
    ),
    (
        {**plan(limit_ranges=[LIMITS]), **workload("django", init=[container("wait-for-db", request="64Mi")])},
        {
            **plan(limit_ranges=[LIMITS], refusals=["Deployment django: minimum memory usage per Container is 64Mi, but request is 32Mi"]),
            **workload("django", init=[container("wait-for-db", request="32Mi"), container("wait-for-redis", request="32Mi")]),
        },
        f"{REJECTS} container wait-for-db of django, container wait-for-redis of django, {TOO_SMALL}: change platform_wait_resources in "
        "values.yml.",
    ),
    (
        {**plan(limit_ranges=[LIMITS]), **NGINX},
        {**plan(limit_ranges=[LIMITS]), **NGINX, "job_resources": resources("64Mi", "1Gi")},
        f"{REJECTS} the Jobs, because the memory limit 1Gi is more than 10 times the request 64Mi: change job_resources in values.yml.",
    ),
    (
        {**plan(limit_ranges=[LIMITS]), "manifests_workloads": {"tiers": []}, "nginx_check_resources": resources("32Mi")},
        {**plan(limit_ranges=[LIMITS]), **NGINX, "nginx_check_resources": resources("32Mi")},
        f"{REJECTS} the Job check-nginx, {TOO_SMALL}: change nginx_check_resources in values.yml.",
    ),
    (
        {
            **plan(limit_ranges=[SMALL_DISKS]),
            "manifests_workloads": {"tiers": []},
            "job_resources": {"limits": {"ephemeral-storage": "1Gi"}},
        },
        {**plan(limit_ranges=[SMALL_DISKS]), "manifests_workloads": {"tiers": []}},
        f"{REJECTS} the Jobs, because the ephemeral-storage limit 10Gi is above the maximum 5Gi: change "
        "platform_ephemeral_storage_request and platform_ephemeral_storage_limit in values.yml.",
    ),
    *(
        (
            plan(limit_ranges=[LIMITS]),
            {**plan(limit_ranges=[LIMITS]), **workload(name, containers=[container(sidecar, request="32Mi")])},
            f"{REJECTS} container {sidecar} of {name}, {TOO_SMALL}: change {setting} in values.yml.",
        )
        for name, sidecar, setting in (
            ("nginx", "nginx-exporter", "nginx_exporter_resources"),
            ("django", "proxy", "django_pod"),
            ("flower", "proxy", "the resources of the container"),
        )
    ),
    *(
        (
            plan(limit_ranges=[LIMITS]),
            {
                **plan(limit_ranges=[LIMITS]),
                "celery_worker_resources": {},
                "celery_worker_groups": [{"name": "reports", **own}],
                "manifests_workloads": {
                    "tiers": [
                        {
                            "name": "reports",
                            "group_of": "celery-worker",
                            "template": {"spec": {"containers": [container("reports", request="32Mi")]}},
                        }
                    ]
                },
            },
            f"{REJECTS} container reports of reports, {TOO_SMALL}: change {setting} in values.yml.",
        )
        for own, setting in GROUPS
    ),
    (
        plan(),
        {
            **plan(other_autoscalers=[{**AUTOSCALER, "target": "Deployment reports"}]),
            "manifests_workloads": {
                "tiers": [{"name": "reports", "group_of": "django", "template": {"spec": {"containers": [container("a", request="64Mi")]}}}]
            },
        },
        "HorizontalPodAutoscaler shop/django-hpa is not managed by this collection, but scales Deployment reports. This run would set "
        f"another number of replicas. {DELETE_AUTOSCALER}, or set django_groups[reports].hpa_enabled and "
        "django_groups[reports].hpa_external to true in values.yml to keep it.",
    ),
    (
        plan(),
        plan(refusals=["Deployment x: maximum cpu usage per Container is 1, but limit is 2"], limit_ranges=[LIMITS]),
        "The cluster would reject: Deployment x: maximum cpu usage per Container is 1, but limit is 2.",
    ),
    (
        plan(),
        plan(other_autoscalers=[AUTOSCALER]),
        f"{SCALES} This run would set another number of replicas. {DELETE_AUTOSCALER}, {KEEP_AUTOSCALER}",
    ),
    (
        plan(),
        plan(other_autoscalers=[{**AUTOSCALER, "own": "HorizontalPodAutoscaler shop/django"}]),
        f"{SCALES} HorizontalPodAutoscaler shop/django scales it too, and Kubernetes stops both. {DELETE_AUTOSCALER}, {KEEP_AUTOSCALER}",
    ),
    (
        plan(),
        {**plan(other_autoscalers=[AUTOSCALER]), "django_hpa_enabled": True, "django_hpa_external": True},
        f"{SCALES} Another autoscaler scales it too, and Kubernetes stops both. {DELETE_AUTOSCALER}.",
    ),
    (
        plan(),
        plan(other_autoscalers=[{**AUTOSCALER, "target": "StatefulSet redis", "owner": "ScaledObject redis"}]),
        "HorizontalPodAutoscaler shop/django-hpa is not managed by this collection, but scales StatefulSet redis. This run would set "
        "another number of replicas. Delete it with kubectl delete scaledobject redis -n shop.",
    ),
    (
        plan(),
        plan(other_autoscalers=[{**AUTOSCALER, "target": "Deployment flower", "stage": "extra_objects"}]),
        "HorizontalPodAutoscaler shop/django-hpa is not managed by this collection, but scales Deployment flower. This run would set "
        "another number of replicas. Remove it from extra_objects_manifests in values.yml, or set <tier>_hpa_enabled and "
        "<tier>_hpa_external to true in values.yml to keep it.",
    ),
    (
        plan(),
        plan(other_budgets=[{**BUDGET, "own": ["PodDisruptionBudget shop/django"]}]),
        f"{SELECTS} PodDisruptionBudget shop/django selects them too. Kubernetes evicts no pod that has two budgets, so a node cannot be "
        "drained. Delete it with kubectl delete poddisruptionbudget old -n shop.",
    ),
    *(
        (
            plan(),
            {**plan(cut_off_pods=pods), "namespace_labels": labels},
            "Namespace shop would enforce the Pod Security level restricted, which does not allow these pods that are not managed by this "
            f"collection: {names}. The API server would reject the pods that replace them. Move them to another namespace, or set "
            f"{setting} in values.yml to {level}.",
        )
        for pods, labels, names, setting, level in (
            ([cut_off("a"), cut_off("b", "privileged")], {}, "a, b", "namespace_pod_security", "privileged"),
            (
                [cut_off(name) for name in "abcdefg"],
                {"pod-security.kubernetes.io/enforce": "restricted"},
                "a, b, c, d, e and 2 more",
                "pod-security.kubernetes.io/enforce in namespace_labels",
                "baseline",
            ),
        )
    ),
    (
        plan(),
        {**plan(lost_ports=[{"name": "django-service", "namespace": "shop", "ports": [80, 81]}]), "django_service_ports": []},
        "Service shop/django-service would lose ports 80, 81. Add what clients use to django_service_ports in values.yml. Remove a port "
        "that no client uses first: kubectl edit service django-service -n shop.",
    ),
    (
        plan(),
        plan(lost_ports=[{"name": "nginx-service", "namespace": "shop", "ports": [443]}]),
        "Service shop/nginx-service would lose port 443. Remove a port that no client uses first: kubectl edit service nginx-service -n "
        "shop.",
    ),
    (
        rendered({"name": "django", "image": "a"}),
        rendered({"name": "django", "image": "a"}, {"name": "djang"}),
        "django_pod.containers[djang] has no image, and the pods have no container of this name: add the image, or correct the name in "
        "values.yml.",
    ),
    *(
        (
            {},
            {
                **groups,
                "tiers_roles": ["celery_worker"],
                "manifests_workloads": {"tiers": [pods({"image": "a"}), pods({"name": "log"})], "data_services": []},
            },
            f"{setting}.containers[log] has no image, and the pods have no container of this name: add the image, or correct the name in "
            "values.yml.",
        )
        for groups, setting in (
            ({"celery_worker_groups": [{"name": "a"}, {"name": "b", "pod": {}}]}, "celery_worker_groups[b].pod"),
            ({"celery_worker_groups": [{"name": "a", "pod": {}}, {"name": "b"}]}, "celery_worker_pod"),
        )
    ),
]


@pytest.mark.parametrize(("right", "wrong", "message"), CASES, ids=lambda value: value[:50] if isinstance(value, str) else "")
def test_a_rule_reports_only_wrong_values(right: Values, wrong: Values, message: str) -> None:
    assert tables.FINDINGS["plan"]({**PLANNED, **plan(), **right}) == []
    assert tables.FINDINGS["plan"]({**PLANNED, **plan(), **wrong}) == [message]


def test_every_rule_has_a_case() -> None:
    for rules in (cluster.READ, tables.PLAN):
        judged = [{**PLANNED, **plan(), **wrong} for _right, wrong, _message in CASES]
        # Without the facts of a cluster, the other rules are not checked.
        readable = judged if rules is cluster.READ else [values for values in judged if "cluster" in values["preflight_plan"]]
        assert {rule for rule in rules if any(rule.wrong(values) for values in readable)} == set(rules)


def test_findings_of_the_settings_come_first_and_no_password_is_checked() -> None:
    values = {**PLANNED, **plan(foreign=["a"]), **passwords(REDIS_PASSWORD="r"), "preflight_input_findings": ["x is not set."]}
    assert tables.FINDINGS["plan"](values) == ["x is not set.", f"These objects are not managed by this collection: a. {TAKE_OVER}"]


def test_an_unknown_secret_is_not_reported_as_short() -> None:
    values = {
        **PLANNED,
        **plan(),
        "platform_secrets_provider": "existing",
        "preflight_existing": {"problems": []},
        **passwords(REDIS_PASSWORD="r"),
    }
    assert tables.FINDINGS["plan"](values) == []


@pytest.mark.parametrize(
    ("values", "beginnings"),
    [
        ({}, []),
        ({"preflight_plan": {"msg": "no answer"}}, ["The cluster cannot be read"]),
        (
            {"platform_api_host": "https://b", "platform_cluster_uid": "w"},
            ["The credential connects to https://a", "The UID of the namespace kube-system"],
        ),
        (plan(foreign=["a"], refusals=["b"], forbidden=["c"]), []),
    ],
)
def test_a_playbook_without_a_release_only_checks_the_identity_of_the_cluster(values: Values, beginnings: list[str]) -> None:
    found = tables.FINDINGS["cluster"]({**PLANNED, **plan(), **values})
    assert [finding[: len(beginning)] for finding, beginning in zip(found, beginnings, strict=True)] == beginnings


@pytest.mark.parametrize("table", ["plan", "cluster"])
def test_a_run_that_holds_the_lease_is_the_only_finding_about_the_cluster(table: str) -> None:
    held = {"cluster": CLUSTER, "lease": {"held": "Another run holds Lease shop/run: anna.", "resource_version": "1"}}
    assert tables.FINDINGS[table]({**PLANNED, "preflight_plan": held}) == [
        "Another run holds Lease shop/run: anna. Wait until that run ends, or set platform_lock_wait to a number of seconds."
    ]
    # In check mode the plan is made all the same, with a warning.
    assert tables.FINDINGS[table]({**PLANNED, **plan(**held)}) == []
