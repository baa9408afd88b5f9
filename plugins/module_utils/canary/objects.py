# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Deployment of a canary (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The pods also have the labels of the tier, which the Service, the NetworkPolicies and the disruption budget select. The selector of the
# canary contains this label, so it selects no pod of the tier. The selector of the tier does select the pods of the canary, but a
# Deployment only manages ReplicaSets that it owns or that have no owner.
LABEL = {"jewelry-shop/canary": "true"}


def canary_manifest(workload: Mapping[str, Any], replicas: int) -> dict[str, Any]:
    """Create the Deployment of a canary: the pods of the new release beside those of the current one.

    Args:
        workload: Complete description of a tier, from P(jewelry_shop.platform.workloads#lookup).
        replicas: Number of pods of the canary.

    Returns:
        Manifest of a Deployment with the name of the tier and the suffix C(-canary).

    Example:
        {{ manifests_workloads.tiers | first | jewelry_shop.platform.canary_manifest(1) }}
    """
    metadata, template = workload["metadata"], workload["template"]
    pod = template["metadata"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata, "name": f"{workload['name']}-canary", "labels": {**metadata["labels"], **LABEL}},
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {**workload["selector"], **LABEL}},
            "template": {**template, "metadata": {**pod, "labels": {**pod["labels"], **LABEL}}},
        },
    }
