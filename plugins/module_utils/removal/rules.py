# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which objects of a namespace a removal deletes, and why the others stay: pure functions (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest, subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import writers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import not_of_this_platform
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest

CLAIM = "PersistentVolumeClaim"
ALL = "all"
# The cluster keeps these itself: events expire, Endpoints belong to the Service of the same name, a Lease is renewed by its holder.
_BOOKKEEPING = ("Event", "Endpoints", "Lease")
# Controllers create these in each namespace. The last two are those of OpenShift.
_OF_EVERY_NAMESPACE = {
    "ConfigMap": ("kube-root-ca.crt", "openshift-service-ca.crt"),
    "ServiceAccount": ("default", "builder", "deployer"),
    "RoleBinding": ("system:deployers", "system:image-builders", "system:image-pullers"),
}
# playbooks/grant_deployer.yml creates them. A later run with this credential needs them.
_PERMISSIONS = ("Role", "RoleBinding")
# Additional objects outside the namespace that no removal deletes, with the reason.
_HOLDS_DATA = {
    CLAIM: "volume outside the namespace of the platform",
    "PersistentVolume": "volume outside the namespace of the platform",
    "Namespace": "its objects can belong to others. To delete it, use kubectl",
    "CustomResourceDefinition": "its objects in all namespaces can belong to others. To delete it, use kubectl",
}
# Name of a template, name of the StatefulSet, number of the pod.
_CLAIM_OF_A_POD = re.compile(r"(.+)-\d+")
# Order of the deletions. The tiers go before the data services. An object goes before the objects that it uses: KEDA creates the autoscaler
# of a ScaledObject again. Network policies and claims go after the pods have ended. The empty entry is for objects outside the namespace.
_FIRST = (
    "Deployment", "DaemonSet", "StatefulSet", "", "ScaledObject", "TriggerAuthentication", "Ingress", "Service", "HorizontalPodAutoscaler",
    "PodDisruptionBudget", "Job",
)  # fmt: skip
_LAST = ("ServiceAccount", "ConfigMap", "Secret", "NetworkPolicy", CLAIM)


@dataclass(frozen=True)
class Removal:
    """What a user wants to remove.

    Args:
        namespace: namespace of the platform.
        labels: labels that each object of the platform has, applied by the field manager.
        field_manager: the field manager of the collection.
        volumes: names of the claims to remove; ALL for each claim of the platform.
        with_namespace: whether the Namespace is to be removed too.
        identity: labels of the additional objects, applied by the field manager.
        recorded: the additional objects to remove, in their order, as C(object_identities) returns them. They include those of earlier
            versions, which have no labels.
    """

    namespace: str
    labels: Mapping[str, str]
    field_manager: str
    volumes: Collection[str] = ()
    with_namespace: bool = False
    identity: Mapping[str, str] = field(default_factory=dict)
    recorded: Sequence[Mapping[str, str]] = ()

    def lists(self, item: Manifest) -> bool:
        """Whether an object of the namespace is one of the additional objects to remove.

        Args:
            item: the object.
        """
        wanted = (self.namespace, item["kind"], item["metadata"]["name"])
        return any((each["namespace"], each["kind"], each["name"]) == wanted for each in self.recorded)


@dataclass(frozen=True)
class Judged:
    """An object of the namespace.

    Args:
        item: the object.
        reason: why it stays, without a full stop; empty if it is removed.
        foreign: whether the platform does not own it.
        outside: whether it is not in the namespace of the platform.
    """

    item: Manifest
    reason: str = ""
    foreign: bool = False
    outside: bool = False

    @property
    def subject(self) -> str:
        """Kind and name, the namespace if it is another one, and the size of a claim."""
        return subject(self.item) if self.outside else named(self.item)

    @property
    def holds_namespace(self) -> bool:
        """Whether it prevents the removal of the Namespace."""
        return not self.outside and (self.foreign or (bool(self.reason) and self.item["kind"] == CLAIM))


def named(item: Manifest) -> str:
    """Kind and name of an object, and the capacity of a claim.

    Args:
        item: an object.
    """
    size = (item.get("status") or {}).get("capacity", {}).get("storage") if item["kind"] == CLAIM else ""
    return f"{item['kind']} {item['metadata']['name']}{f' with {size}' if size else ''}"


def judge(items: Collection[Manifest], removal: Removal) -> list[Judged]:
    """Judge each object of a namespace, except those that the cluster creates and removes itself.

    Args:
        items: the objects; metadata is sufficient, except for claims.
        removal: what is to be removed.

    Returns:
        The objects in the order of their deletion.
    """
    once = {item["metadata"]["uid"]: item for item in items}
    stateful = {item["metadata"]["name"]: not _not_ours(item, removal) for item in once.values() if item["kind"] == "StatefulSet"}
    found = [_judged(item, removal, stateful) for item in once.values() if not _is_of_the_cluster(item, once)]
    # The sort is stable: the additional objects outside the namespace keep their order.
    return sorted([*_outside(removal), *found], key=_place)


def _place(judged: Judged) -> tuple[int, str]:
    """The place of an object in the order of the deletions."""
    return (_rank(""), "") if judged.outside else (_rank(judged.item["kind"]), judged.item["metadata"]["name"])


def _outside(removal: Removal) -> list[Judged]:
    """The additional objects outside the namespace."""
    return [
        Judged(
            {"apiVersion": each["api_version"], "kind": each["kind"], "metadata": {"name": each["name"], "namespace": each["namespace"]}},
            _HOLDS_DATA.get(each["kind"], ""),
            outside=True,
        )
        for each in removal.recorded
        if each["namespace"] != removal.namespace
    ]


