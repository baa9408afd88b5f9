# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that no release needs any more: pure functions on objects as the API server returns them (private to the collection)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import is_named_by_content
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.pods import controlled_by
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import created, is_true, leaving

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """Which objects may be removed.

    Args:
        namespace: namespace of the objects.
        labels: labels that each object must have.
        field_manager: the field manager that applied the objects.
        release_label: label of a Job with the name of its release.
        release: the release that the current run deploys.
        history: number of releases besides that one that stay with their records, Jobs, ConfigMaps and Secrets.
        keep: names of ConfigMaps and Secrets that the current run uses.
        minimum_age: seconds; younger objects stay.
    """

    namespace: str
    labels: Mapping[str, str]
    field_manager: str
    release_label: str
    release: str
    history: int
    keep: Collection[str]
    minimum_age: int

    @property
    def selector(self) -> str:
        """The labels as the API's labelSelector parameter."""
        return ",".join(f"{key}={value}" for key, value in self.labels.items())


def _may_go(item: Manifest, rules: Rules, now: datetime) -> bool:
    age = (now - created(item)).total_seconds()
    return (
        bool(applied_fields(item, rules.field_manager))
        and not item["metadata"].get("ownerReferences")
        and not leaving(item)
        and age >= rules.minimum_age
    )


def disposable(items: Iterable[Manifest], rules: Rules, now: datetime) -> list[Manifest]:
    """The ConfigMaps and Secrets that may be removed if nothing refers to them.

    They are immutable, named by their content, applied by the field manager, and not used by this run. A manual copy has the same labels
    but another field manager. Only this collection applies `immutable`, and always as true.

    Args:
        items: ConfigMaps and Secrets with the labels; metadata is sufficient.
        rules: which objects may be removed.
        now: the API server's time.
    """
    return [
        item
        for item in items
        if item["metadata"]["name"] not in rules.keep
        and is_named_by_content(item)
        and "f:immutable" in applied_fields(item, rules.field_manager)
        and _may_go(item, rules, now)
    ]


def old_jobs(jobs: Iterable[Manifest], rules: Rules, kept: Collection[str], now: datetime) -> list[Manifest]:
    """The finished Jobs of releases that are not kept.

    Args:
        jobs: Jobs with the labels.
        rules: which objects may be removed.
        kept: the releases whose Jobs stay.
        now: the API server's time.
    """
    return [
        job
        for job in jobs
        if job["metadata"]["labels"].get(rules.release_label, "") not in ("", *kept)
        and (is_true(job, "Complete") or is_true(job, "Failed"))
        and _may_go(job, rules, now)
    ]


def releases_of(jobs: Iterable[Manifest], release_label: str) -> list[str]:
    """The releases of Jobs, newest first. The newest Job of a release determines its age.

    Args:
        jobs: Jobs of all releases.
        release_label: label of a Job with the name of its release.
    """
    newest: dict[str, datetime] = {}
    for job in jobs:
        release = job["metadata"]["labels"].get(release_label)
        if release:
            newest[release] = max(created(job), newest.get(release, created(job)))
    return sorted(newest, key=lambda release: newest[release], reverse=True)


def staying(items: Iterable[Manifest], removed: Collection[str]) -> list[Manifest]:
    """The objects without the removed Jobs and without their finished pods, which are removed with them.

    Args:
        items: objects of any kind.
        removed: UIDs of the Jobs.
    """
    return [item for item in items if item["metadata"]["uid"] not in removed and not (_has_ended(item) and _owners(item) & set(removed))]


def _has_ended(item: Manifest) -> bool:
    return (item.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _owners(item: Manifest) -> set[str]:
    return {owner["uid"] for owner in item["metadata"].get("ownerReferences") or ()}


def mentioned(items: Iterable[Manifest]) -> set[str]:
    """All strings in objects. A string that equals the name of a ConfigMap or Secret counts as a reference to it.

    This covers all fields that refer to one, in all kinds and versions. At worst an object is kept for too long.

    Args:
        items: objects of any kind.
    """
    found: set[str] = set()
    waiting: list[Any] = [value for item in items for key, value in item.items() if key not in ("metadata", "status")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found


def too_many_revisions(deployments: Iterable[Manifest], replica_sets: Sequence[Manifest], field_manager: str) -> bool:
    """Whether the Deployment controller still has to remove old ReplicaSets. It does so right after a rollout.

    Args:
        deployments: all Deployments of the namespace.
        replica_sets: all ReplicaSets of the namespace.
        field_manager: the field manager that applied the Deployments.
    """
    return any(
        len(controlled_by(deployment, replica_sets)) > deployment["spec"]["revisionHistoryLimit"] + 1
        for deployment in deployments
        if applied_fields(deployment, field_manager)
    )
