# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollback restores, and why it may be impossible: pure functions on records (private to the collection)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import is_named_by_content
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import mentioned
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import (
    Manifest,
    Record,
    find_record,
    names_of,
    origin,
)

# PostgreSQL, Redis, claims, the Namespace, Secrets and additional objects stay as they are, see decision 51.
ROLLED_BACK = ("network_policies", "configuration", "tiers", "ingress", "monitoring")

Reference = tuple[str, str]
# The fields of a pod template that name an object: the kind, and the key of the name.
_REFERENCES = {
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
}


def is_running(record: Record, deployments: Iterable[Manifest]) -> bool:
    """Whether the live Deployments have the images and the configuration of a release.

    Args:
        record: the record of the release.
        deployments: the live Deployments of the platform.
    """
    live = {each["metadata"]["name"]: _version(each) for each in deployments}
    return all(live.get(each["metadata"]["name"]) == _version(each) for each in record["stages"]["tiers"] if each["kind"] == "Deployment")


def _version(deployment: Manifest) -> tuple[list[str], set[Reference]]:
    pod = deployment["spec"]["template"]["spec"]
    named = {reference for reference in references(pod) if is_named_by_content({"kind": reference[0], "metadata": {"name": reference[1]}})}
    return [container["image"] for container in pod["containers"]], named


def target(records: Sequence[Record], wanted: str, newest_runs: bool) -> Record:
    """The record that a rollback restores.

    Args:
        records: all records, newest first.
        wanted: number or ID of a release. Empty for the newest record if another release runs, such as a failed one. Otherwise the last
            record before the current one with another deployment.
        newest_runs: whether the release of the newest record runs.

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
        unrecorded: why the migrations of a running release without a record cannot be undone; empty if they can.
    """
    goal = f"release {restored['release']} (number {restored['number']})"
    # A rollback runs no migrations. Its record has the declaration of the release that it restored.
    newer = [each for each in records if each["number"] > origin(restored) and not each["rollback_to"] and each["irreversible"]]
    for record in newer:
        return (
            f"the rollback to {goal} is rejected, because the migrations of release {record['release']} (number {record['number']}) "
            f"cannot be undone: {record['irreversible']}. Deploy a corrected release with site.yml"
        )
    if unrecorded:
        return (
            f"the rollback to {goal} is rejected, because the migrations of the running release cannot be undone: {unrecorded}. Deploy a "
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
        f"the rollback to release {restored['release']} (number {restored['number']}) is rejected, because the release needs {names}, "
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
