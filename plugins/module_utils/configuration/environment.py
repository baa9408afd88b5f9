# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of the application: pure functions (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import environment_strings

# A public host name. An Ingress accepts no IP address, and a name without a dot is one of the cluster.
_PUBLIC_NAME = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]*")


def application_config(services: Mapping[str, Any], config: Mapping[str, Any], ca_directory: str) -> dict[str, str]:
    """List the environment variables of the application that are not secret.

    Converts each value to the string that the application reads. Booleans become V(True) and V(False).

    Args:
        services: Settings of C(postgresql) (C(provider), C(host), C(port), C(database), C(user), C(tls_mode), C(ca)) and of C(redis)
            (C(provider), C(host), C(port), C(tls), C(ca)).
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
    return environment_strings(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "POSTGRES_DB": postgresql["database"],
            "POSTGRES_USER": postgresql["user"],
            "USE_PGBOUNCER": "False",
            "BACKUP_LOCAL_PATH": "/backups",
            **_postgresql(postgresql, ca_directory),
            **_redis(redis, ca_directory),
            **config,
        }
    )


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
    return {"REDIS_HOST": service["host"], "REDIS_PORT": service["port"], **tls, **authority}


def application_secrets(config: Mapping[str, str], secrets: Mapping[str, Any], *, redis_tls: bool) -> dict[str, str]:
    """The environment variables that are secret: the URLs of Redis and the secrets, which take precedence.

    Args:
        config: the environment variables that are not secret.
        secrets: the secrets.
        redis_tls: whether the connections to Redis use TLS.

    :raises ValueError: as C(environment_strings) does.
    """
    login = f":{_quoted(secrets['REDIS_PASSWORD'])}@" if secrets.get("REDIS_PASSWORD") else ""
    host = config["REDIS_HOST"]
    is_ipv6 = ":" in host.partition("[")[0]
    server = f"{'rediss' if redis_tls else 'redis'}://{login}{f'[{host}]' if is_ipv6 else host}:{config['REDIS_PORT']}"
    # redis-py, kombu and Celery's result backend all support these parameters.
    parameters = "?ssl_cert_reqs=required" if redis_tls else ""
    if redis_tls and "REDIS_SSL_CA_CERTS" in config:
        parameters += f"&ssl_ca_certs={_quoted(config['REDIS_SSL_CA_CERTS'])}"
    return environment_strings(
        {"CELERY_BROKER_URL": f"{server}/0{parameters}", "CELERY_RESULT_BACKEND": f"{server}/1{parameters}", **secrets}
    )


def _quoted(text: Any) -> str:
    return quote(str(text), safe="")


def allowed_hosts(allowed: Any) -> dict[str, Any]:
    """Derive host names from Django's ALLOWED_HOSTS.

    Reads ALLOWED_HOSTS as Django does. V(.example.com) also allows V(example.com). An asterisk is a wildcard only when it stands alone.

    Args:
        allowed: Hosts, separated by commas.

    Returns:
        C(health) is a host to which Django responds. C(no_host) tells whether Django responds to no host. C(public) lists the names that
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
