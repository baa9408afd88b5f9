# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans stages against a cluster (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan import (
    CREATE,
    REFUSED,
    REMOVE,
    Manifest,
    Planned,
    planned,
    shown_metadata,
    without_bookkeeping,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_api import NoNamespaceError, RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_pods import comes_before_old_ones_go, is_certain, new_pod
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_removals import is_ours, no_longer_listed, unwanted_companions
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_scaling import (
    handed_over,
    leaves_replicas_out,
    owns_replicas,
    with_replicas_of,
)


class Api(Protocol):
    """What planning asks of a cluster."""

    def read(self, manifest: Manifest) -> Manifest | None:
        """The object as it is."""

    def dry_run(self, manifest: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        """The object as it would be, and warnings."""

    def admit(self, pod: Manifest, owner: Manifest) -> str:
        """Why a pod of a workload would be refused."""


def plan(
    api: Api, stages: Iterable[tuple[str, list[Manifest]]], field_manager: str, records: Mapping[str, Manifest] | None = None
) -> tuple[list[Planned], list[str]]:
    """Find out what applying the manifests of all stages would change; a refusal does not end it.

    Args:
        api: the cluster.
        stages: name and manifests of each.
        field_manager: in whose name they would be applied.
        records: by stage, the ConfigMap in which an earlier run recorded its objects.

    Returns:
        An entry for each manifest, in their order, and the API server's warnings.

    Raises:
        PlatformError: the cluster cannot be asked.
    """
    entries: list[Planned] = []
    warnings: list[str] = []
    for stage, manifests in stages:
        for manifest in manifests:
            entry, said = _plan_one(api, stage, manifest, field_manager)
            entries.append(entry)
            warnings += [f"{entry.subject}: {each}" for each in said]
        entries += _removals(api, stage, unwanted_companions(manifests), is_ours)
        record = (records or {}).get(stage)
        if record:
            entries += _removals(api, stage, no_longer_listed(api.read(record), manifests), lambda _live: True)
    return entries, warnings


def _removals(api: Api, stage: str, candidates: Iterable[Manifest], wanted: Callable[[Manifest], bool]) -> Iterator[Planned]:
    for manifest in candidates:
        try:
            live = api.read(manifest)
        except RefusedError:
            # Who may not read it has not made it.
            continue
        if live is not None and wanted(live):
            yield Planned(stage, manifest, REMOVE, without_bookkeeping(live))


def _plan_one(api: Api, stage: str, manifest: Manifest, field_manager: str) -> tuple[Planned, list[str]]:
    try:
        live = api.read(manifest)
        if manifest["kind"] == "Secret":
            return planned(stage, manifest, live, shown_metadata(manifest, live) if live else manifest), []
        hands_over = live is not None and leaves_replicas_out(manifest) and owns_replicas(live, field_manager)
        applied, warnings = api.dry_run(with_replicas_of(live, manifest) if live and hands_over else manifest, field_manager)
        refusal = _refusal_of_pods(api, live, applied)
    except NoNamespaceError:
        # Made by an earlier stage; until then nobody can judge what will be in it.
        return Planned(stage, manifest, CREATE, {}, without_bookkeeping(manifest)), []
    except RefusedError as error:
        return Planned(stage, manifest, REFUSED, refusal=str(error)), []
    if refusal:
        return Planned(stage, manifest, REFUSED, refusal=refusal), warnings
    entry = planned(stage, manifest, live, applied)
    return handed_over(entry, live) if live and hands_over else entry, warnings


def _refusal_of_pods(api: Api, live: Manifest | None, applied: Manifest) -> str:
    pod = new_pod(live, applied)
    if pod is None:
        return ""
    refusal = api.admit(pod, applied)
    return refusal if is_certain(refusal, comes_before_old_ones_go(live, applied)) else ""
