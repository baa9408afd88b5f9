# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README of an exported folder: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.layout import Manifest, Step
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.secrets import EXTERNAL, NONE, SEALED, Store

_APPLY = "kubectl apply --server-side --force-conflicts --field-manager"


def readme(
    host: str,
    order: Sequence[Step],
    mode: str,
    secrets: Iterable[Mapping[str, Any]],
    store: Store,
    *,
    namespace: str,
    field_manager: str,
    command_timeout: int,
) -> str:
    """The text of the README.

    Args:
        host: name of the host in the inventory.
        order: all steps.
        mode: what the export has in place of the Secrets.
        secrets: the C(name), the C(type), the C(keys) and the C(title) of each Secret.
        store: the store of an ExternalSecret.
        namespace: namespace of the platform.
        field_manager: field manager of the collection.
        command_timeout: seconds after which a Job fails.
    """
    folders = [f"| `{step.folder}` | {', '.join(_names(step.manifests))} |" for step in order]
    commands = [line for step in order for line in _commands(step, namespace, field_manager, command_timeout)]
    lines = [
        f"# Manifests of {host}",
        "",
        "`playbooks/export.yml` of the collection jewelry_shop.platform wrote these files. Change the inventory and export again. The next",
        "export replaces changes by hand.",
        "",
        "| Folder, in order | Objects |",
        "|---|---|",
        *folders,
        "",
        "## Secrets",
        *_secrets(mode, list(secrets), store, namespace, order),
        "",
        "## Apply with kubectl 1.27 or newer",
        "Compare with the cluster:",
        "",
        "```bash",
        f"kubectl diff --server-side --force-conflicts --field-manager={field_manager} -k .",
        "```",
        "",
        "Apply the folders one after the other. The Jobs before the tiers must be complete before the tiers are applied.",
        "",
        "```bash",
        *commands,
        "```",
        "",
    ]
    return "\n".join(lines)


def _names(manifests: Iterable[Manifest]) -> list[str]:
    return [f"{manifest['kind']} {manifest['metadata']['name']}" for manifest in manifests]


def _commands(step: Step, namespace: str, field_manager: str, seconds: int) -> list[str]:
    found = [f"{_APPLY}={field_manager} -k {step.folder}"]
    kinds = {"Job": "complete"} if step.is_command else {}
    for manifest in step.manifests:
        name = manifest["metadata"]["name"]
        if manifest["kind"] in kinds:
            found.append(f"kubectl wait -n {namespace} --for=condition={kinds[manifest['kind']]} job/{name} --timeout={seconds}s")
        elif manifest["kind"] in ("Deployment", "StatefulSet") and step.stage in ("data_services", "tiers"):
            found.append(f"kubectl rollout status -n {namespace} {manifest['kind'].lower()}/{name}")
    return found


def _secrets(mode: str, secrets: list[Mapping[str, Any]], store: Store, namespace: str, order: Sequence[Step]) -> list[str]:
    if not secrets:
        return ["The platform has no Secrets of its own. The Secrets that the inventory names must exist."]
    table = ["", "| Secret | Type | Keys |", "|---|---|---|"]
    table += [f"| `{each['name']}` | `{each['type']}` | {', '.join(f'`{key}`' for key in each['keys'])} |" for each in secrets]
    of_mode = {NONE: _left_out, EXTERNAL: _external, SEALED: _sealed}[mode]
    return [*of_mode(secrets, store, namespace, order), *table]


def _left_out(_all: Sequence[Mapping[str, Any]], _store: Store, namespace: str, _order: Sequence[Step]) -> list[str]:
    return [
        f"The Secrets are left out. Each of them must exist in the namespace `{namespace}` before the pods start. The names end with a",
        "hash of the values, so another value needs another export.",
    ]


def _external(secrets: Sequence[Mapping[str, Any]], store: Store, _namespace: str, _order: Sequence[Step]) -> list[str]:
    return [
        f"The External Secrets Operator creates the Secrets from the {store.kind} `{store.name}`. Write the values of the inventory into",
        "the store before you apply the export. The operator copies them once, when it creates the Secret.",
        "",
        "| Entry in the store | Properties | Secret |",
        "|---|---|---|",
        *(f"| `{store.key(each['title'])}` | {', '.join(f'`{key}`' for key in each['keys'])} | `{each['name']}` |" for each in secrets),
    ]


def _sealed(secrets: Sequence[Mapping[str, Any]], _store: Store, namespace: str, order: Sequence[Step]) -> list[str]:
    folder = next((step.folder for step in order if step.stage == "secrets"), "")
    commands = [
        f"kubectl get secret {each['name']} -n {namespace} -o json \\\n"
        f"  | kubeseal --cert sealed-secrets.pem --format yaml --merge-into {folder}/sealedsecret-{each['name']}.yaml"
        for each in secrets
    ]
    return [
        "The controller of Sealed Secrets creates the Secrets. Only `kubeseal` can encrypt the values. Run it once for each new Secret.",
        "The next export keeps the encrypted values. Until then the controller creates no Secret, and reports that it cannot decrypt them.",
        "",
        "If the Secret is in a cluster:",
        "",
        "```bash",
        "kubeseal --fetch-cert > sealed-secrets.pem",
        *commands,
        "```",
        "",
        "If it is not, create the first part with `kubectl create secret generic NAME --namespace NAMESPACE --from-literal KEY=VALUE",
        "--dry-run=client -o json`.",
    ]
