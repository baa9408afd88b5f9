# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a namespace, of all kinds that the API server serves (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import METADATA_ONLY, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import NotFoundError, PlatformError, RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.api import PlanApi
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest

_TOO_MANY_REQUESTS = 429
# An extension API server may not know the format with only the metadata.
_ACCEPT = f"{METADATA_ONLY},application/json"


@dataclass(frozen=True)
class Kind:
    """A namespaced kind.

    Args:
        path: path of its API version, such as C(/apis/apps/v1).
        api_version: its apiVersion.
        kind: the kind.
        resource: plural name.
    """

    path: str
    api_version: str
    kind: str
    resource: str

    @property
    def named(self) -> str:
        """Plural name with the API group, such as C(deployments.apps)."""
        group, slash, _version = self.api_version.partition("/")
        return f"{self.resource}.{group}" if slash else self.resource


class RemovalApi(PlanApi):
    """Finds and lists kinds, one after another. The dry run of a deletion is that of PlanApi."""

    def contents(self, namespace: str) -> tuple[list[Manifest], list[str]]:
        """The objects of a namespace, with only the metadata except for claims, and the kinds that cannot be listed.

        Args:
            namespace: the namespace. It need not exist.

        Raises:
            PlatformError: the API server is unavailable.
        """
        items: list[Manifest] = []
        kinds, unread = self._kinds()
        for kind in kinds:
            try:
                items += self._listed(kind, namespace)
            except NotFoundError:
                # The kind was removed after it was found.
                continue
            except RefusedError:
                unread.append(kind.named)
        return items, unread

    def _kinds(self) -> tuple[list[Kind], list[str]]:
        """The kinds whose objects can be listed and deleted, each once, and the API versions that do not respond.

        All versions of a group are read, because a group can serve a kind only in a version that is not the preferred one.
        """
        groups = self._document("the API groups", "/apis")["groups"]
        found: dict[str, Kind] = {}
        unread: list[str] = []
        for api_version in ("v1", *(version for group in groups for version in _versions(group))):
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            resources = patiently(partial(self._resources, api_version, path))
            if resources is None:
                unread.append(api_version)
                continue
            for kind in _removable(path, api_version, resources):
                found.setdefault(kind.named, kind)
        return list(found.values()), unread

    def _resources(self, api_version: str, path: str) -> list[Manifest] | None:
        """The resources of an API version; None if its API server does not respond, which is not retried.

        An extension API server, such as that of metrics, can be unavailable for days.
        """
        try:
            resources: list[Manifest] = self._answer(f"the kinds of {api_version}", path)[0]["resources"]
        except PlatformError as error:
            if error.status in (None, _TOO_MANY_REQUESTS) or api_version == "v1":
                raise
            return None
        return resources

    def _listed(self, kind: Kind, namespace: str) -> list[Manifest]:
        # The size of a claim is in its status.
        accept = {} if kind.kind == "PersistentVolumeClaim" else {"Accept": _ACCEPT}
        path = f"{kind.path}/namespaces/{namespace}/{kind.resource}"
        items = self._document(f"{kind.named} of namespace {namespace}", path, header_params=accept)["items"] or ()
        return [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in items]

    def _document(self, subject: str, path: str, **options: Any) -> Any:
        return patiently(lambda: self._answer(subject, path, **options))[0]


def _versions(group: Manifest) -> list[str]:
    """The API versions of a group, the preferred one first."""
    preferred = group["preferredVersion"]["groupVersion"]
    return sorted((each["groupVersion"] for each in group["versions"]), key=lambda version: version != preferred)


def _removable(path: str, api_version: str, resources: Iterable[Manifest]) -> list[Kind]:
    return [
        Kind(path, api_version, each["kind"], each["name"])
        for each in resources
        if each["namespaced"] and "/" not in each["name"] and {"list", "delete"} <= set(each["verbs"])
    ]
