# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Argo CD and Flux keep the order of the steps: pure functions (private to the collection).

Sources: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/, https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
and https://fluxcd.io/flux/components/kustomize/kustomizations/.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.layout import Manifest, Step, wave_of, with_manifests

# The data of customers. Removal from the export must not delete them.
_KEPT = ("Namespace", "PersistentVolumeClaim")
# Objects that are named by their content. Old pods need the old object until they are replaced.
_NAMED_BY_CONTENT = ("ConfigMap", "ExternalSecret", "SealedSecret")
# A Job before the tiers is no PreSync hook: its pods need the ConfigMaps and claims of the phase Sync, so they would never start.
_HOOKS = {"pre_deploy": "Sync", "post_deploy": "PostSync"}


def _annotated(manifest: Mapping[str, Any], annotations: Mapping[str, str]) -> Manifest:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}}


def _is_named_by_content(manifest: Mapping[str, Any]) -> bool:
    immutable = manifest.get("immutable") or manifest["kind"] != "ConfigMap"
    return manifest["kind"] in _NAMED_BY_CONTENT and bool(immutable)


def for_argocd(order: Sequence[Step]) -> list[Step]:
    """The steps with the annotations of Argo CD: sync waves, hooks for the Jobs, and what is not pruned or pruned last.

    Args:
        order: all steps.
    """

    def annotations(manifest: Manifest, step: Step) -> dict[str, str]:
        found = {"argocd.argoproj.io/sync-wave": str(wave_of(manifest, step, order))}
        if step.is_command:
            found["argocd.argoproj.io/hook"] = _HOOKS[step.stage]
            # A failed Job stays until the next sync, so that its log can be read.
            found["argocd.argoproj.io/hook-delete-policy"] = "BeforeHookCreation,HookSucceeded"
        if manifest["kind"] in _KEPT:
            found["argocd.argoproj.io/sync-options"] = "Prune=false,Delete=false"
        elif _is_named_by_content(manifest):
            found["argocd.argoproj.io/sync-options"] = "PruneLast=true"
        return found

    return [with_manifests(step, (_annotated(each, annotations(each, step)) for each in step.manifests)) for step in order]


def for_flux(order: Sequence[Step]) -> list[Step]:
    """The steps with the annotations of Flux on objects that it must not prune.

    Flux prunes before it waits for the new pods, so an old ConfigMap would go while old pods need it.

    Args:
        order: all steps.
    """
    kept = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    return [
        with_manifests(
            step, (_annotated(each, kept) if each["kind"] in _KEPT or _is_named_by_content(each) else each for each in step.manifests)
        )
        for step in order
    ]


@dataclass(frozen=True)
class Flux:
    """Where Flux finds the export.

    Args:
        path: path of the folder of the host in the repository.
        namespace: namespace of the Kustomizations and of the source.
        source_kind: kind of the source.
        source_name: name of the source.
        prefix: start of the names of the Kustomizations.
        timeout: seconds that Flux waits for the objects of a step.
        command_timeout: seconds that Flux waits for a Job.
    """

    path: str
    namespace: str
    source_kind: str
    source_name: str
    prefix: str
    timeout: int
    command_timeout: int


def kustomizations(order: Sequence[Step], flux: Flux) -> list[Manifest]:
    """The Kustomization of Flux for each step. Each depends on the one before.

    Their names do not contain the number of the step: Flux deletes the objects of a Kustomization that is renamed.

    Args:
        order: all steps.
        flux: where Flux finds the export.
    """
    found: list[Manifest] = []
    for step in order:
        spec: dict[str, Any] = {
            "interval": "10m",
            "retryInterval": "1m",
            "timeout": f"{flux.command_timeout if step.is_command else flux.timeout}s",
            "path": f"./{posixpath.normpath(f'{flux.path}/{step.folder}').lstrip('/')}",
            "sourceRef": {"kind": flux.source_kind, "name": flux.source_name},
            "prune": True,
            # An unbound claim may wait for its first pod, which a later step creates.
            "wait": not step.has_claims,
        }
        if step.is_command:
            # The template of a Job is immutable, so a changed Job has to be created again.
            spec["force"] = True
        if found:
            spec["dependsOn"] = [{"name": found[-1]["metadata"]["name"]}]
        found.append(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": f"{flux.prefix}-{step.name}", "namespace": flux.namespace},
                "spec": spec,
            }
        )
    return found
