# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier settings asked for and the present ones do not: pure functions (private to the collection)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ansible_collections.jewelry_shop.platform.plugins.module_utils._manifests import object_identities
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan import Manifest
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_scaling import SCALED

_COMPANIONS = (("autoscaling/v2", "HorizontalPodAutoscaler"), ("policy/v1", "PodDisruptionBudget"))


def unwanted_companions(manifests: list[Manifest]) -> Iterator[Manifest]:
    """What may be left from when the settings asked for it: autoscalers and budgets that bear the name of a workload.

    Args:
        manifests: of a stage.

    Returns:
        Manifests without more than a name.
    """
    wanted = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    for manifest in manifests:
        metadata = manifest["metadata"]
        for api_version, kind in _COMPANIONS if manifest["kind"] in SCALED else ():
            if (kind, metadata["name"]) not in wanted:
                place = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
                yield {"apiVersion": api_version, "kind": kind, "metadata": {"name": metadata["name"], **place}}


def is_ours(live: Manifest) -> bool:
    """Whether the collection made an object; one that somebody made by hand is left alone."""
    labels = live["metadata"].get("labels") or {}
    return labels.get("app") == "jewelry-shop" and labels.get("app.kubernetes.io/managed-by") == "ansible"


def no_longer_listed(record: Manifest | None, manifests: list[Manifest]) -> Iterator[Manifest]:
    """What an earlier run recorded and the manifests leave out.

    Args:
        record: the ConfigMap with the record, in C(data.objects) as C(object_identities) makes it; None if there is none.
        manifests: of the stage.

    Returns:
        Manifests without more than a name.
    """
    wanted = object_identities(manifests)
    for identity in json.loads((record or {}).get("data", {}).get("objects", "[]")):
        if identity not in wanted:
            place = {"namespace": identity["namespace"]} if identity["namespace"] else {}
            yield {"apiVersion": identity["api_version"], "kind": identity["kind"], "metadata": {"name": identity["name"], **place}}
