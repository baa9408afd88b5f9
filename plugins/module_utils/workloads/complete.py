# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the description of a workload to what the templates of the role C(workload) render: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.references import (
    reference_annotations,
    references,
    uses,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration.values import environment_entries
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import image_version
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import with_defaults
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.autoscaling import autoscaling
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.fragments import adapted_pod, fragment_metadata
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pods import (
    account_metadata,
    application_pod,
    config_maps,
    metadata,
    pod_template,
    scrape_annotations,
    selector,
    with_volumes,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import AUTOSCALING, KEDA

# Settings that roles have alike, without the name of the role in front.
SETTINGS = (
    "image_tag",
    "env",
    "replicas",
    "resources",
    "probes",
    "pod",
    "read_only_root_filesystem",
    "service_account_annotations",
    "strategy",
    "volumes",
    "termination_grace_period_seconds",
    "service_ports",
    "disruption_budget",
    *(f"hpa_{key}" for key in AUTOSCALING),
    *(f"keda_{key}" for key in KEDA),
)
# A rollout never reduces the number of ready pods. A node drain evicts one pod at a time.
_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
_BUDGET = {"maxUnavailable": 1}
_HANDLERS = {"exec", "grpc", "httpGet", "tcpSocket"}


def complete_workload(
    description: Mapping[str, Any], settings: Mapping[str, Any], application: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Add to a description what all workloads share.

    Args:
        description: the checked description.
        settings: the role's settings of SETTINGS that exist, without the role's name.
        application: the variable C(platform_application).
        defaults: the variable C(platform_pod_defaults).

    Returns:
        The description with all that the templates render: C(pod), C(version), C(replicas), C(config_maps), C(metadata),
        C(selector), C(template), C(account_metadata), C(scrape_annotations) and, for a Deployment, C(strategy), C(disruption_budget)
        and C(autoscaling).

    Raises:
        ValueError: a setting or a volume is not possible; names it.
    """
    # A description with a number of replicas has no setting for it. Before ansible-core 2.19, a template of a number results in a string.
    complete = {"replicas": int(settings.get("replicas", 1)), **description}
    choices = complete.get("replica_choices")
    if choices and complete["replicas"] not in choices:
        raise ValueError(f"the number of replicas of {complete['name']} must be one of: {', '.join(map(str, choices))}")
    if "container" in description:
        complete.update(_of_the_application(complete, settings, application))
    pod = dict(complete["pod"])
    if "termination_grace_period_seconds" in settings:
        pod["terminationGracePeriodSeconds"] = int(settings["termination_grace_period_seconds"])
    first, *others = pod["containers"]
    resources = {"resources": settings["resources"]} if "resources" in settings else {}
    probes = container_probes(description.get("probes") or {}, settings.get("probes") or {})
    pod["containers"] = [{**resources, **probes, **first}, *others]
    # Only pods of the application can name its volumes.
    shared = application["volumes"] if "container" in description else {}
    complete["pod"] = adapted_pod(with_volumes(pod, settings.get("volumes") or (), shared), settings, defaults)
    if "version" not in complete:
        complete["version"] = image_version(complete["pod"]["containers"][0]["image"])
    if complete.get("kind", "Deployment") == "Deployment":
        own = {"strategy": settings.get("strategy") or _ROLLING, "disruption_budget": settings.get("disruption_budget") or _BUDGET}
        complete = {**own, **complete}
    if further := settings.get("service_ports"):
        if "service" not in complete:
            raise ValueError(f"{complete['name']} has no Service for the setting service_ports")
        spec = complete["service"]["spec"]
        complete["service"] = {**complete["service"], "spec": {**spec, "ports": [*spec["ports"], *further]}}
    if found := autoscaling(description, settings, application):
        complete["autoscaling"] = found
    return {
        **complete,
        "metadata": metadata(complete, defaults),
        "account_metadata": account_metadata(complete, settings, defaults),
        "selector": selector(complete),
        "scrape_annotations": scrape_annotations(complete),
        "template": pod_template(complete, defaults, fragment_metadata(settings, defaults)),
    }


def container_probes(probes: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields C(startupProbe), C(livenessProbe) and C(readinessProbe) of a container.

    Args:
        probes: C(startup), C(liveness) and C(readiness) of a description, and C(common) with the fields that all of them have.
        settings: the same keys, which take precedence.
    """
    result = {}
    for kind in ("startup", "liveness", "readiness"):
        if kind in probes or kind in settings:
            probe: Mapping[str, Any] = {}
            for layer in (probes.get("common"), probes.get(kind), settings.get("common"), settings.get(kind)):
                probe = _over(probe, layer or {})
            result[f"{kind}Probe"] = dict(probe)
    return result


def _over(probe: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a layer over a probe. Another handler replaces the one of the probe."""
    handlers = _HANDLERS & layer.keys()
    kept = {key: value for key, value in probe.items() if not handlers or key in handlers or key not in _HANDLERS}
    return with_defaults(layer, kept)


def _of_the_application(description: Mapping[str, Any], settings: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, Any]:
    tag = settings.get("image_tag") or ""
    volumes = description.get("volumes") or []
    container = {"name": description["name"], **description["container"]}
    env = {**(description.get("env") or {}), **(settings.get("env") or {})}
    pod = application_pod(
        application,
        {**container, "env": [*environment_entries(env), *container.get("env", ())]},
        image=f"{application['repository']}:{tag}" if tag else "",
        waits_for=description.get("waits_for") or (),
        volumes=volumes,
    )
    own = description.get("pod") or {}
    # A change of an existing object rolls exactly the pods that use it.
    used = [*application["references"]["uses"], *uses(references(env).values())]
    return {
        "pod": {**own, **{key: [*made, *own.get(key, ())] for key, made in pod.items()}},
        "pod_annotations": reference_annotations(used, application["revisions"]),
        "version": description.get("version") or tag or application["version"],
        "config_maps": [*description.get("config_maps", ()), *config_maps(volumes)],
    }
