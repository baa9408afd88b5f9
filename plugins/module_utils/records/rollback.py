# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollback restores, and why it may be impossible: pure functions on records (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import is_content_applied, is_named_by_content
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import mentioned
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.drift import DIFFERENT, MISSING, REJECTED
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import (
    RELEASE_LABEL,
    Manifest,
    Record,
    find_record,
    names_of,
    number_of,
    origin,
    references_of,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import created

# PostgreSQL, Redis, claims, the Namespace, Secrets and additional objects stay as they are, see decision 51.
ROLLED_BACK = ("network_policies", "operators", "configuration", "tiers", "ingress", "monitoring")
# Differences and objects that a message lists.
_MOST_LISTED = 3

# Fields of a container, and the volumes of a pod, that a new image or configuration changes.
_VERSION = re.compile(r"\.(image|env|envFrom|volumes)\b")

Reference = tuple[str, str]
# The fields of a pod template that name an object: the kind, and the key of the name.
_REFERENCES = {
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
}


def shows_another_release(line: Mapping[str, str], field_manager: str) -> bool:
    """Whether a difference can come from the deployment of another release.

    Outside of the pods, others change objects that belong to the running release: an autoscaler its replicas, a person the limits of an
    autoscaler or an Ingress. A rejected dry run shows no difference.

    Args:
        line: a difference of a dry run, as the function C(drift) returns it.
        field_manager: the field manager of the collection.
    """
    if line["drift"] != DIFFERENT:
        return line["drift"] != REJECTED
    # A difference without a path is only one of owners.
    if not line["path"] or (line["path"] == "spec.replicas" and line["manager"] != field_manager):
        return False
    is_of_pods = line["object"].startswith("Deployment ") and line["path"].startswith("spec.template.")
    return is_of_pods or line["manager"] in ("", field_manager)


def runs_other_code(line: Mapping[str, str]) -> bool:
    """Whether a difference is one of image or configuration, so that other migrations may have run.

    Args:
        line: a difference that shows another release.
    """
    return line["object"].startswith("Deployment ") and (line["drift"] == MISSING or bool(_VERSION.search(line["path"])))


def described(line: Mapping[str, str]) -> str:
    """A difference in a message.

    Args:
        line: a difference of a dry run.
    """
    return f"{line['object']}: {line['path'] or line['drift']}"


def unfinished(newest: Record, objects: Iterable[Manifest], field_manager: str) -> list[str]:
    """What a deployment left that ended before it changed the tiers: objects that are newer than the newest record and not part of it.

    Such a deployment has applied its ConfigMaps, which no pod of a tier uses yet, and may have run its Jobs.

    Args:
        newest: the newest record.
        objects: the ConfigMaps of the platform, which contain the one of the record, and the Jobs of releases.
        field_manager: the field manager of the collection.

    Returns:
        Kind, namespace and name of each object.
    """
    objects = list(objects)
    recorded = next((created(each) for each in objects if number_of(each["metadata"]["name"]) == newest["number"]), None)
    known = references_of(newest)
    return [
        subject(each)
        for each in objects
        if recorded and created(each) > recorded and _is_of_another_release(each, newest["release"], known, field_manager)
    ]


def _is_of_another_release(item: Manifest, release: str, known: Collection[str], field_manager: str) -> bool:
    if item["kind"] == "Job":
        label = (item["metadata"].get("labels") or {}).get(RELEASE_LABEL)
        return label not in (None, release) and bool(applied_fields(item, field_manager))
    return is_named_by_content(item) and item["metadata"]["name"] not in known and is_content_applied(item, field_manager)


def reason(newest: Record, restored: Record, wanted: str, failed: bool, differing: Sequence[str], begun: Sequence[str]) -> str:
    """Which release runs, which one is restored, and why.

    Args:
        newest: the newest record.
        restored: the record to restore.
        wanted: number or ID of a release, if the user named one.
        failed: whether the run that asks has failed after it changed the tiers.
        differing: in what the cluster differs from the newest record.
        begun: what a later deployment left that ended before it changed the tiers.
    """
    if failed:
        runs = "The deployment failed after it changed the tiers"
    elif differing:
        runs = f"What runs differs from the newest record, {_title(newest)}: {_listed(differing)}"
    else:
        runs = f"What runs is {_title(newest)}"
        runs += f". A later deployment ended before it changed the tiers, and left {_listed(begun)}" if begun else ""
    if wanted:
        why = ", as requested"
    elif failed:
        why = ", the newest record"
    elif differing or begun:
        why = ". To restore another release, set rollback_to_release"
    else:
        why = ", the last release before it"
    return f"{runs}. Restoring {_title(restored)}{why}."


def _title(record: Record) -> str:
    return f"release {record['release']} (number {record['number']})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    return "; ".join([*names[:_MOST_LISTED], *([f"{more} more"] if more > 0 else [])])


def target(records: Sequence[Record], wanted: str, newest_runs: bool) -> Record:
    """The record that a rollback restores.

    Args:
        records: all records, newest first.
        wanted: number or ID of a release. Empty for the newest record if another release runs, or a later deployment has begun. Otherwise
            the last record before the current one with another deployment.
        newest_runs: whether the release of the newest record runs, and no later deployment has begun.

    Raises:
        PlatformError: there is no such record; names the existing ones.
    """
    if wanted:
        return find_record(records, wanted)
    if not records:
        raise PlatformError("there is no record of a release, so there is nothing to roll back to: deploy one with site.yml", certain=True)
    if not newest_runs:
        return records[0]
    current = records[0]
    for record in records[1:]:
        if origin(record) < origin(current) and record["stages"] != current["stages"]:
            return record
    raise PlatformError(
        f"there is no record of a release before number {current['number']} ({current['release']}), so there is nothing to roll back to: "
        "deploy another release with site.yml",
        certain=True,
    )


def refusal(records: Iterable[Record], restored: Record, unrecorded: str = "") -> str:
    """Why a rollback is impossible because of migrations; empty if it is possible.

    Args:
        records: all records.
        restored: the record to restore.
        unrecorded: why the migrations of the last deployment cannot be undone, if it has no record; empty if they can.
    """
    goal = _title(restored)
    # A rollback runs no migrations. Its record has the declaration of the release that it restored.
    newer = [each for each in records if each["number"] > origin(restored) and not each["rollback_to"] and each["irreversible"]]
    for record in newer:
        return (
            f"the rollback to {goal} is rejected, because the migrations of release {record['release']} (number {record['number']}) "
            f"cannot be undone: {record['irreversible']}. Deploy a corrected release with site.yml"
        )
    if unrecorded:
        return (
            f"the rollback to {goal} is rejected, because the migrations of the last deployment cannot be undone: {unrecorded}. Deploy a "
            "corrected release with site.yml"
        )
    return ""


def unrestored(record: Record) -> list[Manifest]:
    """The objects of other stages that the pods of a release need by name: data services with their Services, and claims.

    Args:
        record: the record of the release.
    """
    kinds = ("StatefulSet", "Service", "PersistentVolumeClaim")
    return [each for stage in ("storage", "data_services") for each in record["stages"].get(stage, ()) if each["kind"] in kinds]


def restored_rollouts(restored: Record, newest: Record) -> dict[str, list[dict[str, Any]]]:
    """The workloads and claims of each stage after a rollback.

    Args:
        restored: the record to restore.
        newest: the newest record, whose other stages stay.
    """
    return {**restored["rollouts"], **{stage: each for stage, each in newest["rollouts"].items() if stage not in ROLLED_BACK}}


def expected_rollouts(restored: Record, newest: Record) -> dict[str, list[dict[str, Any]]]:
    """What a rollback waits for and validates. The data services stay, with whatever image a failed release gave them.

    Args:
        restored: the record to restore.
        newest: the newest record.
    """
    return {
        stage: list(targets) if stage in ROLLED_BACK else [{**each, "image": ""} for each in targets]
        for stage, targets in restored_rollouts(restored, newest).items()
    }


def references(value: Any) -> Iterator[Reference]:
    """Yield kind and name of the ConfigMaps and Secrets that a pod needs to start.

    Args:
        value: the specification of a pod, or any part of it.
    """
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    if not isinstance(value, Mapping):
        return
    for key, below in value.items():
        kind, name = _REFERENCES.get(
            key, ("Secret", "secretName" if "secretName" in below else "name") if _is_secret(key, below) else ("", "")
        )
        if kind and isinstance(below, Mapping) and below.get(name) and not below.get("optional"):
            yield kind, below[name]
        yield from references(below)


def _is_secret(key: str, value: Any) -> bool:
    return key == "secret" and isinstance(value, Mapping)


def needed(record: Record) -> list[Reference]:
    """Kind and name of the objects that a rollback does not create and that the pods of a release need, in order.

    Args:
        record: the record of the release.
    """
    restored = {("ConfigMap", name) for name in names_of(record["stages"].get("configuration", ()), "ConfigMap")}
    pods = [each["spec"]["template"]["spec"] for each in record["stages"]["tiers"] if "template" in each.get("spec", {})]
    # Other kinds refer to Secrets too, such as an Ingress.
    named = mentioned(manifest for stage in ROLLED_BACK for manifest in record["stages"].get(stage, ()))
    secrets = {("Secret", name) for name in names_of(record["stages"].get("secrets", ()), "Secret") if name in named}
    return sorted({*references(pods), *secrets} - restored)


def missing_sentence(restored: Record, missing: Sequence[Reference], namespace: str) -> str:
    """Why a rollback is impossible because objects are missing; empty if none is missing.

    Args:
        restored: the record to restore.
        missing: kind and name of the missing objects.
        namespace: their namespace.
    """
    if not missing:
        return ""
    names = ", ".join(f"{kind} {namespace}/{name}" for kind, name in missing)
    return (
        f"the rollback to {_title(restored)} is rejected, because the release needs {names}, "
        "which no longer exists. Create it again, or deploy the release with site.yml from the inventory of that time"
    )


def restored_stages(restored: Record, newest: Record) -> dict[str, list[dict[str, Any]]]:
    """The manifests of each stage after a rollback.

    Args:
        restored: the record to restore.
        newest: the newest record, whose other stages stay.
    """
    stages = {stage: manifests for stage, manifests in newest["stages"].items() if stage not in ROLLED_BACK}
    # The Secrets of the restored release count as used.
    secrets = {"secrets": restored["stages"].get("secrets", [])}
    return {**stages, **secrets, **{stage: restored["stages"].get(stage, []) for stage in ROLLED_BACK}}


def with_first_replicas(manifests: Sequence[Manifest], existing: Collection[str]) -> list[dict[str, Any]]:
    """The manifests of tiers with replicas for each Deployment that an autoscaler scales and that does not exist.

    Without replicas the API server would start one pod.

    Args:
        manifests: the manifests of the tiers.
        existing: names of the live Deployments.
    """
    autoscalers = [each["spec"] for each in manifests if each["kind"] == "HorizontalPodAutoscaler"]
    least = {spec["scaleTargetRef"]["name"]: int(spec.get("minReplicas") or 1) for spec in autoscalers}
    found = []
    for manifest in manifests:
        name = manifest["metadata"]["name"]
        starts = manifest["kind"] == "Deployment" and "replicas" not in manifest["spec"] and name not in existing
        found.append({**manifest, "spec": {**manifest["spec"], "replicas": least.get(name, 1)}} if starts else dict(manifest))
    return found
