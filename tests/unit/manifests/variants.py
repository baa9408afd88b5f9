"""Settings with which production is rendered."""

from __future__ import annotations

from typing import Any

# Settings that an inventory leaves to the operator, so that the manifests are complete.
VALUES: dict[str, Any] = {
    "platform_image_registry": "registry.example.com/shop",
    "platform_image": "jewelry-shop",
    "platform_image_tag": "v1.0.0",
    "platform_config": {
        "DJANGO_ALLOWED_HOSTS": "shop.example.com",
        "SITE_URL": "https://shop.example.com",
    },
    "platform_postgresql_host": "postgres.example.com",
    "platform_redis_host": "redis.example.com",
    "platform_secrets": {"DJANGO_SECRET_KEY": "k" * 50, "POSTGRES_PASSWORD": "p", "REDIS_PASSWORD": "r"},
}


# Settings that do not meet in an object that a test looks at, together for one host, since a host costs seconds.
CHANGED: dict[str, Any] = {
    "nginx_tls_secret": "shop-tls",
    "nginx_trusted_proxies": ["10.42.0.0/16"],
    "ingress_enabled": True,
    "ingress_cert_manager_issuer": "letsencrypt",
    "nginx_service_annotations": {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"},
    "nginx_service_session_affinity": "None",
    "nginx_service_load_balancer_class": "service.k8s.aws/nlb",
    "nginx_hpa_enabled": True,
    "celery_worker_hpa_enabled": True,
    "celery_worker_hpa_external": True,
    "django_image_tag": "v2",
    "platform_image_digest": "sha256:" + "0" * 64,
    "platform_image_pull_secrets": [{"name": "registry-credentials"}],
    "platform_uid": 2001,
    "platform_gid": 2002,
    "nginx_exporter_uid": 2003,
    "django_bind_address": "[::]",
    "platform_labels": {"team": "shop"},
    "platform_release_history": 2,
    "job_labels": {"sidecar.istio.io/inject": "false", "component": "web"},
    "job_annotations": {"linkerd.io/inject": "disabled"},
    "platform_annotations": {"contact": "shop@example.com"},
    "platform_postgresql_ca": "certificates of the database's authority",
    "monitoring_service_monitors": True,
    "monitoring_rules": True,
    "monitoring_labels": {"release": "prometheus"},
    "extra_objects_manifests": [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "own",
                "namespace": "jewelry-shop",
                "labels": {"team": "shop"},
                "annotations": {"contact": "shop@example.com"},
            },
            "data": {"a": "b"},
        }
    ],
}

