# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes a Lease (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, path_of, server_time
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    ForbiddenError,
    NoNamespaceError,
    NotFoundError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import API_VERSION, Manifest

# Seconds for a request. A renewal has a third of the duration of the Lease.
_TIMEOUT = 10.0


def read_lease(cluster: Cluster, namespace: str, name: str) -> tuple[Manifest | None, datetime]:
    """A Lease, or None if it does not exist, and the time of the API server.

    Args:
        cluster: the cluster.
        namespace: namespace of the Lease.
        name: name of the Lease.

    Raises:
        PlatformError: the Lease cannot be read.
    """
    try:
        return cluster.get_with_time("Lease", namespace, name, _TIMEOUT)
    except NotFoundError:
        return None, datetime.now(timezone.utc)


class LeaseApi(Cluster):
    """Reads and writes one Lease.

    Args:
        auth: the authentication options of kubernetes.core, by their names in a task.
        namespace: namespace of the Lease.
        name: name of the Lease.
        field_manager: the field manager that writes the Lease.
    """

    def __init__(self, auth: Mapping[str, Any], namespace: str, name: str, field_manager: str) -> None:
        super().__init__(auth)
        self.place = {"namespace": namespace, "name": name}
        self._subject = f"Lease {namespace}/{name}"
        self._field_manager = field_manager

    def read(self) -> tuple[Manifest | None, datetime]:
        """The Lease, or None if it does not exist, and the time of the API server.

        Raises:
            PlatformError: the Lease cannot be read.
        """
        return read_lease(self, **self.place)

    def create(self, labels: Mapping[str, str]) -> tuple[Manifest, datetime]:
        """Create a Lease that no run holds, and return it with the time of the API server.

        Args:
            labels: labels of the Lease.

        Raises:
            ConflictError: another run created it first.
            NoNamespaceError: the namespace does not exist or is being deleted.
            PlatformError: the Lease cannot be created for another reason.
        """
        lease = {"apiVersion": API_VERSION, "kind": "Lease", "metadata": {**self.place, "labels": {**labels}}, "spec": {}}
        try:
            return self._write(path_of("Lease", self.place["namespace"]), "POST", lease)
        except NotFoundError as error:
            raise NoNamespaceError(str(error)) from error
        except ForbiddenError as error:
            if "because it is being terminated" in str(error):
                raise NoNamespaceError(str(error)) from error
            raise

    def update(self, lease: Manifest) -> None:
        """Replace the Lease if it is unchanged since it was read.

        Raises:
            ConflictError: the Lease was changed.
            PlatformError: the Lease cannot be replaced for another reason.
        """
        self._write(path_of("Lease", **self.place), "PUT", lease)

    def delete(self, lease: Manifest) -> None:
        """Delete the Lease if it is unchanged since it was read.

        Raises:
            ConflictError: the Lease was changed.
            PlatformError: the Lease cannot be deleted for another reason.
        """
        preconditions = {key: lease["metadata"][key] for key in ("uid", "resourceVersion")}
        path = path_of("Lease", **self.place)
        self._answer(self._subject, path, method="DELETE", timeout=_TIMEOUT, body={"preconditions": preconditions})

    def _write(self, path: str, method: str, lease: Manifest) -> tuple[Manifest, datetime]:
        query = {"fieldManager": self._field_manager}
        written, headers = self._answer(self._subject, path, query, method, timeout=_TIMEOUT, body=lease)
        return written, server_time(headers)
