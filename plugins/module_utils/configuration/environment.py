# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of the application: pure functions (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import (
    plain_environment,
    reference_annotations,
    reference_entry,
    references,
    source_entry,
    uses,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.values import environment_strings

# A public host name. An Ingress accepts no IP address, and a name without a dot is one of the cluster.
_PUBLIC_NAME = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]*")


def application_config(services: Mapping[str, Any], config: Mapping[str, Any], ca_directory: str) -> dict[str, str]:
    """List the environment variables of the application that are not secret.

    Converts each value to the string that the application reads. Booleans become V(True) and V(False). Leaves out the variables that are
    references.

    Args:
        services: Settings of C(postgresql) (C(provider), C(host), C(port), C(database), C(user), C(tls_mode), C(ca)) and of C(redis)
            (C(provider), C(host), C(port), C(user), C(tls), C(ca)).
        config: Further variables, which take precedence.
        ca_directory: Directory with the CA certificates in the container.

    Returns:
        Environment variables by name.

    Raises:
        ValueError: a name or value is not valid in an environment. The message names the key and does not contain the value.

    Example:
        {{ services | jewelry_shop.platform.application_config({'DEBUG': false}, '/etc/platform/ca') }}
    """
    postgresql, redis = services["postgresql"], services["redis"]
    values = environment_strings(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "POSTGRES_DB": postgresql["database"],
            "POSTGRES_USER": postgresql["user"],
            "USE_PGBOUNCER": "False",
            "BACKUP_LOCAL_PATH": "/backups",
            **_postgresql(postgresql, ca_directory),
            **_redis(redis, ca_directory),
            **plain_environment(config),
        }
    )
    return {name: value for name, value in values.items() if name not in references(config)}


def _postgresql(service: Mapping[str, Any], directory: str) -> dict[str, Any]:
    if service["provider"] == "in_cluster":
        return {"POSTGRES_HOST": "postgres-service", "POSTGRES_PORT": 5432}
    # libpq reads PGSSLMODE and PGSSLROOTCERT, so they apply unless the Django settings set these options.
    mode = {"PGSSLMODE": service["tls_mode"]} if service["tls_mode"] else {}
    authority = {"PGSSLROOTCERT": f"{directory}/postgresql.crt"} if service["ca"] else {}
    return {"POSTGRES_HOST": service["host"], "POSTGRES_PORT": service["port"], **mode, **authority}


def _redis(service: Mapping[str, Any], directory: str) -> dict[str, Any]:
    if service["provider"] == "in_cluster":
        return {"REDIS_HOST": "redis-service", "REDIS_PORT": 6379}
    tls = {"REDIS_SSL": True} if service["tls"] else {}
    authority = {"REDIS_SSL_CA_CERTS": f"{directory}/redis.crt"} if service["ca"] else {}
    user = {"REDIS_USERNAME": service["user"]} if service["user"] else {}
    return {"REDIS_HOST": service["host"], "REDIS_PORT": service["port"], **user, **tls, **authority}


def application_secrets(
    config: Mapping[str, str], secrets: Mapping[str, Any], *, redis: Mapping[str, Any], elsewhere: Collection[str] = ()
) -> dict[str, str]:
    """The environment variables that are secret: the URLs of Redis and the secrets, which take precedence.

    Args:
        config: the environment variables that are not secret.
        secrets: the secrets, without references.
        redis: C(tls), whether the connections to Redis use TLS, and C(user).
        elsewhere: names of variables that the containers have from elsewhere.

    :raises ValueError: as C(environment_strings) does.
    """
    password = secrets.get("REDIS_PASSWORD")
    urls = redis_urls(config, redis, _quoted(password) if password else "")
    values = environment_strings({**urls, **secrets})
    return {name: value for name, value in values.items() if name not in elsewhere}