# Settings that exclude those of CHANGED, so that each branch of a template is rendered once.
OPTIONAL: dict[str, Any] = {
    "platform_environment": "acceptance",
    "platform_namespace": "shop",
    "platform_image_pull_policy": "Always",
    "platform_config": {
        "DJANGO_ALLOWED_HOSTS": ".example.com,*.example.org",
        "SITE_URL": "https://shop.example.com",
        "USE_PGBOUNCER": True,
        "PGBOUNCER_HOST": "pool.example.com",
        "PGBOUNCER_PORT": 6543,
    },
    "platform_secret_files": {"payment.key": "cGF5bWVudA=="},
    "platform_postgresql_port": 5433,
    "platform_postgresql_database": "shop",
    "platform_postgresql_user": "seller",
    "platform_postgresql_tls_mode": "require",
    "platform_redis_provider": "in_cluster",
    "platform_redis_previous_password": "before",
    "platform_fs_group": 2004,
    "platform_dependency_timeout": 121,
    "platform_ephemeral_storage_request": "65Mi",
    "platform_ephemeral_storage_limit": "11Gi",
    "configuration_annotations": {"reloader": "off"},
    "namespace_pod_security": "baseline",
    "namespace_labels": {"team": "shop"},
    "storage_class": "nfs",
    "storage_access_mode": "ReadWriteOnce",
    "redis_storage_class": "fast",
    "redis_uid": 2005,
    "django_hpa_enabled": False,
    "django_replicas": 1,
    "django_env": {"TIER": "web", "DEBUG": False},
    "django_metrics_by_pod_address": False,
    "django_gunicorn_workers": 3,
    "django_gunicorn_threads": 2,
    "django_gunicorn_timeout": 61,
    "django_gunicorn_keep_alive": 76,
    "django_drain_seconds": 11,
    "django_termination_grace_period_seconds": 91,
    "celery_app": "shop",
    "celery_log_level": "debug",
    "celery_worker_probe": "inspect",
    "celery_worker_image_tag": "v1.0.1",
    "celery_worker_env": {"TIER": "worker"},
    "celery_worker_queues": ["celery", "mail"],
    "celery_worker_concurrency": 2,
    "celery_worker_max_tasks_per_child": 100,
    "celery_beat_image_tag": "v1.0.2",
    "celery_beat_env": {"TIER": "beat"},
    "celery_beat_hung_seconds": 661,
    "nginx_replicas": 1,
    "nginx_uid": 2006,
    "nginx_service_type": "ClusterIP",
    "nginx_hsts_seconds": 3600,
    "nginx_headers": {"X-Frame-Options": "DENY"},
    "nginx_rate_limit": 20,
    "nginx_rate_limit_burst": 51,
    "nginx_ipv6": False,
    "nginx_client_max_body_size": "51m",
    "nginx_proxy_timeout": 62,
    "nginx_drain_seconds": 12,
    "ingress_enabled": True,
    "ingress_class": "",
    "ingress_hosts": ["shop.example.com", "www.example.com"],
    "ingress_tls_secret": "shop-tls",
    "ingress_annotations": {"own": "annotation"},
    "ingress_traefik_middlewares": ["shop-limits@kubernetescrd"],
    "job_active_deadline_seconds": 1801,
    "pre_deploy_check_services": False,
    "pre_deploy_commands": [
        {"name": "migrate", "command": ["python", "manage.py", "migrate"]},
        {"name": "seed", "command": ["true"], "wait_for_db": False},
    ],
    "monitoring_service_monitors": True,
    "monitoring_interval": "15s",
    "network_policies_postgresql": [{"ipBlock": {"cidr": "192.0.2.1/32"}}],
    "network_policies_pgbouncer": [{"ipBlock": {"cidr": "192.0.2.2/32"}}],
    "network_policies_clients": [],
    "network_policies_endpoints": {"mail": [{"ipBlock": {"cidr": "192.0.2.3/32"}}]},
    "network_policies_flows": [{"from": ["celery-worker"], "to": ["mail"], "ports": [587], "reason": "sends mail"}],
}

# Settings of nginx that change its files and its volume.
LOCATIONS: dict[str, Any] = {
    "nginx_locations": [
        {"path": "/accounts/login/", "rate": "10r/m", "burst": 5, "headers": {"X-Frame-Options": "DENY"}},
        {"path": "/ws/", "websocket": True, "connections": 20},
        {"path": "/admin/import/", "match": "exact", "max_body_size": "1g", "timeout": 300, "allow": ["203.0.113.0/24"]},
        # It reaches the paths of the others, so the preflight requires the limits of the others here too.
        {"path": "/api/", "proxy_path": "/", "rate": "5r/s", "connections": 20, "allow": ["203.0.113.0/24"]},
        {"path": "^/catalogue/[0-9]+/$", "match": "regex", "cache_seconds": 60},
    ],
    "nginx_http_snippet": "map $http_accept_language $language { ~^de de; default en; }\n",
    "nginx_server_snippet": "location = / { return 302 /$language/; }\n",
    "nginx_access_log_format": "json",
    "nginx_cache_size": "128m",
    "nginx_temp_volume": {"emptyDir": {"sizeLimit": "2048Mi"}},
    "nginx_tls_secret": "shop-tls",
    "nginx_ipv6": False,
    "nginx_follow_symlinks": True,
}

