# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that test a workload's new image before its pod is replaced: pure functions (private to the collection)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

# The Job stays for an hour after its end, so that an operator can inspect it.
KEEP_SECONDS = 3600
# Fields of a server's container, which the Job does not use.
_OF_A_SERVER = ("args", "command", "lifecycle", "livenessProbe", "ports", "readinessProbe", "startupProbe")


def image_checks(workloads: Iterable[Mapping[str, Any]], planned: Iterable[Mapping[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Describe Jobs that test a workload's new image before its pods are replaced.

    Describes a Job for each workload that has C(check_command) and whose live object is to be changed. A workload that is to be created has
    no running pod, and its rollout reports errors. The Job runs this command in the pod of the workload, with its first container only and
    without probes. An C(emptyDir) volume replaces each volume claim template, so the Job does not mount the data of the running pod.

    Args:
        workloads: Descriptions of workloads, as the role P(jewelry_shop.platform.workload#role) accepts them.
        planned: Planned action of each object, as RV(jewelry_shop.platform.plan#module:objects). Without this option, the result has a Job
            for each workload with C(check_command).

    Returns:
        An entry for C(job_commands) for each Job, including its C(job_name).

    Example:
        {{ [redis_workload] | jewelry_shop.platform.image_checks(preflight_plan.objects) }}
    """
    changed = None if planned is None else {(entry["kind"], entry["name"]) for entry in planned if entry["action"] == "change"}
    return [
        _check(workload)
        for workload in workloads
        if workload.get("check_command") and (changed is None or (workload.get("kind", "Deployment"), workload["name"]) in changed)
    ]


def _check(workload: Mapping[str, Any]) -> dict[str, Any]:
    name, pod = f"check-{workload['name']}", workload["pod"]
    server = pod["containers"][0]
    container = {key: value for key, value in server.items() if key not in _OF_A_SERVER}
    # The Job does not mount the data of the running pod.
    instead_of_claims = [{"name": claim["metadata"]["name"], "emptyDir": {}} for claim in workload.get("volume_claim_templates") or ()]
    selector = {"app": "jewelry-shop", "component": workload.get("component", workload["name"])}
    where_it_serves = {
        "podAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector}},
                }
            ]
        }
    }
    check_pod = {
        **pod,
        # Run on the same node, so that the image is already pulled when the pod is replaced.
        "affinity": {**_of_nodes(pod), **where_it_serves},
        "containers": [{**container, "name": name, "command": list(workload["check_command"])}],
        "volumes": [*(pod.get("volumes") or ()), *instead_of_claims],
    }
    revision = hashlib.sha256(json.dumps(check_pod, sort_keys=True, default=str).encode()).hexdigest()[:10]
    # The pod has the settings of the workload already.
    names = {"name": name, "job_name": f"{name}-{revision}", "revision": revision}
    return {**names, "keep_seconds": KEEP_SECONDS, "pod": check_pod, "adapted": True}


def _of_nodes(pod: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (pod.get("affinity") or {}).items() if key == "nodeAffinity"}
