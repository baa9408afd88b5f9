# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pod templates and labels of workloads: pure functions (private to the collection)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import version_label
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import with_defaults
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import canonical_quantities

Manifest = dict[str, Any]
# A label that only the pods of one template have.
_TEMPLATE_LABEL = "jewelry-shop/pod-template"


def pod_spec(pod: Mapping[str, Any], defaults: Mapping[str, Any]) -> Manifest:
    """Add the defaults of all pods of the platform to the spec of a pod.

    Args:
        pod: the spec of a pod with C(containers).
        defaults: the variable C(platform_pod_defaults), with C(spec) and C(container).

    Returns:
        The spec, with quantities in canonical notation.
    """
    containers = {
        key: [with_defaults(container, defaults["container"]) for container in pod.get(key) or ()]
        for key in ("initContainers", "containers")
    }
    spec: Manifest = canonical_quantities({**with_defaults(pod, defaults["spec"]), **containers})
    return spec


def selector(workload: Mapping[str, Any]) -> dict[str, str]:
    """The labels that select the pods. Selectors are immutable, so they never get a further label."""
    return {"app": "jewelry-shop", "component": workload.get("component", workload["name"])}


def labels(workload: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """The labels of all objects of a workload."""
    own = selector(workload)
    return {**defaults["labels"], **own, "app.kubernetes.io/component": own["component"], **version_label(workload["version"])}


def scrape_annotations(workload: Mapping[str, Any]) -> dict[str, str]:
    """The annotations by which Prometheus finds the metrics of pods or of a Service."""
    metrics = workload.get("metrics")
    if not metrics:
        return {}
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(metrics["port"]), "prometheus.io/path": metrics["path"]}


def pod_template(workload: Mapping[str, Any], defaults: Mapping[str, Any]) -> Manifest:
    """Create the pod template of a Deployment or StatefulSet.

    Args:
        workload: the complete description.
        defaults: the variable C(platform_pod_defaults).
    """
    own, pod = selector(workload), workload["pod"]
    spread = {
        "serviceAccountName": workload["name"],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_apart(own)]}},
        # Over zones, where nodes have any.
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": own},
            }
        ],
    }
    template = {
        "metadata": {
            "labels": labels(workload, defaults),
            "annotations": {
                **defaults["annotations"],
                "kubectl.kubernetes.io/default-container": pod["containers"][0]["name"],
                **scrape_annotations(workload),
                **workload.get("pod_annotations", {}),
            },
        },
        "spec": pod_spec(pod, {**defaults, "spec": {**defaults["spec"], **spread}}),
    }
    return template if workload.get("kind", "Deployment") == "StatefulSet" else _apart_among_themselves(template, own)


def _apart(own: Mapping[str, str]) -> Manifest:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": dict(own)}}
    return {"weight": 100, "podAffinityTerm": term}


def _apart_among_themselves(template: Manifest, own: Mapping[str, str]) -> Manifest:
    """Add a term for the pods of one template.

    The other term counts the pods that a rollout replaces, too: without this one all new pods may end on one node. A spread constraint over
    nodes does nothing where nodes have no zone and there is one over zones as well.
    """
    content = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
    same = {_TEMPLATE_LABEL: content}
    metadata, spec = template["metadata"], template["spec"]
    affinity = spec["affinity"]
    terms = [*affinity["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"], _apart({**own, **same})]
    anti = {**affinity["podAntiAffinity"], "preferredDuringSchedulingIgnoredDuringExecution": terms}
    return {
        "metadata": {**metadata, "labels": {**metadata["labels"], **same}},
        "spec": {**spec, "affinity": {**affinity, "podAntiAffinity": anti}},
    }
