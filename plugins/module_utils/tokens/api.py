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
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def uid(self, account: Account) -> str:
        """The uid of the ServiceAccount; empty if there is none.

        Raises:
            PlatformError: it cannot be read.
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
            account: whose.
            seconds: how long it should be valid, which the API server may shorten.

        Raises:
            PlatformError: the API server rejects it or cannot be asked.
        """
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
        subject = f"token of ServiceAccount {account.namespace}/{account.name}"
        token: str = self._answer(subject, f"{self._path(account)}/token", method="POST", body=body)[0]["status"]["token"]
        return token

    def cluster(self) -> dict[str, Any]:
        """Where the API server is, for a kubeconfig."""
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
