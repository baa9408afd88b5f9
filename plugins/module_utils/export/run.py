# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of an export (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.files import as_yaml, sealed_values
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.hooks import Flux, for_argocd, for_flux, kustomizations
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.jobs import applied_jobs
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.layout import (
    Manifest,
    Step,
    file_names,
    steps,
    with_manifests,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.readme import readme
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.secrets import SEALED, Store, secret_templates, unsealed
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import read_manifests, subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import MASK

# The stage with the Secrets.
_SECRETS = "secrets"
_FLUX = "flux"


def export_files(directory: Path, params: Mapping[str, Any], mask: Callable[[str], str]) -> tuple[dict[str, str], list[str]]:
    """The content of each file of an export by its path, and warnings.

    Args:
        directory: the folder of the host, in which an earlier export may have SealedSecrets.
        params: the parameters of the module.
        mask: replaces values of secrets.

    Raises:
        PlatformError: an entry of the stages is not a manifest, or an object contains the value of a secret.
    """
    store = Store(
        params["secret_store_name"],
        params["secret_store_kind"],
        params["secret_remote_key"],
        {"namespace": params["namespace"], "host": params["host"]},
    )
    order = steps(_stages(directory, params, store))
    with_hooks = params["argocd"] or params["flux"]
    if not with_hooks:
        order = [
            with_manifests(step, applied_jobs(step.manifests, params["jobs"], params["field_manager"])) if step.is_command else step
            for step in order
        ]
    if params["argocd"]:
        order = for_argocd(order)
    if params["flux"]:
        order = for_flux(order)
    _require_no_secret(order, mask)
    files = _files_of(order)
    if params["flux"]:
        flux = Flux(
            params["flux_path"],
            params["flux_namespace"],
            params["flux_source_kind"],
            params["flux_source_name"],
            params["namespace"],
            params["timeout"],
            params["command_timeout"],
        )
        objects = dict(zip((step.folder for step in order), kustomizations(order, flux), strict=True))
        files |= {f"{_FLUX}/{folder}.yaml": as_yaml(each) for folder, each in objects.items()}
        files[f"{_FLUX}/kustomization.yaml"] = _kustomization(f"{folder}.yaml" for folder in objects)
    files["README.md"] = readme(
        params["host"],
        order,
        params["secrets"],
        params["contents"],
        store,
        namespace=params["namespace"],
        field_manager=params["field_manager"],
        command_timeout=params["command_timeout"],
    )
    return files, _warnings(order)


def _stages(directory: Path, params: Mapping[str, Any], store: Store) -> Iterator[tuple[str, Any]]:
    """The stages, with templates in place of the Secrets."""
    contents = {each["name"]: each for each in params["contents"]}
    for stage in params["stages"]:
        if stage["name"] != _SECRETS:
            yield stage["name"], stage["manifests"]
            continue
        secrets = read_manifests(_SECRETS, stage["manifests"])
        sealed = sealed_values(directory, contents) if params["secrets"] == SEALED else {}
        yield _SECRETS, secret_templates(params["secrets"], secrets, contents, store, sealed)


def _files_of(order: Sequence[Step]) -> dict[str, str]:
    files = {"kustomization.yaml": _kustomization(step.folder for step in order)}
    for step in order:
        objects = file_names(step.manifests)
        files[f"{step.folder}/kustomization.yaml"] = _kustomization(objects)
        files |= {f"{step.folder}/{name}": as_yaml(manifest) for name, manifest in objects.items()}
    return files


def _kustomization(resources: Iterable[str]) -> str:
    # Without fifo, kustomize sorts by kind.
    order = {"order": "fifo"}
    return as_yaml(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": list(resources),
            "sortOptions": order,
        }
    )


def _require_no_secret(order: Sequence[Step], mask: Callable[[str], str]) -> None:
    found = [subject(manifest) for step in order for manifest in step.manifests if any(_is_secret(text, mask) for text in _texts(manifest))]
    if found:
        raise PlatformError(
            f"{', '.join(found)} would contain the value of a secret. Move it to platform_secrets, or use a value that stands nowhere "
            "else. Nothing was written",
            certain=True,
        )


def _is_secret(text: str, mask: Callable[[str], str]) -> bool:
    # The mask also removes control characters.
    return mask(text).count(MASK) > text.count(MASK)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def _warnings(order: Sequence[Step]) -> list[str]:
    waiting: list[Manifest] = [manifest for step in order for manifest in step.manifests if unsealed(manifest)]
    names = ", ".join(each["metadata"]["name"] for each in waiting)
    return [f"These SealedSecrets have no encrypted values yet: {names}. See README.md of the export."] if waiting else []
