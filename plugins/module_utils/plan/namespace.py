# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Namespace that the user may not change: pure functions (private to the collection)."""

from __future__ import annotations

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import lacking
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import NONE, REFUSED, Manifest, Planned, subject

PLAYBOOK = "playbooks/grant_deployer.yml"


def is_for_an_administrator(manifest: Manifest, rejection: str) -> bool:
    """Whether a dry run failed because the user may not create or change a Namespace.

    Args:
        manifest: the manifest of the dry run.
        rejection: the message of the API server.
    """
    return manifest["kind"] == "Namespace" and lacking(rejection) in ("create namespaces", "patch namespaces")


def compared(stage: str, manifest: Manifest, live: Manifest | None) -> Planned:
    """Plan a Namespace without a dry run. It needs no change if it has everything that the manifest states.

    Args:
        stage: name of the stage.
        manifest: the manifest to apply.
        live: the live Namespace; None if it does not exist.
    """
    found = "it does not exist" if live is None else _differences(manifest, live)
    if not found:
        return Planned(stage, manifest, NONE)
    reason = (
        f"{found}, and this credential has no permission to change a Namespace: let an administrator run {PLAYBOOK} with this inventory"
    )
    return Planned(stage, manifest, REFUSED, refusal=f"{subject(manifest)}: {reason}")


def _differences(manifest: Manifest, live: Manifest) -> str:
    found = []
    for key in ("labels", "annotations"):
        has = live["metadata"].get(key) or {}
        lacks = [
            f"{name}={value} (it has {has[name]!r})" if name in has else f"{name}={value}"
            for name, value in (manifest["metadata"].get(key) or {}).items()
            if has.get(name) != value
        ]
        if lacks:
            found.append(f"the {key} {', '.join(lacks)}")
    return f"it lacks {' and '.join(found)}" if found else ""
