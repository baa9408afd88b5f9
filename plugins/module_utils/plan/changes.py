# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applying manifests would change: pure functions over objects (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.apply import recursive_diff

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError

CREATE, CHANGE, TAKE_OVER, REMOVE, NONE, REFUSED = "create", "change", "take_over", "remove", "none", "refused"
# Actions that change an object.
WRITES = (CREATE, CHANGE, TAKE_OVER, REMOVE)

Manifest = dict[str, Any]

# The API server sets these fields. A dry run increments the generation.
_BOOKKEEPING = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")


@dataclass(frozen=True)
class Planned:
    """The result of planning one manifest.

    Args:
        stage: name of its stage.
        manifest: the manifest to apply.
        action: one of CREATE, CHANGE, TAKE_OVER, REMOVE, NONE, REFUSED.
        before: the current state of the parts that would change; empty for a creation.
        after: the future state of these parts.
        refusal: why the cluster rejects it, in the words of the cluster.
        hands_over: whether ownership of its replicas is transferred to an autoscaler.
        least_replicas: number of replicas that it gets if it has fewer when the ownership is transferred.
        secrets: names of the Secrets that the pods of a live workload refer to, in the order of its containers.
        foreign: the evidence that another installation manages it, unless it is to be adopted.
        replaces: the workload of another installation that it replaces.
        untrusted: a sentence without a full stop about content that another client wrote and that applying keeps.
        live: the live object, if it would change.
        applied: the object as it would be, if it would change.
    """

    stage: str
    manifest: Manifest
    action: str
    before: Manifest = field(default_factory=dict)
    after: Manifest = field(default_factory=dict)
    refusal: str = ""
    hands_over: bool = False
    least_replicas: int = 0
    secrets: tuple[str, ...] = ()
    foreign: str = ""
    replaces: Manifest = field(default_factory=dict)
    untrusted: str = ""
    live: Manifest = field(default_factory=dict)
    applied: Manifest = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Kind, namespace and name, for messages."""
        return subject(self.manifest)


def subject(manifest: Mapping[str, Any]) -> str:
    """Kind, namespace and name of a manifest, for messages."""
    metadata = manifest["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{manifest['kind']} {place}{metadata['name']}"


def read_manifests(stage: str, source: Any) -> list[Manifest]:
    """The manifests of a stage.

    Args:
        stage: name of the stage, for messages.
        source: YAML documents as a string, a manifest, or a list of manifests.

    Raises:
        PlatformError: the string is not YAML, or an entry is not a manifest; names the place.
    """
    # Imported here, as Ansible's import sanity test requires.
    import yaml

    if isinstance(source, str):
        try:
            documents = list(yaml.safe_load_all(source))
        except yaml.YAMLError as error:
            raise PlatformError(f"the manifests of stage {stage} are not YAML: {' '.join(str(error).split())}", certain=True) from error
    else:
        documents = [source] if isinstance(source, Mapping) else list(source or [])
    found = [document for document in documents if document is not None]
    for number, manifest in enumerate(found, start=1):
        _require_manifest(f"manifest {number} of stage {stage}", manifest)
    return found


def _require_manifest(place: str, manifest: Any) -> None:
    if not isinstance(manifest, Mapping):
        raise PlatformError(f"{place} is not a mapping", certain=True)
    for key in ("apiVersion", "kind"):
        if not isinstance(manifest.get(key), str):
            raise PlatformError(f"{place} has no {key}", certain=True)
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        raise PlatformError(f"{place}, a {manifest['kind']}, has no metadata.name", certain=True)
    if manifest["kind"] == "Secret" and any(manifest.get(key) for key in ("data", "stringData")):
        raise PlatformError(
            f"{place}, {subject(manifest)}, contains data or stringData: remove them, because a plan must not contain secret values",
            certain=True,
        )


def without_bookkeeping(manifest: Mapping[str, Any]) -> Manifest:
    """An object without its status and the fields that the API server sets."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _BOOKKEEPING}
    return {**{key: value for key, value in manifest.items() if key != "status"}, "metadata": metadata}


