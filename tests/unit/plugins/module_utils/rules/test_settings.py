# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Each rule of the settings: values that pass, and values that give its message."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules import findings as tables
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Values, findings
from autoscaling_cases import CASES as AUTOSCALING_CASES
from canary_cases import CASES as CANARY_CASES
from group_cases import CASES as GROUP_CASES
from pod_cases import CASES as POD_CASES
from rule_values import ANY, CA, SETTINGS

# POSTGRES_PASSWORD is in an existing Secret.
REFERENCE = {
    "platform_secret_values": {"DJANGO_SECRET_KEY": "k" * 50, "REDIS_PASSWORD": "r" * 20},
    "platform_secrets": {**SETTINGS["platform_secrets"], "POSTGRES_PASSWORD": {"secret": "database", "key": "password"}},
}
# External Secrets Operator creates the Secret.
EXTERNAL = {
    "platform_secrets_provider": "external",
    "platform_secret_values": {},
    "platform_given_secret": "application",
    "platform_external_secret_store": {"name": "vault"},
    "platform_external_secret_data_from": [{"extract": {"key": "shop"}}],
}
CERT_MANAGER = {"nginx_tls_provider": "cert_manager", "nginx_cert_manager_issuer": "letsencrypt", "nginx_tls_hosts": ["a"]}
DIGEST = f"sha256:{'a' * 64}"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
PRIVATE = f"{CA}\nPRIVATE KEY"
NAMELESS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ""}}}
NAMED = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}}
INGRESS = {"ingress_enabled": True, "ingress_hosts": ["a"], "ingress_tls_secret_name": "", "nginx_trusted_proxies": []}
IN_CLUSTER = {"platform_postgresql_provider": "in_cluster", "platform_postgresql_host": "", "platform_postgresql_tls_mode": ""}
REDIS_IN_CLUSTER = {"platform_redis_provider": "in_cluster", "platform_redis_host": "", "platform_redis_tls": False}
VERIFIED = {"platform_postgresql_tls_mode": "verify-ca", "platform_postgresql_ca": CA}


WITHOUT_REDIS = {name: value for name, value in SETTINGS["platform_secrets"].items() if name != "REDIS_PASSWORD"}
OPEN_REDIS = {
    **REDIS_IN_CLUSTER,
    "platform_redis_authentication": False,
    "platform_secret_values": WITHOUT_REDIS,
    "platform_secrets": WITHOUT_REDIS,
    "preflight_accepted_without_tls": ["redis"],
}
NO_PASSWORD = (
    "platform_secrets.REDIS_PASSWORD is set, but platform_redis_authentication is false, so Redis needs no password: remove one of them in "
    "secrets.yml or values.yml."
)


def config(**values: Any) -> Values:
    return {"platform_config": {**SETTINGS["platform_config"], **values}}


def config_values(**values: str) -> Values:
    return {"platform_config_values": {**SETTINGS["platform_config_values"], **values}}


def secrets(**values: Any) -> Values:
    return {"platform_secret_values": {**SETTINGS["platform_secret_values"], **values}}


