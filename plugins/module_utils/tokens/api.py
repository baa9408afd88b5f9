# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of ServiceAccounts (private to the collection)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, path_of
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import NotFoundError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.tokens.kubeconfig import Account, cluster_entry


class TokenApi(Cluster):
    """Reads a ServiceAccount and requests its tokens.

    Args:
        auth: the authentication options of kubernetes.core, by their names in a task.
    """

    def uid(self, account: Account) -> str:
        """The UID of the ServiceAccount; empty if it does not exist.

        Raises:
            PlatformError: the ServiceAccount cannot be read.
        """
        try:
            found = self._answer(f"ServiceAccount {account.namespace}/{account.name}", self._path(account))[0]
        except NotFoundError:
            return ""
        uid: str = found["metadata"]["uid"]
        return uid

    def token(self, account: Account, seconds: int) -> str:
        """Request a token.

        Args:
            account: the ServiceAccount.
            seconds: the requested lifetime, which the API server may shorten.

        Raises:
            PlatformError: the API server rejects the request or is unavailable.
        """
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
        subject = f"token of ServiceAccount {account.namespace}/{account.name}"
        token: str = self._answer(subject, f"{self._path(account)}/token", method="POST", body=body)[0]["status"]["token"]
        return token

    def cluster(self) -> dict[str, Any]:
        """The cluster entry of a kubeconfig for this API server."""
        configuration: Any = self._connect().configuration
        authority = configuration.ssl_ca_cert
        return cluster_entry(
            configuration.host,
            Path(authority).read_bytes() if authority else None,
            bool(configuration.verify_ssl),
            getattr(configuration, "tls_server_name", None),
            configuration.proxy,
        )

    def _path(self, account: Account) -> str:
        return path_of("ServiceAccount", account.namespace, account.name)
