# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The autoscaler of a workload: pure functions (private to the collection).

A HorizontalPodAutoscaler, or a ScaledObject of KEDA. Before ansible-core 2.19, a template of a number results in a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import AUTOSCALING, KEDA

# A role of another collection may lack these settings.
_OPTIONAL: dict[str, Any] = {"memory_percent": 0, "metrics": [], "behavior": {}}
_REQUIRED = tuple(key for key in AUTOSCALING if key not in _OPTIONAL)
# The database of the broker in the URLs of Celery.
_BROKER_DATABASE = "0"
_PASSWORD = "REDIS_PASSWORD"  # noqa: S105 - the name of a variable


def autoscaling(description: Mapping[str, Any], settings: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates render of the autoscaler of a workload.

    Args:
        description: the description of the workload, whose C(autoscaling) applies if there are no settings.
        settings: the settings of the workload, without the role's name.
        application: the variable C(platform_application).

    Returns:
        C(enabled), C(external), C(min_replicas) and C(max_replicas), and the spec of a C(horizontal_pod_autoscaler), or of a
        C(scaled_object) and its C(trigger_authentication). Empty without an autoscaler.

    Raises:
        ValueError: a setting is missing; names it.
    """
    given = description.get("autoscaling") or {}
    if "replicas" not in description:
        if boolean(settings.get("keda_enabled", False), strict=False):
            return _with_keda(description, _given(settings, "keda", KEDA), settings.get("hpa_behavior") or {}, application)
        if "hpa_enabled" in settings:
            given = _given(settings, "hpa", _REQUIRED) | {key: settings[f"hpa_{key}"] for key in _OPTIONAL if f"hpa_{key}" in settings}
    if not given or not boolean(given.get("enabled", False), strict=False) or boolean(given.get("external", False), strict=False):
        return dict(given)
    return {**given, "horizontal_pod_autoscaler": _horizontal_pod_autoscaler(description["name"], {**_OPTIONAL, **given})}


def _given(settings: Mapping[str, Any], prefix: str, keys: Iterable[str]) -> dict[str, Any]:
    missing = [f"{prefix}_{key}" for key in keys if f"{prefix}_{key}" not in settings]
    if missing:
        raise ValueError(f"the settings of the autoscaler lack {', '.join(missing)}")
    return {key: settings[f"{prefix}_{key}"] for key in keys}


def _horizontal_pod_autoscaler(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    percents = {"cpu": int(given["cpu_percent"]), "memory": int(given["memory_percent"])}
    return {
        "scaleTargetRef": _target(name),
        "minReplicas": int(given["min_replicas"]),
        "maxReplicas": int(given["max_replicas"]),
        "metrics": [*(_utilization(resource, percent) for resource, percent in percents.items() if percent), *given["metrics"]],
        **({"behavior": given["behavior"]} if given["behavior"] else {}),
    }


def _target(name: str) -> dict[str, str]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}


def _utilization(resource: str, percent: int) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}}}


def _with_keda(
    description: Mapping[str, Any], given: Mapping[str, Any], behavior: Mapping[str, Any], application: Mapping[str, Any]
) -> dict[str, Any]:
    name, tasks = description["name"], int(given["tasks_per_replica"])
    queues = (description.get("queues") or []) if tasks else []
    authentication = _trigger_authentication(application) if queues else {}
    reference = {"authenticationRef": {"name": name}} if authentication else {}
    redis = [{"type": "redis", "metadata": _list_trigger(queue, tasks, application["broker"]), **reference} for queue in queues]
    least, most = int(given["min_replicas"]), int(given["max_replicas"])
    scaled_object = {
        "scaleTargetRef": _target(name),
        "pollingInterval": int(given["polling_seconds"]),
        "cooldownPeriod": int(given["cooldown_seconds"]),
        "minReplicaCount": least,
        "maxReplicaCount": most,
        "advanced": {
            # Without KEDA, the number of replicas stays until the settings give another one.
            "restoreToOriginalReplicaCount": False,
            **({"horizontalPodAutoscalerConfig": {"behavior": behavior}} if behavior else {}),
        },
        "triggers": [*redis, *given["triggers"]],
    }
    return {
        "enabled": True,
        "external": True,
        "min_replicas": least,
        "max_replicas": most,
        "scaled_object": scaled_object,
        **({"trigger_authentication": authentication} if authentication else {}),
    }


def _list_trigger(queue: str, tasks: int, broker: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a trigger, all of which are strings. Celery keeps a queue in a list of its name."""
    host = str(broker["host"]).strip("[]")
    # KEDA resolves the name in its own namespace.
    host = host if "." in host or ":" in host else f"{host}.{broker['namespace']}.svc"
    return {
        "host": host,
        "port": str(broker["port"]),
        "databaseIndex": _BROKER_DATABASE,
        "enableTLS": "true" if boolean(broker["tls"], strict=False) else "false",
        **({"username": broker["user"]} if broker["user"] else {}),
        "listName": queue,
        "listLength": str(tasks),
    }


def _trigger_authentication(application: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a TriggerAuthentication: the password of Redis and the CA, where they are; empty without both."""
    broker = application["broker"]
    secrets: list[dict[str, Any]] = []
    config_maps: list[dict[str, Any]] = []
    if boolean(broker["authentication"], strict=False):
        referenced = [each.get("valueFrom", {}) for each in application["references"]["env"] if each["name"] == _PASSWORD]
        source = referenced[0] if referenced else {"secretKeyRef": {"name": broker["secret"], "key": _PASSWORD}}
        (secrets if "secretKeyRef" in source else config_maps).append({"parameter": "password", **next(iter(source.values()))})
    if broker["ca_config_map"]:
        config_maps.append({"parameter": "ca", "name": broker["ca_config_map"], "key": broker["ca_key"]})
    return {
        **({"secretTargetRef": secrets} if secrets else {}),
        **({"configMapTargetRef": config_maps} if config_maps else {}),
    }
