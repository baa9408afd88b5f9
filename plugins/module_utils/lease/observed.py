# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds the Lease before a run makes its plan (private to the collection)."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.api import read_lease
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import holder
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.run import held_sentence, version


def observed(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    """The resource version of a Lease, and a sentence about the run that holds it.

    A missing permission is reported by the check of permissions, or by the acquisition of the Lease.

    Args:
        cluster: the cluster.
        namespace: namespace of the Lease.
        name: name of the Lease.

    Raises:
        PlatformError: the Lease cannot be read for another reason.
    """
    try:
        lease, now = patiently(lambda: read_lease(cluster, namespace, name))
    except RefusedError:
        return {"resource_version": "", "held": ""}
    current = holder(lease, now)
    held = held_sentence({"namespace": namespace, "name": name}, current) if current else ""
    return {"resource_version": version(lease), "held": held}
