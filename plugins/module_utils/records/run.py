# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes the records of releases (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import Api, OwnedKind, plan
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.drift import drift
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import (
    RELEASE_LABEL,
    SELECTOR,
    Record,
    as_config_map,
    is_same_deployment,
    number_of,
    origin,
    records_in,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.rollback import ROLLED_BACK, shows_another_release, unfinished


class Reader(Protocol):
    """The function of the cluster that reading needs."""

    def listed(self, api_version: str, kind: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """List the objects of a kind."""


def read_records(api: Reader, namespace: str, field_manager: str) -> tuple[list[Record], list[str]]:
    """The records of a namespace, newest first, and a warning for each ConfigMap that is ignored.

    Args:
        api: the cluster.
        namespace: the namespace.
        field_manager: the field manager that wrote the records.

    Raises:
        PlatformError: the ConfigMaps cannot be listed.
    """
    return records_in(api.listed("v1", "ConfigMap", namespace, SELECTOR), field_manager)


def left_over(api: Reader, newest: Record, namespace: str, selector: str, field_manager: str) -> list[str]:
    """What a deployment left that ended before it changed the tiers, as the function C(unfinished) finds it.

    Args:
        api: the cluster.
        newest: the newest record.
        namespace: the namespace.
        selector: label selector of the objects of the platform.
        field_manager: the field manager of the collection.

    Raises:
        PlatformError: the ConfigMaps or Jobs cannot be listed.
    """
    jobs = api.listed("batch/v1", "Job", namespace, f"{selector},{RELEASE_LABEL}")
    return unfinished(newest, [*api.listed("v1", "ConfigMap", namespace, selector), *jobs], field_manager)


def new_record(
    api: Reader, record: Record, namespace: str, field_manager: str, labels: Mapping[str, str], always: bool = False
) -> tuple[dict[str, Any] | None, list[str]]:
    """The ConfigMap of a record; None if the newest record describes the same deployment. And the warnings of reading.

    After a deployment that ended before the tiers, the same deployment gets a new record. It is newer than what that deployment left, so a
    later rollback goes further back.

    Args:
        api: the cluster.
        record: the record without its number.
        namespace: the namespace.
        field_manager: the field manager that wrote the records.
        labels: further labels.
        always: whether to make a record even if the newest one describes the same deployment, because the run changed the cluster.

    Raises:
        PlatformError: the ConfigMaps or Jobs cannot be listed, or the record is too large.
    """
    config_maps = api.listed("v1", "ConfigMap", namespace, SELECTOR)
    records, warnings = records_in(config_maps, field_manager)
    if records and is_same_deployment(records[0], record):
        if not always and not left_over(api, records[0], namespace, f"app={labels.get('app', '')}", field_manager):
            return None, warnings
        record = {**record, "rollback_to": origin(records[0])}
    # The numbers of ignored ConfigMaps are taken too.
    number = 1 + max((number_of(each["metadata"]["name"]) for each in config_maps), default=0)
    return as_config_map({**record, "number": number}, namespace, labels), warnings


def differing(api: Api, record: Record, owned: Iterable[OwnedKind], field_manager: str) -> list[dict[str, str]]:
    """In what the cluster differs from the stages of a record that a rollback restores, found by a dry run; empty if the release runs.

    Returns the lines of the function C(drift).

    Args:
        api: the cluster.
        record: the record.
        owned: kinds of which the collection keeps only the objects in the manifests.
        field_manager: the field manager of the collection.

    Raises:
        PlatformError: the cluster cannot be read.
    """
    stages = [(stage, record["stages"].get(stage, [])) for stage in ROLLED_BACK]
    others = [manifest for stage, manifests in record["stages"].items() if stage not in ROLLED_BACK for manifest in manifests]
    entries, _warnings = plan(api, stages, field_manager, owned=owned, only_compares=True, unplanned=others)
    return [line for line in drift(entries) if shows_another_release(line, field_manager)]
