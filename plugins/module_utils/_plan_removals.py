# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier settings asked for and the present ones do not: pure functions (private to the collection)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from ansible_collections.jewelry_shop.platform.plugins.module_utils._manifests import object_identities
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan import Manifest, applied_fields

OUR_LABELS = {"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"}


def no_longer_wanted(ours: Iterable[Manifest], manifests: Iterable[Manifest], field_manager: str) -> Iterator[Manifest]:
    """What the collection made and the settings no longer ask for.

    Args:
        ours: live objects that bear OUR_LABELS.
        manifests: of all stages.
        field_manager: in whose name it made them; a copy that somebody made by hand bears the labels as well.
    """
    wanted = {_identity(manifest) for manifest in manifests}
    return (live for live in ours if applied_fields(live, field_manager) and _identity(live) not in wanted)


def _identity(manifest: Manifest) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace") or "", metadata["name"]


def no_longer_listed(record: Manifest | None, manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """What an earlier run recorded and the manifests leave out.

    Args:
        record: the ConfigMap with the record, in C(data.objects) as C(object_identities) makes it; None if there is none.
        manifests: of all stages.

    Returns:
        Manifests without more than a name. The last that was applied comes first, so that a custom resource goes before its definition;
        the record goes when nothing else is left.
    """
    if record is None:
        return
    wanted, itself = object_identities(manifests), object_identities([record])
    identities = json.loads(record.get("data", {}).get("objects", "[]"))
    identities.reverse()
    for identity in sorted(identities, key=lambda each: [each] == itself):
        if identity not in wanted:
            place = {"namespace": identity["namespace"]} if identity["namespace"] else {}
            yield {"apiVersion": identity["api_version"], "kind": identity["kind"], "metadata": {"name": identity["name"], **place}}
