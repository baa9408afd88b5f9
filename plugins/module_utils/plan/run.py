# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans stages against a cluster (private to the collection)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    NoNamespaceError,
    NotFoundError,
    RefusedError,
    UnknownKindError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.own_objects import defined_kinds
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import without_namespace
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import (
    CHANGE,
    CREATE,
    REFUSED,
    REMOVE,
    TAKE_OVER,
    Manifest,
    Planned,
    kept_by_claim,
    planned,
    shown_metadata,
    subject,
    without_bookkeeping,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.namespace import compared, is_for_an_administrator
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import (
    WORKLOADS,
    created_by,
    foreign_fields_sentence,
    is_content_applied,
    is_named_by_content,
    sign_of_others,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.pods import comes_before_old_ones_go, is_certain, new_pod
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import (
    Removal,
    never_removed,
    no_longer_listed,
    no_longer_wanted,
    not_of_this_platform,
    record_problem,
    stays,
    why_it_stays,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.scaling import (
    after_autoscaler,
    handed_over,
    leaves_replicas_out,
    owns_replicas,
    starts_again,
    taken_from_autoscaler,
    with_replicas_of,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.diagnosis import refusal_reason
from ansible_collections.jewelry_shop.platform.plugins.module_utils.takeover.rules import (
    as_merge_patch,
    deletion_policy,
    foreign,
    gap,
    is_handed_over,
    obstacle,
)


class Api(Protocol):
    """The functions of the cluster that planning uses."""

    def read(self, manifest: Manifest) -> Manifest | None:
        """The live object."""

    def ours(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        """The objects of a kind that the collection created."""

    def dry_run(self, manifest: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        """The object as it would be, and the warnings."""

    def dry_run_patch(self, patch: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        """The object as it would be after a merge patch, and the warnings."""

    def dry_run_delete(self, live: Manifest, policy: str) -> None:
        """Raise an error if the object cannot be deleted."""

    def admit(self, pod: Manifest, owner: Manifest) -> str:
        """Why a pod of a workload would be rejected."""


@dataclasses.dataclass(frozen=True)
class OwnedKind:
    """A kind of which the collection keeps only the objects in the manifests.

    Args:
        stage: name of the stage that removes other objects.
        api_version: its apiVersion.
        kind: its kind.
        namespace: namespace of the objects.
    """

    stage: str
    api_version: str
    kind: str
    namespace: str


@dataclasses.dataclass(frozen=True)
class _Trust:
    """The field managers whose fields are accepted, and whether the plan only compares and judges neither fields of others nor pods."""

    field_manager: str
    take_over: bool
    allowed: Collection[str]
    only_compares: bool = False


def plan(
    api: Api,
    stages: Iterable[tuple[str, list[Manifest]]],
    field_manager: str,
    records: Mapping[str, Manifest] | None = None,
    owned: Iterable[OwnedKind] = (),
    take_over: bool = False,
    allowed_field_managers: Collection[str] = (),
    identity: Mapping[str, str] | None = None,
    removals: Collection[Removal] = (),
    only_compares: bool = False,
    unplanned: Collection[Manifest] = (),
) -> tuple[list[Planned], list[str]]:
    """Find out what applying the manifests of all stages would change. A rejection does not end the planning.

    Args:
        api: the cluster.
        stages: name and manifests of each stage.
        field_manager: the field manager that would apply them.
        records: by stage, the ConfigMap in which an earlier run recorded its objects.
        owned: kinds of which the collection keeps only the objects in the manifests.
        take_over: whether existing objects of another installation would be adopted.
        allowed_field_managers: field managers that may own fields of pod templates.
        identity: labels that a recorded object must have, applied by the same field manager.
        removals: further objects to remove.
        unplanned: further manifests that are not planned, but whose objects are not to be removed.
        only_compares: whether to judge neither fields that applying would keep nor the pods of workloads.

    Returns:
        An entry for each manifest, in order, and the warnings of the API server and about recorded objects that stay.

    Raises:
        PlatformError: the cluster cannot be read.
    """
    entries: list[Planned] = []
    warnings: list[str] = []
    # By namespace, the reasons of rejections that earlier changes in this plan may resolve.
    gates: dict[str, set[str]] = {}
    # The scope of each kind that an earlier definition in this plan adds.
    defined: dict[tuple[str, str], str] = {}
    trust = _Trust(field_manager, take_over, allowed_field_managers, only_compares)
    for stage, manifests in stages:
        for manifest in manifests:
            try:
                entry, said = _plan_one(api, stage, manifest, trust, gates)
            except UnknownKindError as error:
                version_and_kind = (manifest["apiVersion"], manifest["kind"])
                entry = (
                    _undefined_yet(stage, manifest, defined)
                    if version_and_kind in defined
                    else Planned(stage, manifest, REFUSED, refusal=str(error))
                )
                said = []
            entries.append(entry)
            warnings += [f"{entry.subject}: {each}" for each in said]
            _note_gate(gates, entry)
            if entry.action != REFUSED:
                defined.update(defined_kinds(manifest))
    # The manifests of all stages, because an object may move from one stage to another.
    wanted = [*(entry.manifest for entry in entries), *unplanned]
    asked = [entry for removal in removals for entry in _asked_removal(api, removal, field_manager)]
    entries += asked
    # Objects in a removed Namespace are removed with it, except for a Namespace that the user may not delete.
    staying = [entry.manifest["metadata"]["name"] for entry in asked if entry.refusal]
    names = [removal.manifest["metadata"]["name"] for removal in removals if removal.manifest["kind"] == "Namespace"]
    going = [name for name in names if name not in staying]
    for stage, record in (records or {}).items():
        found = _read_if_allowed(api, record)
        problem = record_problem(found, field_manager)
        listed = [] if problem else [each for each in no_longer_listed(found, wanted) if each["metadata"].get("namespace") not in going]
        warnings += [f"{subject(record)}: {problem}"] if problem else []
        for manifest in listed:
            removed, reason = _recorded_removal(api, stage, manifest, record, field_manager, identity or {})
            entries += removed
            warnings += [stays(manifest, record, reason)] if reason else []
    for kind in owned:
        for live in no_longer_wanted(api.ours(kind.api_version, kind.kind, kind.namespace), wanted, field_manager):
            entries += _removal(api, kind.stage, live)
    entries = [_scaled(api, after_autoscaler(entry, entries), entries) for entry in entries]
    replaced = [entry.replaces for entry in entries if entry.replaces]
    return [_without_gap(entry, replaced) for entry in entries], warnings


# Objects that can cause rejections, with the reason for such a rejection.
_GATES = {"Namespace": "PodSecurityViolated", "ResourceQuota": "QuotaExceeded", "LimitRange": "LimitRangeViolated"}
_POD_SECURITY = "pod-security.kubernetes.io/"


def _undefined_yet(stage: str, manifest: Manifest, defined: Mapping[tuple[str, str], str]) -> Planned:
    """Plan a custom resource whose definition comes earlier in this plan. The API server cannot validate it yet."""
    if defined[manifest["apiVersion"], manifest["kind"]] == "Namespaced" and not manifest["metadata"].get("namespace"):
        return Planned(stage, manifest, REFUSED, refusal=without_namespace(subject(manifest)))
    return Planned(stage, manifest, CREATE, {}, without_bookkeeping(manifest))


def _note_gate(gates: dict[str, set[str]], entry: Planned) -> None:
    kind, metadata = entry.manifest["kind"], entry.manifest["metadata"]
    if kind not in _GATES or entry.action not in (CREATE, CHANGE):
        return
    labels = entry.after.get("metadata", {}).get("labels") or {}
    if kind != "Namespace" or any(label.startswith(_POD_SECURITY) for label in labels):
        gates.setdefault(metadata["name"] if kind == "Namespace" else metadata["namespace"], set()).add(_GATES[kind])


def _is_of_a_gate(refusal: str, changed: Collection[str]) -> bool:
    return ("QuotaExceeded" if "failed quota:" in refusal else refusal_reason(refusal)) in changed


def _read_if_allowed(api: Api, manifest: Manifest) -> Manifest | None:
    try:
        return api.read(manifest)
    except RefusedError:
        # A user who may not read the object has not created it.
        return None


def _recorded_removal(
    api: Api, stage: str, manifest: Manifest, record: Manifest, field_manager: str, identity: Mapping[str, str]
) -> tuple[list[Planned], str]:
    """The removal of a recorded object, or why it stays."""
    reason = never_removed(manifest)
    live = None if reason else _read_if_allowed(api, manifest)
    if live is None:
        return [], reason
    reason = why_it_stays(live, identity, field_manager, record["metadata"].get("namespace", ""))
    return ([], reason) if reason else (_removal(api, stage, live), "")


def _asked_removal(api: Api, removal: Removal, field_manager: str) -> list[Planned]:
    """The explicitly requested removal of an object. Rejected if the object does not belong to this platform."""
    reason = never_removed(removal.manifest)
    try:
        live = None if reason else api.read(removal.manifest)
    except RefusedError as error:
        return [Planned(removal.stage, removal.manifest, REFUSED, refusal=str(error))]
    if live:
        reason = not_of_this_platform(live, removal.labels, field_manager)
    if reason:
        return [Planned(removal.stage, removal.manifest, REFUSED, untrusted=f"{subject(removal.manifest)}: {reason}")]
    return _removal(api, removal.stage, live) if live else []


def _removal(api: Api, stage: str, live: Manifest) -> list[Planned]:
    try:
        api.dry_run_delete(live, "Background")
    except NotFoundError:
        return []
    except RefusedError as error:
        return [Planned(stage, live, REFUSED, refusal=str(error))]
    return [Planned(stage, live, REMOVE, without_bookkeeping(live))]


def _plan_one(api: Api, stage: str, manifest: Manifest, trust: _Trust, gates: Mapping[str, Collection[str]]) -> tuple[Planned, list[str]]:
    field_manager, take_over = trust.field_manager, trust.take_over
    judged_later = gates.get(manifest["metadata"].get("namespace", ""), ())
    live: Manifest | None = None
    try:
        live = api.read(manifest)
        kept = kept_by_claim(manifest, live) if live else ""
        if kept:
            return Planned(stage, manifest, REFUSED, refusal=f"{subject(manifest)}: {kept}"), []
        of_others = _of_others(stage, manifest, live, trust) if live else None
        if of_others:
            return of_others, []
        if manifest["kind"] == "Secret":
            return planned(stage, manifest, live, shown_metadata(manifest, live) if live else manifest), []
        sign = foreign(live, manifest, field_manager) if live else ""
        if live and sign:
            if not take_over:
                return Planned(stage, manifest, REFUSED, foreign=sign), []
            return _plan_anew(api, stage, manifest, field_manager, live)
        if live and take_over and (_claim_sign(live, field_manager) or is_handed_over(live, field_manager)):
            applied, warnings = api.dry_run_patch(as_merge_patch(manifest, live), field_manager)
            return dataclasses.replace(planned(stage, manifest, live, applied), action=TAKE_OVER), warnings
        hands_over = live is not None and leaves_replicas_out(manifest) and owns_replicas(live, field_manager)
        applied, warnings = api.dry_run(with_replicas_of(live, manifest) if live and hands_over else manifest, field_manager)
        taken = taken_from_autoscaler(live, manifest) if live else ""
        warnings = [*warnings, *([taken] if taken else [])]
        untrusted = _fields_of_others(stage, manifest, applied, trust)
        if untrusted:
            return untrusted, warnings
        refusal = "" if trust.only_compares else _refusal_of_pods(api, live, applied)
        refusal = "" if _is_of_a_gate(refusal, judged_later) else refusal
    except NoNamespaceError:
        # An earlier stage creates the namespace. Until then nothing in it can be validated.
        return Planned(stage, manifest, CREATE, {}, without_bookkeeping(manifest)), []
    except UnknownKindError:
        raise
    except RefusedError as error:
        if is_for_an_administrator(manifest, str(error)):
            return compared(stage, manifest, live), []
        if live is None and _is_of_a_gate(str(error), judged_later):
            return Planned(stage, manifest, CREATE, {}, without_bookkeeping(manifest)), []
        return Planned(stage, manifest, REFUSED, refusal=str(error)), []
    if refusal:
        return Planned(stage, manifest, REFUSED, refusal=refusal), warnings
    entry = planned(stage, manifest, live, applied)
    return handed_over(entry, live) if live and hands_over else entry, warnings


def _claim_sign(live: Manifest, field_manager: str) -> str:
    return sign_of_others(live, field_manager) if live["kind"] == "PersistentVolumeClaim" else ""


def _of_others(stage: str, manifest: Manifest, live: Manifest, trust: _Trust) -> Planned | None:
    """The entry of an object that is not applied because another client determined its content; None for other objects."""
    sign = "" if trust.take_over else _claim_sign(live, trust.field_manager)
    if sign:
        return Planned(stage, manifest, REFUSED, foreign=sign)
    if not is_named_by_content(manifest):
        return None
    adopts = trust.take_over and manifest["kind"] == "ConfigMap" and is_handed_over(live, trust.field_manager)
    if not adopts and not is_content_applied(live, trust.field_manager):
        return _content_of_others(stage, manifest, created_by(live))
    # For a ConfigMap the dry run gives the same result.
    keys = foreign_fields_sentence(live, trust.field_manager) if manifest["kind"] == "Secret" else ""
    return _content_of_others(stage, manifest, keys) if keys else None


def _content_of_others(stage: str, manifest: Manifest, reason: str) -> Planned:
    metadata = manifest["metadata"]
    place = f" -n {metadata['namespace']}" if metadata.get("namespace") else ""
    cure = f"delete it with kubectl delete {manifest['kind'].lower()} {metadata['name']}{place}, then run again to create it"
    return Planned(stage, manifest, REFUSED, untrusted=f"{subject(manifest)}: {reason}: {cure}")


def _fields_of_others(stage: str, manifest: Manifest, applied: Manifest, trust: _Trust) -> Planned | None:
    """The entry of an object that keeps fields of other field managers when it is applied; None for other objects.

    The result of a dry run no longer has the changes that applying reverts, so only the fields that stay are found.
    """
    if not is_named_by_content(manifest) and (manifest["kind"] not in WORKLOADS or trust.only_compares):
        return None
    fields = foreign_fields_sentence(applied, trust.field_manager, trust.allowed)
    if not fields:
        return None
    if is_named_by_content(manifest):
        return _content_of_others(stage, manifest, fields)
    cure = "Server-side apply keeps it: remove it with kubectl edit, or add the field manager to platform_allowed_field_managers"
    return Planned(stage, manifest, REFUSED, untrusted=f"{subject(manifest)}: {fields}. {cure}")


def _plan_anew(api: Api, stage: str, manifest: Manifest, field_manager: str, live: Manifest) -> tuple[Planned, list[str]]:
    """Plan a workload that replaces the workload of another installation."""
    entry = Planned(stage, manifest, REFUSED)
    reason = obstacle(live, manifest)
    if reason:
        return dataclasses.replace(entry, refusal=f"{entry.subject}: {reason}"), []
    api.dry_run_delete(live, deletion_policy(live, manifest))
    # A temporary name, because a dry run under the same name would merge with the existing workload.
    name = manifest["metadata"]["name"]
    complete = with_replicas_of(live, manifest) if leaves_replicas_out(manifest) else manifest
    stand_in = {**complete, "metadata": {**manifest["metadata"], "name": f"{name}-anew"}}
    try:
        applied, warnings = api.dry_run(stand_in, field_manager)
    except RefusedError as error:
        # The quota also counts the workload that will be deleted.
        if refusal_reason(str(error)) != "QuotaExceeded":
            raise RefusedError(str(error).replace(f"{name}-anew", name), certain=True) from error
        applied, warnings = stand_in, []
    applied = {**applied, "metadata": {**applied["metadata"], "name": name}}
    refusal = _refusal_of_pods(api, live, applied)
    if refusal:
        return dataclasses.replace(entry, refusal=refusal), warnings
    return dataclasses.replace(planned(stage, manifest, live, applied), action=TAKE_OVER, replaces=live), warnings


def _scaled(api: Api, entry: Planned, entries: list[Planned]) -> Planned:
    """The entry of a workload without replicas that starts again, because its autoscaler does not start it."""
    least = starts_again(entry, entries)
    live = api.read(entry.manifest) if least else None
    return handed_over(entry, live, least) if live and not live["spec"]["replicas"] else entry


def _without_gap(entry: Planned, replaced: list[Manifest]) -> Planned:
    reason = gap(entry.manifest, replaced) if entry.manifest["kind"] == "Service" else ""
    return Planned(entry.stage, entry.manifest, REFUSED, refusal=f"{entry.subject}: {reason}") if reason else entry


def _refusal_of_pods(api: Api, live: Manifest | None, applied: Manifest) -> str:
    pod = new_pod(live, applied)
    if pod is None:
        return ""
    refusal = api.admit(pod, applied)
    return refusal if is_certain(refusal, comes_before_old_ones_go(live, applied)) else ""