def _rank(kind: str) -> int:
    if kind in _LAST:
        return len(_FIRST) + 1 + _LAST.index(kind)
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _is_of_the_cluster(item: Manifest, by_uid: Mapping[str, Manifest]) -> bool:
    """Whether the cluster keeps it, or removes it with its owner."""
    kind, metadata = item["kind"], item["metadata"]
    if kind in _BOOKKEEPING or metadata["name"] in _OF_EVERY_NAMESPACE.get(kind, ()):
        return True
    owners = metadata.get("ownerReferences") or ()
    return kind != CLAIM and any(owner.get("controller") or owner["uid"] in by_uid for owner in owners)


def _judged(item: Manifest, removal: Removal, stateful_sets: Mapping[str, bool]) -> Judged:
    kind, name = item["kind"], item["metadata"]["name"]
    reason = _not_ours(item, removal)
    additional = removal.lists(item) or (bool(removal.identity) and not _lacks(item, removal, removal.identity))
    if reason and not additional and not (kind == CLAIM and _is_of_a_stateful_set(item, removal, stateful_sets)):
        return Judged(item, reason, foreign=True)
    if kind == CLAIM and name not in removal.volumes and ALL not in removal.volumes:
        return Judged(item, "volume that remove_volumes does not name")
    if kind in _PERMISSIONS and not additional and not removal.with_namespace:
        return Judged(item, "permissions that playbooks/grant_deployer.yml granted")
    return Judged(item)


def _not_ours(item: Manifest, removal: Removal) -> str:
    return _lacks(item, removal, removal.labels)


def _lacks(item: Manifest, removal: Removal, labels: Mapping[str, str]) -> str:
    return not_of_this_platform(item, labels, removal.field_manager)


def _is_of_a_stateful_set(claim: Manifest, removal: Removal, stateful_sets: Mapping[str, bool]) -> bool:
    """Whether the cluster created a claim for a StatefulSet of this platform.

    The claim has the labels of the StatefulSet's selector. If an earlier run removed the StatefulSet, the claim counts only if the
    controller that bound it also created it.

    Args:
        claim: the live PersistentVolumeClaim.
        removal: what is to be removed.
        stateful_sets: by name of each live StatefulSet, whether it belongs to this platform.
    """
    metadata = claim["metadata"]
    name = _CLAIM_OF_A_POD.fullmatch(metadata["name"])
    if not name or (metadata.get("labels") or {}).get("app") != removal.labels["app"]:
        return False
    for stateful_set, is_ours in stateful_sets.items():
        if name[1].endswith(f"-{stateful_set}"):
            return is_ours
    creators = writers(claim, "f:spec", "f:accessModes")
    return bool(creators) and creators == writers(claim, "f:status", "f:phase")


def volume_problems(judged: Iterable[Judged], removal: Removal) -> list[str]:
    """A sentence for each name in C(remove_volumes) that is not a claim of this platform.

    Args:
        judged: the objects of the namespace.
        removal: what is to be removed.
    """
    claims = {each.item["metadata"]["name"]: each for each in judged if each.item["kind"] == CLAIM}
    known = [name for name, each in claims.items() if not each.foreign]
    problems = []
    for name in removal.volumes:
        if name in claims and claims[name].foreign:
            problems.append(
                f"remove_volumes names {name}, which does not belong to this platform: {claims[name].reason}. Remove the name from "
                "remove_volumes. To delete the claim, use kubectl."
            )
        elif name not in claims and name != ALL:
            has = f"has the claims {', '.join(known)}{nearest(name, known)}" if known else "has no claims of this platform."
            problems.append(f"remove_volumes names {name}, but namespace {removal.namespace} {has}")
    return problems


def namespace_problems(judged: Iterable[Judged], unread: Collection[str], removal: Removal) -> list[str]:
    """One sentence with everything that prevents the removal of the Namespace; empty if it may be removed or is to stay.

    Args:
        judged: the objects of the namespace.
        unread: kinds that cannot be listed.
        removal: what is to be removed.
    """
    if not removal.with_namespace:
        return []
    holding = [f"{each.subject} ({each.reason})" for each in judged if each.holds_namespace]
    holding += [f"objects that cannot be listed ({', '.join(unread)})"] if unread else []
    if not holding:
        return []
    return [
        f"remove_namespace is true, but namespace {removal.namespace} also has: {'; '.join(holding)}. Name the volumes in remove_volumes, "
        "move or delete the other objects, or set remove_namespace to false. Nothing was changed."
    ]


def lines(judged: Sequence[Judged], unread: Collection[str], removal: Removal) -> list[str]:
    """The list that is shown before the confirmation.

    Args:
        judged: the objects.
        unread: kinds that cannot be listed.
        removal: what is to be removed.
    """
    itself = f"Namespace {removal.namespace}"
    goes = [each.subject for each in judged if not each.reason] + ([itself] if removal.with_namespace else [])
    stays = [f"{each.subject}: {each.reason}" for each in judged if each.reason]
    stays += [] if removal.with_namespace else [f"{itself}: remove_namespace is false"]
    stays += [f"Objects that cannot be listed: {', '.join(unread)}"] if unread else []
    return ["Goes:", *_indented(goes), "Stays:", *_indented(stays)]


def _indented(entries: Sequence[str]) -> list[str]:
    return [f"  {entry}" for entry in entries or ["nothing"]]
