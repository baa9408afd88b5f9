# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of a removal: what goes, what stays and what prevents it (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import NotFoundError, RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest
from ansible_collections.jewelry_shop.platform.plugins.module_utils.removal.rules import (
    Judged,
    Removal,
    judge,
    lines,
    namespace_problems,
    volume_problems,
)


class Api(Protocol):
    """The functions of the cluster that the list uses."""

    def contents(self, namespace: str) -> tuple[list[Manifest], list[str]]:
        """The objects of a namespace, and the kinds that cannot be listed."""

    def dry_run_delete(self, live: Manifest, policy: str) -> None:
        """Raise an error if the object cannot be deleted."""


@dataclass(frozen=True)
class Listed:
    """The objects, a sentence for each problem, and the list for the user."""

    judged: Sequence[Judged]
    problems: Sequence[str]
    lines: Sequence[str]

    @property
    def goes(self) -> list[Judged]:
        """The objects to remove, in the order of their deletion."""
        return [each for each in self.judged if not each.reason]

    @property
    def stays(self) -> list[Judged]:
        """The other objects."""
        return [each for each in self.judged if each.reason]


def list_removal(api: Api, removal: Removal) -> Listed:
    """Judge the objects of a namespace, and try each deletion in a dry run.

    Args:
        api: the cluster.
        removal: what is to be removed.

    Raises:
        PlatformError: the cluster cannot be read.
    """
    items, unread = api.contents(removal.namespace)
    judged = judge(items, removal)
    # The plan has tried the additional objects outside the namespace.
    tried = [entry.item for entry in judged if not entry.reason and not entry.outside]
    rejected = [each for item in tried for each in _rejection(api, item)]
    problems = [*volume_problems(judged, removal), *namespace_problems(judged, unread, removal), *rejected]
    return Listed(judged, problems, lines(judged, unread, removal))


def _rejection(api: Api, item: Manifest) -> Iterable[str]:
    try:
        api.dry_run_delete(item, "Background")
    except NotFoundError:
        return
    except RefusedError as error:
        yield f"The cluster would reject the removal: {error}."
