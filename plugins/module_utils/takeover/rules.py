# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of another installation, and how to adopt them: pure functions over objects (private to the collection).

A workload of another installation is recreated, because its selector is immutable and its pod template would be merged with that of the
other installation. For other objects ownership of the fields is transferred, so that the next apply removes unwanted fields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.managed_fields import applied_fields
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest, subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import claim_sources, volume_manager

WORKLOADS = ("Deployment", "StatefulSet")

# `kubectl apply` and `kubectl apply -k`, also of old versions, and objects from before there were field managers.
_INSTALLERS = (
    ("kubectl-client-side-apply", "Update"),
    ("kubectl", "Update"),
    ("kubectl", "Apply"),
    ("before-first-apply", "Update"),
)

# Kinds by the keys with which a container or a volume refers to them.
_REFERENCES = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "configMap": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "secret": "Secret",
}


def _is_installers(entry: Mapping[str, Any]) -> bool:
    return (entry.get("manager"), entry.get("operation")) in _INSTALLERS and not entry.get("subresource")


def _installers(live: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in live["metadata"].get("managedFields") or () if _is_installers(entry)]


def _selector(workload: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (workload["spec"].get("selector") or {}).items() if value}


def _match_labels(workload: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = _selector(workload).get("matchLabels") or {}
    return labels


def _template_labels(workload: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = (workload["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return labels


def foreign(live: Manifest, wanted: Manifest, field_manager: str) -> str:
    """The evidence that a workload belongs to another installation; empty if it does not, or if it is not a workload.

    Args:
        live: the live object.
        wanted: the manifest to apply.
        field_manager: the field manager of the collection. Workloads that it created are never another installation's, even after
            `kubectl rollout undo`, which writes under the former name of `kubectl apply`.
    """
    if live["kind"] not in WORKLOADS:
        return ""
    if _selector(live) != _selector(wanted):
        mine, others = _match_labels(wanted), _match_labels(live)
        more = ", ".join(f"{key}={value}" for key, value in sorted(others.items()) if mine.get(key) != value)
        differs = f"contains {more} (commonLabels of kustomize)" if more else "differs from the manifest"
        return f"its selector {differs} and is immutable"
    if "f:template" not in applied_fields(live, field_manager).get("f:spec", {}) and any(
        "f:spec" in (entry.get("fieldsV1") or {}) for entry in _installers(live)
    ):
        return "kubectl apply created its pod template, and server-side apply would merge it with the template of the inventory"
    return ""


def is_handed_over(live: Manifest, field_manager: str) -> bool:
    """Whether fields of an object that is not a workload belong to another installation.

    Args:
        live: the live object.
        field_manager: the new owner of the fields.
    """
    return live["kind"] not in WORKLOADS and bool(_installers(live) or sources_of(live, field_manager))


def sources_of(live: Manifest, field_manager: str) -> Mapping[str, Mapping[str, Any]]:
    """The data source fields of a claim that other field managers set, by field manager; empty for other kinds.

    Args:
        live: the live object.
        field_manager: the new owner of the fields.
    """
    return claim_sources(live, field_manager) if live["kind"] == "PersistentVolumeClaim" else {}


def obstacle(live: Manifest, wanted: Manifest) -> str:
    """Why a workload cannot be recreated with its pods kept; empty if it can.

    Args:
        live: the workload of another installation.
        wanted: the workload that replaces it.
    """
    labels = _template_labels(live)
    missing = [f"{key}={value}" for key, value in sorted(_match_labels(wanted).items()) if labels.get(key) != value]
    if missing:
        return f"it cannot be adopted, because its pods do not have the labels {', '.join(missing)}: delete it with kubectl"
    claims = [_claim_names(workload) for workload in (live, wanted)]
    if claims[0] != claims[1]:
        return (
            f"it cannot be adopted, because its volumes come from the claim templates {', '.join(claims[0]) or 'none'}, not "
            f"{', '.join(claims[1]) or 'none'}: copy its data, then delete it with kubectl"
        )
    return ""


def _claim_names(workload: Manifest) -> list[str]:
    return sorted(claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates") or ())


def deletion_policy(live: Manifest, wanted: Manifest) -> str:
    """The propagationPolicy for the deletion of a workload before it is recreated.

    With Orphan the pods stay and the new workload adopts them. A Deployment may adopt pods shortly after it starts to create new ones. That
    is too late for the strategy Recreate, where pods must never run twice. With Foreground the old pods end before the workload is deleted.

    Args:
        live: the workload of another installation.
        wanted: the workload that replaces it.
    """
    strategies = {(workload["spec"].get("strategy") or {}).get("type") for workload in (live, wanted)}
    return "Foreground" if "Recreate" in strategies else "Orphan"


def handed_over(
    entries: Sequence[Mapping[str, Any]], field_manager: str, sources: Mapping[str, Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """The managed fields after the transfer of other installations' fields to a field manager, as kubectl does for its own fields.

    Args:
        entries: metadata.managedFields.
        field_manager: the new owner of the fields.
        sources: by field manager, immutable fields of a claim. They go to a separate field manager, because the next apply does not contain
            them and would try to remove them.
    """
    if sources:
        kept = {name: below for fields in sources.values() for name, below in fields.items()}
        rest = [_without(entry, sources.get(entry.get("manager", ""), {})) for entry in entries]
        volume = {
            "manager": volume_manager(field_manager), "operation": "Update", "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": kept},
        }  # fmt: skip
        return [*handed_over([entry for entry in rest if entry["fieldsV1"]], field_manager), volume]
    mine = [
        entry
        for entry in entries
        if (entry.get("manager"), entry.get("operation")) == (field_manager, "Apply") and not entry.get("subresource")
    ]
    theirs = [entry for entry in entries if _is_installers(entry)]
    if not mine and not theirs:
        return [dict(entry) for entry in entries]
    first = (mine or theirs)[0]
    fields: dict[str, Any] = {}
    # Fields of another API version may have other names.
    for entry in [*mine, *theirs]:
        if entry.get("apiVersion") == first.get("apiVersion"):
            fields = _union(fields, entry.get("fieldsV1") or {})
    others = [dict(entry) for entry in entries if entry not in mine and entry not in theirs]
    return [{**first, "manager": field_manager, "operation": "Apply", "fieldsV1": fields}, *others]


def _without(entry: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """An entry without some fields of C(spec)."""
    fields = dict(entry.get("fieldsV1") or {})
    spec = {name: below for name, below in fields.pop("f:spec", {}).items() if name not in names}
    return {**entry, "fieldsV1": {**fields, "f:spec": spec} if spec else fields}


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, **{key: _union(one.get(key, {}), value) for key, value in other.items()}}


def as_merge_patch(wanted: Manifest, live: Manifest) -> Manifest:
    """The effect of applying after the transfer of ownership, as a merge patch for a dry run before the transfer.

    Args:
        wanted: the manifest to apply.
        live: the live object.
    """
    metadata = dict(wanted["metadata"])
    for key in ("labels", "annotations"):
        theirs = {name for entry in _installers(live) for name in _held(entry, key)}
        values = {**dict.fromkeys(theirs), **(metadata.get(key) or {})}
        if values:
            metadata[key] = values
    return {**wanted, "metadata": metadata}


def _held(entry: Mapping[str, Any], key: str) -> Iterator[str]:
    fields = (entry.get("fieldsV1") or {}).get("f:metadata", {}).get(f"f:{key}", {})
    return (name[2:] for name in fields if name.startswith("f:"))


def left_behind(replaced: Iterable[Manifest], wanted: Iterable[Manifest]) -> list[str]:
    """ConfigMaps and Secrets that only the other installation's pods used, for messages.

    Args:
        replaced: live workloads of another installation.
        wanted: the workloads that replace them.
    """
    used = {reference for workload in replaced for reference in _configuration(workload)}
    needed = {reference for workload in wanted for reference in _configuration(workload)}
    return [f"{kind} {namespace}/{name}" for kind, namespace, name in sorted(used - needed)]


def _configuration(workload: Manifest) -> Iterator[tuple[str, str, str]]:
    pod, namespace = workload["spec"]["template"]["spec"], workload["metadata"].get("namespace", "")
    for source in _sources(pod):
        for key, kind in _REFERENCES.items():
            name = (source.get(key) or {}).get("name") or (source.get(key) or {}).get("secretName")
            if name:
                yield kind, namespace, name


def _sources(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for container in [*(pod.get("initContainers") or ()), *pod["containers"]]:
        yield from container.get("envFrom") or ()
        yield from (variable.get("valueFrom") or {} for variable in container.get("env") or ())
    for volume in pod.get("volumes") or ():
        yield volume
        yield from (volume.get("projected") or {}).get("sources") or ()


def gap(service: Manifest, replaced: Iterable[Manifest]) -> str:
    """Why a Service would lose its current pods before new pods are ready; empty if it would not.

    Args:
        service: the Service to apply.
        replaced: live workloads of another installation that are to be recreated.
    """
    # A Service without a spec is rejected, or is about to be removed.
    spec = service.get("spec") or {}
    names = {port["targetPort"] for port in spec.get("ports") or () if isinstance(port.get("targetPort"), str)}
    # A headless Service does not forward traffic.
    if not names or not spec.get("selector") or spec.get("clusterIP") == "None":
        return ""
    for workload in replaced:
        containers = workload["spec"]["template"]["spec"]["containers"]
        known = {port.get("name") for container in containers for port in container.get("ports") or ()}
        if _picks(service, workload) and not names & known:
            return (
                f"the pods of {subject(workload)} have no port named {' or '.join(sorted(names))}, so this Service would have no endpoint "
                "until new pods are ready: give the container port this name, wait for the rollout, and run again"
            )
    return ""


def _picks(service: Manifest, workload: Manifest) -> bool:
    labels = _template_labels(workload)
    same_namespace: bool = service["metadata"].get("namespace") == workload["metadata"].get("namespace")
    return same_namespace and all(labels.get(key) == value for key, value in service["spec"]["selector"].items())