def redis_urls(config: Mapping[str, str], redis: Mapping[str, Any], password: str) -> dict[str, str]:
    """The URLs of Redis.

    Args:
        config: the environment variables that are not secret.
        redis: C(tls), whether the connections to Redis use TLS, and C(user), which is empty for the default user of Redis.
        password: in the form of a URL; empty for none.
    """
    tls = redis["tls"]
    login = f"{_quoted(redis['user'])}:{password}@" if password else ""
    host = config["REDIS_HOST"]
    is_ipv6 = ":" in host.partition("[")[0]
    server = f"{'rediss' if tls else 'redis'}://{login}{f'[{host}]' if is_ipv6 else host}:{config['REDIS_PORT']}"
    # redis-py, kombu and Celery's result backend all support these parameters.
    parameters = "?ssl_cert_reqs=required" if tls else ""
    if tls and "REDIS_SSL_CA_CERTS" in config:
        parameters += f"&ssl_ca_certs={_quoted(config['REDIS_SSL_CA_CERTS'])}"
    return {"CELERY_BROKER_URL": f"{server}/0{parameters}", "CELERY_RESULT_BACKEND": f"{server}/1{parameters}"}


def application_references(settings: Mapping[str, Any], config: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the environment that the application gets from existing Secrets and ConfigMaps and from fields of the pod.

    If the password of Redis is a reference, the kubelet inserts it into the URLs of Celery.

    Args:
        settings: C(env_from), C(existing_secret) (a name, or empty), C(values) (the environment variables that are not secret), C(redis)
            (C(tls) and C(user)) and C(revisions) of existing objects.
        config: The setting C(platform_config).
        secrets: The setting C(platform_secrets).

    Returns:
        C(env) and C(env_from) are those of a container of the application. C(waiting_env) and C(waiting_env_from) have no secrets. They are
        those of an init container that waits for a service. C(uses) lists the objects. C(annotations) has their revision, for pods of Jobs.

    Example:
        {{ settings | jewelry_shop.platform.application_references(platform_config, platform_secrets) }}
    """
    own, sources = references(secrets), settings["env_from"]
    # platform_secrets takes precedence, as a Secret does that a container reads after a ConfigMap.
    public = {name: reference for name, reference in references(config).items() if name not in secrets}
    # An existing Secret has the URLs.
    are_derived = "REDIS_PASSWORD" in own and not settings["existing_secret"]
    urls = redis_urls(settings["values"], settings["redis"], "$(REDIS_PASSWORD)") if are_derived else {}
    waiting = [reference_entry(name, each) for name, each in public.items()]
    existing = [{"secret": settings["existing_secret"]}] if settings["existing_secret"] else []
    used = uses([*public.values(), *own.values()], [*sources, *existing])
    return {
        # The kubelet inserts only variables of `env` that stand before the URL.
        "env": [
            *waiting,
            *(reference_entry(name, each) for name, each in own.items()),
            *({"name": name, "value": url} for name, url in urls.items() if name not in secrets),
        ],
        "env_from": [source_entry(each) for each in sources],
        "waiting_env": waiting,
        "waiting_env_from": [source_entry(each) for each in sources if each.get("config_map")],
        "uses": used,
        "annotations": reference_annotations(used, settings["revisions"]),
    }


def _quoted(text: Any) -> str:
    return quote(str(text), safe="")


def allowed_hosts(allowed: Any) -> dict[str, Any]:
    """Derive host names from Django's ALLOWED_HOSTS.

    Reads ALLOWED_HOSTS as Django does. V(.example.com) also allows V(example.com). An asterisk is a wildcard only when it stands alone.

    Args:
        allowed: Hosts, separated by commas.

    Returns:
        C(health) is a host to which Django responds. C(no_host) is true if Django responds to no host. C(public) lists the names that
        contain a dot, without wildcards and IP addresses.

    Example:
        {{ ('.example.com,127.0.0.1' | jewelry_shop.platform.allowed_hosts).health }}
    """
    entries = [entry.strip() for entry in str(allowed).split(",")]
    # In Django, .example.com also allows example.com, and an asterisk is a wildcard only when it stands alone.
    hosts = [entry.removeprefix(".") for entry in entries if entry and "*" not in entry]
    return {
        "health": hosts[0] if hosts else "localhost",
        "no_host": not hosts and "*" not in entries,
        "public": [entry.lower() for entry in entries if _PUBLIC_NAME.fullmatch(entry.lower())],
    }