def shown_metadata(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Manifest:
    """The future state of a Secret: the live Secret with the labels and annotations of the manifest, without data.

    The data need not be compared, because the name contains its hash and the Secret is immutable.

    Args:
        wanted: the manifest.
        live: the metadata of the live Secret, in an object.
    """
    metadata = dict(live["metadata"])
    for key in ("labels", "annotations"):
        if wanted["metadata"].get(key):
            metadata[key] = {**(metadata.get(key) or {}), **wanted["metadata"][key]}
    return {**live, "metadata": metadata}


def kept_by_claim(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    """The parts of a PersistentVolumeClaim that cannot be changed as the manifest requires; empty if there are none.

    Args:
        wanted: the manifest, of any kind.
        live: the live object.
    """
    if wanted["kind"] != "PersistentVolumeClaim":
        return ""
    kept = []
    for key, words in (("storageClassName", "storage class"), ("accessModes", "access modes")):
        has, wants = live["spec"].get(key), wanted["spec"].get(key)
        if has and wants and has != wants:
            kept.append(f"its {words} {_listed(has)} cannot change to {_listed(wants)}")
    return f"{' and '.join(kept)}; set the inventory to the existing values" if kept else ""


def _listed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def planned(stage: str, manifest: Manifest, live: Manifest | None, applied: Manifest) -> Planned:
    """Evaluate the result of a dry run.

    Args:
        stage: name of the stage.
        manifest: the applied manifest.
        live: the live object; None if it does not exist.
        applied: the object as it would be.
    """
    if live is None:
        return Planned(stage, manifest, CREATE, {}, without_bookkeeping(manifest))
    secrets = secrets_of(live)
    difference = recursive_diff(without_bookkeeping(live), without_bookkeeping(applied))
    if difference is None:
        return Planned(stage, manifest, NONE, secrets=secrets)
    before, after = difference
    return Planned(stage, manifest, CHANGE, before, after, secrets=secrets, live=live, applied=applied)


def secrets_of(workload: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the Secrets in the environment of a workload's containers, without duplicates, in the order of the containers.

    Args:
        workload: an object of any kind. An object without pods has none.
    """
    pod = workload.get("spec", {}).get("template", {}).get("spec", {})
    containers = [*(pod.get("containers") or ()), *(pod.get("initContainers") or ())]
    named = [
        source["name"]
        for container in containers
        for source in (
            *((variable.get("valueFrom") or {}).get("secretKeyRef") for variable in container.get("env") or ()),
            *(each.get("secretRef") for each in container.get("envFrom") or ()),
        )
        if source
    ]
    return tuple(dict.fromkeys(named))


def differing_stages(entries: Iterable[Planned]) -> list[str]:
    """Names of the stages with something to apply, in order."""
    return list(dict.fromkeys(entry.stage for entry in entries if entry.action != NONE))


def diffs(entries: Iterable[Planned]) -> list[dict[str, str]]:
    """The changes in the form of Ansible's diff mode."""
    import yaml

    return [
        {
            "before_header": entry.subject,
            "after_header": entry.subject,
            "before": yaml.safe_dump(entry.before, sort_keys=True) if entry.before else "",
            "after": yaml.safe_dump(entry.after, sort_keys=True) if entry.after else "",
        }
        for entry in entries
        if entry.action in WRITES
    ]


def shown(entry: Planned) -> dict[str, str]:
    """The object and the planned action, for a module's result."""
    metadata = entry.manifest["metadata"]
    return {
        "api_version": entry.manifest["apiVersion"],
        "kind": entry.manifest["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "action": entry.action,
    }


def summary(entries: list[Planned]) -> str:
    """One sentence about all entries."""
    counts = [(action, sum(entry.action == action for entry in entries)) for action in (*WRITES, REFUSED, NONE)]
    words = {
        CREATE: "to create",
        CHANGE: "to change",
        TAKE_OVER: "to adopt",
        REMOVE: "to remove",
        REFUSED: "rejected",
        NONE: "unchanged",
    }
    return f"{len(entries)} objects: " + ", ".join(f"{count} {words[action]}" for action, count in counts if count)
