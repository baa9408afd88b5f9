# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of exported objects, as steps with a folder each: pure functions (private to the collection)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import read_manifests

Manifest = dict[str, Any]

# Stages whose Jobs run one after the other.
_COMMANDS = ("pre_deploy", "post_deploy")
_CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True)
class Step:
    """Objects that are applied together, after the objects of the step before are ready.

    Args:
        stage: the stage of C(site.yml).
        name: a name that does not change if other steps are added or left out.
        folder: the name of its folder.
        wave: a number that grows with the order.
        manifests: its objects.
    """

    stage: str
    name: str
    folder: str
    wave: int
    manifests: list[Manifest]

    @property
    def is_command(self) -> bool:
        """Whether the step is a Job."""
        return self.stage in _COMMANDS

    @property
    def has_claims(self) -> bool:
        """Whether the step has claims, which may stay unbound until the pods of a later step use them."""
        return any(manifest["kind"] == _CLAIM for manifest in self.manifests)


def steps(stages: Iterable[tuple[str, Any]]) -> list[Step]:
    """The steps of all stages. A stage without objects has none, and each Job of a stage of commands is a step.

    Args:
        stages: name and manifests of each stage, in order. The manifests are YAML documents as a string, a manifest, or a list of
            manifests.

    Raises:
        PlatformError: an entry is not a manifest, or is a Secret with content.
    """
    found: list[Step] = []
    for number, (stage, source) in enumerate(stages, start=1):
        manifests = read_manifests(stage, source)
        name = stage.replace("_", "-")
        if stage in _COMMANDS:
            found += [
                Step(stage, f"{name}-{command}", f"{number:02d}-{name}-{place}-{command}", 100 * number + place, [manifest])
                for place, (command, manifest) in enumerate(((_command(each), each) for each in manifests), start=1)
            ]
        elif manifests:
            found.append(Step(stage, name, f"{number:02d}-{name}", 100 * number, manifests))
    return found


def _command(job: Mapping[str, Any]) -> str:
    return str(job["metadata"]["labels"]["component"])


def wave_of(manifest: Mapping[str, Any], step: Step, order: Iterable[Step]) -> int:
    """The wave of an object.

    A claim has the wave of the first pods that use it. A class with C(volumeBindingMode: WaitForFirstConsumer) binds it only then, and Argo
    CD waits for a bound claim before the next wave: https://github.com/argoproj/argo-cd/issues/12840.

    Args:
        manifest: the object.
        step: its step.
        order: all steps.
    """
    if manifest["kind"] != _CLAIM:
        return step.wave
    name = manifest["metadata"]["name"]
    return next((each.wave for each in order if each.wave > step.wave and _uses_claim(each.manifests, name)), step.wave)


def _uses_claim(value: Any, name: str) -> bool:
    if isinstance(value, Mapping):
        return value.get("claimName") == name or any(_uses_claim(each, name) for each in value.values())
    return isinstance(value, list) and any(_uses_claim(each, name) for each in value)


def file_names(manifests: Iterable[Mapping[str, Any]]) -> dict[str, Manifest]:
    """The objects of a step by the name of their file, in order.

    Args:
        manifests: the objects.
    """
    found: dict[str, Manifest] = {}
    for manifest in manifests:
        # The name of a Role may contain a colon, which some file systems reject.
        name = re.sub(r"[^a-z0-9.-]", "-", f"{manifest['kind']}-{manifest['metadata']['name']}".lower())
        number = 1
        while (file := f"{name}{f'-{number}' if number > 1 else ''}.yaml") in found:
            number += 1
        found[file] = dict(manifest)
    return found


def with_manifests(step: Step, manifests: Iterable[Manifest]) -> Step:
    """A step with other objects.

    Args:
        step: the step.
        manifests: its objects.
    """
    return replace(step, manifests=list(manifests))