NOT_A_HOST = (
    "platform_postgresql_host '{}' must be only a host. Put its name or address into values.yml. Port, database and login have separate "
    "variables (platform_postgresql_*)."
)
NO_AUTHORITY = (
    "platform_{}_ca must contain certificates in PEM and no private key. Copy the lines from BEGIN CERTIFICATE to END CERTIFICATE of each "
    "authority into it, in values.yml."
)
NOT_POSTGRESQL = (
    "{} is for an external database, but platform_postgresql_provider is in_cluster. Set the provider to external in values.yml, or remove "
    "the settings of the external service."
)
NOT_REDIS = (
    "{} is for an external Redis, but platform_redis_provider is in_cluster. Set the provider to external in values.yml, or remove the "
    "settings of the external service."
)
MODE_WITHOUT_TLS = (
    "The connection to the external PostgreSQL can be unencrypted, because platform_postgresql_tls_mode is '{}'. In values.yml, set it to "
    "verify-full and set platform_postgresql_ca. If the network path is safe, add postgresql to preflight_accepted_without_tls instead."
)
BROKER_WITHOUT_TLS = (
    "platform_secrets.{} connects without TLS. Use rediss:// or amqps:// in secrets.yml. If the network path is safe, add redis to "
    "preflight_accepted_without_tls in values.yml instead."
)
NAMESPACE = (
    "platform_namespace '{}' is a namespace of the cluster. The run would change the Pod Security level of all pods in it. Set "
    "platform_namespace to a separate namespace in values.yml."
)
TAG_BESIDE_DIGEST = "platform_image_digest pins the image, but {} would replace the digest. Set only the digest or only tags in values.yml."
OPEN = (
    "{} is empty, so the pods of the shop could reach any address on that port. Set it in values.yml to the addresses of the service, as a "
    "list of {{ipBlock: {{cidr: ...}}}}. If the addresses are not known, use 0.0.0.0/0."
)
BAD_PATH = "{} must begin with / and have only letters, digits and the characters . _ ~ / ? = & -: set it in values.yml."
PATH = (
    "validate_customer_path '{}' is not a path that nginx passes to Django, so the check would not test Django. Set it in values.yml to a "
    "path that begins with / and that Django serves."
)
WRONG_VOLUMES: list[dict[str, Any]] = [{}, {"persistentVolumeClaim": {"claimName": "a"}}, {"emptyDir": {}, "ephemeral": {}}]
TOO_SMALL = (
    "nginx_temp_volume.emptyDir.sizeLimit {} is smaller than the largest request body (nginx_client_max_body_size, max_body_size of "
    "nginx_locations) with the cache (nginx_cache_size), so one upload could get a pod of nginx evicted: raise it in values.yml."
)
NO_CLUSTER = (
    "No cluster is set. Set platform_kube_context in values.yml, or set platform_api_host and pass a credential in the environment "
    "(K8S_AUTH_HOST, K8S_AUTH_API_KEY). The current context of a kubeconfig is never used."
)
# Values that pass, values that do not, and the message.
CASES: list[tuple[Values, Values, str]] = [
    (
        {"platform_image": "a"},
        {"platform_image": ""},
        "platform_image is not set: put the name of the application's image into values.yml.",
    ),
    (
        {"platform_image_tag": "", "platform_image_digest": DIGEST},
        {"platform_image_tag": ""},
        "platform_image_tag is not set: put the tag to deploy into values.yml (or platform_image_digest, or pass -e "
        "platform_image_tag=...).",
    ),
    (
        {"platform_image_digest": DIGEST},
        {"platform_image_digest": DIGEST[:-1]},
        f"platform_image_digest '{DIGEST[:-1]}' is not a digest. Write sha256: and 64 hexadecimal digits in values.yml.",
    ),
    (
        {"platform_release_history": "1"},
        {"platform_release_history": 0},
        "platform_release_history is 0: set it to 1 or more in values.yml, to keep a release for a rollback.",
    ),
    (
        {"platform_lock_wait": "600"},
        {"platform_lock_wait": -1},
        "platform_lock_wait is -1: set it to the number of seconds to wait for another run, or to 0.",
    ),
    (
        {"platform_lock_duration": 15},
        {"platform_lock_duration": 14},
        "platform_lock_duration is 14: set it to 15 seconds or more.",
    ),
    (
        {"pre_deploy_migrate_lock_timeout": 0},
        {"pre_deploy_migrate_lock_timeout": -1},
        "pre_deploy_migrate_lock_timeout is -1: set it to a number of seconds in values.yml, or to 0 for no limit.",
    ),
    (
        config(DJANGO_ALLOWED_HOSTS="*"),
        {**config(DJANGO_ALLOWED_HOSTS=""), "platform_answers_no_host": True},
        "platform_config.DJANGO_ALLOWED_HOSTS is not set: put the host names of the shop, separated by commas, into values.yml.",
    ),
    (
        config(DJANGO_ALLOWED_HOSTS="*.example.com"),
        {**config(DJANGO_ALLOWED_HOSTS="*.example.com"), "platform_answers_no_host": True},
        "platform_config.DJANGO_ALLOWED_HOSTS '*.example.com' contains no host name that Django accepts. For a domain and its subdomains, "
        "write .example.com, not *.example.com, in values.yml.",
    ),
    (config(), config(SITE_URL=""), "platform_config.SITE_URL is not set: put the public address of the shop into values.yml."),
    (
        {},
        {"platform_config": {"DJANGO_ALLOWED_HOSTS": "a"}},
        "platform_config.SITE_URL is not set: put the public address of the shop into values.yml.",
    ),
    (
        config_values(POSTGRES_HOST="a"),
        config_values(POSTGRES_HOST=""),
        "platform_postgresql_host is not set: put the host of the database into values.yml, or set platform_postgresql_provider to "
        "in_cluster.",
    ),
    (
        config_values(REDIS_HOST="a"),
        config_values(REDIS_HOST=""),
        "platform_redis_host is not set: put the host of Redis into values.yml, or set platform_redis_provider to in_cluster.",
    ),
    (
        {**config(POSTGRES_HOST="a"), "platform_postgresql_host": ""},
        config(POSTGRES_HOST="a"),
        "platform_postgresql_host is db, but platform_config.POSTGRES_HOST, which takes precedence, is a. Keep only one of them in "
        "values.yml.",
    ),
    (
        {**config(REDIS_HOST="a"), "platform_redis_host": ""},
        config(REDIS_HOST="a"),
        "platform_redis_host is redis, but platform_config.REDIS_HOST, which takes precedence, is a. Keep only one of them in values.yml.",
    ),
    ({"platform_postgresql_host": "2001:db8::1"}, {"platform_postgresql_host": "postgres://db"}, NOT_A_HOST.format("postgres://db")),
    ({"platform_postgresql_host": "::"}, {"platform_postgresql_host": "db:"}, NOT_A_HOST.format("db:")),
    ({"platform_postgresql_host": "db-1"}, {"platform_postgresql_host": "a b"}, NOT_A_HOST.format("a b")),
    (
        {"platform_redis_host": "::1"},
        {"platform_redis_host": "redis:6379"},
        "platform_redis_host 'redis:6379' must be only a host. Put its name or address into values.yml. Port and TLS have separate "
        "variables (platform_redis_*).",
    ),
    (
        {"platform_postgresql_port": 65535},
        {"platform_postgresql_port": 65536},
        "platform_postgresql_port must be a number from 1 to 65535, not 65536: set it in values.yml.",
    ),
    (
        {"platform_redis_port": 1},
        {"platform_redis_port": 0},
        "platform_redis_port must be a number from 1 to 65535, not 0: set it in values.yml.",
    ),
    (IN_CLUSTER, {**IN_CLUSTER, "platform_postgresql_host": "db"}, NOT_POSTGRESQL.format("platform_postgresql_host")),
    (IN_CLUSTER, {**IN_CLUSTER, "platform_postgresql_port": 1}, NOT_POSTGRESQL.format("platform_postgresql_port")),
    (IN_CLUSTER, {**IN_CLUSTER, "platform_postgresql_tls_mode": "require"}, NOT_POSTGRESQL.format("platform_postgresql_tls_mode")),
    (IN_CLUSTER, {**IN_CLUSTER, **VERIFIED}, NOT_POSTGRESQL.format("platform_postgresql_ca")),
    (
        {"platform_postgresql_tls_mode": "prefer"},
        {**IN_CLUSTER, **VERIFIED, "platform_postgresql_tls_mode": "prefer"},
        NOT_POSTGRESQL.format("platform_postgresql_ca"),
    ),
    (REDIS_IN_CLUSTER, {**REDIS_IN_CLUSTER, "platform_redis_host": "a"}, NOT_REDIS.format("platform_redis_host")),
    (REDIS_IN_CLUSTER, {**REDIS_IN_CLUSTER, "platform_redis_port": 1}, NOT_REDIS.format("platform_redis_port")),
    (REDIS_IN_CLUSTER, {**REDIS_IN_CLUSTER, "platform_redis_user": "a"}, NOT_REDIS.format("platform_redis_user")),
    (REDIS_IN_CLUSTER, {**REDIS_IN_CLUSTER, "platform_redis_tls": True}, NOT_REDIS.format("platform_redis_tls")),
    (REDIS_IN_CLUSTER, {**REDIS_IN_CLUSTER, "platform_redis_ca": CA}, NOT_REDIS.format("platform_redis_ca")),
    *(
        (
            {"platform_postgresql_tls_mode": mode, **config_values(PGSSLROOTCERT="system")},
            {"platform_postgresql_tls_mode": mode},
            f"platform_postgresql_tls_mode {mode} needs a certificate authority. Set platform_postgresql_ca in values.yml to its "
            "certificate (PEM), or set platform_config.PGSSLROOTCERT to a file of the image or to system.",
        )
        for mode in ("verify-ca", "verify-full")
    ),
    (
        {**VERIFIED, "platform_postgresql_tls_mode": "require"},
        {**VERIFIED, "platform_postgresql_tls_mode": "prefer"},
        "platform_postgresql_ca is set, but platform_postgresql_tls_mode 'prefer' does not verify certificates. Set the mode to "
        "verify-full in values.yml, or remove platform_postgresql_ca.",
    ),
    (
        {"platform_redis_ca": CA},
        {"platform_redis_ca": CA, "platform_redis_tls": False, "preflight_accepted_without_tls": ["redis"]},
        "platform_redis_ca is set, but platform_redis_tls is false. Set platform_redis_tls to true in values.yml, or remove "
        "platform_redis_ca.",
    ),
    ({"platform_postgresql_ca": f"# a\n{CA}"}, {"platform_postgresql_ca": "/ca.pem"}, NO_AUTHORITY.format("postgresql")),
    ({"platform_postgresql_ca": CA}, {"platform_postgresql_ca": PRIVATE}, NO_AUTHORITY.format("postgresql")),
    ({"platform_redis_ca": f"{CA}\n{CA}"}, {"platform_redis_ca": "/ca.pem"}, NO_AUTHORITY.format("redis")),
    ({"platform_redis_ca": CA}, {"platform_redis_ca": PRIVATE}, NO_AUTHORITY.format("redis")),
    (
        {**secrets(), **REFERENCE},
        secrets(POSTGRES_PASSWORD=""),
        "platform_secrets.POSTGRES_PASSWORD is not set: put it into secrets.yml and encrypt it with ansible-vault.",
    ),
    (
        {"platform_secret_values": {"REDIS_PASSWORD": "r"}, "platform_env_from": [{"secret": "own"}]},
        secrets(DJANGO_SECRET_KEY=""),
        "platform_secrets.DJANGO_SECRET_KEY is missing or shorter than 50 characters: put a random one into secrets.yml and encrypt it "
        "with ansible-vault.",
    ),
    (
        {
            "platform_config_values": {key: each for key, each in SETTINGS["platform_config_values"].items() if key != "POSTGRES_HOST"},
            "platform_postgresql_host": "",
            **config(POSTGRES_HOST={"config_map": "places", "key": "db"}),
        },
        config_values(POSTGRES_HOST=""),
        "platform_postgresql_host is not set: put the host of the database into values.yml, or set platform_postgresql_provider to "
        "in_cluster.",
    ),
    (
        {"platform_secrets_provider": "existing", "platform_secret_values": {}, "platform_existing_secret": "mine"},
        {"platform_secrets_provider": "existing", "platform_secret_values": {}},
        "platform_existing_secret is not set, but platform_secrets_provider is existing: put the name of the Secret into values.yml.",
    ),
    (
        EXTERNAL,
        {**EXTERNAL, "platform_external_secret_store": {"kind": "ClusterSecretStore"}},
        "platform_external_secret_store is not set, but platform_secrets_provider is external: set its name, and its kind if it is not "
        "SecretStore, in values.yml.",
    ),
    (
        {**EXTERNAL, "platform_external_secret_data_from": [], "platform_external_secret_data": [{"secretKey": "A"}]},
        {**EXTERNAL, "platform_external_secret_data_from": []},
        "platform_secrets_provider is external, but platform_external_secret_data and platform_external_secret_data_from are empty: list "
        "what the Secret gets from the store in values.yml.",
    ),
    *(
        (
            {**EXTERNAL, "platform_external_secret_refresh_interval": right},
            {**EXTERNAL, "platform_external_secret_refresh_interval": wrong},
            f"platform_external_secret_refresh_interval '{wrong}' is not a time: set it to a number with a unit, such as 15m or 1h, in "
            "values.yml.",
        )
        for right, wrong in (("0", "15"), ("1h30m", "1 h"), ("1.5h", "daily"))
    ),
    (
        EXTERNAL,
        {**EXTERNAL, "platform_secrets_provider": "existing", "platform_existing_secret": "mine"},
        "platform_external_secret_store, platform_external_secret_data_from has no effect, because platform_secrets_provider is existing: "
        "set platform_secrets_provider to external in secrets.yml, or remove the setting.",
    ),
    (
        secrets(DJANGO_SECRET_KEY=10**49),
        secrets(DJANGO_SECRET_KEY="k" * 49),
        "platform_secrets.DJANGO_SECRET_KEY is missing or shorter than 50 characters: put a random one into secrets.yml and encrypt it "
        "with ansible-vault.",
    ),
    (
        secrets(POSTGRES_PASSWORD="p"),
        secrets(POSTGRES_PASSWORD=""),
        "platform_secrets.POSTGRES_PASSWORD is not set: put it into secrets.yml and encrypt it with ansible-vault.",
    ),
    (
        secrets(REDIS_PASSWORD="r"),
        secrets(REDIS_PASSWORD=""),
        "platform_secrets.REDIS_PASSWORD is not set: put it into secrets.yml and encrypt it with ansible-vault.",
    ),
    (
        {"platform_redis_authentication": False, "platform_secret_values": WITHOUT_REDIS, "platform_secrets": WITHOUT_REDIS},
        {"platform_redis_authentication": False},
        NO_PASSWORD,
    ),
    (
        {},
        {
            "platform_redis_authentication": False,
            "platform_secret_values": WITHOUT_REDIS,
            "platform_secrets": {**WITHOUT_REDIS, "REDIS_PASSWORD": {"secret": "a", "key": "b"}},
        },
        NO_PASSWORD,
    ),
    (
        {**config(REDIS_USERNAME="shop"), "platform_redis_user": "shop"},
        {**config(REDIS_USERNAME="seller"), "platform_redis_user": "shop"},
        "platform_redis_user is shop, but platform_config.REDIS_USERNAME has another value. Keep only one of them in values.yml.",
    ),
    (
        {"platform_redis_user": "shop"},
        {"platform_redis_user": "shop", "platform_redis_authentication": False, "platform_secret_values": WITHOUT_REDIS},
        "platform_redis_user is shop, but platform_redis_authentication is false, so no client logs in: remove one of them in values.yml.",
    ),
    *(
        (
            {**OPEN_REDIS, **passing},
            {**OPEN_REDIS, "network_policies_enabled": False},
            "Each pod of the cluster could change the queues and sessions, because platform_redis_authentication and "
            "network_policies_enabled are false: set one of them to true in values.yml.",
        )
        for passing in ({}, {"network_policies_enabled": False, "platform_redis_provider": "external", "platform_redis_host": "a"})
    ),
    (
        {"extra_objects_listed": [CONFIG_MAP]},
        {"extra_objects_listed": [SECRET, CONFIG_MAP, {**SECRET, "metadata": {"name": "other", "namespace": "shop"}}]},
        "extra_objects_manifests or extra_objects_templates contains Secret /mine, shop/other. Its content would be shown. Use "
        "platform_secrets, platform_secret_files, or an operator that reads an external secret store.",
    ),
    (
        {"platform_secret_files": {"a": "YQ==", "b": "YWE=", "c": "YWFh", "d": ""}},
        {"platform_secret_files": {"a": "YQ==", "b": "YQ=", "c": "no text"}},
        "platform_secret_files.b, c is not base64: put the output of `base64 -w0 FILE` into secrets.yml.",
    ),
    (
        {"network_policies_missing_ports": []},
        {"network_policies_missing_ports": [26379, 5671]},
        "platform_secrets.CELERY_BROKER_URL or CELERY_RESULT_BACKEND leads to port 26379, 5671, which no network policy allows: add a flow "
        "to network_policies_flows in values.yml.",
    ),
    (
        {"nginx_tls_provider": "existing", "nginx_tls_secret": "own"},
        {"nginx_tls_provider": "existing"},
        "nginx_tls_secret is not set, but nginx_tls_provider is existing: put the name of a Secret of type kubernetes.io/tls into "
        "values.yml.",
    ),
    (
        {"nginx_tls_provider": "existing", "nginx_tls_secret": "own"},
        {"nginx_tls_secret": "own"},
        "nginx_tls_secret is set, but nginx_tls_provider is none, so nginx does not use the Secret. Set nginx_tls_provider to existing in "
        "values.yml, or remove nginx_tls_secret.",
    ),
    (
        {"nginx_tls_provider": "generated", "nginx_tls_hosts": ["a"]},
        {"nginx_tls_provider": "generated"},
        "nginx_tls_hosts is empty, but nginx_tls_provider is generated: put the host names of the certificate into values.yml.",
    ),
    (
        {**CERT_MANAGER, "nginx_tls_secret": "own"},
        {**CERT_MANAGER, "nginx_tls_hosts": []},
        "nginx_tls_hosts is empty, but nginx_tls_provider is cert_manager: put the host names of the certificate into values.yml.",
    ),
    (
        CERT_MANAGER,
        {**CERT_MANAGER, "nginx_cert_manager_issuer": ""},
        "nginx_cert_manager_issuer is not set, but nginx_tls_provider is cert_manager: put the name of an issuer of cert-manager into "
        "values.yml.",
    ),
    (
        CERT_MANAGER,
        {"nginx_cert_manager_issuer": "letsencrypt"},
        "nginx_cert_manager_issuer is set, but nginx_tls_provider is none, so nginx does not use the issuer. Set nginx_tls_provider to "
        "cert_manager in values.yml, or remove nginx_cert_manager_issuer.",
    ),
    (
        {"django_termination_grace_period_seconds": "85"},
        {"django_termination_grace_period_seconds": 84},
        "django_termination_grace_period_seconds is 84. The drain (django_drain_seconds), the longest request (django_gunicorn_timeout, "
        "nginx_proxy_timeout, timeout of nginx_locations) and 10 s to stop need 85. Remove it, or set it to 85 or more in values.yml.",
    ),
    (
        {"nginx_termination_grace_period_seconds": 85},
        {"nginx_termination_grace_period_seconds": "9"},
        "nginx_termination_grace_period_seconds is 9. The drain (nginx_drain_seconds), the longest request (nginx_proxy_timeout, "
        "timeout of nginx_locations) and 10 s to stop need 85. Remove it, or set it to 85 or more in values.yml.",
    ),
    (
        {"nginx_locations": [{"path": "/login/", "rate": "10r/m", "burst": 5}]},
        {"nginx_locations": [{"path": "/login/", "rate": "10"}, {"path": "/api/", "timeout": -1}]},
        "nginx_locations in values.yml: the location /login/ has the rate '10'; write a number with r/s or r/m, such as 10r/m; the "
        "location /api/ has the timeout -1; write 0 or more.",
    ),
    (
        {"nginx_file_paths": [], "nginx_locations": [{"path": "/static/", "rate": "5r/s", "max_body_size": 1000}]},
        {"nginx_file_paths": ["/static/"], "nginx_locations": [{"path": "/static/", "rate": 5, "max_body_size": 1000}]},
        "nginx_locations in values.yml: the location /static/ with match prefix is a location of this collection; use another path, or the "
        "settings of nginx for it; the location /static/ has the rate '5'; write a number with r/s or r/m, such as 10r/m.",
    ),
    (
        {"nginx_client_max_body_size": "2g", "nginx_cache_size": "8192"},
        {"nginx_client_max_body_size": "50mb", "nginx_cache_size": "1Gi"},
        "nginx_client_max_body_size '50mb' and nginx_cache_size '1Gi' must be bytes, or a number with k, m or g, such as 50m: set it in "
        "values.yml.",
    ),
    *(
        (
            {"nginx_temp_volume": {"ephemeral": {"volumeClaimTemplate": {}}}},
            {"nginx_temp_volume": volume},
            "nginx_temp_volume must have emptyDir or ephemeral, and nothing else, because each pod of nginx needs a volume of its own: set "
            "it in values.yml.",
        )
        for volume in WRONG_VOLUMES
    ),
    (
        {"nginx_temp_volume": {"emptyDir": {"sizeLimit": "2Gi"}}},
        {"nginx_temp_volume": {"emptyDir": {"sizeLimit": "2g"}}},
        "nginx_temp_volume.emptyDir.sizeLimit '2g' is not a Kubernetes quantity; write a number with or without a suffix, such as 500m, 2, "
        "512Mi or 10Gi (set it in values.yml).",
    ),
    *(
        (
            {"nginx_temp_volume": {"emptyDir": {"sizeLimit": right}}, "nginx_locations": locations},
            {"nginx_temp_volume": {"emptyDir": {"sizeLimit": wrong}}, "nginx_locations": locations},
            TOO_SMALL.format(wrong),
        )
        for right, wrong, locations in (
            ("50Mi", "49Mi", []),
            ("1Gi", "1023Mi", [{"path": "/import/", "max_body_size": "1g"}]),
            ("306Mi", "305Mi", [{"path": "/feed/", "cache_seconds": "60"}]),
        )
    ),
    (
        {"network_policies_problems": []},
        {"network_policies_problems": ["a", "b"]},
        "network_policies_flows and network_policies_endpoints in values.yml: a; b.",
    ),
    (
        INGRESS,
        {**INGRESS, "ingress_hosts": []},
        "ingress_enabled is true, but the Ingress has no host. Put the host names of the shop into platform_config.DJANGO_ALLOWED_HOSTS or "
        "into ingress_hosts in values.yml.",
    ),
    *(
        (
            passing,
            {**INGRESS, "network_policies_clients": [NAMED, NAMELESS]},
            "ingress_controller_namespace is not set, so the network policies would block the ingress controller. In values.yml, set it to "
            "the namespace of the controller, or set network_policies_clients to the addresses of its pods.",
        )
        for passing in (
            {**INGRESS, "network_policies_clients": [NAMED]},
            {**INGRESS, "network_policies_clients": [NAMELESS], "network_policies_enabled": False},
            {"network_policies_clients": [NAMELESS]},
        )
    ),
    *(
        (
            passing,
            {**INGRESS, "ingress_tls_secret_name": "own"},
            "ingress_enabled is true with TLS, but nginx_trusted_proxies is empty. nginx would ignore the X-Forwarded-Proto of the ingress "
            "controller and redirect each HTTPS request forever. Set nginx_trusted_proxies in values.yml to the network of the "
            "controller's pods.",
        )
        for passing in (INGRESS, {**INGRESS, "ingress_tls_secret_name": "own", "nginx_trusted_proxies": ["10.0.0.0/8"]})
    ),
    *(
        ({"platform_live_path": f"/{path}"}, {"platform_live_path": path}, BAD_PATH.format("platform_live_path"))
        for path in ("health/live", "?live")
    ),
    *(
        ({"platform_ready_path": "/healthz?ready"}, {"platform_ready_path": path}, BAD_PATH.format("platform_ready_path"))
        for path in ("/a b", "/a;b", "/$a", "")
    ),
    (
        {"platform_ready_path": "/healthz", "platform_live_path": "/healthz?live"},
        {"platform_ready_path": "/healthz", "platform_live_path": "/healthz"},
        "platform_ready_path and platform_live_path are both '/healthz', so Kubernetes would restart pods that are only not ready. Set two "
        "different paths in values.yml. If the application has only one path, add a query to platform_live_path, such as ?live.",
    ),
    ({"validate_customer_path": "/statics"}, {"validate_customer_path": "/static"}, PATH.format("/static")),
    ({"validate_customer_path": "/health/"}, {"validate_customer_path": "/health/detailed/"}, PATH.format("/health/detailed/")),
    ({"validate_customer_path": "/a"}, {"validate_customer_path": "a"}, PATH.format("a")),
    (config_values(PGSSLMODE="verify-full"), config_values(PGSSLMODE="prefer"), MODE_WITHOUT_TLS.format("prefer")),
    (
        {**config_values(PGSSLMODE=""), "preflight_accepted_without_tls": ["postgresql"]},
        {**config_values(PGSSLMODE=""), "preflight_accepted_without_tls": ["redis"]},
        MODE_WITHOUT_TLS.format(""),
    ),
    (
        {"platform_redis_tls": False, "preflight_accepted_without_tls": ["redis"]},
        {"platform_redis_tls": False, "preflight_accepted_without_tls": ["postgresql"]},
        "The connection to the external Redis is unencrypted, because platform_redis_tls is false. Set it to true in values.yml. If the "
        "network path is safe, add redis to preflight_accepted_without_tls instead.",
    ),
    (
        secrets(CELERY_BROKER_URL="rediss://a/0", CELERY_RESULT_BACKEND="amqps://a/0"),
        secrets(CELERY_BROKER_URL="redis://a/0", CELERY_RESULT_BACKEND="amqp://a/0"),
        BROKER_WITHOUT_TLS.format("CELERY_BROKER_URL and CELERY_RESULT_BACKEND"),
    ),
    (
        {**secrets(CELERY_BROKER_URL="redis://a/0"), **REDIS_IN_CLUSTER},
        secrets(CELERY_BROKER_URL="redis://a/0", CELERY_RESULT_BACKEND=1),
        BROKER_WITHOUT_TLS.format("CELERY_BROKER_URL"),
    ),
    ({"platform_namespace": "defaults"}, {"platform_namespace": "default"}, NAMESPACE.format("default")),
    ({"platform_namespace": "kubernetes"}, {"platform_namespace": "kube-public"}, NAMESPACE.format("kube-public")),
    *(
        (
            {**passing, **config_values(POSTGRES_USER=user)},
            {**IN_CLUSTER, **config_values(POSTGRES_USER=user)},
            f"platform_postgresql_user '{user}' is reserved by the role postgresql. Set another name in values.yml. If the database "
            "already has this user, set postgresql_user_is_superuser to true instead.",
        )
        for passing in ({}, {**IN_CLUSTER, "postgresql_user_is_superuser": True})
        for user in ("postgres", "platform_application", "platform_conversion")
    ),
    *(
        ({name: "2"}, {"platform_image_digest": DIGEST, name: "2"}, TAG_BESIDE_DIGEST.format(name))
        for name in ("django_image_tag", "celery_worker_image_tag", "celery_beat_image_tag", "flower_image_tag")
    ),
    (
        {**IN_CLUSTER, "network_policies_postgresql": []},
        {"network_policies_postgresql": [], "network_policies_redis": []},
        OPEN.format("network_policies_postgresql, network_policies_redis"),
    ),
    (
        {**config_values(USE_PGBOUNCER="True"), "network_policies_pgbouncer": ANY},
        config_values(USE_PGBOUNCER="True"),
        OPEN.format("network_policies_pgbouncer"),
    ),
    (
        {"network_policies_redis": [], "network_policies_enabled": False},
        {"network_policies_redis": []},
        OPEN.format("network_policies_redis"),
    ),
    ({"platform_kube_context": "", "platform_api_host": "https://a"}, {"platform_kube_context": ""}, NO_CLUSTER),
    (
        {"platform_kubeconfig": f"/no/such/file:{__file__}"},
        {"platform_kubeconfig": "/no/such/file:~nobody-of-this-name/config"},
        "platform_kubeconfig /no/such/file:~nobody-of-this-name/config does not exist: set it in values.yml to the path of a kubeconfig, "
        "or leave it empty for the usual one.",
    ),
    *GROUP_CASES,
    *POD_CASES,
    *AUTOSCALING_CASES,
    *CANARY_CASES,
]