# Settings in the format of Kubernetes that change pods.
ADAPTED: dict[str, Any] = {
    "platform_postgresql_provider": "in_cluster",
    "platform_postgresql_host": "",
    "platform_redis_provider": "in_cluster",
    "platform_redis_host": "",
    "platform_pod": {
        "metadata": {"labels": {"azure.workload.identity/use": "true"}, "annotations": {"team": "shop"}},
        "nodeSelector": {"pool": "shop"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "shop", "effect": "NoSchedule"}],
        "priorityClassName": "shop",
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["mail.example.com"]}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "initContainers": [{"name": "proxy", "image": "proxy:1", "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}}}],
        "containers": [{"name": "nginx-exporter", "env": [{"name": "TZ", "value": "UTC"}]}],
    },
    "platform_service_account_annotations": {"iam.gke.io/gcp-service-account": "shop@project.iam.gserviceaccount.com"},
    "platform_wait_resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
    "job_pod": {"metadata": {"annotations": {"team": "batch"}}, "priorityClassName": "batch"},
    "job_read_only_root_filesystem": False,
    "job_service_account_annotations": {"iam.gke.io/gcp-service-account": "batch@project.iam.gserviceaccount.com"},
    "django_pod": {
        "topologySpreadConstraints": [],
        "containers": [
            {"name": "django", "lifecycle": {"preStop": {"exec": {"command": ["sleep", "20"]}}}},
            {"name": "log", "image": "log:1", "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}}},
        ],
    },
    "django_strategy": {"type": "Recreate"},
    "django_read_only_root_filesystem": False,
    "celery_worker_service_account_annotations": {"iam.gke.io/gcp-service-account": "worker@project.iam.gserviceaccount.com"},
    "celery_beat_pod": {"serviceAccountName": "existing"},
    "nginx_pod": {"nodeSelector": {"pool": "edge"}},
    "postgresql_pod": {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]
                }
            }
        }
    },
    "redis_pod": {"nodeSelector": {"pool": "data"}, "tolerations": []},
    # Static files from the image, uploads in an object store.
    "storage_access_mode": "ReadWriteOnce",
    "storage_claims": {
        "media": {"enabled": False},
        "static": {"enabled": False},
        "backups": {"class": "fast", "size": "5Gi"},
        "exports": {"size": "1Gi"},
    },
    "platform_secret_files": {"payment.key": "cGF5bWVudA=="},
    "platform_secret_files_mode": "0440",
    "platform_volumes": [
        {"name": "client", "path": "/etc/client", "source": {"secret": {"secretName": "client-certificate"}}},
        {"name": "memory", "path": "/dev/shm", "source": {"emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}}},
    ],
    "job_volumes": [{"name": "exports", "path": "/exports"}],
    "celery_worker_volumes": [{"name": "memory", "path": "/dev/shm", "source": {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}}],
    "nginx_volumes": [
        {"name": "snippet", "path": "/etc/nginx/own.conf", "source": {"configMap": {"name": "own"}}, "sub_path": "own.conf"},
    ],
    "postgresql_volumes": [{"name": "shared-memory", "path": "/dev/shm", "source": {"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}}],
}

# Values in existing Secrets and ConfigMaps, with the revisions that the preflight reads.
REFERENCES: dict[str, Any] = {
    "platform_config": {
        **VALUES["platform_config"],
        "POSTGRES_HOST": {"config_map": "places", "key": "database"},
        "POD_NAME": {"field": "metadata.name"},
    },
    "platform_secrets": {
        "DJANGO_SECRET_KEY": "k" * 50,
        "POSTGRES_PASSWORD": {"secret": "database", "key": "password"},
        "REDIS_PASSWORD": {"secret": "queues", "key": "password"},
    },
    "platform_env_from": [{"secret": "mail"}, {"config_map": "flags", "prefix": "FLAG_"}],
    "celery_worker_env": {"PAYMENT_TOKEN": {"secret": "payment", "key": "token"}},
    # Settings in the format of Kubernetes keep the references.
    "django_pod": {
        "metadata": {"annotations": {"team": "shop"}},
        "containers": [{"name": "django", "env": [{"name": "POD_NAME", "value": "django"}]}],
    },
    "job_pod": {"metadata": {"annotations": {"team": "batch"}}, "priorityClassName": "batch"},
    "job_volumes": [{"name": "scratch", "path": "/scratch", "source": {"emptyDir": {}}}],
    "preflight_existing": {
        "revisions": {
            "ConfigMap/places": {"database": "1"},
            "Secret/database": {"password": "2", "user": "3"},
            "Secret/queues": {"password": "4"},
            "Secret/mail": {"MAIL_USER": "5", "MAIL_PASSWORD": "6"},
            "ConfigMap/flags": {"A": "7"},
            "Secret/payment": {"token": "8"},
        }
    },
}

# Autoscalers and disruption budgets.
AUTOSCALED: dict[str, Any] = {
    "django_hpa_memory_percent": 80,
    "django_hpa_metrics": [
        {"type": "Pods", "pods": {"metric": {"name": "requests_per_second"}, "target": {"type": "AverageValue", "averageValue": "50"}}}
    ],
    "django_hpa_behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
    "django_disruption_budget": {"minAvailable": "50%"},
    "nginx_hpa_enabled": True,
    "nginx_hpa_cpu_percent": 0,
    "nginx_hpa_memory_percent": 75,
    "nginx_disruption_budget": {"maxUnavailable": "25%"},
    "platform_redis_tls": True,
    "platform_redis_ca": "certificates of the authority of Redis",
    "platform_redis_user": "shop",
    "celery_worker_queues": ["celery", "reports"],
    "celery_worker_hpa_behavior": {"scaleUp": {"stabilizationWindowSeconds": 30}},
    "celery_worker_keda_enabled": True,
    "celery_worker_keda_min_replicas": 0,
    "celery_worker_keda_max_replicas": 3,
    "celery_worker_keda_tasks_per_replica": 5,
    "celery_worker_keda_triggers": [
        {"type": "prometheus", "metadata": {"serverAddress": "http://prometheus.monitoring:9090", "query": "a", "threshold": "60"}}
    ],
}

# What the preflight reads from the Secrets of tests/inventories/production_like.
PRODUCTION_LIKE_REVISIONS: dict[str, Any] = {
    "preflight_existing": {
        "revisions": {"Secret/shop-database": {"db-pass": "1"}, "Secret/shop-payment": {"api-key": "2", "signing-key": "3"}}
    }
}

# A group that keeps the name of the workers, and one for long reports.
GROUPS: dict[str, Any] = {
    "celery_worker_groups": [
        {"name": "celery-worker", "queues": ["celery", "backups", "pricing", "notifications"]},
        {
            "name": "reports",
            "queues": ["reports"],
            "concurrency": 1,
            "pool": "solo",
            "resources": {"requests": {"cpu": 1, "memory": "2Gi"}, "limits": {"cpu": 2, "memory": "4Gi"}},
            "hpa_enabled": True,
            "hpa_max_replicas": 3,
            "termination_grace_period_seconds": 900,
            "pod": {"nodeSelector": {"pool": "reports"}},
            "env": {"TIER": "reports"},
        },
    ],
    "monitoring_service_monitors": True,
    "monitoring_rules": True,
}

# Production with other settings, by the name of the fixture and of the snapshot.
VARIANTS: dict[str, dict[str, Any]] = {
    "changed": CHANGED,
    "optional": OPTIONAL,
    "locations": LOCATIONS,
    "adapted": ADAPTED,
    "references": REFERENCES,
    "autoscaled": AUTOSCALED,
    "groups": GROUPS,
}
# Variants whose objects can be compared with those of production by name and namespace.
IN_ITS_NAMESPACE = tuple(name for name, settings in VARIANTS.items() if "platform_namespace" not in settings)
# The registry of copies, with images of fragments and of objects of the user.
MIRRORED: dict[str, Any] = {
    **ADAPTED,
    "platform_image_mirror": "registry.internal:5000/copies",
    "celery_worker_image_tag": "v1.0.1",
    "post_deploy_commands": [{"name": "report", "command": ["true"]}],
    "extra_objects_manifests": [
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "night"},
            "spec": {
                "schedule": "0 3 * * *",
                "jobTemplate": {
                    "spec": {
                        "template": {
                            "spec": {
                                "restartPolicy": "Never",
                                "containers": [{"name": "night", "image": f"quay.io/tools/night:2@sha256:{'a' * 64}"}],
                            }
                        }
                    }
                },
            },
        }
    ],
}
# All hosts of the one run that renders production.
HOSTS: dict[str, dict[str, Any]] = {
    "production": VALUES,
    **{name: {**VALUES, **settings} for name, settings in VARIANTS.items()},
    "mirrored": {**VALUES, **MIRRORED},
    "other_configuration_of_nginx": {**VALUES, "nginx_client_max_body_size": "11m"},
    "other_environment_of_a_tier": {**VALUES, "celery_worker_env": {"DRILL": True}},
}
