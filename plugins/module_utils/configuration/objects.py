# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ConfigMaps and Secrets of the platform, and the release: pure functions (private to the collection)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.environment import application_secrets
from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import environment_revision, short_hash
from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.values import secret_data
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import hash_named

_RELEASE_LENGTH = 10
# Secrets that only a service inside the cluster needs, with the setting that says so.
_SERVICES = {
    "postgresql_secret": "postgresql_in_cluster",
    "redis_secret": "redis_in_cluster",
    "redis_previous_secret": "redis_in_cluster",
}


def configuration_objects(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Create the ConfigMaps and Secrets of the platform.

    The name of each object ends with a hash of its content. The result contains the values of the Secrets. Do not keep it as a fact.

    Args:
        settings: C(config), C(ca_files), C(secret_files) and C(tls_files) (both in base64), C(secrets), C(existing_secret) (name of a
            Secret that replaces them, or empty), C(references) from P(jewelry_shop.platform.application_references#filter),
            C(revisions) of existing objects, C(redis) (C(tls) and C(user)), C(redis_previous) with the previous password of Redis,
            C(image), C(postgresql_in_cluster) and C(redis_in_cluster).

    Returns:
        C(config_maps) and C(secrets) are manifests. C(secrets_without_data) are those of the Secrets without their values.
        C(secret_contents) has the C(name), the C(type) and the C(keys) of each Secret, and as C(title) a name that does not change with the
        values. C(names) are the names of the objects, and the C(release). The name of an object that does not exist is empty.

    Raises:
        ValueError: a value is not valid in an environment.

    Example:
        {{ (settings | jewelry_shop.platform.configuration_objects).names.release }}
    """
    config_maps = {
        "config_map": _config_map("django-config", settings["config"]),
        "ca_config_map": _config_map("service-ca", settings["ca_files"]) if settings["ca_files"] else None,
    }
    secrets = {
        "secret_files": _secret("secret-files", settings["secret_files"]) if settings["secret_files"] else None,
        "tls_secret": _secret("nginx-tls", settings["tls_files"], "kubernetes.io/tls") if settings["tls_files"] else None,
        **_environment_secrets(settings),
    }
    names = {key: manifest["metadata"]["name"] if manifest else "" for key, manifest in {**config_maps, **secrets}.items()}
    if settings["existing_secret"]:
        names |= dict.fromkeys(("secret", "postgresql_secret", "redis_secret"), settings["existing_secret"])
    used = {key: manifest for key, manifest in secrets.items() if manifest and (key not in _SERVICES or settings[_SERVICES[key]])}
    applied = list(used.values())
    return {
        "config_maps": [manifest for manifest in config_maps.values() if manifest],
        "secrets": applied,
        "secret_contents": [_content(key, manifest) for key, manifest in used.items()],
        "secrets_without_data": [{key: manifest[key] for key in ("apiVersion", "kind", "metadata")} for manifest in applied],
        "names": {**names, "release": _release(names, settings)},
    }


def _environment_secrets(settings: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    secrets, previous = settings["secrets"], settings["redis_previous"]
    found: dict[str, dict[str, Any] | None] = dict.fromkeys(("secret", "postgresql_secret", "redis_secret", "redis_previous_secret"))
    if settings["existing_secret"]:
        return found
    elsewhere = {entry["name"] for entry in settings["references"]["env"]}
    environment = application_secrets(settings["config"], secrets, redis=settings["redis"], elsewhere=elsewhere)
    # The services inside the cluster get only their own password, so a change of other secrets does not restart them.
    found["secret"] = _secret("django-secrets", secret_data(environment))
    found["postgresql_secret"] = _password("postgresql-secrets", "POSTGRES_PASSWORD", secrets)
    found["redis_secret"] = _password("redis-secrets", "REDIS_PASSWORD", secrets)
    # The name has the same prefix, so this is the Secret that held the password while it was current.
    if str(previous["REDIS_PASSWORD"]) not in ("", str(secrets.get("REDIS_PASSWORD", ""))):
        found["redis_previous_secret"] = _password("redis-secrets", "REDIS_PASSWORD", previous)
    return found


def _release(names: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """What the pods are created from: code, configuration and secrets."""
    found = settings["references"]
    # Without references, the release is the same as before there were any.
    revision = environment_revision(found["uses"], settings["revisions"])
    existing = short_hash([found["env"], found["env_from"], revision]) if revision or found["env"] or found["env_from"] else ""
    parts = (names["config_map"], names["ca_config_map"], names["secret"], names["secret_files"], existing)
    return hashlib.sha256("".join((settings["image"], *parts)).encode()).hexdigest()[:_RELEASE_LENGTH]


def _config_map(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    return hash_named({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": dict(data)})


def _secret(name: str, data: Mapping[str, str], kind: str = "Opaque") -> dict[str, Any]:
    return hash_named({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "data": dict(data)})


def _content(key: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    name = manifest["metadata"]["name"]
    # Two Secrets with the same prefix can exist at the same time.
    title = name.rpartition("-")[0] + ("-previous" if key == "redis_previous_secret" else "")
    return {"name": name, "title": title, "type": manifest["type"], "keys": sorted(manifest["data"])}


def _password(name: str, key: str, secrets: Mapping[str, Any]) -> dict[str, Any]:
    return _secret(name, secret_data({key: str(secrets.get(key, ""))}))
