# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that create the Secrets of a release without containing their values: pure functions (private to the collection).

Sources: https://external-secrets.io/latest/api/externalsecret/ and https://github.com/bitnami-labs/sealed-secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.layout import Manifest

NONE, EXTERNAL, SEALED = "none", "external_secret", "sealed_secret"
# The controller cannot decrypt this value, so it creates no Secret and reports why. An empty SealedSecret would create an empty Secret,
# which is immutable.
UNSEALED = "REPLACE_THIS_VALUE_WITH_KUBESEAL"


@dataclass(frozen=True)
class Store:
    """Where the External Secrets Operator reads the values.

    Args:
        name: name of the store.
        kind: C(SecretStore) or C(ClusterSecretStore).
        remote_key: the key of an entry in the store, with placeholders.
        placeholders: the values of the placeholders, without C(name).
    """

    name: str
    kind: str
    remote_key: str
    placeholders: Mapping[str, str]

    def key(self, title: str) -> str:
        """The key of the entry of a Secret.

        Args:
            title: name of the Secret without its hash.
        """
        found = self.remote_key
        for name, value in {**self.placeholders, "name": title}.items():
            found = found.replace(f"{{{name}}}", value)
        return found


def secret_templates(
    mode: str,
    secrets: Iterable[Mapping[str, Any]],
    contents: Mapping[str, Mapping[str, Any]],
    store: Store,
    sealed: Mapping[str, Mapping[str, str]],
) -> list[Manifest]:
    """The objects that create the Secrets, under the names that the pods use.

    Args:
        mode: C(none), C(external_secret) or C(sealed_secret).
        secrets: the Secrets without their values.
        contents: by name, their C(type), their C(keys) and their C(title).
        store: the store of an ExternalSecret.
        sealed: by name of the Secret, the encrypted values that a SealedSecret of an earlier export already has.
    """
    if mode == NONE:
        return []
    found = []
    for secret in secrets:
        content = contents[secret["metadata"]["name"]]
        if mode == EXTERNAL:
            found.append(_external(secret, content, store))
        else:
            found.append(_sealed(secret, content, sealed.get(secret["metadata"]["name"], {})))
    return found


def _template_metadata(secret: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in secret["metadata"].items() if key in ("labels", "annotations")}


def _external(secret: Mapping[str, Any], content: Mapping[str, Any], store: Store) -> Manifest:
    remote = store.key(content["title"])
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": dict(secret["metadata"]),
        "spec": {
            # The name of the Secret is that of its content, so other values in the store are not copied into it.
            "refreshPolicy": "CreatedOnce",
            "secretStoreRef": {"kind": store.kind, "name": store.name},
            "target": {
                "name": secret["metadata"]["name"],
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                "immutable": True,
                "template": {"type": content["type"], "metadata": _template_metadata(secret)},
            },
            "data": [{"secretKey": key, "remoteRef": {"key": remote, "property": key}} for key in content["keys"]],
        },
    }


def _sealed(secret: Mapping[str, Any], content: Mapping[str, Any], encrypted: Mapping[str, str]) -> Manifest:
    metadata = secret["metadata"]
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": dict(metadata),
        "spec": {
            "encryptedData": {key: str(encrypted.get(key) or UNSEALED) for key in content["keys"]},
            "template": {
                "immutable": True,
                "type": content["type"],
                "metadata": {**_template_metadata(secret), "name": metadata["name"], "namespace": metadata["namespace"]},
            },
        },
    }


def unsealed(manifest: Mapping[str, Any]) -> bool:
    """Whether a SealedSecret has a value that is not encrypted yet.

    Args:
        manifest: an object of any kind.
    """
    return manifest["kind"] == "SealedSecret" and UNSEALED in manifest["spec"]["encryptedData"].values()