@pytest.fixture(autouse=True)
def no_cluster_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K8S_AUTH_HOST", raising=False)


@pytest.mark.parametrize(("right", "wrong", "message"), CASES, ids=lambda value: value[:50] if isinstance(value, str) else "")
def test_a_rule_reports_only_wrong_values(right: Values, wrong: Values, message: str) -> None:
    assert findings(tables.SETTINGS, {**SETTINGS, **right}) == []
    assert findings(tables.SETTINGS, {**SETTINGS, **wrong}) == [message]


def test_every_rule_has_a_case() -> None:
    broken = {rule for _right, wrong, _message in CASES for rule in tables.SETTINGS if rule.wrong({**SETTINGS, **wrong})}
    assert broken == set(tables.SETTINGS)


def test_a_host_in_the_environment_names_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", "https://a")
    assert findings(tables.SETTINGS, {**SETTINGS, "platform_kube_context": ""}) == []


@pytest.mark.parametrize("name", ["named", "cluster"])
def test_each_playbook_requires_a_cluster(name: str) -> None:
    assert tables.FINDINGS[name]({**SETTINGS, "platform_kube_context": ""}) == [NO_CLUSTER]


def test_type_problems_are_reported_first_with_their_file() -> None:
    problems = ["platform_secrets.A is a list", "platform_secrets_provider is x", "platform_redis_previous_password is y"]
    assert tables.FINDINGS["settings"]({**SETTINGS, "platform_image": "", "manifests_settings": {"problems": problems}}) == [
        "platform_secrets_provider is x (set it in values.yml).",
        "platform_secrets.A is a list (set it in secrets.yml).",
        "platform_redis_previous_password is y (set it in secrets.yml).",
    ]


class WithoutDescriptions(dict[str, Any]):
    """The variables as a run resolves them before it renders manifests: a description needs, for example, the ConfigMap of nginx."""

    def get(self, key: str, default: Any = None) -> Any:
        assert not key.endswith("_workload"), f"{key} cannot be resolved yet"
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        assert not key.endswith("_workload"), f"{key} cannot be resolved yet"
        return super().__getitem__(key)


def test_no_rule_needs_a_description() -> None:
    groups = [{"name": "celery-worker"}, {"name": "reports", "queues": ["reports"], "keda_enabled": True, "keda_tasks_per_replica": 1}]
    assert findings(tables.SETTINGS, WithoutDescriptions({**SETTINGS, "celery_worker_groups": groups})) == []


@pytest.mark.parametrize("name", ["django_hpa_metrics", "django_hpa_cpu_percent", "celery_worker_keda_triggers", "celery_worker_queues"])
def test_a_setting_without_a_value_is_the_default(name: str) -> None:
    assert not [each for each in findings(tables.SETTINGS, {**SETTINGS, name: None}) if name in each]
