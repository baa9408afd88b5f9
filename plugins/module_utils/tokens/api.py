# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of ServiceAccounts, over kubernetes.core's client (private to the collection)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.api import PATHS, READ_TIMEOUT, ClusterApi
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import as_platform_error
from ansible_collections.jewelry_shop.platform.plugins.module_utils.tokens.kubeconfig import Account, cluster_entry


class TokenApi(ClusterApi):
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
            reply = self._request(self._path(account), {}, READ_TIMEOUT)
            uid: str = json.loads(reply.data)["metadata"]["uid"]
        except Exception as error:  # of several libraries without a common base
            if getattr(error, "status", None) == 404:
                return ""
            raise as_platform_error(f"ServiceAccount {account.namespace}/{account.name}", error) from error
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
        try:
            reply = self._request(f"{self._path(account)}/token", {}, READ_TIMEOUT, "POST", body=body)
            token: str = json.loads(reply.data)["status"]["token"]
        except Exception as error:  # of several libraries without a common base
            raise as_platform_error(f"token of ServiceAccount {account.namespace}/{account.name}", error) from error
        return token

    def cluster(self) -> dict[str, Any]:
        """Where the API server is, for a kubeconfig. To be asked after a request, which makes the connection."""
        configuration: Any = self._client.configuration
        authority = configuration.ssl_ca_cert
        return cluster_entry(
            configuration.host,
            Path(authority).read_bytes() if authority else None,
            bool(configuration.verify_ssl),
            getattr(configuration, "tls_server_name", None),
            configuration.proxy,
        )

    def _path(self, account: Account) -> str:
        return f"{PATHS['ServiceAccount'].format(namespace=account.namespace)}/{account.name}"
