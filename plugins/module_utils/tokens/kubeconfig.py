# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig with a token of a ServiceAccount, and when to renew the token: pure functions (private to the collection)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

# Part of its lifetime for which a token is kept, so that the file never contains a token that is about to expire.
_KEPT_FOR = 0.5


@dataclass(frozen=True)
class Account:
    """A ServiceAccount, and the context for its token.

    Args:
        namespace: namespace of the ServiceAccount.
        name: name of the ServiceAccount.
        context: name of the context in the kubeconfig.
        default_namespace: namespace of the context.
    """

    namespace: str
    name: str
    context: str
    default_namespace: str

    @property
    def user(self) -> str:
        """The user name of the ServiceAccount in the API."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"


def cluster_entry(
    host: str, authority: bytes | None, verified: bool = True, server_name: str | None = None, proxy: str | None = None
) -> dict[str, Any]:
    """The cluster entry of a kubeconfig.

    Args:
        host: URL of the API server.
        authority: CA certificates in PEM; None for those of the system.
        verified: whether to verify the server's certificate.
        server_name: the name in the certificate, if it differs from the host.
        proxy: URL of a proxy.
    """
    entry: dict[str, Any] = {"server": host}
    if not verified:
        entry["insecure-skip-tls-verify"] = True
    elif authority:
        entry["certificate-authority-data"] = base64.b64encode(authority).decode()
    if server_name:
        entry["tls-server-name"] = server_name
    if proxy:
        entry["proxy-url"] = proxy
    return entry


def kubeconfig(account: Account, cluster: Mapping[str, Any], token: str) -> dict[str, Any]:
    """The content of the kubeconfig.

    Args:
        account: the ServiceAccount of the token.
        cluster: the entry as C(cluster_entry) returns it.
        token: the token.
    """
    name, user = account.context, account.user
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {**cluster}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user, "namespace": account.default_namespace}}],
        "current-context": name,
        "users": [{"name": user, "user": {"token": token}}],
    }


def token_in(found: Any) -> str:
    """The token of a kubeconfig that C(kubeconfig) created; empty for another file.

    Args:
        found: the content of a file.
    """
    try:
        [user] = found["users"]
        token = user["user"]["token"]
    except (TypeError, KeyError, ValueError):
        return ""
    return token if isinstance(token, str) and str(user.get("name")).startswith("system:serviceaccount:") else ""


def claims(token: str) -> dict[str, Any]:
    """The claims of a token; empty if it has none.

    Args:
        token: a JSON Web Token. Its signature is not verified here.
    """
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def expiry(token: str) -> str:
    """The expiry of a token, as ISO 8601 in UTC; empty if the token has none."""
    moment = claims(token).get("exp")
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="seconds") if isinstance(moment, (int, float)) else ""


def reason_to_renew(found: Any, account: Account, cluster: Mapping[str, Any], uid: str, now: float) -> str:
    """Why a new token is needed; empty if the token in the file is still usable.

    Args:
        found: the content of the file; None if the file does not exist.
        account: the ServiceAccount that the token must have.
        cluster: the entry as C(cluster_entry) returns it.
        uid: UID of the current ServiceAccount. The API server rejects tokens of a deleted one.
        now: seconds since 1970.
    """
    if found is None:
        return "the file does not exist"
    token = token_in(found)
    if found != kubeconfig(account, cluster, token):
        return "the file is for another cluster, account or context"
    said = claims(token)
    if said.get("sub") != account.user or said.get("kubernetes.io", {}).get("serviceaccount", {}).get("uid") != uid:
        return "the token belongs to another ServiceAccount"
    issued, expires = said.get("iat"), said.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return "the token does not expire"
    if now >= expires:
        return "the token has expired"
    return "half of the token's lifetime has passed" if now >= issued + (expires - issued) * _KEPT_FOR else ""
